//! What an experiment file may say, checked before anything is read.

use std::path::Path;

use toml::{Table, Value};

use super::sections::{DatasetSection, Experiment};
use crate::error::{Error, Result};
use crate::features::Role;

const TOP: &[&str] = &[
    "title",
    "seed",
    "out",
    "layers",
    "device",
    "trust_code",
    "allow_unknown_calls",
    "model",
    "dataset",
    "suite",
    "probe",
    "analysis",
    "report",
];
const MODEL: &[&str] = &[
    "name",
    "label",
    "checkpoint",
    "arch",
    "projector",
    "branch",
    "pooling",
    "preprocess",
    "layers",
    "trust_code",
    "allow_unknown_calls",
];
const DATASET: &[&str] = &["name", "role", "path", "split", "classes"];
const SUITE: &[&str] = &["name", "datasets"];
const PROBE: &[&str] = &["fit", "score", "groups", "fit_sd"];
const REPORT: &[&str] = &["layer"];
const ANALYSIS: &[&str] = &["metrics", "baseline", "convention", "k"];

impl Experiment {
    /// Checks what the file says against itself and the disk; finds the checkpoints of each model.
    ///
    /// # Errors
    /// In one sentence, for the first thing that cannot be.
    pub(super) fn check(&mut self, file: &Path) -> Result<()> {
        let refuse = |what: String| Err(Error::input(format!("{}: {what}", file.display())));
        if self.models.is_empty() || self.datasets.is_empty() {
            return refuse("needs at least one [[model]] and one [[dataset]]".to_owned());
        }
        let mut names: Vec<String> = Vec::new();
        for model in &mut self.models {
            if names.contains(&model.name) {
                return refuse(format!("two models are named {}; give each its own name", model.name));
            }
            if !is_folder_name(&model.name) {
                return refuse(format!(
                    "model {:?}: the name is also a folder's, so it takes no slash",
                    model.name
                ));
            }
            if names.iter().any(|name| name == model.shown()) {
                return refuse(format!(
                    "two models are shown as {}; give each its own label",
                    model.shown()
                ));
            }
            names.push(model.name.clone());
            match model.checkpoint.find() {
                Ok(found) => model.found = found,
                Err(error) => return refuse(format!("model {}: {error}", model.name)),
            }
        }
        if let Some(baseline) = self.analysis.baseline.as_ref().filter(|b| !names.contains(b)) {
            return refuse(format!(
                "baseline {baseline} is none of the models {}",
                names.join(", ")
            ));
        }
        if let Some(groups) = self.probe.groups.as_deref().filter(|file| !file.is_file()) {
            return refuse(format!("[probe] groups: there is no file {}", groups.display()));
        }
        for (i, data) in self.datasets.iter().enumerate() {
            if !is_folder_name(&data.name) {
                return refuse(format!(
                    "data set {:?}: the name is also a folder's, so it takes no slash",
                    data.name
                ));
            }
            if self.datasets[..i]
                .iter()
                .any(|d| d.name == data.name && d.split == data.split)
            {
                return refuse(format!("data set {} is given twice with the same split", data.name));
            }
            if let Some(other) = self.datasets[..i]
                .iter()
                .find(|d| d.name == data.name && d.role != data.role)
            {
                return refuse(format!("data set {} has two roles; one name, one role", other.name));
            }
        }
        for (i, suite) in self.suites.iter().enumerate() {
            let name = &suite.name;
            let is_taken = |data: &DatasetSection| data.name == *name;
            if self.suites[..i].iter().any(|other| other.name == *name) || self.datasets.iter().any(is_taken) {
                return refuse(format!(
                    "suite {name}: another suite or data set has that name; give it its own"
                ));
            }
            if suite.datasets.is_empty() {
                return refuse(format!(
                    "suite {name} has no data sets; name those of role eval that belong to it"
                ));
            }
            let twice = |(i, name): &(usize, &String)| suite.datasets[..*i].contains(name);
            if let Some((_, name)) = suite.datasets.iter().enumerate().find(twice) {
                return refuse(format!(
                    "suite {}: {name} is named twice; name each data set once",
                    suite.name
                ));
            }
            let is_eval = |name: &String| self.datasets.iter().any(|d| d.name == *name && d.role == Role::Eval);
            if let Some(odd) = suite.datasets.iter().find(|name| !is_eval(name)) {
                return refuse(format!(
                    "suite {name}: {odd} is no data set of role eval; name one of [[dataset]]"
                ));
            }
        }
        Ok(())
    }
}

/// Checks that a folder can have this name.
fn is_folder_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0'])
}

/// Refuses keys that are not known, naming the nearest known one.
///
/// # Errors
/// For the first of them.
pub fn keys(file: &Path, table: &Table) -> Result<()> {
    check_table(file, "", table, TOP)?;
    for (section, known) in [
        ("model", MODEL),
        ("dataset", DATASET),
        ("suite", SUITE),
        ("probe", PROBE),
        ("analysis", ANALYSIS),
        ("report", REPORT),
    ] {
        let tables: Vec<&Table> = match table.get(section) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_table).collect(),
            Some(Value::Table(one)) => vec![one],
            _ => Vec::new(),
        };
        for one in tables {
            check_table(file, section, one, known)?;
        }
    }
    Ok(())
}

fn check_table(file: &Path, section: &str, table: &Table, known: &[&str]) -> Result<()> {
    for key in table.keys() {
        if !known.contains(&key.as_str()) {
            let nearest = known
                .iter()
                .max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)))
                .copied()
                .unwrap_or_default();
            let place = if section.is_empty() {
                String::new()
            } else {
                format!(" in [{section}]")
            };
            return Err(Error::input(format!(
                "{}: unknown key {key}{place}; did you mean {nearest}? Known are {}",
                file.display(),
                known.join(", ")
            )));
        }
    }
    Ok(())
}
