//! Parquet with encoded images, as Hugging Face lays it out: `image {bytes, path}` or plain bytes, and a label.

mod labels;
mod shard;
mod source;

pub(super) use source::{ENDING, open};
