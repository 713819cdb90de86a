//! A whole analysis, and how many rows it will read.

use super::group::LayerGroup;
use super::inputs::inputs;
use super::measure::{add_tables, measure};
use super::piece::{Piece, part_of};
use super::plan::Plan;
use super::resolved_sets::Bindings;
use super::second_pass::rows_read;
use super::suites::of_suites;
use crate::error::Result;
use crate::features::FeatureSet;
use crate::results::{Analysis, Record, Results, Table};
use crate::stats::Summary;

/// Runs a plan over sets of features; `read` is told the number of rows read, as they are read.
///
/// # Errors
/// For sets that cannot be read or told apart, for `pre` or `eval` names that no set has, for sets of different width that
/// would be compared, and for metrics of pairs without a pair.
pub fn analyse(sets: &[Box<dyn FeatureSet>], plan: &Plan, read: &(dyn Fn(u64) + Sync)) -> Result<Analysis> {
    analyse_merged(sets, plan, &mut |_| Ok(None), read)
}

/// As [`analyse`], where the first pass over a set may have been made elsewhere: `given` has what [`first_pass`](super::first_pass) found in all of
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
    measure(sets, plan, &|_| true, given, read, &mut take)?;
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
    let rows = |group: &LayerGroup| -> u64 {
        let places = 0..group.sets.len();
        let read = places.filter_map(|place| {
            let part = part_of(group, place, plan, wants)?;
            Some(rows_read(group, place, plan, part))
        });
        read.sum()
    };
    Ok(bindings.groups.iter().map(rows).sum())
}
