//! Training small encoders, so that the paper's comparison of pretraining methods can be repeated on one's own data.
//!
//! A method is one file: a [`Method`] (its heads and its loss) and one row in [`METHODS`]. Everything else is shared, so
//! that two methods differ in the method and in nothing else: the backbone and its first weights, the images and their
//! order, the optimizer, the schedule.

pub mod byol;
mod catalogue;
pub mod checkpoint_files;
mod config;
mod config_check;
pub mod evaluate;
pub mod follower;
mod method;
pub mod moco;
mod outputs;
pub mod pixels;
pub mod projector;
mod resume;
pub mod schedule;
pub mod sgd;
pub mod simclr;
pub mod sl;
mod train;

pub use catalogue::{METHODS, method};
pub use config::TrainingConfig;
pub use method::{Method, MethodEntry};
pub use outputs::{COLLAPSED, spread};
pub use train::{Trained, TrainingEvent, TrainingRun, train};
