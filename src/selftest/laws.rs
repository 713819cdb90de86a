//! What must leave each metric unchanged, tried on data made by formula.

use ndarray::{Array1, Array2, Axis};

use super::check::Check;
use super::formula_data::{Formula, LabelledFeatures, analyse_pair, matched, noise, plan, similar};
use crate::error::Result;
use crate::metrics::{Law, Metric};

/// Rounding of the change itself, 1e-14 or so, times the steps of the metric.
pub const TOLERANCE: f64 = 1e-9;

/// The relative change a metric may show: what its numbers are rounded to.
pub fn tolerance(metric: &Metric) -> f64 {
    // Probes look at features of 32 bits.
    if metric.eval.needs().probed { 1e-5 } else { TOLERANCE }
}

/// A rotation (d, d) made of Householder reflections: orthogonal to rounding.
pub fn rotation(d: usize, seed: u64) -> Array2<f64> {
    let mut q = Array2::eye(d);
    for r in 0..3 {
        let v = Array1::from_shape_fn(d, |j| noise(&[seed, r, j as u64]));
        let scale = 2.0 / v.dot(&v);
        let vq = v.dot(&q);
        for i in 0..d {
            for j in 0..d {
                q[[i, j]] -= scale * v[i] * vq[j];
            }
        }
    }
    q
}

/// One side after a change that the law says does nothing; `seed` says which. Laws of both sides leave one as it is.
pub fn changed(law: Law, (rows, classes): &LabelledFeatures, seed: u64) -> LabelledFeatures {
    let d = rows.ncols();
    match law {
        Law::Rotation => (rows.dot(&rotation(d, seed)), classes.clone()),
        Law::Translation => {
            let shift = Array1::from_shape_fn(d, |j| 10.0 * noise(&[seed, 7, j as u64]));
            (rows + &shift, classes.clone())
        }
        Law::Scale => (rows * (0.01 + noise(&[seed, 8]).abs() * 30.0), classes.clone()),
        Law::ChannelScale => {
            let scales = Array1::from_shape_fn(d, |j| if j % 2 == 0 { 0.1 + j as f64 } else { -3.0 - j as f64 });
            (rows * &scales, classes.clone())
        }
        Law::RowOrder => {
            let mut order: Vec<usize> = (0..classes.len()).collect();
            order.sort_by(|&a, &b| noise(&[seed, 9, a as u64]).total_cmp(&noise(&[seed, 9, b as u64])));
            (
                rows.select(Axis(0), &order),
                order.iter().map(|&i| classes[i]).collect(),
            )
        }
        // Names in another order, so that indices move too.
        Law::ClassNames => (rows.clone(), classes.iter().map(|c| 1_000 - 7 * c).collect()),
        Law::Symmetry | Law::ZeroOnItself => (rows.clone(), classes.clone()),
    }
}

/// A metric's values on two sets: of each side, or of both; of the first side's rows in two representations.
///
/// # Errors
/// When the analysis fails.
pub fn values(metric: &Metric, pre: &LabelledFeatures, eval: &LabelledFeatures) -> Result<Vec<Option<f64>>> {
    // A choice between two penalties that are as good may go either way after the least change.
    let linear = ["top1", "top5", "class_mean", "nll", "ece"].map(|what| format!("linear_{what}.lambda=0.01"));
    let mut choices: Vec<&str> = linear.iter().map(String::as_str).collect();
    choices.extend(["sample_mixing.k=5", "nc3_self_duality.lambda=0.01"]);
    let mut plan = plan(&[metric.id], &choices)?;
    plan.seed = 3;
    let records = if metric.is_matched() {
        similar(pre.clone(), eval.0.clone(), &plan)?.records
    } else {
        analyse_pair(pre.clone(), eval.clone(), &plan)?.results.records
    };
    Ok(records.iter().map(|r| r.value).collect())
}

/// The values that a law holds against those of `pre` and `eval`. Matched rows stay matched; what else may be done to one of
/// them alone is done to each differently.
///
/// # Errors
/// When the analysis fails.
pub fn values_under(
    law: Law,
    metric: &Metric,
    pre: &LabelledFeatures,
    eval: &LabelledFeatures,
    seed: u64,
) -> Result<Vec<Option<f64>>> {
    match law {
        Law::Symmetry => values(metric, eval, pre),
        Law::ZeroOnItself => values(metric, pre, pre),
        _ => {
            let same = !metric.is_matched() || law == Law::RowOrder;
            let other = if same { seed } else { seed + 1 };
            values(metric, &changed(law, pre, seed), &changed(law, eval, other))
        }
    }
}

/// The sum of the channels' variances: what a distance is small against.
pub fn spread((rows, _): &LabelledFeatures) -> f64 {
    rows.var_axis(Axis(0), 1.0).sum()
}

/// Every law of a metric on one pair of data sets.
///
/// # Errors
/// When the analysis fails.
pub fn checks(metric: &Metric) -> Result<Vec<Check>> {
    let side = |seed, counts: &[usize]| {
        Formula {
            seed,
            counts: counts.to_vec(),
            // Wide enough for a power law to be fitted.
            d: 40,
            ..Formula::default()
        }
        .data()
    };
    let pre = side(31, &[14, 12, 13, 15]);
    let eval = if metric.is_matched() {
        (matched(&pre.0), pre.1.clone())
    } else {
        side(32, &[12, 13, 14])
    };
    let before = values(metric, &pre, &eval)?;
    let mut checks = Vec::new();
    for &law in metric.laws {
        let after = values_under(law, metric, &pre, &eval, 5)?;
        for (i, (&before, &after)) in before.iter().zip(&after).enumerate() {
            let side = if i == 0 { "" } else { " on eval" };
            let name = format!("{}{side}: {}", metric.id, law.describe());
            checks.push(match law {
                Law::ZeroOnItself => {
                    let scale = spread(&pre);
                    let on_scale = |x: Option<f64>| x.map(|x| x / scale);
                    Check::of(
                        "law",
                        metric.id,
                        name,
                        on_scale(after),
                        before.map(|_| 0.0),
                        1.0,
                        TOLERANCE,
                    )
                }
                _ => Check::of("law", metric.id, name, after, before, 1e-3, tolerance(metric)),
            });
        }
    }
    Ok(checks)
}
