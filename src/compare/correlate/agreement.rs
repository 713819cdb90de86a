//! How well scores and accuracies of the same models agree: correlations of ranks and of values.

use serde::{Deserialize, Serialize};

use crate::uncertainty::mean_ranks;

/// Models below which no agreement is told: two always agree fully, one way or the other.
pub(super) const FEWEST: usize = 3;

/// A measure of agreement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Statistic {
    /// Kendall's tau with weights 1/(rank + 1), added, averaged over both rankings: the models at the top count most (Vigna
    /// 2015, WWW; scipy.stats.weightedtau)
    #[default]
    WeightedTau,
    /// Kendall's tau-b
    Kendall,
    /// Correlation of ranks
    Spearman,
    /// Correlation of values
    Pearson,
    /// The slope of accuracy differences on score differences over all pairs of models; its share of variance explained, R²,
    /// stands beside
    Fidelity,
}

impl Statistic {
    /// All of them, in the order of records.
    pub const ALL: [Self; 5] = [
        Self::WeightedTau,
        Self::Kendall,
        Self::Spearman,
        Self::Pearson,
        Self::Fidelity,
    ];

    /// As tables name it.
    pub fn label(self) -> &'static str {
        match self {
            Self::WeightedTau => "weighted tau",
            Self::Kendall => "Kendall's tau",
            Self::Spearman => "Spearman's rho",
            Self::Pearson => "Pearson's r",
            Self::Fidelity => "slope",
        }
    }

    /// Whether it lies between -1 and 1.
    pub fn is_bounded(self) -> bool {
        self != Self::Fidelity
    }
}

/// The statistics of (n) scores and (n) accuracies, in the order of [`Statistic::ALL`]; `None` where either has no spread.
pub fn agreement(scores: &[f64], accuracies: &[f64]) -> Option<[f64; 5]> {
    let (weighted, kendall) = taus(scores, accuracies)?;
    let spearman = pearson(&mean_ranks(scores), &mean_ranks(accuracies))?.0;
    // Values whose squares are beyond 64-bit numbers have ranks, and no correlation.
    let (pearson, slope) = pearson(scores, accuracies)?;
    Some([weighted, kendall, spearman, pearson, slope])
}

/// The weighted tau and tau-b.
fn taus(x: &[f64], y: &[f64]) -> Option<(f64, f64)> {
    let weights = [weights(x, y), weights(y, x)];
    // Sums over pairs that are told apart by both, by x, by y: for each weighting, then for none.
    let mut sums = [[0.0; 3]; 3];
    for i in 0..x.len() {
        for j in 0..i {
            let (in_x, in_y) = (sign(x[i] - x[j]), sign(y[i] - y[j]));
            for (k, sums) in sums.iter_mut().enumerate() {
                let weight = weights.get(k).map_or(1.0, |w| w[i] + w[j]);
                sums[0] += in_x * in_y * weight;
                sums[1] += in_x.abs() * weight;
                sums[2] += in_y.abs() * weight;
            }
        }
    }
    let tau = |[both, of_x, of_y]: [f64; 3]| both / (of_x * of_y).sqrt();
    let told_apart = sums[2][1] > 0.0 && sums[2][2] > 0.0;
    told_apart.then(|| {
        let clamped = |tau: f64| tau.clamp(-1.0, 1.0);
        (clamped((tau(sums[0]) + tau(sums[1])) / 2.0), clamped(tau(sums[2])))
    })
}

fn sign(difference: f64) -> f64 {
    match difference {
        d if d > 0.0 => 1.0,
        d if d < 0.0 => -1.0,
        _ => 0.0,
    }
}

/// 1/(r + 1), r being the place from 0 in the falling order of `first`, ties by `second`.
fn weights(first: &[f64], second: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..first.len()).collect();
    order.sort_by(|&a, &b| first[b].total_cmp(&first[a]).then(second[b].total_cmp(&second[a])));
    let mut weights = vec![0.0; first.len()];
    for (place, &i) in order.iter().enumerate() {
        weights[i] = 1.0 / (place as f64 + 1.0);
    }
    weights
}

/// Pearson's correlation, and the slope of `y` on `x`.
fn pearson(x: &[f64], y: &[f64]) -> Option<(f64, f64)> {
    let n = x.len() as f64;
    let mean = |v: &[f64]| v.iter().map(|a| a / n).sum::<f64>();
    let (at_x, at_y) = (mean(x), mean(y));
    let mut sums = [0.0; 3];
    for (x, y) in x.iter().zip(y) {
        let (x, y) = (x - at_x, y - at_y);
        sums[0] += x * y;
        sums[1] += x * x;
        sums[2] += y * y;
    }
    let [xy, xx, yy] = sums;
    let found = (xy / (xx.sqrt() * yy.sqrt()), xy / xx);
    (found.0.is_finite() && found.1.is_finite()).then_some((found.0.clamp(-1.0, 1.0), found.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: [f64; 5], want: [f64; 5]) {
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
    }

    /// scipy 1.17.1: weightedtau, kendalltau, spearmanr, pearsonr, linregress; without and with ties.
    #[test]
    fn statistics_are_scipys() {
        let x = [-0.8, -1.32, -0.25, 0.42, 1.14, 0.11, -0.55, -0.78, 0.75];
        let y = [0.83, -1.05, -1.48, -0.54, 2.74, 0.31, -2.28, -0.86, -0.41];
        let found = agreement(&x, &y).unwrap();
        close(
            found,
            [
                0.5001928741759012,
                0.3333333333333333,
                0.43333333333333335,
                0.5547094150770197,
                1.0050064654439042,
            ],
        );
        let tied_x = [-0.8, -1.32, -0.25, 0.42, -1.32, 0.11, -0.55, -1.32, 0.75];
        let tied_y = [0.83, -1.05, -1.48, -0.54, -1.48, 0.31, -2.28, -0.86, -0.41];
        let found = agreement(&tied_x, &tied_y).unwrap();
        close(
            found,
            [
                0.2275554352404328,
                0.23539595453459988,
                0.35747593856530263,
                0.2706462435177441,
                0.3283734257945134,
            ],
        );
    }

    #[test]
    fn an_order_agrees_with_itself_and_not_with_its_reverse() {
        let x = [3.0, 1.0, 2.0, 5.0];
        close(agreement(&x, &x).unwrap(), [1.0; 5]);
        let reverse = x.map(|v| -v);
        close(agreement(&x, &reverse).unwrap(), [-1.0; 5]);
    }

    #[test]
    fn what_is_constant_agrees_with_nothing() {
        assert_eq!(agreement(&[1.0; 4], &[1.0, 2.0, 3.0, 4.0]), None);
        assert_eq!(agreement(&[1.0, 2.0], &[5.0; 2]), None);
        assert_eq!(agreement(&[1.0], &[5.0]), None);
        assert_eq!(agreement(&[], &[]), None);
    }
}
