//! Pickles, read without running anything.
//!
//! A pickle is a program for a small stack machine. This one knows every opcode, builds plain values and torch's
//! tensors, and has no way to import or to call: a class or function is only ever a name. What another name would have
//! made becomes an opaque [`PickleValue::Object`]. What would be called where the file is loaded and is not known to be harmless
//! (`allowed`, `judge`) is noted, and so is every name that is dangerous by itself (`policy`): however it was spelled,
//! wherever it is hidden and whether or not its result is used. Who reads the file decides what follows from that.

mod allowed;
mod calls;
mod failure;
mod input;
mod judge;
mod machine;
mod numpy;
mod opcodes;
mod policy;
mod value;
mod walk;

pub(super) use failure::Failure;
pub(super) use machine::Keep;
pub(super) use numpy::ArrayData;
pub(super) use opcodes::read;
pub(super) use value::{Persistent, Pickle, PickleValue, Storage, TensorRef, ValueId, view};
pub(super) use walk::{PickleContents, walk};
