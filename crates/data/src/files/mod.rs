//! Bytes nobody trusts: one layer that reads what users have, for feature stores, checkpoints and images alike.
//!
//! npy and npz, safetensors, torch's files and other pickles, zip directories, Parquet's guards, delimited text, digests; and
//! writing whole files or none.
//! A stated length is trusted only once the file is known to hold that many bytes, values stated twice must agree, and
//! nothing is ever executed.

mod array;
mod atomic;
mod container;
mod digest;
mod element;
mod limits;
mod lock;
mod npy;
mod numbers;
mod opaque;
pub mod parquet;
mod pickle;
mod place;
mod plain;
mod regular;
mod safetensors;
mod start;
mod strides;
mod temporary;
mod tensor_formats;
pub mod text;
mod torch;
mod unknown;
mod zip;

pub use array::{Array, Order};
pub use atomic::{write_atomically, write_atomically_with};
pub use container::Container;
pub use digest::{digest, hash_from, hex, sha256_of};
pub use element::{Element, integral};
pub use limits::{MAX_LIST, MAX_TEXT, check_name};
pub use lock::{Lock, lock};
pub use npy::{npy, npz};
pub use numbers::Numbers;
pub use opaque::Opaque;
pub use plain::PlainPickle;
pub use regular::{broken, open, read, read_text};
pub use safetensors::{MAX_HEADER, Once};
pub use start::{is_safetensors, is_zip, is_zip_or_pickle};
pub use temporary::{is_temporary, sweep, temporary_folder};
pub use torch::ScriptFile;
pub use unknown::{UnknownCall, UnknownCalls};
pub use zip::Directory;
