//! CLIP by OpenAI's and OpenCLIP's names, and by timm's.

use serde_json::Value;

use super::names::NetworkNames;
use super::told::Told;
use crate::checkpoint::arch::{Activation, Epsilon, FinalNorm, Shapes, Vit, blocks};
use crate::checkpoint::naming::{Naming, OPEN_CLIP_NAME};
use crate::checkpoint::recipe::Recipe;

/// What names say quick GELU.
const QUICK: &[&str] = &["quickgelu", "openai", "metaclip"];

/// What names say GELU: all that was trained on these has it.
const EXACT: &[&str] = &["laion2b", "datacomp"];

/// Widths with another number of attention heads than one for 64 channels.
const HEADS: &[(usize, usize)] = &[(1280, 16), (1408, 16), (1664, 16), (1792, 16)];

pub(super) fn complete(naming: &Naming, names: &NetworkNames, shape: Shapes, vit: &mut Vit) -> Told {
    let own = naming.name == OPEN_CLIP_NAME;
    vit.epsilon = Epsilon::known(1e-5);
    let mut told = Told {
        recipe: Some(Recipe::Clip),
        ..Told::default()
    };
    if own {
        vit.patch_bias = false;
        vit.class_token = true;
        vit.placed = 1;
        told.heads = true;
        vit.heads = HEADS
            .iter()
            .find(|row| row.0 == vit.width)
            .map_or((vit.width / 64).max(1), |row| row.1);
        if let Some(config) = &names.open_clip {
            described(config, shape, vit, &mut told);
            return told;
        }
        if !vit.pre_norm {
            told.refused = Some(
                "a CLIP by OpenCLIP's names without a normalisation before its blocks, and nothing says how it pools (CLIPA); put its \
                 open_clip_config.json beside it"
                    .to_owned(),
            );
            return told;
        }
    }
    match activation(own, names) {
        Some((activation, by)) => {
            vit.activation = activation;
            told.notes.push(format!(
                "{} attention heads, {}, epsilon 1e-5: {by}",
                vit.heads,
                activation.describe()
            ));
        }
        None => {
            told.notes
                .push(format!("{} attention heads, epsilon 1e-5, as CLIP has it", vit.heads));
            told.undecided = Some(format!(
                "a CLIP by {} names, and nothing says whether its activation is quick GELU (OpenAI's) or GELU (most of OpenCLIP's); put \
                 its {} beside it, or pass --arch {} or --arch {}",
                if own { "OpenCLIP's" } else { "timm's" },
                if own { "open_clip_config.json" } else { "config.json" },
                NetworkNames::with_word(vit, "clip_quickgelu"),
                NetworkNames::with_word(vit, "clip"),
            ));
        }
    }
    told
}

/// The activation, and who says so.
fn activation(own: bool, names: &NetworkNames) -> Option<(Activation, String)> {
    let says = |name: &str, parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if own && names.openai {
        let by = "as OpenAI has it, whose files alone hold input_resolution and context_length".to_owned();
        return Some((Activation::QuickGelu, by));
    }
    if let Some(name) = names.timm().filter(|name| name.contains("clip")) {
        let by = format!("as its name {name:?} says");
        // timm has OpenAI's weights under names without the word too, and computes GELU then.
        return match (name.contains("quickgelu"), says(&name, &["openai", "metaclip", "dfn"])) {
            (true, _) => Some((Activation::QuickGelu, by)),
            (false, false) => Some((Activation::Gelu, by)),
            (false, true) => None,
        };
    }
    let file = names.file();
    let by = format!("as the name {file:?} says");
    match (says(file, QUICK), says(file, EXACT)) {
        (true, false) => Some((Activation::QuickGelu, by)),
        (false, true) => Some((Activation::Gelu, by)),
        _ => None,
    }
}

/// What `open_clip_config.json` says.
fn described(config: &Value, shape: Shapes, vit: &mut Vit, told: &mut Told) {
    const FILE: &str = "open_clip_config.json beside it";
    let whole = config.get("model_cfg").unwrap_or(config);
    let Some(vision) = whole.get("vision_cfg").filter(|v| v.is_object()) else {
        told.refused = Some(format!("{FILE} has no vision_cfg; fetch it again"));
        return;
    };
    let number = |key: &str| {
        vision
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    let word = |key: &str| vision.get(key).and_then(Value::as_str);
    let set = |key: &str| vision.get(key).and_then(Value::as_bool).unwrap_or(false);
    // A lost tensor is missed as that, and contradicts nothing.
    if let Some(patch) = number("patch_size").filter(|_| shape("patch_embed.proj.weight").is_none()) {
        vit.patch = patch.max(1);
    }
    if let Some(image) = number("image_size").filter(|_| shape("pos_embed").is_none()) {
        vit.grid = (image / vit.patch.max(1)).max(1);
    }
    let shown = [
        ("width", vit.width),
        ("layers", blocks(shape).unwrap_or(0)),
        ("patch_size", vit.patch),
        ("image_size", vit.image()),
    ];
    let contradicts = |(key, found): &(&str, usize)| {
        let there = vision.get(*key).filter(|v| !v.is_null())?;
        (there.as_u64() != Some(*found as u64))
            .then(|| format!("{FILE} says {key} {there}, and its tensors have {found}"))
    };
    let head = number("head_width").unwrap_or(64).max(1);
    vit.heads = (vit.width / head).max(1);
    let tanh = vision.pointer("/act_kwargs/approximate").and_then(Value::as_str) == Some("tanh");
    vit.activation = match (whole.get("quick_gelu").and_then(Value::as_bool), tanh) {
        (Some(true), _) => Activation::QuickGelu,
        (_, true) => Activation::TanhGelu,
        _ => Activation::Gelu,
    };
    let epsilon = vision.pointer("/norm_kwargs/eps").and_then(Value::as_f64);
    vit.epsilon = epsilon.and_then(Epsilon::new).unwrap_or(vit.epsilon);
    vit.pre_norm = !set("no_ln_pre");
    let mean = word("pool_type") == Some("avg");
    if set("final_ln_after_pool") || mean {
        vit.norm = match (set("final_ln_after_pool"), mean) {
            (true, true) => FinalNorm::Pooled,
            _ => FinalNorm::Tokens,
        };
    }
    let refusals = [
        shown.iter().find_map(contradicts).map(|what| format!("{what}; put the file there that belongs to it")),
        (mean && vit.norm == FinalNorm::Tokens).then(|| {
            format!("{FILE} says pool_type \"avg\" after the last normalisation; pass --arch to load it all the same with its class token")
        }),
        word("pool_type")
            .filter(|w| !["tok", "avg"].contains(w))
            .map(|w| format!("{FILE} says pool_type {w:?}; expected tok or avg")),
        word("timm_model_name").map(|name| format!("{FILE} says timm_model_name {name:?}, and its tensors are OpenCLIP's own")),
        (head * vit.heads != vit.width)
            .then(|| format!("{FILE} says head_width {head}, which does not divide the {} channels of its tensors", vit.width)),
    ];
    told.refused = refusals.into_iter().flatten().next();
    told.notes.push(format!(
        "{} attention heads, {}, epsilon {:e}, as {FILE} says (OpenCLIP's own values where it is silent)",
        vit.heads,
        vit.activation.describe(),
        vit.epsilon.value()
    ));
}
