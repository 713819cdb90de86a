//! Layers of a model that are the same under several names: what is left without them, and what is said.

use crate::analysis::Same;
use crate::features::FeatureSet;

/// The sets of the other layers.
pub fn without(sets: Vec<Box<dyn FeatureSet>>, same: &[Same]) -> Vec<Box<dyn FeatureSet>> {
    let is_same = |set: &dyn FeatureSet| same.iter().any(|one| one.is_of(set));
    sets.into_iter().filter(|set| !is_same(set.as_ref())).collect()
}

/// What is said about them: once for all runs and steps of a model.
pub fn describe(same: &[Same]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for Same {
        model, layer, other, ..
    } in same
    {
        let line = format!("note: {model}: {layer} is the same as {other}; measured once, as {other}");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}
