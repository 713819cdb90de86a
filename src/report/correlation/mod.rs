//! Which number predicts transfer, as text, tables and a page.

mod conclusions;
mod folder;
mod formats;
mod ranked;
mod render;
mod section;
mod tables;

pub use folder::correlation_files;
pub use render::render_correlation;
pub(super) use section::Predictors;
