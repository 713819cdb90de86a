//! Draws charts as SVG and PNG. This folder alone names plotters.

mod draw;
mod inline;
mod matrix;
mod palette;
mod pen;
mod plot;

pub use draw::draw;
pub use inline::{Figure, inline};
pub use palette::INKS;
