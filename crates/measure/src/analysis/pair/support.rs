//! Metrics of the support of both sides: one pass over the pairs of rows serves them all.

use std::sync::atomic::AtomicU64;

use super::ball_counts::{BallCounts, Balled, Distance, PairCounts, Resamples, add};
use super::near_duplicates::{MostAlike, TIED, beyond};
use super::sides::SidePair;
use crate::analysis::kinds::Overlap;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::side::Side;
use crate::analysis::tables;
use crate::error::{Error, Result};
use crate::metrics::{Balls, FromAlike, FromSupport, NearRows};
use crate::stats::{OUT_OF_RANGE, screen, unit_apart, unit_squared};
use crate::uncertainty::{ErrorBar, Groups, enough_rows, replicates_from_halves};

/// The pairs in the table of near duplicates: their cosine, and how many there are at most.
const NEAR_DUPLICATES: f64 = 0.99;
const MOST_PAIRS: usize = 1_000;

/// The outcomes of these metrics. A half-sample is of both sides at a time.
pub fn outcomes((pre, eval): SidePair, asked: &[PlannedMetric<Overlap>], plan: &Plan) -> Vec<Outcome> {
    let sides = [pre, eval].map(|side| Balled {
        rows: &side.rows,
        near: NearRows {
            groups: side.rows.groups(),
            neighbours: side.neighbours(plan),
        },
    });
    let found = survey(&sides, asked, plan);
    let mut outcomes: Vec<Outcome> = asked
        .iter()
        .map(|asked| outcome(pre, eval, asked, &found, plan))
        .collect();
    let alike = asked.iter().position(|asked| matches!(asked.eval, Overlap::Alike(_)));
    if let (Some(place), Some(most_alike)) = (alike, found.most_alike) {
        outcomes[place].tables = tables::near_duplicates(pre, eval, &most_alike.into_pairs()).map(|table| vec![table]);
    }
    outcomes
}

/// What the pairs of rows say.
struct Survey<'s> {
    tallies: Vec<(Balls, Result<BallCounts<'s>>)>,
    /// For each level of cosine the evaluation rows with a pretraining row above it.
    alike: Vec<(f64, Vec<AtomicU64>)>,
    most_alike: Option<MostAlike>,
    /// Why nothing is defined, if so.
    unusable: Option<&'static str>,
    /// Whether a row has no direction.
    zero: bool,
    resamples: Resamples,
}

fn survey<'s>(sides: &'s [Balled; 2], asked: &[PlannedMetric<Overlap>], plan: &Plan) -> Survey<'s> {
    let [a, b] = [sides[0].rows, sides[1].rows];
    let resampled = enough_rows(a.len().min(b.len()) as u64).is_ok();
    let norms = [a.norms(), b.norms()];
    let mut found = Survey {
        tallies: Vec::new(),
        alike: Vec::new(),
        most_alike: None,
        unusable: (!a.measurable() || !b.measurable()).then_some(OUT_OF_RANGE),
        zero: norms.iter().flatten().any(|norm| *norm == 0.0),
        resamples: Resamples::new(),
    };
    if found.unusable.is_some() {
        return found;
    }
    for asked in asked {
        match asked.eval {
            Overlap::Support(FromSupport { balls, .. }) if found.tallies.iter().all(|(b, _)| *b != balls) => {
                let halves = resampled.then_some(&found.resamples);
                found
                    .tallies
                    .push((balls, BallCounts::new(balls, sides.each_ref(), halves)));
            }
            Overlap::Alike(FromAlike { level }) if found.alike.iter().all(|(l, _)| *l != level) && !found.zero => {
                found
                    .alike
                    .push((level, (0..b.len()).map(|_| AtomicU64::new(0)).collect()));
                if plan.tables && found.most_alike.is_none() {
                    found.most_alike = Some(MostAlike::new(NEAR_DUPLICATES, MOST_PAIRS));
                }
            }
            _ => {}
        }
    }
    let tallies: Vec<&BallCounts> = found
        .tallies
        .iter()
        .filter_map(|(_, tally)| tally.as_ref().ok())
        .collect();
    let largest = |side: usize, rows: usize| -> Vec<f64> {
        let mut largest = vec![f64::NEG_INFINITY; rows];
        for tally in &tallies {
            largest
                .iter_mut()
                .zip(tally.largest(side))
                .for_each(|(most, r)| *most = most.max(r));
        }
        largest
    };
    let reach = [largest(0, a.len()), largest(1, b.len())];
    let lowest = found.most_alike.iter().map(|_| NEAR_DUPLICATES);
    let lowest = found
        .alike
        .iter()
        .map(|(level, _)| *level)
        .chain(lowest)
        .reduce(f64::min);
    screen(a, b, |s| {
        let i = s.i;
        let of_pre = (a, i, norms[0][i]);
        let mut pairs = vec![PairCounts::new(); tallies.len()];
        for j in s.others() {
            let low = s.low(j);
            let (norm, other) = (norms[0][i], norms[1][j]);
            let near = low <= reach[0][i].max(reach[1][j]);
            let alike = lowest.is_some_and(|level| low <= squared_at(level, norm, other));
            if !near && !alike {
                continue;
            }
            let distance = Distance::new(s, j, low);
            let left = found.resamples.with(a.groups()[i], b.groups()[j]);
            for (tally, pairs) in tallies.iter().zip(&mut pairs).filter(|_| near) {
                pairs.add(tally.take(i, j, &distance, left));
            }
            if !alike {
                continue;
            }
            let unit = || unit_apart(of_pre, (b, j, other), distance.squared());
            for (level, rows) in &found.alike {
                // A distance does not tell the angle of rows of very different size.
                let tells = norm.max(other) < 1e3 * norm.min(other);
                let at = squared_at(*level, norm, other);
                let clear = tells && distance.is_surely_below(at * (1.0 - 4.0 * TIED));
                if clear || low <= at && unit() < beyond(*level) {
                    add(&rows[j], left);
                }
            }
            if let Some(most) = &found.most_alike
                && most.may_take(i, unit_squared(low, norm, other))
            {
                most.offer(i, j, unit());
            }
        }
        tallies
            .iter()
            .zip(&pairs)
            .for_each(|(tally, counts)| tally.add_pairs(counts));
    });
    found
}

