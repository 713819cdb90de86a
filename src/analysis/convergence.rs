//! Values against the number of rows: how far has each metric come to where it is going?

use super::kinds::{Chosen, restate};
use super::one_side::{correlation, is_of_spectra, values_of_spectra};
use super::pair::{Pair, on_first_groups};
use super::tables::Rows;
use super::{Plan, Side};
use crate::error::{Error, Result};
use crate::metrics::Eval;
use crate::results::Table;
use crate::stats::{ClassMoments, Part};

/// How many of the ten jackknife groups are taken together for each value.
const MERGED: [usize; 5] = [2, 3, 5, 7, 10];

/// Values of one metric: (rows, value) for each number of groups.
type Curve = Vec<(u64, f64)>;

/// `convergence`: every metric whose value depends on the number of rows by its bias, on some of the groups of a set.
pub fn of_side(side: &Side, plan: &Plan) -> Table {
    let chosen: Vec<Chosen> = plan
        .chosen()
        .filter(|(_, eval)| match eval {
            Eval::Classes { .. } => side.labels().is_some(),
            Eval::Channels { .. } => true,
            eval => is_of_spectra(eval),
        })
        .collect();
    let mut curves: Vec<Curve> = vec![Vec::new(); chosen.len()];
    if !chosen.is_empty() {
        let all = side.summary.all();
        for groups in MERGED {
            let part = side.summary.first(groups);
            for (curve, value) in curves.iter_mut().zip(values(side, &part, &all, &chosen)) {
                curve.push((part.rows, value.unwrap_or(f64::NAN)));
            }
        }
    }
    let mut table = empty();
    for ((metric, _), curve) in chosen.iter().zip(curves) {
        push(&mut table, side, None, metric.id, &curve, f64::NAN);
    }
    table.finish()
}

/// The same of a pair, on the groups of both sides. A distance of moments is carried on to infinite N.
pub fn of_pair((pre, eval): Pair, plan: &Plan) -> Table {
    let of = |is: fn(&Eval) -> bool| -> Vec<Chosen> { plan.chosen().filter(|(_, eval)| is(eval)).collect() };
    let mut table = empty();
    let moments = of(|eval| matches!(eval, Eval::Moments { infinite: false, .. }));
    let mut curves: Vec<Curve> = vec![Vec::new(); moments.len()];
    let mut on_line: Vec<bool> = Vec::new();
    if !moments.is_empty() {
        for groups in MERGED {
            let (a, b) = (pre.summary.first(groups), eval.summary.first(groups));
            on_line.push(a.rows.min(b.rows) >= pre.summary.width as u64);
            for (curve, (_, of)) in curves.iter_mut().zip(&moments) {
                let value = match (of, &a.moments, &b.moments) {
                    (Eval::Moments { value, .. }, Some(a), Some(b)) => value(a, b).unwrap_or(f64::NAN),
                    _ => f64::NAN,
                };
                curve.push((a.rows + b.rows, value));
            }
        }
    }
    for ((metric, _), curve) in moments.iter().zip(curves) {
        let line: Curve = curve
            .iter()
            .zip(&on_line)
            .filter(|(_, on)| **on)
            .map(|(point, _)| *point)
            .collect();
        push(&mut table, pre, Some(eval), metric.id, &curve, intercept(&line));
    }
    let slices = of(|eval| matches!(eval, Eval::Slices { .. }));
    if !slices.is_empty() {
        let values = on_first_groups((pre, eval), &MERGED, &slices, plan);
        for (i, (metric, _)) in slices.iter().enumerate() {
            let curve: Curve = values.iter().map(|(rows, values)| (*rows, values[i])).collect();
            push(&mut table, pre, Some(eval), metric.id, &curve, f64::NAN);
        }
    }
    table.finish()
}

