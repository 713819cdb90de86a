//! `featscope extract`: features of every asked-for layer, in one pass over the images.

mod command;
mod network;
mod sources;
mod teller;

pub use command::{Args, run};
