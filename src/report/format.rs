//! The formats that are written, and how each writes tables and sentences.

use super::grid::{COLUMNS, Grid, markdown, wrapped};
use crate::shown::plain;

/// How a table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum TableFormat {
    /// Aligned columns for reading
    #[default]
    Text,
    /// Results of schema featscope/results/2, every digit
    Json,
    /// One row per record, every digit
    Csv,
    /// A Markdown table
    Markdown,
    /// LaTeX tables with booktabs rules, ready to paste; what is said beside them stands in comments
    Latex,
}

/// How tables, and sentences beside them, are written.
#[derive(Clone, Copy)]
pub(super) struct TableStyle {
    pub(super) table: fn(&Grid) -> String,
    pub(super) words: fn(&str) -> String,
    /// Before each line of words.
    pub(super) margin: &'static str,
}

impl TableStyle {
    /// Words in lines.
    pub(super) fn lines(&self, text: &str) -> String {
        wrapped(&(self.words)(text), self.margin, COLUMNS)
    }
}

impl TableFormat {
    /// How this format writes tables for reading; JSON and CSV, which have none, as text.
    pub(super) fn writing(self) -> TableStyle {
        match self {
            Self::Text | Self::Json | Self::Csv => TableStyle {
                table: Grid::to_text,
                words: plain,
                margin: "",
            },
            Self::Markdown => TableStyle {
                table: Grid::to_markdown,
                words: markdown,
                margin: "",
            },
            Self::Latex => TableStyle {
                table: Grid::to_latex,
                words: plain,
                margin: "% ",
            },
        }
    }
}
