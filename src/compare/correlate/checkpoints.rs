//! Checkpoints as models of their own.

use super::evidence::Evidence;
use crate::results::Results;

/// The results with every run and step of a model as a model of its own, `MODEL (RUN, step STEP)`, whose family is the model;
/// families are left out or kept as a whole.
pub fn apart(mut results: Results, evidence: &mut Evidence) -> Results {
    let mut name = |model: &mut String, run: &mut Option<String>, step: &mut Option<u64>| {
        let step = step.take().map(|step| format!("step {step}"));
        let parts: Vec<String> = run.take().into_iter().chain(step).collect();
        let family = model.clone();
        if !parts.is_empty() {
            *model = format!("{family} ({})", parts.join(", "));
        }
        evidence.families.insert(model.clone(), family);
    };
    for record in &mut results.records {
        name(&mut record.model, &mut record.run, &mut record.step);
    }
    for input in &mut results.inputs {
        name(&mut input.model, &mut input.run, &mut input.step);
    }
    evidence.by_family = true;
    results
}
