//! What the sections of an experiment file say.

use std::path::PathBuf;

use serde::Deserialize;

use super::checkpoints::{Checkpoints, FoundCheckpoint};
use crate::features::Role;

/// An experiment as the file states it, paths made absolute or relative to where the command runs.
#[derive(Clone, Debug, Deserialize)]
pub struct Experiment {
    /// Seed of every random draw.
    #[serde(default)]
    pub seed: u64,
    /// Folder of everything the run writes.
    pub out: PathBuf,
    /// Layers to extract and measure.
    #[serde(default)]
    pub layers: Layers,
    /// Run the code that TorchScript files bring, of every model.
    #[serde(default)]
    pub trust_code: bool,
    /// Read pickles that would call what is not known where they are loaded, of every model; nothing is called here.
    #[serde(default)]
    pub allow_unknown_calls: bool,
    /// Where to extract: auto, cpu, cuda, cuda:1.
    #[serde(default = "auto")]
    pub device: String,
    /// Models, in the order of reports.
    #[serde(rename = "model")]
    pub models: Vec<ModelSection>,
    /// Data sets.
    #[serde(rename = "dataset")]
    pub datasets: Vec<DatasetSection>,
    /// Evaluation data sets that are one benchmark.
    #[serde(default, rename = "suite")]
    pub suites: Vec<SuiteSection>,
    /// Which splits belong together.
    #[serde(default)]
    pub probe: ProbeSection,
    /// What to measure.
    #[serde(default)]
    pub analysis: AnalysisSection,
    /// Title of the report; the models' names unless given.
    #[serde(default)]
    pub title: Option<String>,
    /// How it is reported.
    #[serde(default)]
    pub report: ReportSection,
}

/// How an experiment is reported.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ReportSection {
    /// The layer of the tables; `backbone` unless given.
    #[serde(default)]
    pub layer: Option<String>,
}

/// `"all"`, or a list of names.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Layers {
    /// One word: `all`, or names with commas.
    Word(String),
    /// Names.
    Names(Vec<String>),
}

impl Default for Layers {
    fn default() -> Self {
        Self::Word("all".to_owned())
    }
}

impl Layers {
    /// As the command line takes it.
    pub fn joined(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Names(names) => names.join(","),
        }
    }
}

/// One model.
#[derive(Clone, Debug, Deserialize)]
pub struct ModelSection {
    /// Its name in tables and plots.
    pub name: String,
    /// What tables and plots call it, where that is not its name: to change it does nothing again.
    #[serde(default)]
    pub label: Option<String>,
    /// Its checkpoint, or those of its runs and steps.
    pub checkpoint: Checkpoints,
    /// The files that these are, in the order of runs and steps.
    #[serde(skip)]
    pub found: Vec<FoundCheckpoint>,
    /// Its architecture.
    #[serde(default = "auto")]
    pub arch: String,
    /// Its projector.
    #[serde(default = "auto")]
    pub projector: String,
    /// The branch to use.
    #[serde(default = "auto")]
    pub branch: String,
    /// How a transformer's tokens become one row.
    #[serde(default = "auto")]
    pub pooling: String,
    /// How images are prepared for it.
    #[serde(default = "auto")]
    pub preprocess: String,
    /// Its layers, where they are not the experiment's.
    #[serde(default)]
    pub layers: Option<Layers>,
    /// Run the code that its TorchScript file brings.
    #[serde(default)]
    pub trust_code: bool,
    /// Whether its checkpoint may be a pickle that would run code where it is loaded; nothing of it runs here.
    #[serde(default)]
    pub allow_unknown_calls: bool,
}

/// One data set.
#[derive(Clone, Debug, Deserialize)]
pub struct DatasetSection {
    /// Its name in tables and plots.
    pub name: String,
    /// What it is to the models.
    pub role: Role,
    /// Where it is, optionally `FORMAT:PATH`.
    pub path: String,
    /// Its split.
    #[serde(default)]
    pub split: Option<String>,
    /// Only these classes, by name or index.
    #[serde(default)]
    pub classes: Vec<ClassSelector>,
}

/// A class by name or index.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum ClassSelector {
    /// Index.
    Index(u32),
    /// Name.
    Name(String),
}

impl std::fmt::Display for ClassSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Index(i) => i.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// What to measure.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct AnalysisSection {
    /// all, families or ids.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// The model the others are compared with.
    #[serde(default)]
    pub baseline: Option<String>,
    /// Other conventions: `ID=VARIANT`, `ID.k=K`, `ID.C=C`, `ID.lambda=L`.
    #[serde(default)]
    pub convention: Vec<String>,
    /// Neighbours of feature mixtureness.
    #[serde(default)]
    pub k: Option<usize>,
}

/// Several evaluation data sets as one benchmark.
#[derive(Clone, Debug, Deserialize)]
pub struct SuiteSection {
    /// Its name.
    pub name: String,
    /// Its data sets, by name.
    pub datasets: Vec<String>,
}

/// Which splits belong together.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ProbeSection {
    /// The split that is fitted on; `train` unless given.
    #[serde(default)]
    pub fit: Option<String>,
    /// The split that is scored; `test`, else `val`, unless given.
    #[serde(default)]
    pub score: Option<String>,
    /// A file of ids and groups: which images belong together.
    #[serde(default)]
    pub groups: Option<PathBuf>,
    /// Whether the spread over fitting rows is wanted of every probe.
    #[serde(default)]
    pub fit_sd: bool,
}

fn auto() -> String {
    "auto".to_owned()
}

impl ModelSection {
    /// What tables and plots call it.
    pub fn shown(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }
}

impl Experiment {
    /// The baseline as tables call it.
    pub fn baseline(&self) -> Option<String> {
        let name = self.analysis.baseline.as_ref()?;
        let model = self.models.iter().find(|model| model.name == *name);
        Some(model.map_or(name.as_str(), ModelSection::shown).to_owned())
    }
}
