//! What is wrong with a `config.json`, in sentences.

use std::fmt::Display;

use serde_json::Value;

use super::models::ACTIVATIONS;
use crate::checkpoint::arch::Epsilon;

/// What to do about what this program does not compute.
pub(super) const INSTEAD: &str = "compute its features with transformers and give them to analyze as an array";

/// A value that is not null.
pub(super) fn value<'a>(fields: &'a Value, key: &str) -> Option<&'a Value> {
    fields.get(key).filter(|value| !value.is_null())
}

/// Another value was expected; `then` says what to do.
pub(super) fn unexpected(key: &str, told: &Value, expected: impl Display, then: &str) -> String {
    format!("config.json beside it says {key} {told}; expected {expected}; {then}")
}

/// The tensors contradict what is told.
pub(super) fn contradicted(key: &str, told: impl Display, found: impl Display) -> String {
    belongs(&format!(
        "config.json beside it says {key} {told}, and its tensors have {found}"
    ))
}

/// The file belongs to another network.
pub(super) fn belongs(what: &str) -> String {
    format!("{what}; put the config.json there that belongs to it")
}

/// Refuses an activation that is not known.
pub(super) fn unknown_activation(told: Option<&Value>) -> Option<String> {
    let act = told.filter(|act| !ACTIVATIONS.iter().any(|(name, _)| act.as_str() == Some(name)))?;
    let names = ACTIVATIONS.map(|a| a.0).join(", ");
    Some(unexpected("hidden_act", act, names, INSTEAD))
}

/// Refuses an epsilon that cannot be.
pub(super) fn bad_epsilon(told: Option<&Value>) -> Option<String> {
    let epsilon = told.filter(|e| e.as_f64().and_then(Epsilon::new).is_none())?;
    let expected = "a positive number of at most 0.1";
    Some(unexpected("layer_norm_eps", epsilon, expected, "fetch it again"))
}

/// The first value that the tensors contradict.
pub(super) fn first_difference(
    fields: &Value,
    shown: impl IntoIterator<Item = (&'static str, Value)>,
) -> Option<String> {
    shown.into_iter().find_map(|(key, found)| {
        let told = value(fields, key).filter(|told| **told != found)?;
        Some(contradicted(key, told, found))
    })
}
