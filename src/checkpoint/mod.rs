//! Checkpoints: containers, key names, architectures, the loading audit.

pub mod arch;
