//! How far the training had come whose weights a checkpoint holds. Code bases count from 0 or from 1, so a counter that
//! stands at the last number, or one before it, is at the end.

mod counter;
mod metadata;
mod progress;

pub use counter::Counter;
pub use progress::{Training, training_of};
