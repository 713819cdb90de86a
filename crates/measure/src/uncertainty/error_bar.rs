//! How a metric's interval is made: what a catalogue row names.

use super::bootstrap::bootstrap_interval;
use super::estimate::Estimate;
use super::jackknife::jackknife;
use super::scheme::Scheme;

/// How an interval is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorBar {
    /// Delete-a-group jackknife, t interval around the bias-corrected value.
    JackknifeCorrected,
    /// The same, where that interval lies above zero. Where there is no more than chance, only noise is left, whose spread the
    /// jackknife counts twice: it then covers 99 %.
    JackknifeOfExcess,
    /// That of the inverse, turned over: of a quotient by what may be next to nothing.
    InverseOfExcess,
    /// Delete-a-group jackknife, t interval around the value.
    Jackknife,
    /// The same, where no more than a third of the value is its bias at this N. Of a distance that is mostly bias hardly more
    /// is left than what pairs of rows say together, which the jackknife counts twice: it then covers 98 to 99 %.
    JackknifeOfDistance,
    /// Bootstrap of the group means within each class, normal interval around the value.
    Bootstrap,
    /// Half-samples of the jackknife's groups, t interval around the value.
    HalfSamples,
    /// Wilson's interval of a share of rows that nothing was fitted on.
    Share,
    /// Wilson's interval of a share of held-out rows, which needs a split to hold out; without one no interval, and why.
    HeldOut(&'static str),
    /// No interval, and why.
    None(&'static str),
}

impl ErrorBar {
    /// Whether the interval is around the value less its bias.
    pub fn is_corrected(self) -> bool {
        matches!(
            self,
            Self::JackknifeCorrected | Self::JackknifeOfExcess | Self::InverseOfExcess
        )
    }

    /// Whether there is an interval.
    pub fn resamples(self) -> bool {
        !matches!(self, Self::None(_))
    }

    /// How it is found, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::JackknifeCorrected => {
                "delete-a-group jackknife, 10 groups within classes; 95 % t interval around the bias-corrected value"
            }
            Self::JackknifeOfExcess => {
                "delete-a-group jackknife, 10 groups within classes; 95 % t interval around the bias-corrected value, none \
                 where it would reach zero"
            }
            Self::InverseOfExcess => {
                "delete-a-group jackknife of the inverse, 10 groups within classes; 95 % t interval around the bias-corrected \
                 inverse, turned over, none where it would reach zero"
            }
            Self::Jackknife => "delete-a-group jackknife, 10 groups within classes; 95 % t interval around the value",
            Self::JackknifeOfDistance => {
                "delete-a-group jackknife, 10 groups within classes; 95 % t interval around the value, none where more than \
                 a third of the value is its bias at this N"
            }
            Self::Bootstrap => "bootstrap of 10 group means within each class; 95 % normal interval around the value",
            Self::HalfSamples => {
                "18 pairs of complementary half-samples of 10 groups within classes; 95 % t interval around the value"
            }
            Self::Share => {
                "95 % Wilson interval of the scored rows, given the fit; values without each of 10 groups of scored rows go with \
                 it, so that models are compared on the same rows"
            }
            Self::HeldOut(_) => "95 % Wilson interval of rows held out from a train split; none without one",
            Self::None(reason) => reason,
        }
    }

    /// What a record says its replicates come from.
    pub fn scheme(self) -> Option<Scheme> {
        match self {
            Self::JackknifeCorrected | Self::JackknifeOfExcess | Self::InverseOfExcess => {
                Some(Scheme::JackknifeCorrected)
            }
            Self::Jackknife | Self::JackknifeOfDistance => Some(Scheme::Jackknife),
            Self::Bootstrap => Some(Scheme::Bootstrap),
            Self::HalfSamples => Some(Scheme::HalfSamples),
            Self::Share | Self::HeldOut(_) => Some(Scheme::Wilson),
            Self::None(_) => None,
        }
    }

    /// What it makes of a value and its replicates.
    ///
    /// # Errors
    /// Why it makes nothing.
    pub fn estimate(self, value: f64, replicates: &[f64]) -> std::result::Result<Estimate, String> {
        let above_zero = |e: Estimate| {
            if e.low > 0.0 {
                return Ok(e);
            }
            Err(
                "it would reach zero, where there may be nothing but noise, whose spread the jackknife counts twice"
                    .to_owned(),
            )
        };
        match self {
            Self::Bootstrap => Ok(bootstrap_interval(value, replicates)),
            Self::Jackknife | Self::HalfSamples => Ok(jackknife(value, replicates, false)),
            Self::JackknifeCorrected => Ok(jackknife(value, replicates, true)),
            Self::JackknifeOfDistance => match mostly_bias(value, replicates) {
                Some(reason) => Err(reason),
                None => Ok(jackknife(value, replicates, false)),
            },
            Self::JackknifeOfExcess => above_zero(jackknife(value, replicates, true)),
            Self::InverseOfExcess => {
                let inverses: Vec<f64> = replicates.iter().map(|r| r.recip()).collect();
                let inverse = above_zero(jackknife(value.recip(), &inverses, true))
                    .map_err(|why| format!("of its inverse {why}"))?;
                Ok(Estimate {
                    std_error: inverse.std_error / inverse.corrected.powi(2),
                    low: inverse.high.recip(),
                    high: inverse.low.recip(),
                    corrected: inverse.corrected.recip(),
                })
            }
            Self::Share => Err("a share has the interval of its rows".to_owned()),
            Self::HeldOut(reason) | Self::None(reason) => Err(reason.to_owned()),
        }
    }
}

