//! Metrics of the minimum spanning trees of random subsets of rows.

use ndarray::ArrayView2;
use rand::Rng as _;
use rayon::prelude::*;

use super::rows_used::of_held_rows;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::{PlannedMetric, replicates};
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::FromTrees;
use crate::stats::{Rows, distances, generator, in_range, tree_length};
use crate::uncertainty::ROWS_FOR_GROUPS;

/// Random streams of the rows drawn where there are more than are looked at, and of the orders that subsets are taken from.
const ROWS_STREAM: u64 = 31;
const ORDERS_STREAM: u64 = 32;

/// Orders of the rows: of each, the first rows are one subset of each size.
const ORDERS: usize = 8;

/// Sizes of subsets, evenly spaced in their logarithm, and the least and the largest as shares of the rows. Without any
/// jackknife group there are still as many rows as the largest.
const SIZES: usize = 8;
const SHARES: (f64, f64) = (0.2, 0.8);

/// The outcomes of these metrics. Those that look at as many rows share the trees.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromTrees>], plan: &Plan) -> Vec<Outcome> {
    let drawn = |asked: &PlannedMetric<FromTrees>| side.rows.len().min(asked.eval.most);
    let mut known: Vec<(usize, Result<Forest>)> = Vec::new();
    let mut outcomes = Vec::with_capacity(asked.len());
    for one in asked {
        let size = drawn(one);
        let place = known.iter().position(|(other, _)| *other == size).unwrap_or_else(|| {
            known.push((size, Forest::new(&side.rows, size, plan.seed)));
            known.len() - 1
        });
        outcomes.push(outcome(side, one, &known[place].1, size, plan));
    }
    outcomes
}

fn outcome(
    side: &Side,
    asked: &PlannedMetric<FromTrees>,
    forest: &Result<Forest>,
    size: usize,
    plan: &Plan,
) -> Outcome {
    let forest = forest.as_ref().map_err(Error::clone);
    let value = forest
        .clone()
        .and_then(|forest| (asked.eval.value)(&forest.growth(None)?));
    let replicates = match &value {
        Ok(_) => replicates(
            &[*asked],
            size as u64,
            |group| forest.clone()?.growth(Some(group)),
            |eval, growth| (eval.value)(growth),
        )
        .pop()
        .unwrap_or_else(|| Ok(Vec::new())),
        Err(_) => Ok(Vec::new()),
    };
    let mut outcome = of_held_rows(
        side,
        Outcome::new(value).with_replicates(asked.metric, replicates),
        plan,
    );
    outcome.n = size as u64;
    if size < side.rows.len() {
        outcome.defined_by("rows_drawn", size);
        outcome.defined_by("rows_of", side.summary.rows);
    }
    outcome.defined_by("seed", plan.seed);
    if let Ok(forest) = forest {
        outcome.defined_by("orders", ORDERS);
        outcome.defined_by("sizes", forest.sizes.clone());
    }
    outcome
}

/// Rows, their distances, and the subsets whose trees are grown.
struct Forest {
    /// (n, n)
    distances: ndarray::Array2<f64>,
    groups: Vec<u8>,
    orders: Vec<Vec<usize>>,
    sizes: Vec<usize>,
}

impl Forest {
    fn new(rows: &Rows, size: usize, seed: u64) -> Result<Self> {
        if (size as u64) < ROWS_FOR_GROUPS {
            return Err(Error::undefined(format!(
                "{size} rows are too few: how trees grow is seen from {ROWS_FOR_GROUPS} rows on"
            )));
        }
        in_range(rows.measurable())?;
        let drawn = rows.draw(size, seed, ROWS_STREAM);
        let mut rng = generator(seed, ORDERS_STREAM);
        let mut order = || {
            let mut keys: Vec<(u64, usize)> = (0..size).map(|place| (rng.random(), place)).collect();
            keys.sort_unstable();
            keys.into_iter().map(|(_, place)| place).collect()
        };
        let orders = (0..ORDERS).map(|_| order()).collect();
        let (least, most) = (SHARES.0 * size as f64, SHARES.1 * size as f64);
        let of_step = |step: usize| least * (most / least).powf(step as f64 / (SIZES - 1) as f64);
        let mut sizes: Vec<usize> = (0..SIZES).map(|step| of_step(step).round() as usize).collect();
        sizes.dedup();
        Ok(Self {
            distances: distances(&drawn),
            groups: drawn.groups().to_vec(),
            orders,
            sizes,
        })
    }

    /// Sizes of subsets and the mean lengths of their trees, of all rows or of those without one jackknife group.
    fn growth(&self, without: Option<usize>) -> Result<Vec<(f64, f64)>> {
        let is_kept = |place: &&usize| Some(usize::from(self.groups[**place])) != without;
        let all: ArrayView2<f64> = self.distances.view();
        let lengths = |order: &Vec<usize>| -> Result<Vec<f64>> {
            let kept: Vec<usize> = order.iter().filter(is_kept).copied().collect();
            let of_size = |&size: &usize| {
                let subset = kept
                    .get(..size)
                    .ok_or_else(|| Error::undefined("too few rows are left without a group"))?;
                Ok(tree_length(all, subset))
            };
            self.sizes.iter().map(of_size).collect()
        };
        let all: Vec<Vec<f64>> = self.orders.par_iter().map(lengths).collect::<Result<_>>()?;
        let mean = |(i, &size): (usize, &usize)| {
            let sum: f64 = all.iter().map(|lengths| lengths[i]).sum();
            (size as f64, sum / all.len() as f64)
        };
        Ok(self.sizes.iter().enumerate().map(mean).collect())
    }
}
