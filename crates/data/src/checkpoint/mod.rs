//! Checkpoints: containers, key names, architectures, the loading audit. No libtorch needed to look inside.
//!
//! [`Checkpoint::open`] reads names, types and shapes; [`detect`] searches them for a known network and its heads and
//! writes down what it found ([`Audit`]); tensors are read one at a time, when they are asked for. Nothing in a
//! checkpoint is ever executed.

pub mod arch;
mod audit;
mod branch;
mod candidate;
mod claim;
mod conditioner;
mod container;
mod detect;
mod elsewhere;
pub mod export;
mod fingerprint;
mod flavour;
mod folder;
mod found_head;
mod head_search;
mod joined;
mod loading;
mod naming;
mod opening;
pub mod own;
mod projection;
mod published;
mod recipe;
mod rows;
mod shards;
mod stack;
mod style;
mod summary;
mod tensor_check;
mod traced;
mod training;
mod weights;

pub use crate::files::{Opaque, UnknownCall, UnknownCalls};

pub use audit::{Audit, MisShaped};
pub use conditioner::Conditioner;
pub use detect::detect;
pub use fingerprint::fingerprint;
pub use folder::{is_named_as_weights, named_in, weights_in};
pub use found_head::{FoundClassifier, FoundHead, FoundStep};
pub use loading::{LoadOptions, Loading};
pub use own::ClassifierInput;
pub use recipe::Recipe;
pub use summary::{CheckpointSummary, summary};
pub use traced::{Traced, TracedLayer};
pub use training::{Counter, Training, training_of};
pub use weights::{Checkpoint, Dtype, TensorInfo};
