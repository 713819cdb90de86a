//! A mean over fixed data sets, whose rows share nothing: their errors add in quadrature.

use super::estimate::Estimate;
use super::jackknife::GROUPS;
use super::paired::{Paired, with_interval, without_spread};
use super::quantiles::{quantile, t_p_value};
use super::scheme::Scheme;

/// What one data set adds to a mean.
#[derive(Clone, Copy, Debug)]
pub struct Stratum<'a> {
    /// Its value.
    pub value: f64,
    /// The standard error of that.
    pub std_error: Option<f64>,
    /// How it was found.
    pub scheme: Option<Scheme>,
    /// The value without each jackknife group of its rows.
    pub replicates: Option<&'a [f64]>,
}

impl Stratum<'_> {
    /// The degrees of freedom of its error; `None` where it is as good as known.
    fn degrees(&self) -> Option<f64> {
        match self.scheme {
            Some(Scheme::Wilson) => None,
            _ => Some(GROUPS as f64 - 1.0),
        }
    }
}

/// The mean over data sets and its 95 % interval; no interval where one of them has no error. Degrees of freedom are Welch and
/// Satterthwaite's.
pub fn mean_of_parts(parts: &[Stratum]) -> (f64, Option<Estimate>) {
    let count = parts.len() as f64;
    let mean = parts.iter().map(|part| part.value).sum::<f64>() / count;
    let variances: Option<Vec<f64>> = parts.iter().map(|part| Some(part.std_error?.powi(2))).collect();
    let estimate = variances.map(|variances| {
        let degrees = satterthwaite(variances.iter().zip(parts).map(|(v, part)| (*v, part.degrees())));
        let std_error = variances.iter().sum::<f64>().sqrt() / count;
        let half = quantile(degrees) * std_error;
        Estimate {
            std_error,
            low: mean - half,
            high: mean + half,
            corrected: mean,
        }
    });
    (mean, estimate.filter(|e| e.low.is_finite() && e.high.is_finite()))
}

/// The mean over data sets without each jackknife group of each of them: ten for the first, ten for the second… `None` where one
/// has none.
pub fn strata_replicates(parts: &[Stratum]) -> Option<Vec<f64>> {
    let mean = mean_of_parts(parts).0;
    let mut all = Vec::with_capacity(parts.len() * GROUPS);
    for part in parts {
        let own = part
            .replicates
            .filter(|own| own.len() == GROUPS && part.scheme != Some(Scheme::Bootstrap))?;
        all.extend(own.iter().map(|x| mean + (x - part.value) / parts.len() as f64));
    }
    Some(all)
}

/// The degrees of freedom of a sum of independent variances, each with its own; `None` where all are as good as known.
fn satterthwaite(parts: impl Iterator<Item = (f64, Option<f64>)>) -> Option<f64> {
    let (mut sum, mut squares) = (0.0, 0.0);
    for (variance, degrees) in parts {
        sum += variance;
        squares += degrees.map_or(0.0, |degrees| variance * variance / degrees);
    }
    (squares > 0.0).then(|| sum * sum / squares)
}

