//! What transformers' `config.json` says of a network beside the weights: what no tensor shows is taken from it, and what
//! the tensors show must agree with it.

mod agree;
mod check;
pub(super) mod convnext;
mod description;
mod models;
mod resnet;
mod sentences;
pub(super) mod swin;

pub(super) use check::check;
pub(super) use description::Published;
