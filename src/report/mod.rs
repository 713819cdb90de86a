//! Results and comparisons as text, tables, figures and pages: one renderer per format, one number formatter for all.

mod axes;
mod charts;
mod comparison;
mod convergence;
mod correlation;
mod figure;
mod grid;
mod number;
mod page;
mod records;
pub mod reference;
mod similarity;
mod transfer;
mod write;

pub use axes::{AXES, Axis};
pub use comparison::{headlines, render_comparison, summary};
pub use convergence::render_convergence;
pub use correlation::{correlation_files, render_correlation};
pub use grid::{Cell, Grid, Marked};
pub use number::ROUNDING;
pub use records::{render, render_conventions};
pub use similarity::render_similarity;
pub use write::{Meta, write_report};

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
}
