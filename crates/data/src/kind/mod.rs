//! What kind of thing a path is.

mod json;
mod path_kind;

pub use path_kind::{PathKind, kind};
