//! The kinds of networks of transformers that are known, as a table.

use crate::checkpoint::arch::{Activation, Epsilon, Positions};
use crate::checkpoint::naming::Layout;
use crate::checkpoint::recipe::Recipe;
use crate::checkpoint::rows::rows;

/// A kind of network of transformers, and what it is where its `config.json` is silent: transformers writes what differs from
/// this alone, and reads the rest from its own classes.
#[derive(Debug)]
pub(in crate::checkpoint) struct PublishedModel {
    /// Its `model_type`.
    pub(in crate::checkpoint) kind: &'static str,
    /// The `model_type` of a network of images and texts that it is the half of.
    pub(super) pair: Option<&'static str>,
    /// How its tensors are named.
    pub(super) layout: Layout,
    pub(super) activation: Activation,
    pub(super) epsilon: Epsilon,
    /// How it brings its position embeddings to another grid.
    pub(super) positions: Positions,
    /// The preparation of images that is usual for it.
    pub(super) recipe: Recipe,
    pub(super) class_token: bool,
    /// Tokens beside it: the distillation token, or registers.
    pub(super) registers: Registers,
    /// Attention heads where `config.json` is silent.
    pub(super) heads: u64,
}

/// Tokens between the class token and the patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registers {
    None,
    Distillation,
    /// As many as `num_register_tokens` says.
    Some,
}

pub(super) const VIT: PublishedModel = PublishedModel {
    kind: "vit",
    pair: None,
    layout: Layout::Vit,
    activation: Activation::Gelu,
    epsilon: Epsilon::known(1e-12),
    positions: Positions::Plain,
    recipe: Recipe::Squared,
    class_token: true,
    registers: Registers::None,
    heads: 12,
};

/// All of them; of those with one layout, the first is taken where nothing says which it is.
pub(super) const MODELS: &[PublishedModel] = rows! {
    PublishedModel, VIT;
    kind: "vit";
    kind: "deit", recipe: Recipe::ImagenetBicubic, registers: Registers::Distillation;
    kind: "ijepa", class_token: false;
    kind: "vit_mae";
    kind: "vit_msn", epsilon: Epsilon::known(1e-6);
    kind: "dinov2", layout: Layout::Dinov2, epsilon: Epsilon::known(1e-6), recipe: Recipe::ImagenetBicubic;
    kind: "dinov2_with_registers", layout: Layout::Dinov2, epsilon: Epsilon::known(1e-6),
        positions: Positions::Antialiased, recipe: Recipe::ImagenetBicubic, registers: Registers::Some;
    kind: "clip_vision_model", pair: Some("clip"), layout: Layout::Clip, activation: Activation::QuickGelu,
        epsilon: Epsilon::known(1e-5), recipe: Recipe::Clip;
    kind: "siglip_vision_model", pair: Some("siglip"), layout: Layout::Clip, activation: Activation::TanhGelu,
        epsilon: Epsilon::known(1e-6), class_token: false;
    kind: "dinov3_vit", layout: Layout::Dinov3, epsilon: Epsilon::known(1e-5), recipe: Recipe::SquaredImagenet,
        registers: Registers::Some, heads: 6;
    kind: "beit", layout: Layout::Beit, recipe: Recipe::Inception;
    kind: "data2vec-vision", layout: Layout::Beit, recipe: Recipe::Inception;
};

/// `hidden_act`, and what it is here.
pub(super) const ACTIVATIONS: [(&str, Activation); 6] = [
    ("gelu", Activation::Gelu),
    ("quick_gelu", Activation::QuickGelu),
    ("gelu_pytorch_tanh", Activation::TanhGelu),
    ("gelu_new", Activation::TanhGelu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
];
