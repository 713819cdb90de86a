//! How far a score is ahead of what needs no feature, on the same models.

use rayon::prelude::*;

use super::agreement::{FEWEST as FEWEST_MODELS, Statistic};
use super::agreement_record::{Agreement, CEILING, Lead};
use super::cells::Cells;
use super::metric_scores::MetricScores;
use super::resamples::{Agreed, FEWEST, StatisticValues, on_fishers_scale};
use crate::compare::meaning::Direction;
use crate::uncertainty::{holm, t_p_value, t_quantile};

/// Gives the scores their leads, where one number for each metric is: on the only data set, else on average. Slopes of scores in
/// different units have none.
pub(super) fn lead(cells: &Cells, records: &mut [Agreement]) {
    let data = cells.datasets.first().filter(|_| cells.datasets.len() == 1).cloned();
    for (s, statistic) in Statistic::ALL.into_iter().enumerate().filter(|(_, s)| s.is_bounded()) {
        let overall = |r: &Agreement| r.dataset == data && r.statistic == statistic && r.value.is_some();
        let mut best: Option<(f64, String)> = None;
        for record in records
            .iter()
            .filter(|r| overall(r) && r.baseline && r.metric != CEILING)
        {
            let value = record.turned();
            if best.as_ref().is_none_or(|(most, _)| value > *most) {
                best = Some((value, record.metric.clone()));
            }
        }
        let scored = |metric: &str| cells.metrics.iter().find(|m| m.metric == metric);
        let Some(baseline) = best.and_then(|(_, metric)| scored(&metric)) else {
            continue;
        };
        let mut ahead: Vec<&mut Agreement> = records.iter_mut().filter(|r| overall(r) && !r.baseline).collect();
        ahead.par_iter_mut().for_each(|record| {
            record.lead = scored(&record.metric).and_then(|score| of_pair(cells, score, baseline, s));
        });
        let mut leads: Vec<&mut Lead> = ahead.iter_mut().filter_map(|record| record.lead.as_mut()).collect();
        leads.retain(|lead| lead.p_value.is_some());
        let p: Vec<f64> = leads.iter().filter_map(|lead| lead.p_value).collect();
        for (lead, adjusted) in leads.into_iter().zip(holm(&p)) {
            lead.p_holm = Some(adjusted);
        }
    }
}

/// The lead by statistic number `s`.
fn of_pair(cells: &Cells, score: &MetricScores, baseline: &MetricScores, s: usize) -> Option<Lead> {
    let has_both = |d: usize, m: usize| {
        score.scores[d][m].is_some() && baseline.scores[d][m].is_some() && cells.accuracies[d][m].is_some()
    };
    let on = |d: usize| (0..cells.models.len()).filter(move |&m| has_both(d, m));
    let counts: Vec<bool> = (0..cells.datasets.len())
        .map(|d| on(d).count() >= FEWEST_MODELS)
        .collect();
    let models: Vec<usize> = (0..cells.models.len())
        .filter(|&m| (0..counts.len()).any(|d| has_both(d, m)))
        .collect();
    let sides = [score, baseline].map(|scored| (scored.only(&has_both), Direction::sign(scored.direction)));
    let pick = |found: Agreed| -> StatisticValues {
        match &found.each[..] {
            [only] => *only,
            _ => found.mean,
        }
    };
    let at = |models: &[usize]| -> Option<[f64; 2]> {
        let of_side = |(scored, sign): &(MetricScores, f64)| {
            pick(cells.found(scored, models, &counts)).map(|values| sign * values[s])
        };
        Some([of_side(&sides[0])?, of_side(&sides[1])?])
    };
    let values = at(&models)?;
    let units = cells.units(&models);
    let without: Vec<Option<[f64; 2]>> = units
        .iter()
        .map(|left_out| {
            let rest: Vec<usize> = models.iter().copied().filter(|m| !left_out.contains(m)).collect();
            at(&rest)
        })
        .collect();
    let sure = CorrelationDifference::new(values, &without);
    let interval = sure.as_ref().map(|d| d.interval(t_quantile(units.len() as f64 - 1.0)));
    Some(Lead {
        over: baseline.metric.clone(),
        value: values[0] - values[1],
        ci_low: interval.map(|ends| ends.0),
        ci_high: interval.map(|ends| ends.1),
        p_value: sure.map(|d| d.p_value()),
        p_holm: None,
        n: models.len(),
    })
}

/// Two correlations of the same models.
struct CorrelationDifference {
    values: [f64; 2],
    /// On Fisher's scale, with their standard errors.
    scaled: [(f64, f64); 2],
    /// How the two vary together.
    correlation: f64,
    degrees: f64,
}

impl CorrelationDifference {
    /// From the values of all models and those without each of them.
    fn new(values: [f64; 2], without: &[Option<[f64; 2]>]) -> Option<Self> {
        let n = without.len();
        if n < FEWEST {
            return None;
        }
        let without: Vec<[f64; 2]> = without.iter().copied().collect::<Option<_>>()?;
        let side = |i: usize| on_fishers_scale(values[i], &without.iter().map(|v| v[i]).collect::<Vec<f64>>());
        let (one, other) = (side(0)?, side(1)?);
        let product = one.1 * other.1;
        // Rounding alone is no spread.
        (product > 1e-18).then(|| Self {
            values,
            scaled: [(one.0, one.1), (other.0, other.1)],
            correlation: (covariance(&one.2, &other.2) / product).clamp(-1.0, 1.0),
            degrees: n as f64 - 1.0,
        })
    }

