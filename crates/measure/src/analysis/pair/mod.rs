//! Records of a pretraining and an evaluation data set together.

mod ball_counts;
mod domain;
mod equal_n;
mod kernel_sums;
mod kernels;
mod means;
mod moments;
mod near_duplicates;
mod permutation;
mod samples;
mod sides;
mod slices;
mod subsets;
mod support;

use super::group::{LayerGroup, Missing};
use super::kinds::OfPairs;
use super::outcome::Outcome;
use super::plan::Plan;
use super::plan_outcomes::{OptionalInputs, PlanOutcomes};
use super::preconditions::unlabelled;
use super::side::Side;
use crate::error::{Error, Result};
use crate::metrics::Sides;
use crate::results::{Record, Table};

pub use sides::SidePair;
pub use slices::on_first_groups;

/// All records of a pair, and the tables that come with them.
///
/// # Errors
/// When a table needs ids that cannot be read.
pub fn records<'p>(pre: &'p Side<'p>, eval: &'p Side<'p>, plan: &Plan) -> Result<(Vec<Record>, Vec<Table>)> {
    let unlabelled = unlabelled(&[pre.set, eval.set]);
    let (mut run, kinds) = PlanOutcomes::start(plan, Sides::Pair, unlabelled.as_deref(), OptionalInputs::default());
    let pair = (pre, eval);
    let OfPairs {
        means,
        moments,
        samples,
        overlap,
        kernels,
        slices,
        domain,
    } = kinds.of_pairs;
    run.kind(&means, |asked| means::outcomes(pair, asked, plan));
    run.kind(&moments, |asked| moments::outcomes(pair, asked));
    run.kind(&samples, |asked| samples::outcomes(pair, asked, plan));
    run.kind(&overlap, |asked| support::outcomes(pair, asked, plan));
    run.kind(&kernels, |asked| kernels::outcomes(pair, asked, plan));
    run.kind(&slices, |asked| slices::outcomes(pair, asked, plan));
    run.kind(&domain, |asked| domain::outcomes(pair, asked, plan));
    let other = eval.set.subject();
    let sides = Record {
        role: None,
        other_dataset: Some(other.dataset.clone()),
        other_split: Some(other.split.clone()).filter(|split| !split.is_empty()),
        ..pre.record()
    };
    let mut tables = Vec::new();
    let records = run
        .finish()
        .into_iter()
        .map(|(asked, mut outcome, seconds)| {
            tables.extend(std::mem::replace(&mut outcome.tables, Ok(Vec::new()))?);
            outcome.d = pre.summary.width as u64;
            if unlabelled.is_some() && asked.metric.eval.needs().labels {
                outcome.n = pre.summary.rows + eval.summary.rows;
            }
            outcome.classes = pre.classes() + eval.classes();
            Ok(outcome.into_record(&asked, sides.clone(), seconds))
        })
        .collect::<Result<_>>()?;
    Ok((records, tables))
}

/// A record of each metric of pairs that the user named, for a pair of the plan one of whose sets
/// is missing at this layer.
pub fn records_of_missing(group: &LayerGroup, missing: &Missing, plan: &Plan) -> Vec<Record> {
    let reason = format!(
        "there are no features of {} {} at this layer of this model",
        missing.lacking.0, missing.lacking.1
    );
    let named = plan
        .asked()
        .filter(|asked| asked.eval.needs().sides == Sides::Pair && plan.names(asked.metric));
    named
        .map(|asked| {
            let mut outcome = Outcome::new(Err(Error::undefined(reason.clone())));
            if let Some(set) = missing.present {
                (outcome.n, outcome.d) = (set.rows() as u64, set.width() as u64);
            }
            let sides = Record {
                dataset: missing.pre.clone(),
                other_dataset: Some(missing.eval.clone()),
                ..group.record()
            };
            outcome.into_record(&asked.by(()), sides, 0.0)
        })
        .collect()
}
