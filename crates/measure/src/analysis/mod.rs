//! From sets of features to records: reads each set once, shares what is dear among metrics, and puts an error bar on
//! every number.

mod convergence;
mod fit;
mod head;
mod kinds;
mod needs;
mod one_side;
mod outcome;
mod pair;
mod parts;
mod pieces;
mod probed;
mod same;
mod second_pass;
mod side;
mod similarity;
mod subjects;
mod suites;
mod tables;
mod ties;
mod viewed;

pub use fit::{NEEDS_LABELS, left_out};
pub use needs::needs;
pub use parts::first_pass;
pub use pieces::{Piece, analyse_pieces, joined};
pub use same::{Same, equal_layers};
pub use similarity::similarity;
pub use subjects::{Bindings, Group, Missing, Suite, Together};
pub use suites::of_suites;

use side::Side;

use crate::error::Result;
use crate::features::{FeatureSet, Labels};
use crate::metrics::{Conventions, Metric};
use crate::results::{Analysis, Input, Record, Results, Table};
use crate::stats::Summary;

/// Samples kept of each set for the metrics that look at single rows.
pub const SAMPLES: usize = 5_000;

/// Channels above which d x d matrices are no longer made: 10 groups of them would not fit an ordinary machine.
pub const WIDEST: usize = 16_384;

/// What to compute.
#[derive(Default)]
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
    /// Which splits and layers belong together.
    pub together: Together,
    /// Evaluation data sets that are one benchmark.
    pub suites: Vec<Suite>,
    /// Seed of every random draw.
    pub seed: u64,
    /// Rows of each set that metrics of pairs of rows look at: `None` for all, up to a cost of minutes.
    pub rows: Option<usize>,
    /// Whether the spread over fitting rows is wanted of probes for which it is dear, too.
    pub fit_sd: bool,
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
    analyse_merged(sets, plan, &mut |_| Ok(None), read)
}

/// As [`analyse`], where the first pass over a set may have been made elsewhere: `given` has what [`first_pass`] found in all of
/// its parts, [`merged`](crate::stats::merged).
///
/// # Errors
/// As [`analyse`], those of `given`, and for a first pass of another set or plan.
pub fn analyse_merged(
    sets: &[Box<dyn FeatureSet>],
    plan: &Plan,
    given: &mut dyn FnMut(&dyn FeatureSet) -> Result<Option<Summary>>,
    read: &(dyn Fn(u64) + Sync),
) -> Result<Analysis> {
    let mut results = Results::new(plan.command.clone(), plan.seed);
    results.inputs = inputs(sets);
    let mut tables: Vec<Table> = Vec::new();
    let mut take = |_: &Piece, records: Vec<Record>, made: Vec<Table>| {
        results.records.extend(records);
        add_tables(&mut tables, made);
    };
    pieces::measure(sets, plan, &|_| true, given, read, &mut take)?;
    let more = of_suites(&results.records, plan);
    results.records.extend(more);
    Ok(Analysis { results, tables })
}

/// Rows that [`analyse`] will read, all passes over all sets together.
///
/// # Errors
/// As [`Bindings::new`].
pub fn rows_to_read(sets: &[Box<dyn FeatureSet>], plan: &Plan) -> Result<u64> {
    rows_of_pieces(sets, plan, &|_| true)
}

/// Rows that are read for the pieces that are wanted.
///
/// # Errors
/// As [`Bindings::new`].
pub fn rows_of_pieces(sets: &[Box<dyn FeatureSet>], plan: &Plan, wants: &dyn Fn(&Piece) -> bool) -> Result<u64> {
    let bindings = Bindings::new(sets, plan)?;
    let rows = |group: &Group| -> u64 {
        let places = 0..group.sets.len();
        let read = places.filter_map(|place| {
            let part = pieces::part_of(group, place, plan, wants)?;
            Some(second_pass::rows_read(group, place, plan, part))
        });
        read.sum()
    };
    Ok(bindings.groups.iter().map(rows).sum())
}

/// The labels of a set, where any row has one.
fn labels(set: &dyn FeatureSet) -> Option<&Labels> {
    set.labels().filter(|labels| labels.classes() > 0)
}

/// One entry for each (model, data set, split).
fn inputs<'s>(sets: impl IntoIterator<Item = &'s Box<dyn FeatureSet>>) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for set in sets {
        let (p, s) = (set.provenance(), set.subject());
        let same = |i: &&mut Input| {
            (&i.model, &i.run, i.step, &i.dataset, &i.split) == (&s.model, &s.run, s.step, &s.dataset, &s.split)
        };
        match inputs.iter_mut().find(same) {
            Some(input) => input.layers.push(s.layer.clone()),
            None => inputs.push(Input {
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
