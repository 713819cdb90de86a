//! What no tensor shows of vision transformers by the names of other code bases than transformers: activation, epsilon, heads,
//! how positions come in. It follows from the naming and the telling tensors, from the description beside the file, from names;
//! where two kinds could have the same tensors, nothing is guessed.

mod clip;
mod kinds;
mod names;
mod padding;
mod radio;
mod told;
mod towers;

pub(super) use kinds::{centred, complete, complete_cnn, dinov3_heads};
pub(super) use names::NetworkNames;
pub(super) use radio::is_read;
pub(super) use told::Told;
