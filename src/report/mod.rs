//! Results and comparisons as text, tables, figures and pages: one renderer per format, one number formatter for all.

mod axes;
mod charts;
mod comparison;
mod convergence;
mod correlation;
mod cut;
mod figure;
mod grid;
mod number;
mod page;
mod records;
pub mod reference;
mod similarity;
mod suites;
mod verdict;
mod write;

pub use axes::{AXES, Axis};
pub use comparison::render_comparison;
pub use convergence::render_convergence;
pub use correlation::{correlation_files, render_correlation};
pub use grid::{Cell, Grid, Marked};
pub use number::ROUNDING;
pub use records::{render, render_conventions};
pub use similarity::render_similarity;
pub use verdict::summary;
pub use write::{Meta, write_report};

use crate::shown::plain;
use grid::{markdown, wrapped};

/// How a table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
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
struct Writing {
    table: fn(&Grid) -> String,
    words: fn(&str) -> String,
    /// Before each line of words.
    margin: &'static str,
}

impl Writing {
    /// Words in lines.
    fn lines(&self, text: &str) -> String {
        wrapped(&(self.words)(text), self.margin)
    }
}

impl Format {
    /// How this format writes tables for reading; JSON and CSV, which have none, as text.
    fn writing(self) -> Writing {
        match self {
            Self::Text | Self::Json | Self::Csv => Writing {
                table: Grid::to_text,
                words: plain,
                margin: "",
            },
            Self::Markdown => Writing {
                table: Grid::to_markdown,
                words: markdown,
                margin: "",
            },
            Self::Latex => Writing {
                table: Grid::to_latex,
                words: plain,
                margin: "% ",
            },
        }
    }
}