/// The values of these metrics on a part of a set, of which `all` is the whole.
fn values(side: &Side, part: &Part, all: &Part, metrics: &[Chosen]) -> Vec<Result<f64>> {
    let live = all.channels.live();
    let any = |is: fn(&Eval) -> bool| metrics.iter().any(|(_, eval)| is(eval));
    let channels = any(|eval| matches!(eval, Eval::Channels { .. }))
        .then(|| correlation(part.moments.as_ref(), &live, &part.channels.live()));
    let mut spectra: Vec<Option<Result<f64>>> = metrics.iter().map(|_| None).collect();
    for unit in [false, true] {
        let of_source = |eval: &Eval| is_of_spectra(eval) && eval.needs_unit_scatter() == unit;
        let places: Vec<usize> = (0..metrics.len()).filter(|&i| of_source(&metrics[i].1)).collect();
        let chosen: Vec<Chosen> = places.iter().map(|&i| metrics[i]).collect();
        let moments = if unit { &part.unit } else { &part.moments };
        for (place, valued) in places
            .into_iter()
            .zip(values_of_spectra(side, moments.as_ref(), &chosen))
        {
            spectra[place] = Some(valued.value);
        }
    }
    metrics
        .iter()
        .zip(spectra)
        .map(|((_, eval), of_spectra)| match *eval {
            Eval::Classes {
                value,
                rows,
                normalised,
                ..
            } => {
                let of = |part: &Part| -> ClassMoments {
                    let classes = if normalised { part.normalised.as_ref() } else { None };
                    classes.unwrap_or(&part.classes).clone()
                };
                // Classes are fixed: a value of fewer of them is another one.
                let (whole, some) = (of(all), of(part));
                let gone = whole
                    .counts()
                    .iter()
                    .zip(some.counts())
                    .any(|(all, some)| *all >= rows && *some < rows);
                if gone {
                    Err(Error::undefined("a class has too few rows here"))
                } else {
                    value(&some)
                }
            }
            Eval::Channels { value, .. } => match &channels {
                Some(Ok(correlation)) => value(correlation),
                Some(Err(error)) => Err(restate(error)),
                None => unreachable!("made where a metric wants it"),
            },
            _ => of_spectra.expect("only metrics of the moments of one data set come here"),
        })
        .collect()
}

/// The intercept of the least-squares line over 1/N; NaN with fewer than two values.
fn intercept(curve: &[(u64, f64)]) -> f64 {
    let points: Vec<(f64, f64)> = curve
        .iter()
        .filter(|(_, value)| value.is_finite())
        .map(|(rows, value)| (1.0 / *rows as f64, *value))
        .collect();
    if points.len() < 2 {
        return f64::NAN;
    }
    let n = points.len() as f64;
    let (x, y) = points
        .iter()
        .fold((0.0, 0.0), |sum, p| (sum.0 + p.0 / n, sum.1 + p.1 / n));
    let (mut across, mut along) = (0.0, 0.0);
    for point in &points {
        across += (point.0 - x) * (point.1 - y);
        along += (point.0 - x).powi(2);
    }
    y - across / along * x
}

fn empty() -> Rows {
    Rows::new(
        "convergence",
        &["model", "layer", "dataset", "split", "other_dataset", "metric"],
        &["n"],
        &["value", "extrapolated"],
    )
}

fn push(table: &mut Rows, side: &Side, other: Option<&Side>, metric: &str, curve: &[(u64, f64)], extrapolated: f64) {
    let p = side.set.provenance();
    let other = other.map_or("", |o| o.set.provenance().dataset.as_str());
    for (rows, value) in curve {
        let texts = [&p.model, &p.layer, &p.dataset, &p.split, other, metric];
        table.push(&texts, &[*rows], &[*value, extrapolated]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_over_one_over_n_is_carried_on_to_infinity() {
        let curve: Curve = [20, 30, 70, 100].map(|n| (n, 2.0 - 5.0 / n as f64)).to_vec();
        assert!((intercept(&curve) - 2.0).abs() < 1e-12);
        assert!(intercept(&curve[..1]).is_nan());
        assert!(intercept(&[(10, 1.0), (20, f64::NAN)]).is_nan());
    }
}
