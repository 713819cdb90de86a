//! What a probe says of the scored rows, and what that is worth.

use std::cmp::Ordering;

use crate::error::{Error, Result};

/// What one probe says of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The class predicted, among those of the fitting rows.
    pub class: u32,
    /// Whether it is the row's.
    pub right: bool,
    /// Whether the row's class is among the five of highest score.
    pub among_five: bool,
    /// Probability of the row's class; NaN where the probe gives none.
    pub chance: f64,
    /// -log of it; infinite for a class that no fitting row has.
    pub nll: f64,
    /// Probability of the predicted class; NaN where the probe gives none.
    pub confidence: f64,
}

/// Classes whose predictions are told apart by rank.
const AMONG: usize = 5;

impl Prediction {
    /// From the score of each class, and the row's class where the fitting rows have it. Equal scores go by class.
    pub fn of_scores(scores: &[f64], truth: Option<usize>) -> Self {
        let mut best = 0;
        for (c, score) in scores.iter().enumerate() {
            if score.total_cmp(&scores[best]) == Ordering::Greater {
                best = c;
            }
        }
        let rank = |own: usize| {
            let above = |(c, score): (usize, &f64)| {
                let by_score = score.total_cmp(&scores[own]);
                by_score == Ordering::Greater || (by_score == Ordering::Equal && c < own)
            };
            scores.iter().enumerate().filter(|&one| above(one)).count()
        };
        Self {
            class: best as u32,
            right: truth == Some(best),
            among_five: truth.is_some_and(|own| rank(own) < AMONG),
            chance: f64::NAN,
            nll: f64::NAN,
            confidence: f64::NAN,
        }
    }

    /// The same with the probability of each class, `nll` being -log of that of the row's.
    #[must_use]
    pub fn with_chances(self, chances: &[f64], truth: Option<usize>, nll: f64) -> Self {
        Self {
            chance: truth.map_or(0.0, |own| chances[own]),
            nll: if truth.is_some() { nll } else { f64::INFINITY },
            confidence: chances[self.class as usize],
            ..self
        }
    }
}

/// What a probe says of all scored rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// One for each scored row.
    pub all: Vec<Prediction>,
    /// Class of each row, among those of the scored rows.
    pub classes: Vec<u32>,
    /// Jackknife group of each row.
    pub groups: Vec<u8>,
    /// Classes of the fitting rows, C.
    pub known: usize,
}

impl Predictions {
    /// The predictions of the rows outside one jackknife group, or of all, with their classes.
    fn kept(&self, without: Option<usize>) -> impl Iterator<Item = (&Prediction, u32)> {
        let rows = self.all.iter().zip(&self.classes).zip(&self.groups);
        rows.filter(move |(_, group)| Some(usize::from(**group)) != without)
            .map(|((prediction, class), _)| (prediction, *class))
    }

    fn mean(&self, without: Option<usize>, of_row: impl Fn(&Prediction) -> f64) -> Result<f64> {
        mean(self.kept(without).map(|(prediction, _)| of_row(prediction)))
    }
}

const NO_ROW: &str = "no labelled row is scored";

fn mean(values: impl Iterator<Item = f64>) -> Result<f64> {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    match n > 0.0 {
        true => Ok(sum / n),
        false => Err(Error::undefined(NO_ROW)),
    }
}

/// The share of rows whose class is predicted.
///
/// # Errors
/// Undefined without rows.
pub fn top1(found: &Predictions, without: Option<usize>) -> Result<f64> {
    found.mean(without, |p| f64::from(u8::from(p.right)))
}

/// The share of rows whose class is among the five of highest score.
///
/// # Errors
/// Undefined without rows, and for five classes or fewer, where it is always 1.
pub fn top5(found: &Predictions, without: Option<usize>) -> Result<f64> {
    if found.known <= AMONG {
        return Err(Error::undefined(format!(
            "of {} classes every one is among the top {AMONG}",
            found.known
        )));
    }
    found.mean(without, |p| f64::from(u8::from(p.among_five)))
}

