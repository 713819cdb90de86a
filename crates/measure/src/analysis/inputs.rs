//! What was analysed, for the record.

use crate::features::FeatureSet;
use crate::results::AnalysedInput;

/// One entry for each (model, data set, split).
pub fn inputs<'s>(sets: impl IntoIterator<Item = &'s Box<dyn FeatureSet>>) -> Vec<AnalysedInput> {
    let mut inputs: Vec<AnalysedInput> = Vec::new();
    for set in sets {
        let (p, s) = (set.provenance(), set.subject());
        let same = |i: &&mut AnalysedInput| {
            (&i.model, &i.run, i.step, &i.dataset, &i.split) == (&s.model, &s.run, s.step, &s.dataset, &s.split)
        };
        match inputs.iter_mut().find(same) {
            Some(input) => input.layers.push(s.layer.clone()),
            None => inputs.push(AnalysedInput {
                path: p.path.clone(),
                model: s.model.clone(),
                run: s.run.clone(),
                step: s.step,
                layers: vec![s.layer.clone()],
                dataset: s.dataset.clone(),
                split: s.split.clone(),
                rows: set.rows() as u64,
                classes: set.labels().map(|l| l.names().to_vec()).unwrap_or_default(),
                ids_sha256: p.ids_sha256.clone(),
                preprocess_sha256: p.preprocess_sha256.clone(),
                audit: set.audit().map(brief),
            }),
        }
    }
    inputs
}

/// An audit with its lists of tensors as their lengths: the names stand in the store's manifest.
fn brief(audit: &serde_json::Value) -> serde_json::Value {
    let Some(fields) = audit.as_object() else {
        return audit.clone();
    };
    let short = |(key, value): (&String, &serde_json::Value)| match value.as_array() {
        Some(names) if key != "lines" && key != "notes" => (key.clone(), names.len().into()),
        _ => (key.clone(), value.clone()),
    };
    fields.iter().map(short).collect()
}
