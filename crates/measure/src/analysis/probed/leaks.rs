//! Rows that are on both sides, said of a probe's value.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use crate::analysis::outcome::some_of;
use crate::error::Result;
use crate::features::FeatureSet;
use crate::stats::Rows;

/// Ids that stand on both sides.
pub fn shared_ids(set: &dyn FeatureSet, fitted: &dyn FeatureSet) -> Result<Option<String>> {
    if !(set.has_ids() && fitted.has_ids()) {
        return Ok(None);
    }
    let theirs: HashSet<String> = fitted.ids()?.into_iter().collect();
    let ids = set.ids()?;
    let mut both: Vec<&str> = ids
        .iter()
        .map(String::as_str)
        .filter(|id| theirs.contains(*id))
        .collect();
    both.sort_unstable();
    Ok((!both.is_empty()).then(|| {
        format!(
            "{} row ids are both fitted on and scored ({}): the value may be too good",
            both.len(),
            some_of(&both)
        )
    }))
}

/// Scored rows whose features are those of a fitting row to the last bit (of another row, where there is one set).
pub fn shared_rows(scored: &Rows, fit: Option<&Rows>) -> Option<String> {
    let state = RandomState::new();
    let hash = |rows: &Rows, i: usize| state.hash_one(rows.row(i).iter().map(|x| x.to_bits()).collect::<Vec<_>>());
    let all = fit.unwrap_or(scored);
    let mut known: HashMap<u64, Vec<usize>> = HashMap::new();
    (0..all.len()).for_each(|i| known.entry(hash(all, i)).or_default().push(i));
    let is_shared = |&i: &usize| {
        let row = scored.row(i);
        let twins = known.get(&hash(scored, i)).into_iter().flatten();
        let mut others = twins.filter(|&&j| fit.is_some() || j != i);
        others.any(|&j| all.row(j) == row)
    };
    let shared = (0..scored.len()).filter(is_shared).count();
    (shared > 0).then(|| {
        format!("{shared} scored rows have the very features of a row that is fitted on: the value may be too good")
    })
}
