//! From sets of features to records: reads each set once, shares what is dear among metrics, and puts an error bar on
//! every number.

mod again;
mod bootstrap;
mod convergence;
mod fit;
mod kinds;
mod needs;
mod one_side;
mod outcome;
mod pair;
mod side;
mod similarity;
mod tables;
mod ties;

pub use fit::{NEEDS_LABELS, left_out};
pub use needs::needs;
pub use similarity::similarity;

use side::{Side, summarise};

use crate::error::{Error, Result};
use crate::features::{FeatureSet, Labels};
use crate::metrics::{Conventions, Metric};
use crate::results::{Analysis, Input, Results, Table};

/// Samples kept of each set for the metrics that look at single rows.
pub const SAMPLES: usize = 5_000;

/// Channels above which d x d matrices are no longer made: 10 groups of them would not fit an ordinary machine.
pub const WIDEST: usize = 16_384;

/// What to compute.
pub struct Plan {
    /// Metrics, in order.
    pub metrics: Vec<&'static Metric>,
    /// The user's words for metrics: those named by id or family get a record even where they cannot apply.
    pub named: Vec<String>,
    /// Conventions.
    pub conventions: Conventions,
    /// Pretraining data sets, by name or `NAME/SPLIT`.
    pub pre: Vec<String>,
    /// Evaluation data sets.
    pub eval: Vec<String>,
    /// Seed of every random draw.
    pub seed: u64,
    /// Rows of each set that metrics of pairs of rows look at: `None` for all, up to a cost of minutes.
    pub rows: Option<usize>,
    /// Whether the arrays behind the pictures are wanted.
    pub tables: bool,
    /// Whether values against the number of rows are wanted.
    pub convergence: bool,
    /// The command line, for the record.
    pub command: String,
}

/// Runs a plan over sets of features; `read` is told the number of rows read, as they are read.
///
/// # Errors
/// For sets that cannot be read or told apart, for `pre` or `eval` names that no set has, for sets of different width that
/// would be compared, and for metrics of pairs without a pair.
pub fn analyse(sets: &[Box<dyn FeatureSet>], plan: &Plan, read: &(dyn Fn(u64) + Sync)) -> Result<Analysis> {
    check_names(sets, plan)?;
    let groups = by_model_and_layer(sets);
    fit::check(&groups, plan)?;
    let mut results = Results::new(plan.command.clone(), plan.seed);
    results.inputs = inputs(sets);
    let mut tables: Vec<Table> = Vec::new();
    for group in groups {
        let mut sides = Vec::with_capacity(group.len());
        for &set in &group {
            let mut side = summarise(set, &group, plan, read)?;
            results.records.extend(one_side::records(&side, plan, role(set, plan)));
            if plan.tables {
                add_tables(&mut tables, tables::of_side(&side, plan)?);
            }
            if plan.convergence {
                add_tables(&mut tables, vec![convergence::of_side(&side, plan)]);
            }
            side.let_go(plan);
            sides.push(side);
        }
        results.records.extend(pair::records_of_missing(&group, plan));
        for (pre, eval) in pairs(&group, plan) {
            let (pre, eval) = (&sides[pre], &sides[eval]);
            let (records, made) = pair::records(pre, eval, plan)?;
            results.records.extend(records);
            if plan.tables {
                add_tables(&mut tables, made);
                add_tables(&mut tables, tables::of_pair(pre, eval));
            }
            if plan.convergence {
                add_tables(&mut tables, vec![convergence::of_pair((pre, eval), plan)]);
            }
        }
    }
    Ok(Analysis { results, tables })
}

/// Rows that [`analyse`] will read, all passes over all sets together.
pub fn rows_to_read(sets: &[Box<dyn FeatureSet>], plan: &Plan) -> u64 {
    let of_group = |group: &Vec<&dyn FeatureSet>| -> u64 {
        let of_set = |set: &&dyn FeatureSet| again::rows_read(*set, again::train_of(*set, group), plan);
        group.iter().map(of_set).sum()
    };
    by_model_and_layer(sets).iter().map(of_group).sum()
}

/// Whether a user who writes `name` (NAME or NAME/SPLIT) means this set's data.
fn is_named(set: &dyn FeatureSet, name: &str) -> bool {
    let p = set.provenance();
    name == p.dataset || name.strip_prefix(&p.dataset).and_then(|rest| rest.strip_prefix('/')) == Some(&p.split)
}

