//! Metrics of both sides along random directions.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::equal_n::{at_equal_n, groups_at_equal_n};
use super::permutation::Pooled;
use super::sides::{SidePair, check_measurable, say_rows};
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::linalg::product_transposed;
use crate::metrics::FromSlices;
use crate::stats::{QuantileSteps, Rows, blocks, directions, joint_centre};
use crate::uncertainty::{GROUPS, PERMUTATIONS, enough_rows, p_value};

/// Directions looked along, how many at a time, and how many the permutation test looks along.
const DIRECTIONS: usize = 512;
const AT_ONCE: usize = 64;
const TESTED_DIRECTIONS: usize = 32;

/// The random stream of the directions (see [`crate::stats::generator`]).
const DIRECTIONS_STREAM: u64 = 44;

/// Rows projected at a time.
const CHUNK: usize = 1024;

/// The jackknife groups kept of the pretraining and of the evaluation data, a bit for each.
type Kept = [u16; 2];

const ALL: u16 = (1 << GROUPS) - 1;

/// The first groups of each side.
fn first(groups: [usize; 2]) -> Kept {
    groups.map(|g| (1 << g) - 1)
}

/// The outcomes of these metrics.
pub fn outcomes((pre, eval): SidePair, asked: &[PlannedMetric<FromSlices>], plan: &Plan) -> Vec<Outcome> {
    let measurable = check_measurable(&pre.rows, &eval.rows);
    let equal = groups_at_equal_n((pre, eval)).map(first);
    let mut kept: Vec<Kept> = vec![[ALL; 2]];
    kept.extend((0..GROUPS).map(|g| [ALL & !(1 << g); 2]));
    kept.extend(equal);
    let least = pre.rows.len().min(eval.rows.len());
    let (squares, p) = if measurable.is_ok() && least > 0 {
        (
            squares_along(&pre.rows, &eval.rows, &kept, plan.seed),
            permutation_p(&pre.rows, &eval.rows, plan.seed),
        )
    } else {
        (vec![Vec::new(); kept.len()], None)
    };
    let outcome = |asked: &PlannedMetric<FromSlices>| {
        let value_of = |at: usize| measurable.clone().and_then(|()| (asked.eval.value)(&squares[at]));
        let replicates = enough_rows(least as u64).and_then(|()| (1..=GROUPS).map(value_of).collect());
        let mut outcome = Outcome::new(value_of(0)).with_replicates(asked.metric, replicates);
        outcome.defined_by("directions", DIRECTIONS);
        outcome.defined_by("seed", plan.seed);
        say_rows(&mut outcome, (pre, eval), [&pre.rows, &eval.rows], plan);
        outcome.n = (pre.rows.len() + eval.rows.len()) as u64;
        if let (Ok(_), Some((p, rows))) = (&outcome.value, p) {
            outcome.p_value = Some(p);
            outcome.found("permutations", PERMUTATIONS);
            outcome.found("rows_tested", rows.to_vec());
            outcome.found("directions_tested", TESTED_DIRECTIONS);
        }
        if let (Some(equal), Ok(_)) = (equal, &outcome.value)
            && let Ok(value) = value_of(1 + GROUPS)
        {
            let rows = [(&pre.rows, equal[0]), (&eval.rows, equal[1])].map(|(rows, groups)| count(rows, groups));
            at_equal_n(&mut outcome, (pre, eval), rows, value);
        }
        outcome
    };
    asked.iter().map(outcome).collect()
}

/// What these metrics are on the first groups of both sides: one entry for each number of groups and metric.
pub fn on_first_groups(
    (pre, eval): SidePair,
    groups: &[usize],
    asked: &[PlannedMetric<FromSlices>],
    plan: &Plan,
) -> Vec<(u64, Vec<f64>)> {
    let kept: Vec<Kept> = groups.iter().map(|&g| first([g, g])).collect();
    if check_measurable(&pre.rows, &eval.rows).is_err() || pre.rows.is_empty() || eval.rows.is_empty() {
        return Vec::new();
    }
    squares_along(&pre.rows, &eval.rows, &kept, plan.seed)
        .iter()
        .zip(kept)
        .map(|(squares, kept)| {
            let rows = count(&pre.rows, kept[0]) + count(&eval.rows, kept[1]);
            let value = |asked: &PlannedMetric<FromSlices>| (asked.eval.value)(squares).unwrap_or(f64::NAN);
            (rows, asked.iter().map(value).collect())
        })
        .collect()
}

fn is_in(group: u8, kept: u16) -> bool {
    kept >> group & 1 == 1
}

fn count(rows: &Rows, kept: u16) -> u64 {
    rows.groups().iter().filter(|&&g| is_in(g, kept)).count() as u64
}