/// The share of a value that may be bias for its jackknife to be of use.
const MOST_BIAS: f64 = 1.0 / 3.0;

/// Why a value whose replicates show more bias than that has no interval.
pub fn mostly_bias(value: f64, replicates: &[f64]) -> Option<String> {
    let bias = value - jackknife(value, replicates, true).corrected;
    (bias.abs() > MOST_BIAS * value.abs()).then(|| {
        let share = match (bias / value).abs() {
            share if share < 1.0 => format!("{:.0} % of the value is its bias at this N", 100.0 * share),
            _ => "the value is no larger than its bias at this N".to_owned(),
        };
        format!("{share}, where the jackknife counts twice what pairs of rows say together")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::jackknife::GROUPS;

    #[test]
    fn a_quotient_has_the_interval_of_its_inverse() {
        let inverses: Vec<f64> = (0..GROUPS).map(|g| 4.0 + g as f64 / 100.0).collect();
        let of_inverse = jackknife(4.1, &inverses, true);
        let values: Vec<f64> = inverses.iter().map(|x| x.recip()).collect();
        let e = ErrorBar::InverseOfExcess.estimate(4.1f64.recip(), &values).unwrap();
        assert!((e.low * of_inverse.high - 1.0).abs() < 1e-14 && (e.high * of_inverse.low - 1.0).abs() < 1e-14);
        assert!((e.std_error * of_inverse.corrected.powi(2) / of_inverse.std_error - 1.0).abs() < 1e-14);
        let scattered: Vec<f64> = (0..GROUPS).map(|g| if g < 5 { 0.1 } else { 9.0 }).collect();
        let why = ErrorBar::InverseOfExcess.estimate(0.3, &scattered).unwrap_err();
        assert!(why.starts_with("of its inverse it would reach zero"), "{why}");
    }

    #[test]
    fn a_distance_that_is_mostly_bias_is_told() {
        // 3 + 70/N at N = 100 and 90: 0.7 of 3.7 are bias; 1 + 70/N: 0.7 of 1.7.
        assert_eq!(mostly_bias(3.7, &[3.0 + 70.0 / 90.0; GROUPS]), None);
        let told = mostly_bias(1.7, &[1.0 + 70.0 / 90.0; GROUPS]).unwrap();
        assert!(told.starts_with("41 % of the value"), "{told}");
        // What is nothing but bias is no share of the value.
        for value in [1e-40, 0.0] {
            let told = mostly_bias(value, &[1.0; GROUPS]).unwrap();
            assert!(told.starts_with("the value is no larger than its bias"), "{told}");
        }
        // Two equal sets have no bias.
        assert_eq!(mostly_bias(0.0, &[0.0; GROUPS]), None);
    }
}
