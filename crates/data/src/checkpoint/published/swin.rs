//! What `config.json` says of a Swin transformer.

use serde_json::json;

use super::description::Published;
use super::sentences::{INSTEAD, bad_epsilon, first_difference, unexpected, unknown_activation, value};
use crate::checkpoint::arch::swin::{EPSILON, depths};
use crate::checkpoint::arch::{Arch, Shapes, Swin};
use crate::checkpoint::claim::Claim;
use crate::checkpoint::weights::Checkpoint;

/// Its `model_type`, of the first and of the second version.
pub(super) const KINDS: [&str; 2] = ["swin", "swinv2"];

/// Windows of the second version by the coordinates that its authors' files keep, else by the name of the network or of the file.
pub(in crate::checkpoint) fn look(checkpoint: &Checkpoint, key: impl Fn(&str) -> String, swin: &mut Swin) {
    if !swin.second {
        return;
    }
    if swin.windows.is_empty() {
        let claimed = Claim::of(checkpoint).map(|claim| claim.name);
        let file = checkpoint
            .path()
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let named = [claimed, file].into_iter().flatten().find_map(|name| {
            let bare = name.split('.').next().unwrap_or_default().replace("_patch4_", "_");
            match Arch::parse(&bare) {
                Ok(Arch::Swin(named)) if named.second && (named.width, &named.depths) == (swin.width, &swin.depths) => {
                    Some(named)
                }
                _ => None,
            }
        });
        if let Some(named) = named {
            (swin.windows, swin.pretrained) = (named.windows, named.pretrained);
        }
        return;
    }
    for (stage, window) in swin.windows.iter().enumerate() {
        let name = key(&format!("layers.{stage}.blocks.0.attn.relative_coords_table"));
        let Ok((_, values)) = checkpoint.tensor_f32(&name) else {
            continue;
        };
        // The largest distance is 8 (window - 1) / (pretrained - 1) on a scale of log2(1 + x) / 3.
        let largest = (2f64.powf(3.0 * f64::from(values.into_iter().fold(0.0f32, f32::max))) - 1.0) / 8.0;
        let pretrained = (*window as f64 - 1.0) / largest + 1.0;
        if largest > 0.0 && pretrained.is_finite() && pretrained.round() as usize != *window {
            swin.pretrained[stage] = pretrained.round() as usize;
        }
    }
}

/// Gives a network what its tensors do not show.
pub(in crate::checkpoint) fn complete(published: &Published, swin: &mut Swin) {
    if !published.is_one_of(&KINDS) {
        return;
    }
    let numbers = |key: &str| -> Option<Vec<usize>> {
        let list = published.fields.get(key)?.as_array()?;
        list.iter()
            .map(|n| usize::try_from(n.as_u64()?).ok().filter(|n| *n <= 4096))
            .collect()
    };
    swin.epsilon = published.epsilon().unwrap_or(EPSILON);
    swin.activation = published.activation().unwrap_or(swin.activation);
    if let Some(told) =
        numbers("depths").filter(|d| d.len() == swin.depths.len() && d.iter().all(|d| (1..=64).contains(d)))
    {
        swin.depths = told;
    }
    if swin.second {
        let number = |key: &str, usual| {
            published
                .number(key)
                .filter(|n| (1..=8192).contains(n))
                .unwrap_or(usual) as usize
        };
        let (window, grid) = (number("window_size", 7), number("image_size", 224) / swin.patch);
        swin.windows = (0..swin.depths.len()).map(|i| window.min(grid >> i).max(1)).collect();
        swin.pretrained = numbers("pretrained_window_sizes")
            .filter(|p| p.len() == swin.depths.len())
            .unwrap_or_else(|| vec![0; swin.depths.len()]);
    }
}

/// Where what no tensor shows comes from, to read.
pub(in crate::checkpoint) fn describe(published: &Published, swin: &Swin) -> Vec<String> {
    let words = format!("{}, epsilon {:e}", swin.activation.describe(), swin.epsilon.value());
    vec![published.source(&KINDS, &words, "Swins usually have this")]
}

/// The first thing that is not done here, or that the tensors contradict, in one sentence.
pub(super) fn first_contradiction(published: &Published, swin: &Swin, shape: Shapes, partial: bool) -> Option<String> {
    let value = |key: &str| value(&published.fields, key);
    let absolute = || {
        let told = value("use_absolute_embeddings").filter(|told| **told == json!(true))?;
        Some(unexpected("use_absolute_embeddings", told, false, INSTEAD))
    };
    let refused = unknown_activation(value("hidden_act"))
        .or_else(absolute)
        .or_else(|| bad_epsilon(value("layer_norm_eps")));
    if refused.is_some() {
        return refused;
    }
    let ratio = value("mlp_ratio")
        .filter(|r| r.as_f64() == Some(swin.ratio as f64))
        .cloned();
    let shown = [
        ("model_type", json!(KINDS[usize::from(swin.second)])),
        ("depths", json!(depths(shape))),
        ("embed_dim", json!(swin.width)),
        ("num_heads", json!(swin.heads)),
        ("num_channels", json!(3)),
        ("patch_size", json!(swin.patch)),
        ("mlp_ratio", ratio.unwrap_or(json!(swin.ratio))),
    ];
    let window = (!swin.second).then(|| ("window_size", json!(swin.windows.first())));
    // What is not whole need not agree; a stem that is lost shows no side of a patch.
    let stem = shape("patch_embed.proj.weight").is_some();
    let shown = shown.into_iter().chain(window);
    let shown = shown.filter(|(key, _)| !partial && (*key != "patch_size" || stem));
    first_difference(&published.fields, shown)
}
