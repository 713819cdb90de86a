//! `featscope pretrain`: trains a small encoder.

mod command;
mod teller;

pub use command::{Args, run};
