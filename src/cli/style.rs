//! Colour, progress and numbers on a terminal.
