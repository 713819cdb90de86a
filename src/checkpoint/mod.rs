//! Checkpoints: containers, key names, architectures, the loading audit. No libtorch needed to look inside.

pub mod arch;
pub mod own;