    /// The ends of the interval at a quantile of Student's t.
    fn interval(&self, quantile: f64) -> (f64, f64) {
        let [(a_below, a_above), (b_below, b_above)] = [0, 1].map(|i| {
            let ((at, error), value) = (self.scaled[i], self.values[i]);
            let ends = ((at - quantile * error).tanh(), (at + quantile * error).tanh());
            ((value - ends.0).max(0.0), (ends.1 - value).max(0.0))
        });
        let reach = |a: f64, b: f64| (a * a + b * b - 2.0 * self.correlation * a * b).max(0.0).sqrt();
        let difference = self.values[0] - self.values[1];
        (
            difference - reach(a_below, b_above),
            difference + reach(a_above, b_below),
        )
    }

    /// Where the interval reaches zero.
    fn p_value(&self) -> f64 {
        let difference = self.values[0] - self.values[1];
        let clear = |quantile: f64| {
            let (low, high) = self.interval(quantile);
            if difference > 0.0 { low > 0.0 } else { high < 0.0 }
        };
        if difference == 0.0 || !clear(0.0) {
            return 1.0;
        }
        let (mut inside, mut outside) = (0.0, 100.0);
        for _ in 0..60 {
            let middle = (inside + outside) / 2.0;
            if clear(middle) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        t_p_value(inside, self.degrees)
    }
}

/// The jackknife's covariance.
fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let (at_a, at_b) = (mean(a), mean(b));
    let products: f64 = a.iter().zip(b).map(|(a, b)| (a - at_a) * (b - at_b)).sum();
    (n - 1.0) / n * products
}

#[cfg(test)]
mod tests {
    use super::super::agreement::agreement;
    use super::*;
    use crate::uncertainty::normal_quantile;
    use rand::distr::Open01;
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    /// Correlations of scores with accuracies of 0.95 and 0.6, far apart and skewed, and of 0.9 both: how often the interval holds
    /// the difference of the means of the statistics at this n.
    #[test]
    fn leads_over_models_hold_what_they_promise() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let n = 11;
        for (a, b) in [(0.95f64, 0.6f64), (0.9, 0.9)] {
            let mut draw = || {
                let mut normal = || normal_quantile(rng.sample(Open01));
                let y: Vec<f64> = (0..n).map(|_| normal()).collect();
                let mut beside =
                    |r: f64| -> Vec<f64> { y.iter().map(|y| r * y + (1.0 - r * r).sqrt() * normal()).collect() };
                (beside(a), beside(b), y)
            };
            let values = |x: &[f64], z: &[f64], y: &[f64]| Some([agreement(x, y)?, agreement(z, y)?]);
            let many: Vec<_> = (0..4_000)
                .filter_map(|_| {
                    let (x, z, y) = draw();
                    values(&x, &z, &y)
                })
                .collect();
            let mut held = [0; 4];
            for _ in 0..300 {
                let (x, z, y) = draw();
                let all = values(&x, &z, &y).unwrap();
                let but = |v: &[f64], i: usize| -> Vec<f64> { [&v[..i], &v[i + 1..]].concat() };
                let without: Vec<_> = (0..n).map(|i| values(&but(&x, i), &but(&z, i), &but(&y, i))).collect();
                for (s, held) in held.iter_mut().enumerate() {
                    let truth = many.iter().map(|v| v[0][s] - v[1][s]).sum::<f64>() / many.len() as f64;
                    let without: Vec<_> = without.iter().map(|w| w.map(|v| [v[0][s], v[1][s]])).collect();
                    let found = CorrelationDifference::new([all[0][s], all[1][s]], &without).unwrap();
                    let (low, high) = found.interval(t_quantile(n as f64 - 1.0));
                    *held += u32::from(low <= truth && truth <= high);
                    assert_eq!(found.p_value() <= 0.05, low > 0.0 || high < 0.0);
                }
            }
            assert!(held.iter().all(|h| *h >= 278), "{a} {b}: {held:?} of 300");
        }
    }

    #[test]
    fn equal_scores_have_no_lead_and_few_models_no_interval() {
        let without: Vec<_> = [0.5, 0.7, 0.6, 0.8, 0.4].map(|v| Some([v, v])).to_vec();
        let same = CorrelationDifference::new([0.6, 0.6], &without).unwrap();
        assert_eq!(same.p_value(), 1.0);
        let (low, high) = same.interval(2.0);
        assert!(low <= 0.0 && 0.0 <= high);
        // Full agreement and its reverse, of few models: neither is certain.
        let apart = CorrelationDifference::new([1.0, -1.0], &[Some([1.0, -1.0]); 6]).unwrap();
        assert!(apart.interval(t_quantile(5.0)).0 < 1.2);
        assert!(CorrelationDifference::new([0.6, 0.5], &without[..4]).is_none());
        assert!(CorrelationDifference::new([0.6, 0.5], &[&without[..4], &[None]].concat()).is_none());
    }
}
