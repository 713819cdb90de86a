//! A backbone without its heads, for other programs: in their naming, in their container, to be loaded strictly.

mod backbone;
mod exported;
mod python;
mod write;

pub use backbone::export;
pub use exported::{Export, ExportContainer, ExportNaming};
