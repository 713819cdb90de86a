//! Mixing of single samples.

use crate::error::{Error, Result};
use crate::metrics::eval::{Eval, FromSamples};
use crate::metrics::inputs::SamplePair;
use crate::metrics::metric::{Better, Law, Metric, variant};
use crate::stats::in_range;
use crate::uncertainty::{ErrorBar, Groups};

/// Share of the other data set among the k nearest samples, divided by the share expected under full mixing; the mean
/// over all samples. Only the rows of the groups `kept` take part, as queries and as neighbours.
///
/// # Errors
/// Undefined where k is not below the number of samples of each side.
pub fn sample_mixing(pair: &SamplePair, k: usize, kept: Groups) -> Result<f64> {
    let sizes = sizes_above(pair, k, kept)?;
    mean_over_samples(pair, kept, |i| {
        let others = pair
            .near()
            .nearest(i, k, kept)?
            .iter()
            .filter(|(j, _)| pair.is_eval[*j] != pair.is_eval[i])
            .count();
        let expected = sizes[usize::from(!pair.is_eval[i])] as f64 / (sizes[0] + sizes[1] - 1) as f64;
        Ok(others as f64 / k as f64 / expected)
    })
}

/// Local Inverse Simpson's Index: the mean over all samples of 1 / (p² + q²), p and q the shares of the two data sets among
/// the k - 1 nearest other samples, weighted by exp(-beta distance), beta such that the weights have the perplexity k/3.
/// `kept` as in [`sample_mixing`].
///
/// # Errors
/// Undefined where k is not below the number of samples of each side, and below 4, where no perplexity is left.
pub fn lisi(pair: &SamplePair, k: usize, kept: Groups) -> Result<f64> {
    if k < 4 {
        return Err(Error::undefined(format!("LISI needs k >= 4; here k = {k}")));
    }
    sizes_above(pair, k, kept)?;
    mean_over_samples(pair, kept, |i| {
        let near = pair.near().nearest(i, k - 1, kept)?;
        let distances: Vec<f64> = near.iter().map(|(_, squared)| squared.sqrt()).collect();
        let weights = weights(&distances, k as f64 / 3.0);
        let other = near.iter().zip(&weights).filter(|((j, _), _)| pair.is_eval[*j]);
        let share = other.map(|(_, w)| w).sum::<f64>() / weights.iter().sum::<f64>();
        Ok(1.0 / (share * share + (1.0 - share).powi(2)))
    })
}

/// Samples of each side that are left of the groups kept, where k is below either.
fn sizes_above(pair: &SamplePair, k: usize, kept: Groups) -> Result<[usize; 2]> {
    in_range(pair.measurable)?;
    let mut sizes = [0usize; 2];
    pair.near()
        .of(kept)
        .for_each(|i| sizes[usize::from(pair.is_eval[i])] += 1);
    let least = sizes[0].min(sizes[1]);
    if k == 0 || k >= least {
        return Err(Error::undefined(format!(
            "sample mixing needs 1 <= k < the samples of each side; here k = {k} and {least} samples"
        )));
    }
    Ok(sizes)
}

fn mean_over_samples(pair: &SamplePair, kept: Groups, value: impl Fn(usize) -> Result<f64>) -> Result<f64> {
    let (mut sum, mut samples) = (0.0, 0usize);
    for i in pair.near().of(kept) {
        sum += value(i)?;
        samples += 1;
    }
    Ok(sum / samples as f64)
}

/// Weights exp(-beta (distance - least)) of ascending distances, beta such that their perplexity exp(entropy) is the one
/// asked for, between 1 and their number. Where more are at the least distance, no beta reaches it: those count alike and no
/// other.
fn weights(distances: &[f64], perplexity: f64) -> Vec<f64> {
    // More steps than any beta of 64 bits takes.
    const STEPS: usize = 2_000;
    let farther: Vec<f64> = distances.iter().map(|d| d - distances[0]).collect();
    let mean = farther.iter().sum::<f64>() / farther.len() as f64;
    let nearest = farther.iter().filter(|d| **d == 0.0).count() as f64;
    if nearest >= perplexity {
        return farther.iter().map(|d| f64::from(u8::from(*d == 0.0))).collect();
    }
    // In units of the mean, so that the features' scale does not matter.
    let farther: Vec<f64> = farther.iter().map(|d| d / mean).collect();
    let wanted = perplexity.ln();
    let (mut low, mut high, mut beta) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..STEPS {
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for d in &farther {
            let weight = (-beta * d).exp();
            sum += weight;
            first += weight * d;
            second += weight * d * d;
        }
        let (first, second) = (first / sum, second / sum);
        // The entropy falls with beta, by beta times the variance of the weighted distances.
        let above = sum.ln() + beta * first - wanted;
        if above.abs() < 1e-13 {
            break;
        }
        if above > 0.0 {
            low = beta
        } else {
            high = beta
        }
        let newton = beta + above / (beta * (second - first * first));
        beta = if low < newton && newton < high.min(2.0 * beta) {
            newton
        } else if high.is_finite() {
            (low + high) / 2.0
        } else {
            2.0 * beta
        };
    }
    farther.iter().map(|d| (-beta * d).exp()).collect()
}

