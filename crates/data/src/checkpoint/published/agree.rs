//! Holds `config.json` against the tensors beside it: both must speak of one network.

use serde_json::Value;

use super::description::Published;
use super::models::{PublishedModel, Registers};
use super::sentences::{INSTEAD, bad_epsilon, belongs, contradicted, unexpected, unknown_activation, value};
use crate::checkpoint::arch::{FinalNorm, Relative, Shapes, Vit, blocks};
use crate::checkpoint::naming::Layout;

/// The first thing that cannot be, in one sentence.
pub(super) fn first_contradiction(
    published: &Published,
    model: &PublishedModel,
    layout: Layout,
    vit: &Vit,
    shape: Shapes,
    partial: bool,
) -> Option<String> {
    if model.layout != layout {
        return Some(of_another(model.kind));
    }
    not_done(published).or_else(|| {
        let found = found(published, model, layout, vit, shape);
        // What is not whole need not agree.
        let first = found.into_iter().find(|(_, told, found)| !partial && told != found);
        let heads = || {
            belongs(&format!(
                "config.json beside it says num_attention_heads {}, which do not divide the {} channels of its tensors",
                vit.heads, vit.width
            ))
        };
        first
            .map(|(key, told, found)| contradicted(key, told, found))
            .or_else(|| (!vit.width.is_multiple_of(vit.heads)).then(heads))
    })
}

/// Refuses the `config.json` of another network.
pub(super) fn of_another(kind: &str) -> String {
    belongs(&format!(
        "config.json beside it says model_type {kind:?}, and its tensors are named as those of another network of transformers"
    ))
}

/// Refuses what this program does not do, and what is no such value.
fn not_done(published: &Published) -> Option<String> {
    let fields = &published.fields;
    let refuse = |key: &str, fits: &dyn Fn(&Value) -> bool, expected: &str, then: &str| {
        let told = fields.get(key).filter(|told| !fits(told))?;
        Some(unexpected(key, told, expected, then))
    };
    let whole = |base: &Value| {
        let whole = base.as_f64().filter(|n| n.fract() == 0.0 && *n > 1.0 && *n <= 1e9);
        whole.is_some()
    };
    let counts = ["num_attention_heads", "num_hidden_layers", "hidden_size"];
    let positive = |n: &Value| n.as_u64().is_some_and(|n| n > 0);
    unknown_activation(fields.get("hidden_act"))
        .or_else(|| bad_epsilon(fields.get("layer_norm_eps")))
        .or_else(|| refuse("pooler_act", &|act| act.as_str() == Some("tanh"), "tanh", INSTEAD))
        .or_else(|| refuse("rope_theta", &whole, "a whole number above 1", INSTEAD))
        .or_else(|| {
            let mut counts = counts.into_iter();
            counts.find_map(|key| refuse(key, &positive, "a positive whole number", "fetch it again"))
        })
}

/// What it says that tensors show too: key, what it says, what they show.
fn found(
    published: &Published,
    model: &PublishedModel,
    layout: Layout,
    vit: &Vit,
    shape: Shapes,
) -> Vec<(&'static str, String, String)> {
    let fields = &published.fields;
    let mut list = Vec::new();
    let mut add = |key: &'static str, found: String| {
        if let Some(told) = value(fields, key) {
            list.push((key, told.to_string(), found));
        }
    };
    add("hidden_size", vit.width.to_string());
    add("num_hidden_layers", blocks(shape).unwrap_or(0).to_string());
    add("num_channels", "3".to_owned());
    if fields.get("mlp_ratio").is_none() {
        add("intermediate_size", vit.hidden.to_string());
    }
    add("qkv_bias", vit.qkv_bias.to_string());
    add("use_swiglu_ffn", vit.swiglu.to_string());
    match layout {
        Layout::Dinov3 => {
            add("use_gated_mlp", vit.swiglu.to_string());
            add("query_bias", vit.split_bias.to_string());
            add("value_bias", vit.split_bias.to_string());
            add("key_bias", vit.qkv_bias.to_string());
        }
        Layout::Beit => {
            add(
                "use_absolute_position_embeddings",
                shape("pos_embed").is_some().to_string(),
            );
            for (key, relative) in [
                ("use_relative_position_bias", Relative::Own),
                ("use_shared_relative_position_bias", Relative::Shared),
            ] {
                add(key, (vit.relative == Some(relative)).to_string());
            }
            if shape("norm.weight").is_none() {
                add("use_mean_pooling", (vit.norm != FinalNorm::Tokens).to_string());
            }
        }
        _ => {}
    }
    if model.registers == Registers::Some {
        add("num_register_tokens", vit.registers.to_string());
    }
    if vit.width.is_multiple_of(vit.heads) {
        add("head_dim", (vit.width / vit.heads).to_string());
    }
    // A lost tensor is missed as that, and contradicts nothing.
    let shows_patches = shape("patch_embed.proj.weight").is_some();
    let shows_grid = shows_patches && (shape("pos_embed").is_some() || !vit.absolute);
    let square = |key: &str| side(fields.get(key)?);
    if let Some(told) = square("patch_size").filter(|_| shows_patches) {
        list.push(("patch_size", told, vit.patch.to_string()));
    }
    let patches = |told: &str| told.parse::<usize>().ok().map(|side| side / vit.patch.max(1));
    if let Some(told) = square("image_size").filter(|_| layout != Layout::Dinov3 && shows_grid)
        && patches(&told) != Some(vit.grid)
    {
        list.push(("image_size", told, format!("{} patches a side", vit.grid)));
    }
    let tokens = |class: bool, others: usize| format!("{} beside the patches", usize::from(class) + others);
    let others = match model.registers {
        Registers::None => 0,
        Registers::Distillation => 1,
        Registers::Some => vit.registers.max(1),
    };
    let (told, shown) = (
        tokens(model.class_token, others),
        tokens(vit.class_token, vit.registers),
    );
    if told != shown {
        list.push((
            "model_type",
            format!("{:?}, whose tokens are {told}", model.kind),
            shown,
        ));
    }
    list
}

/// One side of a square, as a number or as two equal ones.
fn side(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(sides) => match sides.as_slice() {
            [a, b] if a == b => Some(a.to_string()),
            [one] => Some(one.to_string()),
            _ => Some(value.to_string()),
        },
        other => Some(other.to_string()),
    }
}
