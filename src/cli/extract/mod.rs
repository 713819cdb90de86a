//! `featscope extract`: features of every asked-for layer, in one pass over the images.

mod args;
mod command;
mod network;
mod sources;
mod teller;

pub use args::Args;
pub use command::run;
