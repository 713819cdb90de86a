//! The first pass over a part of a set, for whoever merges parts computed in other places.

use std::ops::Range;

use ndarray::{Array2, Axis, concatenate, s};

use super::plan::Plan;
use super::subject::labels;
use crate::error::{Error, Result};
use crate::features::FeatureSet;
use crate::stats::{RowSpan, STATE, Summariser, Summary};

/// The first pass over some rows of a set: one of the fixed [`blocks`](crate::stats::blocks) that a set is cut into. What it
/// found can be written, read and [`merged`](crate::stats::merged); [`analyse_merged`](super::analyse_merged) goes on from
/// there. Its bits depend on the rows and the plan alone, and not on how the set is read.
///
/// # Errors
/// For a set that cannot be read, and for rows that it does not have.
pub fn first_pass(set: &dyn FeatureSet, plan: &Plan, rows: Range<usize>) -> Result<Summary> {
    if rows.start > rows.end || rows.end > set.rows() {
        return Err(Error::input(format!(
            "{}: rows {} to {} are asked for, and it has {}",
            set.provenance().path,
            rows.start,
            rows.end,
            set.rows()
        )));
    }
    let none = vec![None; set.rows()];
    let class_of = labels(set).map_or(&none[..], |l| l.class_of());
    let classes = labels(set).map_or(0, |l| l.classes());
    let place = RowSpan::of_classes(rows.clone(), class_of, classes, &key(set, plan));
    let mut summariser = Summariser::part(place, class_of[rows.clone()].to_vec(), set.width(), plan.wanted(set));
    let size = Summariser::batch_rows(set.width());
    // Batches begin with the part, wherever the set's own begin.
    let mut held = Array2::zeros((0, set.width()));
    let mut at = 0;
    for batch in set.batches(size)? {
        let batch = batch?;
        let [from, to] = [rows.start, rows.end].map(|row| row.clamp(at, at + batch.nrows()) - at);
        at += batch.nrows();
        held = concatenate(Axis(0), &[held.view(), batch.slice(s![from..to, ..])]).expect("rows of one width");
        while held.nrows() >= size {
            summariser.push(held.slice(s![..size, ..]));
            held = held.slice(s![size.., ..]).to_owned();
        }
        if at >= rows.end {
            break;
        }
    }
    if held.nrows() > 0 {
        summariser.push(held.view());
    }
    Ok(summariser.finish())
}

/// What a set is and how its first pass looks at it.
fn key(set: &dyn FeatureSet, plan: &Plan) -> String {
    let names = labels(set).map(|l| l.names()).unwrap_or_default();
    let (subject, ids) = (set.subject(), &set.provenance().ids_sha256);
    format!(
        "{STATE}; {subject:?}; ids {ids}; classes {names:?}; {:?}",
        plan.wanted(set)
    )
}

/// Checks that a first pass is over all rows of this set, and looked at what the plan wants.
///
/// # Errors
/// Says what else it is of.
pub fn check(summary: &Summary, set: &dyn FeatureSet, plan: &Plan) -> Result<()> {
    let wanted = key(set, plan);
    let path = &set.provenance().path;
    match summary.place() {
        place if place.key != wanted => Err(Error::input(format!(
            "{path}: its first pass is of another set, or of another plan; make it again"
        ))),
        place if place.rows != (0..set.rows()) => Err(Error::input(format!(
            "{path}: its first pass has rows {} to {} of {}; merge every part",
            place.rows.start,
            place.rows.end,
            set.rows()
        ))),
        _ => Ok(()),
    }
}
