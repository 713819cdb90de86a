//! What `config.json` says of a ResNet.

use serde_json::{Value, json};

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
    let expansion = net.block.expansion();
    let shown = [
        (
            "layer_type",
            json!(if net.block == ResidualBlock::Basic {
                "basic"
            } else {
                "bottleneck"
            }),
        ),
        ("depths", json!(net.layers)),
        ("embedding_size", json!(64)),
        ("hidden_sizes", json!([64, 128, 256, 512].map(|w| w * expansion))),
        ("num_channels", json!(3)),
    ];
    let value = |key: &str| fields.get(key).filter(|v| !v.is_null());
    for (key, done) in not_done {
        if let Some(told) = value(key).filter(|told| **told != done) {
            return Some(format!(
                "config.json beside it says {key} {told}; expected {done}; compute its features with transformers and give them to \
                 analyze as an array"
            ));
        }
    }
    let (key, told, found) = shown
        .iter()
        .filter(|_| !partial)
        .find_map(|(key, found)| Some((key, value(key).filter(|told| *told != found)?, found)))?;
    Some(format!(
        "config.json beside it says {key} {told}, and its tensors have {found}; put the config.json there that belongs to it"
    ))
}
