//! Records of one layer against another: metrics of moments and canonical correlations, which share one pass.

use std::time::Instant;

use serde_json::json;

use super::super::Plan;
use super::super::kinds::{Chosen, Kind, replicates_where_used, restate, run};
use super::super::outcome::Outcome;
use super::layer::Layer;
use super::matching::Matching;
use super::{neighbours, ranks};
use crate::error::{Error, Result};
use crate::metrics::{Canonical, Eval, Matched, MatchedMoments};
use crate::results::Record;
use crate::stats::{Cross, CrossSums};

/// Two layers and their matched rows.
#[derive(Clone, Copy)]
pub struct Pair<'p> {
    pub x: &'p Layer<'p>,
    pub y: &'p Layer<'p>,
    pub matching: &'p Matching,
    /// By jackknife group; empty where they are not wanted or cannot be had.
    sums: &'p [CrossSums],
}

fn kinds<'p>() -> [Kind<Pair<'p>>; 3] {
    [
        Kind {
            is: of_moments,
            outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Matched(Matched::Ranks { .. })),
            outcomes: ranks::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Matched(Matched::Neighbours { .. })),
            outcomes: neighbours::outcomes,
        },
    ]
}

fn of_moments(eval: &Eval) -> bool {
    matches!(eval, Eval::Matched(Matched::Moments { .. } | Matched::Canonical { .. }))
}

/// All records of a pair of layers.
pub fn records<'p>(
    x: &'p Layer<'p>,
    y: &'p Layer<'p>,
    matching: &'p Matching,
    plan: &Plan,
    read: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Record>> {
    let start = Instant::now();
    let sums = if plan.evals().any(|e| of_moments(&e)) && x.has_moments() && y.has_moments() {
        x.cross(y, &matching.groups, read)?
    } else {
        Vec::new()
    };
    let pair = Pair {
        x,
        y,
        matching,
        sums: &sums,
    };
    let pass = start.elapsed().as_secs_f64() / plan.metrics.len().max(1) as f64;
    let (p, other) = (x.set.provenance(), y.set.provenance());
    let sides = Record {
        model: p.model.clone(),
        layer: p.layer.clone(),
        dataset: p.dataset.clone(),
        split: p.split.clone(),
        other_dataset: Some(other.dataset.clone()),
        other_model: Some(other.model.clone()),
        other_layer: Some(other.layer.clone()),
        ..Record::default()
    };
    let record = |(metric, mut outcome, seconds): (_, Outcome, f64)| {
        outcome.d = x.set.width() as u64;
        let said = &mut outcome.convention;
        said.insert("other_d".to_owned(), json!(y.set.width()));
        if !other.split.is_empty() {
            said.insert("other_split".to_owned(), json!(other.split));
        }
        if matching.left_out != [0, 0] {
            said.insert("rows_left_out".to_owned(), json!(matching.left_out[0]));
            said.insert("other_rows_left_out".to_owned(), json!(matching.left_out[1]));
        }
        outcome.into_record(metric, sides.clone(), pass + seconds)
    };
    Ok(run(&kinds(), pair, None, plan).into_iter().map(record).collect())
}

fn outcomes(pair: Pair, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let n = pair.matching.rows() as u64;
    let cross = |without: Option<usize>| {
        // A side without moments says why.
        pair.x.own(without)?;
        pair.y.own(without)?;
        Ok((without, CrossSums::without(pair.sums, without)?))
    };
    let whole = cross(None);
    let replicates = match &whole {
        Ok(_) => replicates_where_used(metrics, n, |g| cross(Some(g)), |eval, (g, c)| value(pair, eval, *g, c)),
        Err(error) => metrics.iter().map(|_| Err(restate(error))).collect(),
    };
    let widest = pair.x.set.width().max(pair.y.set.width()) as u64;
    metrics
        .iter()
        .zip(replicates)
        .map(|(&(metric, eval), replicates)| {
            let found = whole
                .as_ref()
                .map_err(restate)
                .and_then(|(g, c)| value(pair, eval, *g, c));
            let mut outcome =
                Outcome::new(found, plan.conventions.describe(metric)).with_replicates(metric, replicates);
            outcome.n = n;
            if let (Ok(_), Ok((_, cross))) = (&outcome.value, &whole) {
                describe(&mut outcome, pair, eval, cross);
                if !metric.error.is_corrected() && n < 5 * widest {
                    outcome.notes.push(format!(
                        "N = {n} is below 5 d = {}: so few rows make unrelated representations look alike",
                        5 * widest
                    ));
                }
            }
            outcome
        })
        .collect()
}

/// What goes with a value: its null value, or how many directions it is of.
fn describe(outcome: &mut Outcome, pair: Pair, eval: Eval, cross: &Cross) {
    match eval {
        Eval::Matched(Matched::Moments { null: Some(null), .. }) => {
            outcome.null_value = moments(pair, None, cross).ok().map(|m| null(&m));
        }
        Eval::Matched(Matched::Canonical { share, .. }) => {
            if let Ok(c) = canonical(pair, None, cross, share) {
                outcome.convention.insert("directions".to_owned(), json!(c.kept().0));
                outcome
                    .convention
                    .insert("other_directions".to_owned(), json!(c.kept().1));
            }
        }
        _ => {}
    }
}

fn value(pair: Pair, eval: Eval, without: Option<usize>, cross: &Cross) -> Result<f64> {
    match eval {
        Eval::Matched(Matched::Moments { value, .. }) => value(&moments(pair, without, cross)?),
        Eval::Matched(Matched::Canonical { value, share }) => value(&canonical(pair, without, cross, share)?),
        _ => unreachable!("only metrics of moments come here"),
    }
}

fn moments<'m>(pair: Pair<'m>, without: Option<usize>, cross: &'m Cross) -> Result<MatchedMoments<'m>> {
    Ok(MatchedMoments {
        cross,
        x: pair.x.own(without)?,
        y: pair.y.own(without)?,
    })
}

fn canonical<'m>(pair: Pair<'m>, without: Option<usize>, cross: &Cross, share: f64) -> Result<Canonical<'m>> {
    let [x, y] = [pair.x, pair.y];
    // All directions of so few rows are all there is; and weights over channels are lost in the rotation.
    if let Some(wide) = [x, y].into_iter().find(|layer| share == 1.0 && layer.is_rotated()) {
        return Err(Error::undefined(format!(
            "{} rows are fewer than {} channels: canonical correlations of so few rows are 1 for any features",
            cross.n,
            wide.set.width()
        )));
    }
    let directions = |layer: &'m Layer<'m>| -> Result<_> {
        let own = layer.own(without)?;
        Ok(own.directions.as_ref().expect("made where a metric asks for them"))
    };
    Canonical::new(cross, directions(x)?, directions(y)?, share)
}
