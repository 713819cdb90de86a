//! An experiment file: models, data sets, layers.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::sheet::Sheet;
use crate::cli::experiment::Experiment;

pub(super) fn of_experiment(path: &Path) -> anyhow::Result<(Sheet, Value)> {
    let e = Experiment::read(path)?;
    let mut sheet = Sheet::new(format!("experiment {}", path.display()));
    let models: Vec<String> = e
        .models
        .iter()
        .map(|m| match m.found.as_slice() {
            [one] => format!("{}: {}", m.name, one.path.display()),
            all => {
                let runs: BTreeSet<_> = all.iter().filter_map(|f| f.run.as_ref()).collect();
                let steps: BTreeSet<_> = all.iter().filter_map(|f| f.step).collect();
                format!(
                    "{}: {} checkpoints, {} runs, {} steps, {} to {}",
                    m.name,
                    all.len(),
                    runs.len().max(1),
                    steps.len().max(1),
                    all[0].path.display(),
                    all[all.len() - 1].path.display()
                )
            }
        })
        .collect();
    let data: Vec<String> = e
        .datasets
        .iter()
        .map(|d| format!("{} ({}): {}", d.name, d.role.as_str(), d.path))
        .collect();
    sheet.list("models", &models);
    sheet.list("data sets", &data);
    sheet.line("layers", e.layers.joined());
    sheet.line("baseline", e.analysis.baseline.as_deref().unwrap_or_default());
    sheet.line("writes to", e.out.display());
    Ok((
        sheet,
        json!({"kind": "experiment", "models": models, "datasets": data, "out": e.out}),
    ))
}
