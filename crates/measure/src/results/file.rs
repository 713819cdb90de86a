//! The results file: what one command found out, and of what.

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::listed::Listed;
use super::record::Record;
use crate::shown::plain_json;

/// The schema every results file names.
pub const SCHEMA: &str = "featscope/results/2";

/// The most records of one file: a hundred models with fifteen layers on two data sets, and every metric.
pub(super) const MAX_RECORDS: usize = 250_000;

/// What a results file has at most, in bytes: sixty thousand records with two hundred replicates each.
pub(super) const MAX_BYTES: u64 = 256 << 20;

/// The results file of a folder.
pub const FILE: &str = "results.json";

/// What one command found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Results {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Version of featscope that wrote it.
    pub version: String,
    /// When, RFC 3339, UTC.
    pub created: String,
    /// The command line.
    pub command: String,
    /// The seed of every random draw.
    pub seed: u64,
    /// What was analysed.
    pub inputs: Vec<AnalysedInput>,
    /// The tables in the folder of these results: read with the records, and refused where they are other ones. In memory they
    /// stand in an `Analysis`; what is named here then was not beside the file that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<Vec<Listed>>,
    /// What a report made of the numbers, in its folder: tables, figures and pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub report: Vec<Listed>,
    /// The numbers.
    #[serde(deserialize_with = "few")]
    pub records: Vec<Record>,
}

/// One set of features that was analysed: what `compare` needs to know before it pairs two models.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnalysedInput {
    /// The path, as given.
    pub path: String,
    /// Name of the model.
    pub model: String,
    /// The run of a model that is a set of runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The step of training, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// The layers analysed, in network order.
    pub layers: Vec<String>,
    /// Name of the data set.
    pub dataset: String,
    /// Split, or empty.
    pub split: String,
    /// Rows.
    pub rows: u64,
    /// Class names, in order; empty where unlabelled.
    pub classes: Vec<String>,
    /// SHA-256 over the row ids in order: equal means the same images in the same order.
    pub ids_sha256: String,
    /// SHA-256 over the preprocessing description; empty where unknown.
    pub preprocess_sha256: String,
    /// What the loading audit of the model said, where it is known (see the store's manifest).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Value>,
}

impl Results {
    /// Empty results of a command, stamped with now.
    pub fn new(command: impl Into<String>, seed: u64) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            command: command.into(),
            seed,
            inputs: Vec::new(),
            tables: None,
            report: Vec::new(),
            records: Vec::new(),
        }
    }

    /// The same, without the numbers.
    pub fn without_records(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            version: self.version.clone(),
            created: self.created.clone(),
            command: self.command.clone(),
            seed: self.seed,
            inputs: self.inputs.clone(),
            tables: self.tables.clone(),
            report: self.report.clone(),
            records: Vec::new(),
        }
    }

    /// As JSON, indented, with a final newline. The same bytes for the same results.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("results hold only finite numbers and strings");
        plain_json(&text) + "\n"
    }
}

/// The JSON schema of a results file (draft 2020-12), from the types above.
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(Results).to_value();
    schema["title"] = SCHEMA.into();
    schema["properties"]["schema"]["const"] = SCHEMA.into();
    schema
}

/// The records of a file, as many as there may be.
fn few<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<Record>, D::Error> {
    struct Few;
    impl<'de> Visitor<'de> for Few {
        type Value = Vec<Record>;

        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str("a list of records")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Vec<Record>, A::Error> {
            let mut records = Vec::new();
            while let Some(record) = list.next_element()? {
                records.push(record);
                if records.len() > MAX_RECORDS {
                    return Err(A::Error::custom(format!(
                        "more than {MAX_RECORDS} records: analyze fewer models or layers into one file"
                    )));
                }
            }
            Ok(records)
        }
    }
    deserializer.deserialize_seq(Few)
}