pub(super) const SAMPLE_MIXING: Metric = Metric {
    id: "sample_mixing",
    label: "Sample mixing",
    unit: "",
    better: Better::Higher,
    range: (0.0, f64::INFINITY),
    about: "Whether single samples of the two data sets lie among one another: 0 where they are apart, 1 where \
            they are fully mixed. Needs no labels.",
    caveat: "Mixing of rows is not mixing of classes: two data sets of the same classes mix, and so do two that \
             are both noise.",
    formula: "mean over samples of (share of the other set among the k nearest samples) / (its share under full mixing)",
    convention: "k = 50; Euclidean; equally many samples of each set, at most 5,000, drawn with the seed",
    like: &[],
    variants: &[variant(
        "lisi",
        "Local Inverse Simpson's Index: 1 where the data sets are apart, about 1.9 where they are fully mixed (2 only where \
                neighbours are endless). The mean over samples of 1 / (p^2 + q^2), p and q the shares of the two data sets among \
                the nearest others, which count by exp(-beta distance), beta such that their perplexity is k/3. k = 90, the \
                sample itself counted as one of them (harmonypy, and the R package lisi)",
        Eval::Samples(FromSamples {
            value: lisi,
            null: None,
            k: 90,
        }),
    )],
    reference: "this project; LISI: Korsunsky et al., Nature Methods 2019",
    estimand: "the expectation at this number of samples",
    laws: &[Law::Rotation, Law::Translation, Law::Scale],
    error: ErrorBar::HalfSamples,
    eval: Eval::Samples(FromSamples {
        value: sample_mixing,
        null: Some(1.0),
        k: 50,
    }),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Rows, nearest};
    use ndarray::Array2;

    fn pair(points: Array2<f64>, is_eval: Vec<bool>, k: usize) -> SamplePair {
        SamplePair {
            groups: (0..is_eval.len()).map(|i| (i % 10) as u8).collect(),
            measurable: true,
            neighbours: nearest(&Rows::of(points), k),
            is_eval,
        }
    }

    fn apart() -> SamplePair {
        pair(
            Array2::from_shape_fn((60, 1), |(i, _)| i as f64 + if i >= 30 { 1e5 } else { 0.0 }),
            (0..60).map(|i| i >= 30).collect(),
            20,
        )
    }

    #[test]
    fn samples_apart_do_not_mix_and_alternating_ones_do() {
        assert_eq!(sample_mixing(&apart(), 5, Groups::ALL).unwrap(), 0.0);
        // Every point has four neighbours at distances 1, 1, 2, 2 on a line of alternating sets: half are of the other
        // set (at the ends too), where 30/59 are expected.
        let ring = pair(
            Array2::from_shape_fn((60, 2), |(i, j)| {
                let angle = i as f64 / 60.0 * std::f64::consts::TAU;
                if j == 0 { angle.cos() } else { angle.sin() }
            }),
            (0..60).map(|i| i % 2 == 0).collect(),
            20,
        );
        assert!((sample_mixing(&ring, 4, Groups::ALL).unwrap() - 0.5 / (30.0 / 59.0)).abs() < 1e-12);
        assert!(sample_mixing(&ring, 30, Groups::ALL).is_err());
    }

    #[test]
    fn lisi_is_one_apart_and_two_where_every_row_has_a_double_in_the_other_set() {
        assert_eq!(lisi(&apart(), 12, Groups::ALL).unwrap(), 1.0);
        assert!(lisi(&apart(), 3, Groups::ALL).is_err());
        // Ten rows of each set at each of six places: 4 k/3 and more neighbours coincide and count alike. Of 19 others the
        // nearest 11 by index are taken: ten of the first set and one or two of the second, and so on.
        let places = pair(
            Array2::from_shape_fn((120, 1), |(i, _)| (i % 6) as f64),
            (0..120).map(|i| i / 6 % 2 == 0).collect(),
            40,
        );
        let value = lisi(&places, 20, Groups::ALL).unwrap();
        // All 19 others of a place: 9 of the own set and 10 of the other.
        let expected = 1.0 / ((9.0f64 / 19.0).powi(2) + (10.0f64 / 19.0).powi(2));
        assert!((value - expected).abs() < 1e-12, "{value} {expected}");
    }

    #[test]
    fn weights_have_the_perplexity_asked_for() {
        let entropy = |weights: &[f64]| {
            let sum: f64 = weights.iter().sum();
            let p = weights.iter().map(|w| w / sum).filter(|p| *p > 0.0);
            -p.map(|p| p * p.ln()).sum::<f64>()
        };
        let even: Vec<f64> = (0..89).map(|i| 5.0 + (i as f64).sqrt()).collect();
        let huge: Vec<f64> = even.iter().map(|d| d * 1e150).collect();
        // Two steps: the beta that tells the first ten apart from each other is far above 1.
        let steps: Vec<f64> = (0..89).map(|i| if i < 40 { i as f64 * 1e-9 } else { 1e9 }).collect();
        for distances in [&even, &huge, &steps] {
            for perplexity in [1.5, 10.0, 30.0] {
                let found = entropy(&weights(distances, perplexity));
                assert!((found - perplexity.ln()).abs() < 1e-9, "{found}");
            }
        }
        // Four at the least distance cannot have a perplexity of two.
        let tied = [1.0, 1.0, 1.0, 1.0, 2.0, 3.0];
        assert_eq!(weights(&tied, 2.0), [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    }
}
