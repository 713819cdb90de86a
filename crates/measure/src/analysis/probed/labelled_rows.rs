//! Labelled rows that probes are fitted on and scored on, in the order of their ids: no result depends on the order of rows.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Mutex;

use ndarray::Array2;
use serde_json::Value;

use super::leaks::{shared_ids, shared_rows};
use crate::analysis::batches::each_batch;
use crate::analysis::outcome::some_of;
use crate::analysis::subject::labels;
use crate::error::{Error, Result};
use crate::features::{FeatureSet, Labels};
use crate::probes::{Probe, Strata};
use crate::stats::Rows;
use crate::uncertainty::{GROUPS, enough_rows, groups_within_classes, whole_groups};

/// Labelled rows of one set.
pub struct Half {
    /// The rows, with their jackknife groups.
    pub rows: Rows,
    /// Class of each, among those of its set.
    pub classes: Vec<u32>,
    /// Group of each, where rows belong together: those of one group are on one side of every cut.
    pub groups: Option<Vec<u32>>,
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
    /// Linear probes that were fitted on all fitting rows.
    kept: Mutex<Vec<(Probe, Classifier)>>,
}

/// The weights of a linear probe.
#[derive(Clone)]
pub struct Classifier {
    /// W (C, d) on features as they are, up to a factor.
    pub matrix: Array2<f64>,
    /// The class of each of its rows.
    pub classes: Vec<usize>,
    /// What was found of the fit.
    pub beside: Vec<(&'static str, Value)>,
    pub converged: bool,
}

/// A set and which of its rows belong together.
struct Source<'s> {
    set: &'s dyn FeatureSet,
    labels: &'s Labels,
    /// The number of each group's name, over both sides.
    numbers: &'s HashMap<String, u32>,
    /// Groups of which no row is taken.
    without: &'s HashSet<u32>,
}

impl Source<'_> {
    /// The group of a row, if it is in one.
    fn group(&self, row: usize) -> Option<u32> {
        let groups = self.set.groups()?;
        let group = groups.class_of()[row]? as usize;
        self.numbers.get(&groups.names()[group]).copied()
    }

    fn read(&self, read: &(dyn Fn(u64) + Sync)) -> Result<Half> {
        let (set, class_of) = (self.set, self.labels.class_of());
        let is_taken = |&i: &usize| class_of[i].is_some() && self.group(i).is_none_or(|g| !self.without.contains(&g));
        let mut order: Vec<usize> = (0..set.rows()).filter(is_taken).collect();
        // Their jackknife groups follow, in the order of ids.
        let mut rows = Rows::choose(order.clone(), &vec![0; set.rows()], Some(self.labels), set.width());
        each_batch(set, read, |batch| rows.push(batch))?;
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
        // Who is in no group stands alone.
        let alone = self.numbers.len() as u32;
        let groups: Option<Vec<u32>> = set.groups().map(|_| {
            let of_row = |(i, &row): (usize, &usize)| self.group(row).unwrap_or(alone + i as u32);
            order.iter().enumerate().map(of_row).collect()
        });
        let classes: Vec<Option<u32>> = order.iter().map(|&i| class_of[i]).collect();
        rows.regroup(match &groups {
            Some(groups) => whole_groups(groups),
            None => groups_within_classes(&classes, self.labels.classes()),
        });
        let classes = classes.into_iter().flatten().collect();
        Ok(Half { rows, classes, groups })
    }
}

impl Half {
    /// What its cuts go by, for so many classes.
    pub fn strata(&self, count: usize) -> Strata<'_> {
        Strata {
            classes: &self.classes,
            count,
            groups: self.groups.as_deref(),
        }
    }

    /// The places of the rows of each of `count` classes.
    pub fn by_class(&self, count: usize) -> Vec<Vec<usize>> {
        let mut of_class = vec![Vec::new(); count];
        for (i, &class) in self.classes.iter().enumerate() {
            of_class[class as usize].push(i);
        }
        of_class
    }

    /// Checks that its jackknife groups show a spread.
    ///
    /// # Errors
    /// Undefined where there are too few rows, or groups of rows that belong together.
    pub fn enough(&self) -> Result<()> {
        enough_rows(self.classes.len() as u64)?;
        let Some(groups) = &self.groups else { return Ok(()) };
        let distinct = groups.iter().collect::<HashSet<_>>().len();
        match distinct < GROUPS {
            true => Err(Error::undefined(format!(
                "{distinct} groups of rows are too few for {GROUPS} of the jackknife"
            ))),
            false => Ok(()),
        }
    }
}

impl Probed {
    /// Reads the rows of a set, and of the split that is fitted on where there is one.
    pub fn read(
        set: &dyn FeatureSet,
        fitted: Option<&dyn FeatureSet>,
        read: &(dyn Fn(u64) + Sync),
    ) -> Result<Option<Self>> {
        let Some(own) = labels(set) else { return Ok(None) };
        let names: BTreeSet<&String> = [Some(set), fitted]
            .into_iter()
            .flatten()
            .filter_map(FeatureSet::groups)
            .flat_map(Labels::names)
            .collect();
        let numbers: HashMap<String, u32> = names.into_iter().cloned().zip(0..).collect();
        let source = |set, labels, without| Source {
            set,
            labels,
            numbers: &numbers,
            without,
        };
        let none = HashSet::new();
        let scored = source(set, own, &none).read(read)?;
        let known = fitted.and_then(labels);
        let mut notes = Vec::new();
        let fit = match (fitted, known) {
            (Some(fitted), Some(known)) => {
                // A group that is scored is not fitted on.
                let of_scored: HashSet<u32> = scored.groups.iter().flatten().copied().collect();
                let fit = source(fitted, known, &of_scored).read(read)?;
                let labelled = known.class_of().iter().flatten().count();
                if fit.classes.len() < labelled {
                    notes.push(format!(
                        "{} rows are not fitted on: others of their groups are scored",
                        labelled - fit.classes.len()
                    ));
                }
                Some(fit)
            }
            _ => None,
        };
        let names = known.unwrap_or(own).names().to_vec();
        let place: HashMap<&str, usize> = names.iter().enumerate().map(|(c, name)| (name.as_str(), c)).collect();
        let of_class: Vec<Option<usize>> = own.names().iter().map(|n| place.get(n.as_str()).copied()).collect();
        let truths: Vec<Option<usize>> = scored.classes.iter().map(|&c| of_class[c as usize]).collect();
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
            kept: Mutex::default(),
        }))
    }

    /// Keeps a probe's weights for those who want them too.
    pub fn keep(&self, probe: Probe, classifier: Classifier) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.push((probe, classifier));
        }
    }

    /// A probe's weights, where they were kept.
    pub fn kept(&self, probe: Probe) -> Option<Classifier> {
        let kept = self.kept.lock().ok()?;
        kept.iter()
            .find(|(own, _)| *own == probe)
            .map(|(_, found)| found.clone())
    }

    /// The fitting rows: another split's, or the scored ones.
    pub fn fitting(&self) -> &Half {
        self.fit.as_ref().unwrap_or(&self.scored)
    }
}
