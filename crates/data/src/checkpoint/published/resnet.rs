//! What `config.json` says of a ResNet.

use serde_json::{Value, json};

use super::sentences::{INSTEAD, first_difference, unexpected, value};
use crate::checkpoint::arch::{ResNet, ResidualBlock};

/// Its `model_type`.
pub(super) const KIND: &str = "resnet";

/// The first thing that is not done here, or that the tensors contradict, in one sentence.
pub(super) fn first_contradiction(fields: &Value, net: &ResNet, partial: bool) -> Option<String> {
    let not_done = [
        ("hidden_act", json!("relu")),
        ("downsample_in_bottleneck", json!(false)),
        ("downsample_in_first_stage", json!(false)),
    ];
    let layer = match net.block == ResidualBlock::Basic {
        true => "basic",
        false => "bottleneck",
    };
    let expansion = net.block.expansion();
    let shown = [
        ("layer_type", json!(layer)),
        ("depths", json!(net.layers)),
        ("embedding_size", json!(64)),
        ("hidden_sizes", json!([64, 128, 256, 512].map(|w| w * expansion))),
        ("num_channels", json!(3)),
    ];
    let refused = not_done.into_iter().find_map(|(key, done)| {
        let told = value(fields, key).filter(|told| **told != done)?;
        Some(unexpected(key, told, done, INSTEAD))
    });
    refused.or_else(|| first_difference(fields, shown.into_iter().filter(|_| !partial)))
}
