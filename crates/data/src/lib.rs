//! What featscope reads: files nobody trusts, images, checkpoints and feature stores.
//!
//! `shown ← error ← files ← features ← store, checkpoint, images ← kind`: left never imports right.

// Unit tests may unwrap; the library may not.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod checkpoint;
pub mod error;
pub mod features;
pub mod files;
pub mod images;
pub mod kind;
pub mod shown;
pub mod store;
