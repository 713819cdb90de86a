//! Which number predicts transfer, as text, tables and a page.

mod closing;
mod data;
mod files;
mod ranked;
mod render;
mod section;
mod tables;

pub use files::correlation_files;
pub use render::render_correlation;
pub(super) use section::Predictors;
