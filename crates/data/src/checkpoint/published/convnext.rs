//! What `config.json` says of a ConvNeXt.

use serde_json::{Value, json};

use super::description::Published;
use super::sentences::{bad_epsilon, first_difference, unknown_activation, value};
use crate::checkpoint::arch::cnn::convnext::{ConvNextSize, depths};
use crate::checkpoint::arch::{Cnn, Epsilon, Shapes};

/// Its `model_type`, of the first and of the second version.
pub(super) const KINDS: [&str; 2] = ["convnext", "convnextv2"];

/// What the last normalisation adds to the variance where the file is silent; the others all add the same.
const EPSILON: f64 = 1e-12;

/// Gives a network what its tensors do not show.
pub(in crate::checkpoint) fn complete(published: &Published, cnn: &mut Cnn) {
    cnn.details.last_epsilon = published.epsilon().or(Epsilon::new(EPSILON));
    cnn.details.activation = published.activation().unwrap_or_default();
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
    let value = |key: &str| value(&published.fields, key);
    let refused = unknown_activation(value("hidden_act")).or_else(|| bad_epsilon(value("layer_norm_eps")));
    if refused.is_some() {
        return refused;
    }
    let size = ConvNextSize::parse(&cnn.name)?;
    let shown = [
        ("model_type", json!(KINDS[usize::from(size.second)])),
        ("depths", json!(depths(shape))),
        ("hidden_sizes", json!(size.widths)),
        ("num_channels", json!(3)),
        ("patch_size", json!(size.patch)),
    ];
    // What is not whole need not agree; a stem that is lost shows no side of a patch.
    let stem = shape("features.0.0.weight").is_some();
    let shown = shown
        .into_iter()
        .filter(|(key, _)| !partial && (*key != "patch_size" || stem));
    first_difference(&published.fields, shown)
}
