//! Values of reference libraries: fixtures/golden/metrics/*.json, which the scripts beside them wrote.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::check::Check;
use super::formula_data::{Formula, LabelledFeatures, measured};
use crate::error::{Error, Result};

macro_rules! files {
    ($($name:ident)*) => {
        &[$((stringify!($name), include_str!(concat!("../../fixtures/golden/metrics/", stringify!($name), ".json")))),*]
    };
}

/// Every golden file, by name.
pub const FILES: &[(&str, &str)] = files!(
    axes class_structure distance duality geometry kernels neighbours probes
    sample_distance sample_mixing similarity spectrum support transferability views trees
);

/// What a golden file says of one pair of data sets.
pub struct Case {
    file: &'static str,
    name: String,
    golden: Arc<Value>,
}

/// Every case of every file.
///
/// # Errors
/// When a file is damaged.
pub fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for &(file, text) in FILES {
        let golden: Arc<Value> = Arc::new(serde_json::from_str(text).map_err(|e| damaged(file, &e.to_string()))?);
        let names = golden["cases"].as_object().ok_or_else(|| damaged(file, "no cases"))?;
        cases.extend(names.keys().map(|name| Case {
            file,
            name: name.clone(),
            golden: golden.clone(),
        }));
    }
    Ok(cases)
}

fn damaged(file: &str, what: &str) -> Error {
    Error::input(format!(
        "golden file {file}: {what}; build the program again from whole sources"
    ))
}

impl Case {
    /// Its values by side: of pre, of eval, of the pair, of pre and what is matched to it, of a probe
    /// fitted on pre and scored on eval.
    pub fn sides(&self) -> impl Iterator<Item = (&'static str, &Map<String, Value>)> {
        let case = &self.golden["cases"][self.name.as_str()];
        ["pre", "eval", "pair", "matched", "split"]
            .into_iter()
            .filter_map(|side| Some((side, case.get(side)?.as_object()?)))
    }

    fn data(&self, side: &str) -> Result<LabelledFeatures> {
        let formula = self.golden["cases"][self.name.as_str()][side].clone();
        let formula: Formula = serde_json::from_value(formula).map_err(|e| damaged(self.file, &e.to_string()))?;
        Ok(formula.data())
    }

    /// The relative error allowed to a metric here: the file gives one with its reason, the narrowest scope counts.
    fn tolerance(&self, id: &str) -> Result<f64> {
        let stated = [
            format!("{id}@{}", self.name),
            id.to_owned(),
            format!("@{}", self.name),
            "default".to_owned(),
        ]
        .iter()
        .find_map(|scope| self.golden["tolerances"].get(scope));
        let with_reason = stated.filter(|t| t[1].as_str().is_some_and(|reason| !reason.is_empty()));
        with_reason
            .and_then(|t| t[0].as_f64())
            .ok_or_else(|| damaged(self.file, &format!("no tolerance with a reason for {id}")))
    }

    /// Computes every value of the case.
    ///
    /// # Errors
    /// When the file is damaged or names what the catalogue does not have.
    pub fn checks(&self) -> Result<Vec<Check>> {
        let (pre, eval) = (self.data("pre_args")?, self.data("eval_args")?);
        let mut checks = Vec::new();
        for (side, values) in self.sides() {
            for (key, expected) in values {
                let (metric, field) = key.split_once(' ').unwrap_or((key, "value"));
                let id = metric.split(['=', '.']).next().unwrap_or(metric);
                let choices: Vec<&str> = metric.split(',').filter(|choice| *choice != id).collect();
                let found = measured(side, &pre, &eval, id, &choices)?;
                let got = match field {
                    "p" => found.p_value,
                    "null" => found.null_value,
                    _ => found.value,
                };
                let name = format!("{key} on {side} of {}/{}", self.file, self.name);
                let mut check = Check::of(
                    "golden value",
                    id,
                    name,
                    got,
                    expected.as_f64(),
                    1e-3,
                    self.tolerance(id)?,
                );
                if got.is_none() && found.note.is_none() {
                    check.error = None;
                    check.detail.push_str(", and no note says why");
                }
                checks.push(check);
            }
        }
        Ok(checks)
    }
}