/// The role a data set plays, where the plan gives it one.
fn role(set: &dyn FeatureSet, plan: &Plan) -> Option<&'static str> {
    let named = |names: &[String]| names.iter().any(|name| is_named(set, name));
    match (named(&plan.pre), named(&plan.eval)) {
        (true, false) => Some("pre"),
        (false, true) => Some("eval"),
        _ => None,
    }
}

/// Sets of one (model, layer), in order of first appearance.
fn by_model_and_layer(sets: &[Box<dyn FeatureSet>]) -> Vec<Vec<&dyn FeatureSet>> {
    let mut groups: Vec<Vec<&dyn FeatureSet>> = Vec::new();
    for set in sets {
        let key = |s: &dyn FeatureSet| (s.provenance().model.clone(), s.provenance().layer.clone());
        match groups.iter_mut().find(|g| key(g[0]) == key(set.as_ref())) {
            Some(group) => group.push(set.as_ref()),
            None => groups.push(vec![set.as_ref()]),
        }
    }
    groups
}

/// Every pre with every eval set of a (model, layer), by their places. Of several splits of one evaluation data set the one
/// for testing is taken: the others train probes.
fn pairs(group: &[&dyn FeatureSet], plan: &Plan) -> Vec<(usize, usize)> {
    let pick = |names: &[String]| -> Vec<usize> {
        let mut picked: Vec<usize> = Vec::new();
        for name in names {
            let named = (0..group.len()).filter(|&i| is_named(group[i], name));
            let best = named.min_by_key(|&i| match group[i].provenance().split.as_str() {
                "test" => 0,
                "val" => 1,
                _ => 2,
            });
            if let Some(place) = best.filter(|place| !picked.contains(place)) {
                picked.push(place);
            }
        }
        picked
    };
    let (pre, eval) = (pick(&plan.pre), pick(&plan.eval));
    pre.iter()
        .flat_map(|&p| eval.iter().filter(move |&&e| e != p).map(move |&e| (p, e)))
        .collect()
}

/// The labels of a set, where any row has one.
fn labels(set: &dyn FeatureSet) -> Option<&Labels> {
    set.labels().filter(|labels| labels.classes() > 0)
}

fn check_names(sets: &[Box<dyn FeatureSet>], plan: &Plan) -> Result<()> {
    if sets.is_empty() {
        return Err(Error::input(
            "nothing to analyze: name at least one feature store or array",
        ));
    }
    let mut seen: Vec<(&str, &str, &str, &str)> = Vec::new();
    for set in sets {
        let p = set.provenance();
        let key = (p.model.as_str(), p.layer.as_str(), p.dataset.as_str(), p.split.as_str());
        if seen.contains(&key) {
            return Err(Error::input(format!(
                "{}: model {}, layer {}, data set {} is given twice; give each input once, or name the models apart",
                p.path, p.model, p.layer, p.dataset
            )));
        }
        seen.push(key);
    }
    if let Some(both) = plan.pre.iter().find(|name| plan.eval.contains(name)) {
        return Err(Error::input(format!(
            "{both} is named both as pretraining (--pre) and as evaluation data (--eval); name two different data sets"
        )));
    }
    for (flag, names) in [("--pre", &plan.pre), ("--eval", &plan.eval)] {
        for name in names {
            if !sets.iter().any(|set| is_named(set.as_ref(), name)) {
                let mut names: Vec<&str> = sets.iter().map(|s| s.provenance().dataset.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                return Err(Error::input(format!(
                    "{flag} {name}: no input is of that data set; the inputs are of {}",
                    names.join(", ")
                )));
            }
        }
    }
    Ok(())
}

/// One entry for each (model, data set, split).
fn inputs<'s>(sets: impl IntoIterator<Item = &'s Box<dyn FeatureSet>>) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for set in sets {
        let p = set.provenance();
        let same = |i: &&mut Input| i.model == p.model && i.dataset == p.dataset && i.split == p.split;
        match inputs.iter_mut().find(same) {
            Some(input) => input.layers.push(p.layer.clone()),
            None => inputs.push(Input {
                path: p.path.clone(),
                model: p.model.clone(),
                layers: vec![p.layer.clone()],
                dataset: p.dataset.clone(),
                split: p.split.clone(),
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

fn add_tables(tables: &mut Vec<Table>, new: Vec<Table>) {
    for table in new {
        match tables.iter_mut().find(|t| t.name == table.name) {
            Some(old) => old.append(table),
            None => tables.push(table),
        }
    }
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