/// The difference of two means over the same data sets, from what it is without each group of each of them.
pub(super) fn strata(plain: Paired, replicates: &[f64]) -> Paired {
    let groups = GROUPS as f64;
    let variances: Vec<f64> = replicates
        .chunks(GROUPS)
        .map(|own| {
            let mean = own.iter().sum::<f64>() / groups;
            (groups - 1.0) / groups * own.iter().map(|d| (d - mean).powi(2)).sum::<f64>()
        })
        .collect();
    let std_error = variances.iter().sum::<f64>().sqrt();
    let scale = replicates.iter().fold(plain.value.abs(), |m, d| m.max(d.abs()));
    if std_error <= scale * 1e-13 {
        return without_spread(plain, "resample");
    }
    let degrees = satterthwaite(variances.iter().map(|v| (*v, Some(groups - 1.0))));
    let (value, half) = (plain.value, quantile(degrees) * std_error);
    // The replicates have degrees of freedom, whatever the interval of the values themselves is made of.
    with_interval(plain, std_error, (value, half), || {
        degrees.map(|degrees| t_p_value(value / std_error, degrees))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::difference::{DifferenceSide, difference};

    /// Two data sets with errors 0.03 and 0.04 of nine degrees of freedom each: the mean has half of 0.05, and
    /// 0.0025² / (0.0009² / 9 + 0.0016² / 9) = 16.69 degrees.
    #[test]
    fn errors_add_in_quadrature() {
        let part = |value, std_error| Stratum {
            value,
            std_error: Some(std_error),
            scheme: Some(Scheme::Jackknife),
            replicates: None,
        };
        let (mean, estimate) = mean_of_parts(&[part(0.6, 0.03), part(0.8, 0.04)]);
        let e = estimate.unwrap();
        assert!((mean - 0.7).abs() < 1e-15 && (e.std_error - 0.025).abs() < 1e-15);
        let degrees = 9.0 * 0.0025f64.powi(2) / (0.0009f64.powi(2) + 0.0016f64.powi(2));
        assert!((e.high - 0.7 - crate::uncertainty::quantiles::t_quantile(degrees) * 0.025).abs() < 1e-12);
        // Wilson's errors are those of a normal distribution.
        let known = Stratum {
            scheme: Some(Scheme::Wilson),
            ..part(0.6, 0.03)
        };
        let e = mean_of_parts(&[known, known]).1.unwrap();
        assert!((e.high - 0.6 - 1.959_963_984_540_054 * 0.03 / 2f64.sqrt()).abs() < 1e-12);
        let none = Stratum {
            std_error: None,
            ..known
        };
        assert!(mean_of_parts(&[known, none]).1.is_none());
    }

    /// A single data set: the jackknife of it alone.
    #[test]
    fn one_data_set_is_the_plain_jackknife() {
        let a: Vec<f64> = (0..GROUPS).map(|g| 0.7 + 0.001 * (g * g % 7) as f64).collect();
        let b: Vec<f64> = (0..GROUPS).map(|g| 0.6 + 0.002 * (g % 3) as f64).collect();
        let side = |value, replicates, scheme| DifferenceSide {
            value: Some(value),
            scheme: Some(scheme),
            replicates: Some(replicates),
        };
        let paired = |scheme| difference(side(0.7, &a, scheme), side(0.6, &b, scheme)).unwrap();
        let (whole, alone) = (paired(Scheme::JackknifeStrata), paired(Scheme::Jackknife));
        assert!((whole.std_error.unwrap() - alone.std_error.unwrap()).abs() < 1e-15);
        assert!((whole.p_value.unwrap() - alone.p_value.unwrap()).abs() < 1e-12);
    }

    /// The mean of two data sets: the difference's variance is the quarter of the sum of theirs.
    #[test]
    fn paired_errors_of_each_data_set_add() {
        let noise: Vec<f64> = (0..GROUPS).map(|g| 0.01 * ((g * 7 % 10) as f64 - 4.5)).collect();
        let none = vec![0.5; GROUPS];
        let part = |value: f64, replicates| Stratum {
            value,
            std_error: Some(0.1),
            scheme: Some(Scheme::Wilson),
            replicates: Some(replicates),
        };
        let shifted: Vec<f64> = noise.iter().map(|x| 0.7 + x).collect();
        let a = strata_replicates(&[part(0.7, &shifted), part(0.7, &shifted)]).unwrap();
        let b = strata_replicates(&[part(0.5, &none), part(0.5, &none)]).unwrap();
        let side = |value, replicates| DifferenceSide {
            value: Some(value),
            scheme: Some(Scheme::JackknifeStrata),
            replicates: Some(replicates),
        };
        let paired = difference(side(0.7, &a), side(0.5, &b)).unwrap();
        let squares: f64 = noise.iter().map(|x| x * x).sum();
        let one = 0.9 * squares;
        assert!((paired.std_error.unwrap() - (2.0 * one).sqrt() / 2.0).abs() < 1e-14);
        assert!((paired.value - 0.2).abs() < 1e-15);
        let short = Stratum {
            replicates: Some(&none[..3]),
            ..part(0.5, &none)
        };
        assert!(strata_replicates(&[short]).is_none());
    }
}
