//! What `config.json` says of a ConvNeXt.

use serde_json::{Value, json};

use super::description::Published;
use super::models::ACTIVATIONS;
use crate::checkpoint::arch::cnn::convnext::{ConvNextSize, depths};
use crate::checkpoint::arch::{Activation, Cnn, Epsilon, Shapes};

/// Its `model_type`, of the first and of the second version.
pub(super) const KINDS: [&str; 2] = ["convnext", "convnextv2"];

/// What the last normalisation adds to the variance where the file is silent; the others all add the same.
const EPSILON: f64 = 1e-12;

/// Gives a network what its tensors do not show.
pub(in crate::checkpoint) fn complete(published: &Published, cnn: &mut Cnn) {
    let told = published.fields.get("layer_norm_eps").and_then(Value::as_f64);
    cnn.details.last_epsilon = told.and_then(Epsilon::new).or(Epsilon::new(EPSILON));
    cnn.details.activation = activation(published).unwrap_or_default();
    let scale = published.fields.get("layer_scale_init_value").and_then(Value::as_f64);
    cnn.details.unscaled = scale.is_some_and(|value| value <= 0.0);
    let told = published.fields.get("depths").and_then(Value::as_array).map(|list| {
        let number = |n: &Value| usize::try_from(n.as_u64()?).ok().filter(|n| (1..=64).contains(n));
        list.iter().map(number).collect::<Option<Vec<_>>>()
    });
    if let (Some(Some(depths)), Some(mut size)) = (told, ConvNextSize::parse(&cnn.name))
        && depths.len() == size.depths.len()
        && published.is_one_of(&KINDS)
    {
        size.depths = depths;
        cnn.name = size.name();
    }
}

fn activation(published: &Published) -> Option<Activation> {
    let word = published.word("hidden_act")?;
    ACTIVATIONS.iter().find(|a| a.0 == word).map(|a| a.1)
}

/// Where what no tensor shows comes from, to read.
pub(in crate::checkpoint) fn describe(published: &Published, cnn: &Cnn) -> Vec<String> {
    let last = cnn.details.last_epsilon.map_or(EPSILON, Epsilon::value);
    let words = format!(
        "{}, epsilon {last:e} in the last normalisation",
        cnn.details.activation.describe()
    );
    vec![published.source(&KINDS, &words, "transformers' usually has this")]
}

/// The first thing that is not done here, or that the tensors contradict, in one sentence.
pub(super) fn first_contradiction(published: &Published, cnn: &Cnn, shape: Shapes, partial: bool) -> Option<String> {
    let value = |key: &str| published.fields.get(key).filter(|v| !v.is_null());
    if let Some(act) = value("hidden_act").filter(|_| activation(published).is_none()) {
        let names: Vec<_> = ACTIVATIONS.iter().map(|a| a.0).collect();
        return Some(format!(
            "config.json beside it says hidden_act {act}; expected {}; compute its features with transformers and give them to analyze \
             as an array",
            names.join(", ")
        ));
    }
    if let Some(epsilon) = value("layer_norm_eps").filter(|e| e.as_f64().and_then(Epsilon::new).is_none()) {
        return Some(format!(
            "config.json beside it says layer_norm_eps {epsilon}; expected a positive number of at most 0.1; fetch it again"
        ));
    }
    let size = ConvNextSize::parse(&cnn.name)?;
    let shown = [
        ("model_type", json!(KINDS[usize::from(size.second)])),
        ("depths", json!(depths(shape))),
        ("hidden_sizes", json!(size.widths)),
        ("num_channels", json!(3)),
        ("patch_size", json!(size.patch)),
    ];
    let (key, told, found) = shown
        .iter()
        // What is not whole need not agree; a stem that is lost shows no side of a patch.
        .filter(|(key, _)| !partial && (*key != "patch_size" || shape("features.0.0.weight").is_some()))
        .find_map(|(key, found)| Some((key, value(key).filter(|told| *told != found)?, found)))?;
    Some(format!(
        "config.json beside it says {key} {told}, and its tensors have {found}; put the config.json there that belongs to it"
    ))
}
