//! What the maker of a TorchScript file says about it: `scripts/trace.py` writes it into the file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::files::ScriptFile;

/// The schema that such a description names.
const SCHEMA: &str = "featscope/trace/1";

/// How a network was traced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Traced {
    /// Always `featscope/trace/1`.
    pub schema: String,
    /// The expression that gave the network.
    pub network: String,
    /// Versions of the libraries it was made with.
    pub libraries: BTreeMap<String, String>,
    /// Its layers, in the order the file returns them.
    pub layers: Vec<TracedLayer>,
    /// How images are prepared for it (an `images::transform::Preprocess`).
    pub preprocess: Value,
}

/// A layer of a traced network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedLayer {
    /// Its name.
    pub name: String,
    /// The module it is the output of; empty: the network's own output.
    pub module: String,
    /// How positions or tokens became one row.
    pub pooling: String,
    /// Largest difference from the network itself, as a share of the layer's scale, on images the tracing did not see.
    pub error: f64,
}

impl Traced {
    /// What a file says; `None` where it says nothing.
    ///
    /// # Errors
    /// When what it says is damaged or of another version.
    pub fn in_script(path: &Path, script: &ScriptFile) -> Result<Option<Self>> {
        let Some(text) = &script.note else { return Ok(None) };
        let wrong = |why: String| {
            Error::input(format!(
                "{}: its description featscope.json {why}; trace the network again",
                path.display()
            ))
        };
        let traced: Self = serde_json::from_str(text).map_err(|e| wrong(format!("is damaged ({e})")))?;
        match traced.schema == SCHEMA {
            true => Ok(Some(traced)),
            false => Err(wrong(format!("has schema {}, expected {SCHEMA}", traced.schema))),
        }
    }

    /// What was traced, with what, and how well it agreed, in one line.
    pub fn describe(&self) -> String {
        let libraries: Vec<String> = self.libraries.iter().map(|(name, v)| format!("{name} {v}")).collect();
        let worst = self.layers.iter().map(|layer| layer.error).fold(0.0, f64::max);
        format!(
            "{} with {}; largest error {worst:.1e} of a layer's scale",
            self.network,
            libraries.join(", ")
        )
    }
}
