//! The colours of figures.

use plotters::style::RGBColor;

/// Ink, quiet ink, lines, paper: each once, so that a page can put its own colours in their place.
pub(super) const INK: RGBColor = RGBColor(0x1F, 0x23, 0x28);
pub(super) const QUIET: RGBColor = RGBColor(0x5B, 0x64, 0x6F);
pub(super) const GRID: RGBColor = RGBColor(0xE1, 0xE4, 0xE8);
pub(super) const PAPER: RGBColor = RGBColor(0xFE, 0xFE, 0xFD);
/// After Okabe and Ito: told apart by colour-blind readers too.
pub(super) const MODELS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xC4, 0x86, 0x00),
    RGBColor(0x3A, 0xA0, 0xDC),
    RGBColor(0x6B, 0x6E, 0x75),
];

/// The colours of figures and the CSS variables a page may put in their place.
pub const INKS: [(&str, &str); 11] = [
    ("#1F2328", "--ink"),
    ("#5B646F", "--quiet"),
    ("#E1E4E8", "--line"),
    ("#FEFEFD", "--paper"),
    ("#0072B2", "--m0"),
    ("#D55E00", "--m1"),
    ("#009E73", "--m2"),
    ("#CC79A7", "--m3"),
    ("#C48600", "--m4"),
    ("#3AA0DC", "--m5"),
    ("#6B6E75", "--m6"),
];
