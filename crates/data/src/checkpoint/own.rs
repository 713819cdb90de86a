//! What this project's own checkpoints say about themselves.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::arch::{Arch, HeadStep};
use crate::error::{Error, Result};

/// The schema every own checkpoint names.
pub const SCHEMA: &str = "featscope/checkpoint/1";

/// The schema of the state an unfinished run of `featscope pretrain` is continued from.
pub const STATE_SCHEMA: &str = "featscope/training-state/1";

/// The key of the safetensors metadata that holds an [`OwnMetadata`] as JSON.
pub const KEY: &str = "featscope";

/// Which layer a classifier reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassifierInput {
    /// The backbone's output.
    Backbone,
    /// The projector's output.
    Projector,
}

/// A classifier: one linear layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnClassifier {
    /// The layer it reads.
    pub input: ClassifierInput,
    /// Class names, in the order of the logits.
    pub classes: Vec<String>,
}

/// The self-description in a checkpoint written by `featscope pretrain`. Tensors are named `backbone.NAME` (NAME as in
/// [`Arch::tensors`]), `projector.STEP.weight`, …, `predictor.STEP.weight`, …, and `classifier.0.weight`,
/// `classifier.0.bias`; all f32. Where a method has two encoders, all names of a side begin with its branch: `online.`
/// and `target.`, or `encoder_q.` and `encoder_k.`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnMetadata {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Pretraining method: `sl`, `sl-mlp`, `simclr`, `moco-v2`, `byol`.
    pub method: String,
    /// The backbone.
    pub arch: Arch,
    /// Steps of the projector; empty where there is none.
    #[serde(default)]
    pub projector: Vec<HeadStep>,
    /// Steps of the predictor after the projector of the first branch; empty where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predictor: Vec<HeadStep>,
    /// The classifier, where there is one.
    #[serde(default)]
    pub classifier: Option<OwnClassifier>,
    /// How images are prepared for it (an `images::transform::Preprocess`).
    #[serde(default)]
    pub preprocess: Option<Value>,
    /// Anything else: epoch, seed, data fingerprint, accuracy, …
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl OwnMetadata {
    /// As safetensors metadata, to be written with the tensors.
    pub fn to_metadata(&self) -> HashMap<String, String> {
        let json = serde_json::to_string(self).expect("a description holds only finite numbers and strings");
        HashMap::from([(KEY.to_owned(), json), ("format".to_owned(), "pt".to_owned())])
    }

    /// From the metadata of a container; `None` where the file is not one of ours.
    ///
    /// # Errors
    /// When it claims to be ours and is damaged or of another version.
    pub(super) fn from_metadata(metadata: &BTreeMap<String, Value>) -> Result<Option<Self>> {
        let Some(text) = metadata.get(KEY).and_then(Value::as_str) else {
            return Ok(None);
        };
        let refused = |what: String| Error::input(format!("the checkpoint's own description {what}"));
        let value: Value =
            serde_json::from_str(text).map_err(|e| refused(format!("is not JSON ({e}); write it again")))?;
        let schema = value.get("schema").and_then(Value::as_str);
        if schema != Some(SCHEMA) {
            let found = schema.unwrap_or("none");
            return Err(refused(format!(
                "has schema {found}, expected {SCHEMA}; write it again with this version"
            )));
        }
        let own = serde_json::from_value(value).map_err(|e| refused(format!("is damaged ({e}); write it again")))?;
        Ok(Some(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_survives_the_metadata() {
        let own = OwnMetadata {
            schema: SCHEMA.into(),
            method: "sl-mlp".into(),
            arch: Arch::parse("small-cnn").unwrap(),
            projector: vec![
                HeadStep::Linear {
                    inputs: 128,
                    outputs: 64,
                    bias: true,
                },
                HeadStep::Relu,
            ],
            predictor: vec![HeadStep::Relu],
            classifier: Some(OwnClassifier {
                input: ClassifierInput::Projector,
                classes: vec!["cat".into(), "<b>".into()],
            }),
            preprocess: None,
            more: Map::from_iter([("epoch".to_owned(), Value::from(3))]),
        };
        let metadata = own
            .to_metadata()
            .into_iter()
            .map(|(k, v)| (k, Value::from(v)))
            .collect();
        assert_eq!(OwnMetadata::from_metadata(&metadata).unwrap(), Some(own));
        assert_eq!(OwnMetadata::from_metadata(&BTreeMap::new()).unwrap(), None);
        let other = BTreeMap::from([(KEY.to_owned(), Value::from("{\"schema\": \"x/2\"}"))]);
        assert!(
            OwnMetadata::from_metadata(&other)
                .unwrap_err()
                .to_string()
                .contains("schema x/2")
        );
    }
}
