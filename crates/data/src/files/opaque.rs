//! What is left uninterpreted in a file.

use serde::{Deserialize, Serialize};

/// Something in a pickle that is of no known class. It was not run, and what is inside it is not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opaque {
    /// Where it lies: the names of the dictionaries above it, joined by dots; empty for the root.
    pub path: String,
    /// Its class, or the function that would have made it.
    pub class: String,
    /// Tensors inside it, which are not read.
    pub tensors: usize,
}
