//! Transferability scores: of the rows that probes would be fitted on.

use super::rows_used::of_probed_rows;
use crate::analysis::limits::{MOST_WORK, check_width};
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::probed::Half;
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::FromScore;
use crate::metrics::transferability::{Base, Labelled, Score};
use crate::stats::in_range;
use crate::uncertainty::{GROUPS, leave_one_out};

/// The layer that holds a classifier's scores of its own classes.
pub const LOGITS: &str = "logits";

/// Random stream of the rows drawn where there are more than a score looks at (see [`generator`](crate::stats::generator)).
const STREAM: u64 = 30;

/// The outcomes of these metrics. Those that look at the same rows share what is made of them.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromScore>], plan: &Plan) -> Vec<Outcome> {
    let half = readable(side);
    let drawn =
        |asked: &PlannedMetric<FromScore>| half.as_ref().map_or(0, |half| half.classes.len().min(asked.eval.most));
    let mut outcomes: Vec<Option<Outcome>> = asked.iter().map(|_| None).collect();
    let mut sizes: Vec<usize> = asked.iter().map(drawn).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for size in sizes {
        let these: Vec<usize> = (0..asked.len()).filter(|&i| drawn(&asked[i]) == size).collect();
        let some: Vec<&PlannedMetric<FromScore>> = these.iter().map(|&i| &asked[i]).collect();
        let found = match &half {
            Ok(half) => of_rows(half, side, size, &some, plan),
            Err(error) => some.iter().map(|_| Outcome::new(Err(error.clone()))).collect(),
        };
        for (i, outcome) in these.into_iter().zip(found) {
            outcomes[i] = Some(described(side, outcome, &asked[i], size, plan));
        }
    }
    outcomes.into_iter().flatten().collect()
}

/// The rows looked at.
fn readable<'s>(side: &'s Side) -> Result<&'s Half> {
    let probed = side
        .probed
        .as_ref()
        .ok_or_else(|| Error::undefined("the rows were not read"))?;
    let half = probed.fitting();
    if half.classes.len() < 2 {
        return Err(Error::undefined("fewer than two labelled rows"));
    }
    check_width(half.rows.width())?;
    in_range(half.rows.measurable())?;
    Ok(half)
}

/// The outcomes of metrics that look at so many rows.
fn of_rows(half: &Half, side: &Side, size: usize, asked: &[&PlannedMetric<FromScore>], plan: &Plan) -> Vec<Outcome> {
    let names = side.probed.as_ref().map_or(0, |probed| probed.names.len());
    let places = half.rows.drawn(size, plan.seed, STREAM);
    let base = Base::new(&half.rows, &half.classes, names, places, plan.seed);
    let whole = Labelled::new(&base, None);
    let elsewhere = side.set.subject().layer != LOGITS;
    let of_one = |one: &&PlannedMetric<FromScore>| match one.eval.logits && elsewhere {
        true => Err(Error::undefined("it is of the layer logits of a classifier alone")),
        false => whole
            .as_ref()
            .map_err(Error::clone)
            .and_then(|rows| (one.eval.value)(rows)),
    };
    let values: Vec<Result<Score>> = asked.iter().map(of_one).collect();
    let work = |one: &PlannedMetric<FromScore>| {
        (one.eval.work)(size as f64, half.rows.width() as f64, names as f64) * GROUPS as f64
    };
    let resampled: Vec<bool> = asked
        .iter()
        .zip(&values)
        .map(|(one, value)| {
            let movable = value.as_ref().is_ok_and(|score| score.no_interval.is_none());
            one.resamples() && movable && work(one) <= MOST_WORK
        })
        .collect();
    let without = |group: usize| {
        let rows = Labelled::new(&base, Some(group))?;
        let of_one = |(one, resampled): (&&PlannedMetric<FromScore>, &bool)| match resampled {
            true => (one.eval.value)(&rows).map(|score| score.value),
            false => Ok(0.0),
        };
        Ok(asked.iter().zip(&resampled).map(of_one).collect::<Vec<_>>())
    };
    let groups = half.enough().and_then(|()| match resampled.contains(&true) {
        true => leave_one_out(size as u64, without),
        false => Ok(Vec::new()),
    });
    let mut outcomes = Vec::with_capacity(asked.len());
    for (i, (one, value)) in asked.iter().zip(values).enumerate() {
        let replicates = match (&groups, resampled[i]) {
            (Ok(_), false) if !one.resamples() => Ok(Vec::new()),
            (Ok(_), false) => Err(Error::undefined(match &value {
                Ok(score) => score
                    .no_interval
                    .unwrap_or("ten values without some of the rows would take minutes at this size"),
                Err(_) => "there is no value",
            })),
            (Ok(groups), true) => groups.iter().map(|group| group[i].clone()).collect(),
            (Err(error), _) => Err(error.clone()),
        };
        outcomes.push(Outcome::of_score(value, one.metric, replicates));
    }
    outcomes
}

/// What every record says of its rows.
fn described(side: &Side, outcome: Outcome, asked: &PlannedMetric<FromScore>, size: usize, plan: &Plan) -> Outcome {
    let mut outcome = of_probed_rows(side, outcome, |_| size);
    let Some(probed) = &side.probed else { return outcome };
    let half = probed.fitting();
    if half.groups.is_some() {
        outcome.defined_by("grouped", true);
    }
    if size < half.classes.len() {
        outcome.defined_by("rows_drawn", size);
        outcome.defined_by("rows_of", half.classes.len());
    }
    if asked.eval.seeded || size < half.classes.len() {
        outcome.defined_by("seed", plan.seed);
    }
    if let Some(fit) = &probed.fit {
        outcome.fitted = side.fitted_split();
        outcome.found("fitting_rows", fit.classes.len());
    }
    outcome
}
