//! Metrics of the class means of both sides.

use rand::seq::SliceRandom as _;
use rayon::prelude::*;

use super::sides::{SidePair, is_measurable};
use crate::analysis::class_means::{class_means, of_pooled, pooled};
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::error::{Error, Result};
use crate::metrics::mixing::{mixtureness_of, neighbours_used};
use crate::metrics::{ClassMeans, FromMeans, Mixing};
use crate::stats::{can_resample, generator, in_range, resampled, resamples};
use crate::uncertainty::{ErrorBar, next_combination};

/// The random stream of permutations (see [`generator`]).
const PERMUTATION_STREAM: u64 = 2;

/// Domain labellings up to which all of them are tried, and how many are drawn where there are more.
const ALL_LABELLINGS: f64 = 1e5;
const DRAWN_LABELLINGS: usize = 9_999;

/// The outcomes of these metrics.
pub fn outcomes((pre, eval): SidePair, asked: &[PlannedMetric<FromMeans>], plan: &Plan) -> Vec<Outcome> {
    let (a, b) = (
        pre.summary.classes_without(None, false),
        eval.summary.classes_without(None, false),
    );
    let sizes = (a.classes(), b.classes());
    let used = asked
        .iter()
        .filter_map(|asked| neighbours_used(sizes, asked.eval.mixing).ok());
    let k = used.max().unwrap_or(0);
    let cosine = asked.iter().any(|asked| asked.eval.mixing.cosine);
    let means = class_means(a.means(), b.means(), k, cosine);
    let measurable = is_measurable(&means.means);
    let replicates = bootstrap((pre, eval), &means, asked, (k, cosine), plan.seed);
    let outcome = |(i, asked): (usize, &PlannedMetric<FromMeans>)| {
        let FromMeans {
            value,
            null,
            mixing,
            tested,
        } = asked.eval;
        let of_metric = |all: Vec<Vec<Option<f64>>>| {
            let values: Option<Vec<f64>> = all.iter().map(|resample| resample[i]).collect();
            values.ok_or_else(|| Error::undefined("undefined on a resample"))
        };
        let found = in_range(measurable).and_then(|()| value(&means, mixing));
        let replicates = replicates.clone().and_then(of_metric);
        let mut outcome = Outcome::new(found).with_replicates(asked.metric, replicates);
        if let Ok(k) = neighbours_used(means.sizes(), mixing) {
            outcome.defined_by("k", k);
        }
        if asked.metric.error == ErrorBar::Bootstrap {
            outcome.defined_by("seed", plan.seed);
        }
        if outcome.value.is_ok() {
            outcome.null_value = null(&means, mixing).ok();
            if tested {
                let (p, tried, all) = separation_test(&means, mixing, plan.seed);
                outcome.p_value = p;
                outcome.found("permutations", tried);
                outcome.found("all_permutations", all);
            }
        }
        outcome.n = a.counts().iter().chain(b.counts()).sum();
        outcome
    };
    asked.iter().enumerate().map(outcome).collect()
}

/// Values of every metric on resamples of the group means within each class; the reason where there are none.
fn bootstrap(
    (pre, eval): SidePair,
    means: &ClassMeans,
    asked: &[PlannedMetric<FromMeans>],
    (k, cosine): (usize, bool),
    seed: u64,
) -> Result<Vec<Vec<Option<f64>>>> {
    can_resample(&pre.summary, pre.class_names())?;
    can_resample(&eval.summary, eval.class_names())?;
    let resamples = resamples(means.means.nrows(), means.means.ncols());
    Ok((0..resamples)
        .into_par_iter()
        .map(|b| {
            let [a, b] = resampled([&pre.summary, &eval.summary], seed, b);
            let drawn = pooled(a.means(), b.means());
            let c = of_pooled(drawn, means.is_eval.clone(), k, cosine);
            let value = |asked: &PlannedMetric<FromMeans>| (asked.eval.value)(&c, asked.eval.mixing).ok();
            asked.iter().map(value).collect()
        })
        .collect())
}

/// How often random domain labels look at least as separated: (p, labellings tried, whether those were all).
fn separation_test(c: &ClassMeans, mixing: Mixing, seed: u64) -> (Option<f64>, u64, bool) {
    let Ok(k) = neighbours_used(c.sizes(), mixing) else {
        return (None, 0, false);
    };
    // Differences below this are rounding of equal values.
    let observed = mixtureness_of(c, &c.is_eval, k, mixing) + 1e-12;
    let (m, eval) = (c.is_eval.len(), c.sizes().1);
    let labellings = (0..eval).fold(1.0, |product, i| product * (m - i) as f64 / (i + 1) as f64);
    let (mut tried, mut separated) = (0u64, 0u64);
    if labellings.round() <= ALL_LABELLINGS {
        let mut chosen: Vec<usize> = (0..eval).collect();
        loop {
            let mut labels = vec![false; m];
            chosen.iter().for_each(|&i| labels[i] = true);
            tried += 1;
            separated += u64::from(mixtureness_of(c, &labels, k, mixing) <= observed);
            if !next_combination(&mut chosen, m) {
                break;
            }
        }
        return (Some(separated as f64 / tried as f64), tried, true);
    }
    let mut rng = generator(seed, PERMUTATION_STREAM);
    let mut labels = c.is_eval.clone();
    for _ in 0..DRAWN_LABELLINGS {
        labels.shuffle(&mut rng);
        tried += 1;
        separated += u64::from(mixtureness_of(c, &labels, k, mixing) <= observed);
    }
    (Some((separated + 1) as f64 / (tried + 1) as f64), tried, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn means_far_apart_are_as_separated_as_labels_can_be() {
        let pre = Array2::from_shape_fn((6, 1), |(i, _)| i as f64);
        let eval = Array2::from_shape_fn((4, 1), |(i, _)| 1e3 + i as f64);
        let c = class_means(&pre, &eval, 3, false);
        let (p, tried, all) = separation_test(&c, Mixing::default(), 0);
        // 10 choose 4 labellings; only the observed one is this separated.
        assert_eq!((tried, all), (210, true));
        assert!((p.unwrap() - 1.0 / 210.0).abs() < 1e-15);
    }
}
