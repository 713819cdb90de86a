//! Draws charts as SVG and PNG. This folder alone names plotters.

mod draw;
mod inks;
mod inline;
mod matrix;
mod pen;
mod plot;

pub use draw::draw;
pub use inks::INKS;
pub use inline::{Figure, inline};
