//! Metrics of the moments of both sides.

use super::equal_n::{at_equal_n, groups_at_equal_n};
use super::sides::{SidePair, check_both};
use crate::analysis::limits::too_wide;
use crate::analysis::outcome::{Outcome, few_rows};
use crate::analysis::planned_metric::PlannedMetric;
use crate::error::{Error, Result};
use crate::metrics::{FromMoments, Metric};
use crate::stats::Moments;
use crate::uncertainty::{GROUPS, leave_one_out, mostly_bias};

/// The moments of both sides.
type Both = (Moments, Moments);

/// The outcomes of these metrics. A jackknife group is left out of both sides at a time.
pub fn outcomes((pre, eval): SidePair, asked: &[PlannedMetric<FromMoments>]) -> Vec<Outcome> {
    let without = |group: Option<usize>| {
        check_both((pre, eval))?;
        both(
            pre.summary.moments_without(group, false),
            eval.summary.moments_without(group, false),
            pre.summary.width,
        )
    };
    let least = pre.summary.rows.min(eval.summary.rows);
    // Metrics made of one function share its values.
    let mut distinct: Vec<FromMoments> = Vec::new();
    let places: Vec<usize> = asked
        .iter()
        .map(|asked| {
            let same = |known: &FromMoments| std::ptr::fn_addr_eq(known.value, asked.eval.value);
            distinct.iter().position(same).unwrap_or_else(|| {
                distinct.push(asked.eval);
                distinct.len() - 1
            })
        })
        .collect();
    // Each with whether it is mostly rounding.
    let values = || -> Vec<Result<(f64, bool)>> {
        let whole = without(None);
        let judged = |eval: &FromMoments| {
            let (a, b) = whole.as_ref().map_err(Error::clone)?;
            let found = (eval.value)(a, b)?;
            Ok((found, (eval.blurred)(found, a, b)))
        };
        distinct.iter().map(judged).collect()
    };
    let of_group = |group: usize| -> Result<Vec<Result<f64>>> {
        let (a, b) = without(Some(group))?;
        Ok(distinct.iter().map(|eval| (eval.value)(&a, &b)).collect())
    };
    let (values, by_group) = rayon::join(values, || leave_one_out(least, of_group));
    let replicates = |at: usize| -> Result<Vec<f64>> {
        let groups = by_group.as_ref().map_err(Error::clone)?;
        groups.iter().map(|values| values[at].clone()).collect()
    };
    let equal = groups_at_equal_n((pre, eval)).and_then(|[a, b]| {
        let (a, b) = both(pre.summary.first(a).moments, eval.summary.first(b).moments, 0).ok()?;
        let values: Vec<Option<f64>> = distinct.iter().map(|eval| (eval.value)(&a, &b).ok()).collect();
        Some(([a.n(), b.n()], values))
    });
    let outcome = |(asked, at): (&PlannedMetric<FromMoments>, usize)| {
        let infinite = asked.eval.infinite;
        let found = values[at].clone();
        let blurred = matches!(found, Ok((_, true)));
        let mut outcome = match found.map(|(value, _)| value) {
            Ok(value) if infinite => at_infinity_of(value, replicates(at), asked.metric),
            found => Outcome::new(found).with_replicates(asked.metric, replicates(at)),
        };
        outcome.n = pre.summary.rows + eval.summary.rows;
        if outcome.value.is_ok() {
            let effect = "much of this distance is the error of a covariance";
            outcome.notes.extend(few_rows(least, pre.summary.width as u64, effect));
            if blurred {
                let why =
                    "next to nothing beside the variances of both sides: rounding leaves it fewer than four digits";
                outcome.notes.push(why.to_owned());
            }
        }
        if let (Some((rows, at_equal)), true, false) = (&equal, outcome.value.is_ok(), infinite)
            && let Some(value) = at_equal[at]
        {
            at_equal_n(&mut outcome, (pre, eval), *rows, value);
        }
        outcome
    };
    asked.iter().zip(places).map(outcome).collect()
}

/// What a distance of this value and these replicates is at infinite N; without them it is not known.
fn at_infinity_of(value: f64, replicates: Result<Vec<f64>>, metric: &Metric) -> Outcome {
    match replicates {
        Ok(replicates) => {
            let (intercept, shifted) = at_infinity(value, &replicates);
            let kept = match mostly_bias(value, &replicates) {
                Some(reason) => Err(Error::undefined(reason)),
                None => Ok(shifted),
            };
            Outcome::new(Ok(intercept)).with_replicates(metric, kept)
        }
        Err(error) => Outcome::new(Err(error)),
    }
}

/// The intercept of the line over 1/N through the value at N and the mean of its replicates at N (G-1)/G: the mean of the
/// pseudo-values G θ - (G-1) θ_g. With it what it is without each of the pseudo-values, of which its error is made.
fn at_infinity(value: f64, replicates: &[f64]) -> (f64, Vec<f64>) {
    let groups = GROUPS as f64;
    let mean = replicates.iter().sum::<f64>() / groups;
    let intercept = groups * value - (groups - 1.0) * mean;
    let shift = groups / (groups - 1.0) * (intercept - value);
    (intercept, replicates.iter().map(|r| r + shift).collect())
}

/// Both sides' moments, where they were collected.
fn both(a: Option<Moments>, b: Option<Moments>, width: usize) -> Result<Both> {
    a.zip(b).ok_or_else(|| too_wide(width, "covariance is"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::jackknife;

    #[test]
    fn a_line_over_one_over_n_has_its_intercept_at_infinity() {
        // 3 + 7/N with N = 100, and 90 without any of the groups.
        let (value, replicates) = at_infinity(3.07, &[3.0 + 7.0 / 90.0; GROUPS]);
        assert!((value - 3.0).abs() < 1e-12);
        assert!(replicates.iter().all(|r| (r - 3.0).abs() < 1e-12));
    }

    #[test]
    fn its_error_is_that_of_the_corrected_value() {
        let replicates: Vec<f64> = (0..GROUPS).map(|g| 2.0 + ((g * 7) % 10) as f64 / 9.0).collect();
        let plain = jackknife(2.1, &replicates, true);
        let (value, shifted) = at_infinity(2.1, &replicates);
        let found = jackknife(value, &shifted, false);
        assert!((value - plain.corrected).abs() < 1e-12);
        assert!((found.std_error - plain.std_error).abs() < 1e-12);
        assert!((found.low - plain.low).abs() < 1e-12);
        // The replicates average to the value: they are means of its own pseudo-values.
        assert!((shifted.iter().sum::<f64>() / 10.0 - value).abs() < 1e-12);
    }
}
