//! Labelled rows that probes are fitted on and scored on, in the order of their ids: no result depends on the order of rows.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use super::labels;
use super::outcome::some_of;
use crate::error::Result;
use crate::features::{FeatureSet, Labels};
use crate::stats::{Rows, Summariser};

/// Labelled rows of one set.
pub struct Half {
    /// The rows, with their jackknife groups.
    pub rows: Rows,
    /// Class of each, among those of its set.
    pub classes: Vec<u32>,
}

/// What a set's probes look at.
pub struct Probed {
    /// The scored rows.
    pub scored: Half,
    /// The fitting rows of another split; without one the scored rows are cut into folds.
    pub fit: Option<Half>,
    /// Names of the classes of the fitting rows.
    pub names: Vec<String>,
    /// The class of each scored row among those.
    pub truths: Vec<Option<usize>>,
    /// What to bear in mind.
    pub notes: Vec<String>,
}

impl Half {
    fn read(set: &dyn FeatureSet, labels: &Labels, groups: &[u8], read: &(dyn Fn(u64) + Sync)) -> Result<Self> {
        let mut order: Vec<usize> = (0..set.rows()).filter(|&i| labels.class_of()[i].is_some()).collect();
        let mut rows = Rows::choose(order.clone(), groups, Some(labels), set.width());
        for batch in set.batches(Summariser::batch_rows(set.width()))? {
            let batch = batch?;
            rows.push(batch.view());
            read(batch.nrows() as u64);
        }
        if set.has_ids() {
            let ids = set.ids()?;
            let mut by_id: Vec<usize> = (0..order.len()).collect();
            // Numbers by value, as classes are.
            match ids.iter().map(|id| id.parse::<i128>().ok()).collect::<Option<Vec<_>>>() {
                Some(numbers) => by_id.sort_by_key(|&i| numbers[order[i]]),
                None => by_id.sort_by(|&a, &b| ids[order[a]].cmp(&ids[order[b]])),
            }
            if !by_id.is_sorted() {
                rows = rows.subset(&by_id);
                order = by_id.iter().map(|&i| order[i]).collect();
            }
        }
        let classes = order.iter().filter_map(|&i| labels.class_of()[i]).collect();
        Ok(Self { rows, classes })
    }

    /// The places of the rows of each of `count` classes.
    pub fn by_class(&self, count: usize) -> Vec<Vec<usize>> {
        let mut of_class = vec![Vec::new(); count];
        for (i, &class) in self.classes.iter().enumerate() {
            of_class[class as usize].push(i);
        }
        of_class
    }
}

impl Probed {
    /// Reads the rows of a set, and of the split that is fitted on where there is one.
    pub fn read(
        set: &dyn FeatureSet,
        groups: &[u8],
        fitted: Option<&dyn FeatureSet>,
        read: &(dyn Fn(u64) + Sync),
    ) -> Result<Option<Self>> {
        let Some(own) = labels(set) else { return Ok(None) };
        let scored = Half::read(set, own, groups, read)?;
        let known = fitted.and_then(labels);
        let fit = match (fitted, known) {
            (Some(fitted), Some(known)) => Some(Half::read(
                fitted,
                known,
                &super::side::groups_of(Some(known), fitted.rows()),
                read,
            )?),
            _ => None,
        };
        let names = known.unwrap_or(own).names().to_vec();
        let place: HashMap<&str, usize> = names.iter().enumerate().map(|(c, name)| (name.as_str(), c)).collect();
        let of_class: Vec<Option<usize>> = own.names().iter().map(|n| place.get(n.as_str()).copied()).collect();
        let truths: Vec<Option<usize>> = scored.classes.iter().map(|&c| of_class[c as usize]).collect();
        let mut notes = Vec::new();
        let strangers: Vec<&str> = own
            .names()
            .iter()
            .zip(&of_class)
            .filter(|(_, known)| known.is_none())
            .map(|(name, _)| name.as_str())
            .collect();
        if !strangers.is_empty() {
            let rows = truths.iter().filter(|t| t.is_none()).count();
            notes.push(format!(
                "{rows} scored rows are of classes that no fitting row has ({}) and count as wrong",
                some_of(&strangers)
            ));
        }
        if let (Some(fit), Some(other)) = (&fit, fitted) {
            notes.extend(shared_ids(set, other)?);
            notes.extend(shared_rows(&scored.rows, Some(&fit.rows)));
        } else {
            notes.extend(shared_rows(&scored.rows, None));
        }
        Ok(Some(Self {
            scored,
            fit,
            names,
            truths,
            notes,
        }))
    }

    /// The fitting rows: another split's, or the scored ones.
    pub fn fitting(&self) -> &Half {
        self.fit.as_ref().unwrap_or(&self.scored)
    }
}

/// Ids that stand on both sides.
fn shared_ids(set: &dyn FeatureSet, fitted: &dyn FeatureSet) -> Result<Option<String>> {
    if !(set.has_ids() && fitted.has_ids()) {
        return Ok(None);
    }
    let theirs: HashSet<String> = fitted.ids()?.into_iter().collect();
    let ids = set.ids()?;
    let both: Vec<&str> = ids
        .iter()
        .map(String::as_str)
        .filter(|id| theirs.contains(*id))
        .collect();
    Ok((!both.is_empty()).then(|| {
        format!(
            "{} row ids are both fitted on and scored ({}): the value may be too good",
            both.len(),
            some_of(&both)
        )
    }))
}

/// Scored rows whose features are those of a fitting row to the last bit (of another row, where there is one set).
fn shared_rows(scored: &Rows, fit: Option<&Rows>) -> Option<String> {
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
