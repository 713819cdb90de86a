//! Results and comparisons as text, tables, figures and pages: one renderer per format, one number formatter for all.

mod agreement;
mod axes;
mod charts;
mod comparison;
mod comparison_table;
mod convergence;
mod correlation;
mod figure;
mod format;
mod grid;
mod number;
mod page;
mod records;
pub mod reference;
mod report_folder;
mod similarity;
mod suites;
mod template;
mod verdict;
mod where_to_cut;

pub use axes::{AXES, Axis};
pub use comparison::render_comparison;
pub use convergence::render_convergence;
pub use correlation::{correlation_files, render_correlation};
pub use format::TableFormat;
pub(crate) use grid::wrapped;
pub use grid::{Cell, Grid, Marked};
pub use number::ROUNDING;
pub use records::{render, render_conventions};
pub use report_folder::write_report;
pub use similarity::render_similarity;
pub use verdict::summary;
