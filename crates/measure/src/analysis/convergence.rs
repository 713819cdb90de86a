//! Values against the number of rows: how far has each metric come to where it is going?

use super::kinds::{Kinds, OneSided, SecondMoments};
use super::one_side::{correlation, values_of_spectra};
use super::pair::{SidePair, on_first_groups};
use super::plan::Plan;
use super::planned_metric::PlannedMetric;
use super::side::Side;
use super::tables::of_subject;
use crate::error::{Error, Result};
use crate::metrics::{FromClasses, FromMoments, Metric};
use crate::results::Table;
use crate::stats::GroupMoments;

/// How many of the ten jackknife groups are taken together for each value.
const MERGED: [usize; 5] = [2, 3, 5, 7, 10];

/// Values of one metric: (rows, value) for each number of groups.
type Curve = Vec<(u64, f64)>;

/// `convergence`: every metric whose value depends on the number of rows by its bias, on some of the groups of a set.
pub fn of_side(side: &Side, plan: &Plan) -> Table {
    let mut kinds = Kinds::new(plan.asked()).one_sided;
    if side.labels().is_none() {
        kinds.classes.clear();
    }
    let all = side.summary.all();
    let mut curves: Vec<(usize, &Metric, Curve)> = Vec::new();
    for groups in MERGED {
        let part = side.summary.first(groups);
        for (place, metric, value) in values(side, &part, &all, &kinds) {
            let point = (part.rows, value.unwrap_or(f64::NAN));
            match curves.iter_mut().find(|(known, ..)| *known == place) {
                Some((.., curve)) => curve.push(point),
                None => curves.push((place, metric, vec![point])),
            }
        }
    }
    curves.sort_by_key(|(place, ..)| *place);
    let rows: Vec<Point> = curves
        .iter()
        .flat_map(|(_, metric, curve)| points(metric, curve, f64::NAN))
        .collect();
    table(side, None, &rows)
}

/// The same of a pair, on the groups of both sides. A distance of moments is carried on to infinite N.
pub fn of_pair((pre, eval): SidePair, plan: &Plan) -> Table {
    let kinds = Kinds::new(plan.asked()).of_pairs;
    let mut found: Vec<Point> = Vec::new();
    let moments: Vec<PlannedMetric<FromMoments>> = kinds.moments.into_iter().filter(|a| !a.eval.infinite).collect();
    let mut curves: Vec<Curve> = vec![Vec::new(); moments.len()];
    let mut on_line: Vec<bool> = Vec::new();
    if !moments.is_empty() {
        for groups in MERGED {
            let (a, b) = (pre.summary.first(groups), eval.summary.first(groups));
            on_line.push(a.rows.min(b.rows) >= pre.summary.width as u64);
            for (curve, asked) in curves.iter_mut().zip(&moments) {
                let value = match (&a.moments, &b.moments) {
                    (Some(a), Some(b)) => (asked.eval.value)(a, b).unwrap_or(f64::NAN),
                    _ => f64::NAN,
                };
                curve.push((a.rows + b.rows, value));
            }
        }
    }
    for (asked, curve) in moments.iter().zip(curves) {
        let line: Curve = curve
            .iter()
            .zip(&on_line)
            .filter(|(_, on)| **on)
            .map(|(point, _)| *point)
            .collect();
        found.extend(points(asked.metric, &curve, intercept(&line)));
    }
    if !kinds.slices.is_empty() {
        let values = on_first_groups((pre, eval), &MERGED, &kinds.slices, plan);
        for (i, asked) in kinds.slices.iter().enumerate() {
            let curve: Curve = values.iter().map(|(rows, values)| (*rows, values[i])).collect();
            found.extend(points(asked.metric, &curve, f64::NAN));
        }
    }
    table(pre, Some(eval), &found)
}

/// A metric's place in the plan, and its value on a part of a set.
type OnPart = (usize, &'static Metric, Result<f64>);

/// The values of the metrics of moments on a part of a set, of which `all` is the whole.
fn values(side: &Side, part: &GroupMoments, all: &GroupMoments, kinds: &OneSided) -> Vec<OnPart> {
    let mut found: Vec<OnPart> = Vec::new();
    for asked in &kinds.classes {
        found.push((asked.place, asked.metric, of_classes(part, all, asked.eval)));
    }
    if !kinds.channels.is_empty() {
        let channels = correlation(part.moments.as_ref(), &all.channels.live(), &part.channels.live());
        for asked in &kinds.channels {
            let value = channels.as_ref().map_err(Error::clone).and_then(asked.eval.value);
            found.push((asked.place, asked.metric, value));
        }
    }
    for (unit, moments) in [(false, &part.moments), (true, &part.unit)] {
        let chosen: Vec<&PlannedMetric<SecondMoments>> =
            kinds.spectra.iter().filter(|a| a.eval.is_unit() == unit).collect();
        let evals: Vec<SecondMoments> = chosen.iter().map(|asked| asked.eval).collect();
        let valued = values_of_spectra(side, moments.as_ref(), &evals);
        found.extend(
            chosen
                .iter()
                .zip(valued)
                .map(|(a, valued)| (a.place, a.metric, valued.value)),
        );
    }
    found
}

/// Classes are fixed: a value of fewer of them is another one.
fn of_classes(part: &GroupMoments, all: &GroupMoments, eval: FromClasses) -> Result<f64> {
    let classes = |part: &'_ GroupMoments| {
        let unit = part.normalised.clone().filter(|_| eval.normalised);
        unit.unwrap_or_else(|| part.classes.clone())
    };
    let (whole, some) = (classes(all), classes(part));
    let mut counts = whole.counts().iter().zip(some.counts());
    match counts.any(|(all, some)| *all >= eval.rows && *some < eval.rows) {
        true => Err(Error::undefined("a class has too few rows here")),
        false => (eval.value)(&some),
    }
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

/// One row of the table: the metric, rows, the value, and what it is carried on to.
type Point = (&'static str, u64, f64, f64);

fn points(metric: &Metric, curve: &[(u64, f64)], extrapolated: f64) -> Vec<Point> {
    let point = |&(rows, value)| (metric.id, rows, value, extrapolated);
    curve.iter().map(point).collect()
}

fn table(side: &Side, other: Option<&Side>, rows: &[Point]) -> Table {
    let other = other.map_or("", |o| o.set.subject().dataset.as_str());
    of_subject("convergence", rows, side.set.subject())
        .text("other_dataset", |_| other)
        .text("metric", |point| point.0)
        .count("n", |point| point.1)
        .float("value", |point| point.2)
        .float("extrapolated", |point| point.3)
        .finish()
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