/// The squared distance at which two rows of these norms have this cosine, and what rounding can add to it.
fn squared_at(cosine: f64, norm: f64, other: f64) -> f64 {
    let squared = (norm - other).powi(2) + 2.0 * (1.0 - cosine) * norm * other;
    squared * (1.0 + TIED)
}

fn outcome(pre: &Side, eval: &Side, asked: &PlannedMetric<Overlap>, found: &Survey, plan: &Plan) -> Outcome {
    let (a, b) = (pre.rows.groups(), eval.rows.groups());
    let value = |kept: Groups| value(asked.eval, found, a, b, kept);
    let whole = value(Groups::ALL);
    let replicates = match asked.metric.error {
        ErrorBar::HalfSamples => replicates_from_halves(&whole, a.len().min(b.len()) as u64, value),
        _ => Ok(Vec::new()),
    };
    let mut outcome = Outcome::new(whole).with_replicates(asked.metric, replicates);
    match asked.eval {
        Overlap::Support(e) => outcome.defined_by("k", e.balls.k),
        Overlap::Alike(e) => outcome.defined_by("cosine", e.level),
    }
    for (name, side) in [("rows_drawn_of_pre", pre), ("rows_drawn_of_eval", eval)] {
        if !side.rows.are_all() {
            outcome.defined_by(name, side.rows.len());
            outcome.defined_by("seed", plan.seed);
        }
    }
    outcome.n = (a.len() + b.len()) as u64;
    if let (Ok(_), Overlap::Support(e)) = (&outcome.value, asked.eval) {
        outcome.notes.extend(without_radius(e, found, [a.len(), b.len()]));
    }
    outcome
}

/// What is said of balls without a radius.
fn without_radius(eval: FromSupport, found: &Survey, rows: [usize; 2]) -> Option<String> {
    let FromSupport { balls, around_eval, .. } = eval;
    let (side, name) = if around_eval {
        (1, "evaluation")
    } else {
        (0, "pretraining")
    };
    let without = found.tally(balls)?.without_radius(side);
    (without > 0).then(|| {
        format!(
            "{without} of {} {name} rows coincide with {} others or more: their balls have no radius, and hold {}",
            rows[side],
            balls.k,
            if balls.closed {
                "only rows at that very point"
            } else {
                "no row"
            }
        )
    })
}

impl Survey<'_> {
    fn tally(&self, balls: Balls) -> Option<&BallCounts<'_>> {
        let (_, tally) = self.tallies.iter().find(|(key, _)| *key == balls)?;
        tally.as_ref().ok()
    }
}

fn value(eval: Overlap, found: &Survey, a: &[u8], b: &[u8], kept: Groups) -> Result<f64> {
    if let Some(reason) = found.unusable {
        return Err(Error::undefined(reason));
    }
    match eval {
        Overlap::Support(FromSupport {
            value,
            balls,
            around_eval,
        }) => {
            let tally = found.tallies.iter().find(|(key, _)| *key == balls);
            let (_, tally) = tally.expect("every kind of balls is tallied");
            let tally = tally.as_ref().map_err(Error::clone)?;
            let (side, rows) = if around_eval { (1, b) } else { (0, a) };
            if !balls.closed && tally.without_radius(side) == rows.len() {
                return Err(Error::undefined(format!(
                    "every row coincides with {} others or more: no ball has a radius",
                    balls.k
                )));
            }
            Ok(value(&tally.support(&found.resamples, a, b, kept)))
        }
        Overlap::Alike(_) if found.zero => Err(Error::undefined("a row of zeros has no direction")),
        Overlap::Alike(FromAlike { level }) => {
            let rows = found.alike.iter().find(|(key, _)| *key == level);
            let (_, rows) = rows.expect("every level is looked at");
            let left = b.iter().filter(|group| kept.has(**group)).count();
            Ok(found.resamples.count(rows, b, kept) as f64 / left as f64)
        }
    }
}