/// The mean over classes of the share of a class's rows that are predicted right.
///
/// # Errors
/// Undefined without rows.
pub fn class_mean(found: &Predictions, without: Option<usize>) -> Result<f64> {
    let count = found.classes.iter().max().map_or(0, |&most| most as usize + 1);
    let mut tallies = vec![(0.0, 0.0); count];
    for (prediction, class) in found.kept(without) {
        let tally = &mut tallies[class as usize];
        tally.0 += f64::from(u8::from(prediction.right));
        tally.1 += 1.0;
    }
    mean(tallies.iter().filter(|t| t.1 > 0.0).map(|t| t.0 / t.1))
}

/// The mean of -log p of a row's class.
///
/// # Errors
/// Undefined without rows, and for rows of a class that no fitting row has.
pub fn nll(found: &Predictions, without: Option<usize>) -> Result<f64> {
    if found.all.iter().any(|p| p.nll.is_infinite()) {
        return Err(Error::undefined(
            "rows of a class that no fitting row has are infinitely unlikely",
        ));
    }
    found.mean(without, |p| p.nll)
}

/// Bins of the calibration error.
const BINS: usize = 15;

/// The expected calibration error of the top class: rows in order of confidence are cut into 15 bins of equal mass, equal
/// confidences never parted (a run of them goes to the bin of its first row); the mean over rows of |share right - mean
/// confidence| of their bins.
///
/// # Errors
/// Undefined without rows.
pub fn calibration_error(found: &Predictions, without: Option<usize>) -> Result<f64> {
    let mut rows: Vec<(f64, f64)> = found
        .kept(without)
        .map(|(p, _)| (p.confidence, f64::from(u8::from(p.right))))
        .collect();
    if rows.is_empty() {
        return Err(Error::undefined(NO_ROW));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut bins = [(0.0, 0.0); BINS];
    let mut at = 0;
    for run in rows.chunk_by(|a, b| a.0 == b.0) {
        let bin = &mut bins[at * BINS / rows.len()];
        bin.0 += run.iter().map(|r| r.0).sum::<f64>();
        bin.1 += run.iter().map(|r| r.1).sum::<f64>();
        at += run.len();
    }
    Ok(bins.iter().map(|(sure, right)| (sure - right).abs()).sum::<f64>() / rows.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predictions(rows: &[(f64, bool)]) -> Predictions {
        let one = |&(confidence, right): &(f64, bool)| Prediction {
            class: 0,
            right,
            among_five: right,
            chance: confidence,
            nll: -confidence.ln(),
            confidence,
        };
        Predictions {
            all: rows.iter().map(one).collect(),
            classes: (0..rows.len()).map(|i| (i % 2) as u32).collect(),
            groups: (0..rows.len()).map(|i| (i % 10) as u8).collect(),
            known: 6,
        }
    }

    #[test]
    fn equal_scores_go_by_class() {
        let p = Prediction::of_scores(&[0.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0], Some(2));
        assert_eq!((p.class, p.right, p.among_five), (1, false, true));
        let p = Prediction::of_scores(&[0.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0], Some(6));
        assert!(!p.among_five);
        assert!(!Prediction::of_scores(&[1.0, 0.0], None).right);
    }

    #[test]
    fn shares_and_class_means_are_those_counted_by_hand() {
        let p = predictions(&[(0.9, true), (0.9, true), (0.5, false), (0.5, true)]);
        assert_eq!(top1(&p, None).unwrap(), 0.75);
        assert_eq!(top1(&p, Some(0)).unwrap(), 2.0 / 3.0);
        assert_eq!(class_mean(&p, None).unwrap(), 0.75);
        assert_eq!(class_mean(&p, Some(0)).unwrap(), 0.5);
        let few = Predictions { known: 5, ..p };
        assert!(top5(&few, None).unwrap_err().to_string().contains("of 5 classes"));
    }

    #[test]
    fn equal_confidences_share_a_bin() {
        // All alike: one bin, |0.5 - 0.7|.
        let p = predictions(&[(0.7, true), (0.7, false), (0.7, true), (0.7, false)]);
        assert!((calibration_error(&p, None).unwrap() - 0.2).abs() < 1e-15);
        // Two runs in two bins: (2 |0.5 - 0.5| + 2 |0.9 - 0.5|) / 4.
        let p = predictions(&[(0.9, true), (0.5, false), (0.5, true), (0.9, false)]);
        assert!((calibration_error(&p, None).unwrap() - 0.2).abs() < 1e-15);
    }
}
