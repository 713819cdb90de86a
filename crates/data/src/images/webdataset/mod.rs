//! WebDataset: tar shards in which the members of a sample share their name up to the first dot.
//!
//! Shards are indexed once by the places of their members; nothing is unpacked.

mod braces;
mod members;
mod source;

pub(super) use braces::is_pattern;
pub(super) use source::{ENDING, open, splits};
