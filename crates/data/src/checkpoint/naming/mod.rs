//! How code bases name a backbone's tensors, as a table: rules from this project's names to theirs. A new naming is a
//! new row.

mod encoders;
mod hierarchies;
mod layout;
mod rules;
mod table;
mod transformers;

pub(super) use encoders::{DINOV3_NAME, OPEN_CLIP_NAME, RADIO_NAME};
pub(super) use layout::Layout;
pub(super) use rules::Naming;
pub(super) use table::NAMINGS;

#[cfg(test)]
mod tests;
