//! Records of one layer against another: metrics of moments and canonical correlations, which share one pass.

use std::time::Instant;

use super::layer::LayerRows;
use super::matched_pair::MatchedPair;
use super::matching::Matching;
use super::plan_needs::needs;
use super::{kernels, ranks, shared_neighbours};
use crate::analysis::kinds::{Crossed, OfMatched};
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::plan_outcomes::{OptionalInputs, PlanOutcomes};
use crate::analysis::planned_metric::{PlannedMetric, replicates};
use crate::analysis::subject::record;
use crate::error::{Error, Result};
use crate::metrics::{Canonical, FromCanonical, FromMatchedMoments, MatchedMoments, Sides};
use crate::results::Record;
use crate::stats::{Cross, CrossSums};

/// All records of a pair of layers.
pub fn records<'p>(
    x: &'p LayerRows<'p>,
    y: &'p LayerRows<'p>,
    matching: &'p Matching,
    plan: &Plan,
    read: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Record>> {
    let start = Instant::now();
    let sums = if needs(plan, |m| m.moments) && x.has_moments() && y.has_moments() {
        x.cross(y, &matching.groups, read)?
    } else {
        Vec::new()
    };
    let pair = MatchedPair {
        x,
        y,
        matching,
        sums: &sums,
    };
    let pass = start.elapsed().as_secs_f64() / plan.metrics.len().max(1) as f64;
    let other = y.set.subject();
    let sides = Record {
        other_dataset: Some(other.dataset.clone()),
        other_split: Some(other.split.clone()).filter(|split| !split.is_empty()),
        other_model: Some(other.model.clone()),
        other_layer: Some(other.layer.clone()),
        ..record(x.set.subject())
    };
    let (mut run, kinds) = PlanOutcomes::start(plan, Sides::Matched, None, OptionalInputs::default());
    let OfMatched {
        crossed,
        ranks,
        kernels,
        neighbours,
    } = kinds.of_matched;
    run.kind(&crossed, |asked| outcomes(pair, asked));
    run.kind(&ranks, |asked| ranks::outcomes(pair, asked, plan));
    run.kind(&kernels, |asked| kernels::outcomes(pair, asked, plan));
    run.kind(&neighbours, |asked| shared_neighbours::outcomes(pair, asked, plan));
    let record = |(asked, mut outcome, seconds): (PlannedMetric<()>, Outcome, f64)| {
        outcome.d = x.set.width() as u64;
        outcome.found("other_d", y.set.width());
        if matching.left_out != [0, 0] {
            outcome.found("rows_left_out", matching.left_out[0]);
            outcome.found("other_rows_left_out", matching.left_out[1]);
        }
        outcome.into_record(&asked, sides.clone(), pass + seconds)
    };
    Ok(run.finish().into_iter().map(record).collect())
}

/// What both layers have in common, of all rows or without one group.
struct Crossing {
    without: Option<usize>,
    cross: Cross,
}

fn outcomes(pair: MatchedPair, asked: &[PlannedMetric<Crossed>]) -> Vec<Outcome> {
    let n = pair.matching.rows() as u64;
    let part = |without: Option<usize>| -> Result<Crossing> {
        // A side without moments says why.
        pair.x.own(without)?;
        pair.y.own(without)?;
        let cross = CrossSums::without(pair.sums, without)?;
        Ok(Crossing { without, cross })
    };
    let whole = part(None);
    let whole = whole.as_ref().map_err(Error::clone);
    let replicates = match &whole {
        Ok(_) => replicates(asked, n, |g| part(Some(g)), |eval, part| value(pair, eval, part)),
        Err(error) => asked.iter().map(|_| Err(error.clone())).collect(),
    };
    let widest = pair.x.set.width().max(pair.y.set.width()) as u64;
    let outcome = |(asked, replicates): (&PlannedMetric<Crossed>, Result<Vec<f64>>)| {
        let found = whole.clone().and_then(|part| value(pair, asked.eval, part));
        let mut outcome = Outcome::new(found).with_replicates(asked.metric, replicates);
        outcome.n = n;
        if let (Ok(_), Ok(part)) = (&outcome.value, &whole) {
            describe(&mut outcome, pair, asked.eval, part);
            if !asked.metric.error.is_corrected() && n < 5 * widest {
                outcome.notes.push(format!(
                    "N = {n} is below 5 d = {}: so few rows make unrelated representations look alike",
                    5 * widest
                ));
            }
        }
        outcome
    };
    asked.iter().zip(replicates).map(outcome).collect()
}

/// What goes with a value: its null value, or how many directions it is of.
fn describe(outcome: &mut Outcome, pair: MatchedPair, eval: Crossed, part: &Crossing) {
    match eval {
        Crossed::Moments(FromMatchedMoments { null, .. }) => {
            let moments = moments(pair, part).ok();
            outcome.null_value = null.and_then(|null| moments.map(|m| null(&m)));
        }
        Crossed::Canonical(FromCanonical { share, .. }) => {
            if let Ok(c) = canonical(pair, part, share) {
                outcome.found("directions", c.kept().0);
                outcome.found("other_directions", c.kept().1);
            }
        }
    }
}

fn value(pair: MatchedPair, eval: Crossed, part: &Crossing) -> Result<f64> {
    match eval {
        Crossed::Moments(e) => (e.value)(&moments(pair, part)?),
        Crossed::Canonical(e) => (e.value)(&canonical(pair, part, e.share)?),
    }
}

fn moments<'m>(pair: MatchedPair<'m>, part: &'m Crossing) -> Result<MatchedMoments<'m>> {
    Ok(MatchedMoments {
        cross: &part.cross,
        x: pair.x.own(part.without)?,
        y: pair.y.own(part.without)?,
    })
}

fn canonical<'m>(pair: MatchedPair<'m>, part: &Crossing, share: f64) -> Result<Canonical<'m>> {
    let [x, y] = [pair.x, pair.y];
    // All directions of so few rows are all there is; and weights over channels are lost in the rotation.
    if let Some(wide) = [x, y].into_iter().find(|layer| share == 1.0 && layer.is_rotated()) {
        return Err(Error::undefined(format!(
            "{} rows are fewer than {} channels: canonical correlations of so few rows are 1 for any features",
            part.cross.n,
            wide.set.width()
        )));
    }
    let directions = |layer: &'m LayerRows<'m>| -> Result<_> {
        let own = layer.own(part.without)?;
        Ok(own.directions.as_ref().expect("made where a metric asks for them"))
    };
    Canonical::new(&part.cross, directions(x)?, directions(y)?, share)
}
