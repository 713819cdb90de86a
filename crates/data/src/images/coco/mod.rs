//! COCO annotations: one row per object, cut out of its image by its box.

mod annotations;
mod object;
mod source;

pub(super) use source::{ENDING, is_in, open, splits};