/// The squared Wasserstein distance along each direction, for each choice of groups; none where a choice leaves no rows.
fn squares_along(pre: &Rows, eval: &Rows, kept: &[Kept], seed: u64) -> Vec<Vec<f64>> {
    let all = directions(DIRECTIONS, pre.width(), seed, DIRECTIONS_STREAM);
    let centre = joint_centre(pre, eval);
    let steps: Vec<Option<QuantileSteps>> = kept
        .iter()
        .map(|groups| {
            let [n, m] = [(pre, groups[0]), (eval, groups[1])].map(|(rows, groups)| count(rows, groups) as usize);
            (n > 0 && m > 0).then(|| QuantileSteps::new(n, m))
        })
        .collect();
    let mut squares = vec![Vec::with_capacity(DIRECTIONS); kept.len()];
    for some in all.axis_chunks_iter(ndarray::Axis(0), AT_ONCE) {
        let sides = [pre, eval].map(|rows| along(rows, &centre, some));
        let by_direction: Vec<Vec<Option<f64>>> = (0..some.nrows())
            .into_par_iter()
            .map(|k| {
                let [a, b] = [(0, pre), (1, eval)].map(|(side, rows): (usize, &Rows)| {
                    let mut along: Vec<(f64, u8)> = sides[side]
                        .column(k)
                        .iter()
                        .copied()
                        .zip(rows.groups().iter().copied())
                        .collect();
                    along.sort_unstable_by(|x, y| x.0.total_cmp(&y.0));
                    along
                });
                kept.iter()
                    .zip(&steps)
                    .map(|(groups, steps)| {
                        let kept_of = |along: &[(f64, u8)], groups: u16| -> Vec<f64> {
                            along
                                .iter()
                                .filter(|(_, g)| is_in(*g, groups))
                                .map(|(x, _)| *x)
                                .collect()
                        };
                        let steps = steps.as_ref()?;
                        let (a, b) = (kept_of(&a, groups[0]), kept_of(&b, groups[1]));
                        Some(steps.wasserstein_squared(&a, &b))
                    })
                    .collect()
            })
            .collect();
        for found in by_direction {
            squares.iter_mut().zip(found).for_each(|(all, one)| all.extend(one));
        }
    }
    squares
}

/// The products of the rows, less a centre, with some directions (rows, directions).
pub fn along(rows: &Rows, centre: &ndarray::Array1<f64>, directions: ArrayView2<f64>) -> Array2<f64> {
    let of_chunk = |range| product_transposed((rows.block(range) - centre).view(), directions);
    let chunks: Vec<Array2<f64>> = blocks(rows.len(), CHUNK).into_par_iter().map(of_chunk).collect();
    let views: Vec<_> = chunks.iter().map(|c| c.view()).collect();
    ndarray::concatenate(ndarray::Axis(0), &views).expect("chunks of one width")
}

/// The p-value of the mean squared distance along some directions under permutations of the domain labels, with the rows of
/// each side tested.
fn permutation_p(pre: &Rows, eval: &Rows, seed: u64) -> Option<(f64, [usize; 2])> {
    let pooled = Pooled::draw(pre, eval, seed)?;
    let some = directions(TESTED_DIRECTIONS, pre.width(), seed, DIRECTIONS_STREAM);
    let projections = along(&pooled.rows, &joint_centre(pre, eval), some.view());
    let steps = QuantileSteps::new(pooled.sizes[0], pooled.sizes[1]);
    // A byte for each row and labelling: what is looked up at random is small.
    let is_eval = pooled.labels.mapv(|label| u8::from(label == 1.0));
    let by_direction: Vec<Vec<f64>> = (0..TESTED_DIRECTIONS)
        .into_par_iter()
        .map(|k| {
            let column = projections.column(k);
            let mut order: Vec<usize> = (0..column.len()).collect();
            order.sort_by(|&i, &j| column[i].total_cmp(&column[j]));
            let sorted: Vec<f64> = order.iter().map(|&i| column[i]).collect();
            // One more than a side has: a value is written to both, and counts on its own.
            let mut sides = pooled.sizes.map(|n| vec![0.0; n + 1]);
            let mut under = |is_eval: &[u8]| {
                let mut filled = [0, 0];
                for (&i, &x) in order.iter().zip(&sorted) {
                    // Without a branch: which side it is cannot be foreseen.
                    let is_eval = usize::from(is_eval[i]);
                    sides[0][filled[0]] = x;
                    sides[1][filled[1]] = x;
                    filled[0] += 1 - is_eval;
                    filled[1] += is_eval;
                }
                steps.wasserstein_squared(&sides[0][..filled[0]], &sides[1][..filled[1]])
            };
            let labellings = is_eval.outer_iter();
            labellings.map(|l| under(l.to_slice().unwrap_or_default())).collect()
        })
        .collect();
    let sums: Vec<f64> = (0..=PERMUTATIONS)
        .map(|l| by_direction.iter().map(|squares| squares[l]).sum())
        .collect();
    Some((p_value(&sums), pooled.sizes))
}
