//! A linear classifier of the pretraining and the evaluation data, and how well it does on rows it has not seen.

use ndarray::Array1;

use super::distance::covariances;
use super::inputs::DomainScores;
use crate::error::{Error, Result};
use crate::linalg::solve_definite;
use crate::stats::Moments;
use crate::uncertainty::GROUPS;

/// Weight of the mean variance on the diagonal of the domain classifier's covariance.
const SHRINKAGE: f64 = 0.1;

/// Scores that differ by no more than this share of the largest are equal.
const TIED: f64 = 1e-13;

/// A linear classifier of the two data sets: score w·(x - midpoint), positive on the side of the evaluation data.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainClassifier {
    /// w (d).
    pub weights: Array1<f64>,
    /// The point between the two means (d).
    pub midpoint: Array1<f64>,
}

/// Linear discriminant analysis with equal priors: w = S⁻¹ (mu_eval - mu_pre), S the mean of the two covariances (ddof 0)
/// with a tenth of it replaced by its mean variance.
///
/// # Errors
/// Undefined with fewer than two rows on a side, where both sides are constant, and for squares beyond 64 bits.
pub fn domain_classifier(pre: &Moments, eval: &Moments) -> Result<DomainClassifier> {
    let [a, b] = covariances(pre, eval)?;
    let biased = |m: &Moments| (m.n() - 1) as f64 / m.n() as f64 / 2.0;
    let mut shrunk = a * biased(pre);
    shrunk.scaled_add(biased(eval), &b);
    let level = shrunk.diag().sum() / shrunk.nrows() as f64;
    if level == 0.0 {
        return Err(Error::undefined("every channel is constant within both data sets"));
    }
    shrunk *= 1.0 - SHRINKAGE;
    shrunk.diag_mut().iter_mut().for_each(|x| *x += SHRINKAGE * level);
    let apart = eval.mean() - pre.mean();
    Ok(DomainClassifier {
        midpoint: pre.mean() + &(&apart * 0.5),
        weights: solve_definite(shrunk, apart)?,
    })
}

/// The scores of the rows of one group, of the pretraining and of the evaluation data.
fn fold(s: &DomainScores, group: u8) -> [Vec<f64>; 2] {
    let side = |eval: bool| {
        (0..s.scores.len())
            .filter(|&i| s.groups[i] == group && s.is_eval[i] == eval)
            .map(|i| s.scores[i])
            .collect()
    };
    [side(false), side(true)]
}

/// P(score of an evaluation row > score of a pretraining row), ties half: by ranks.
fn area(pre: &[f64], eval: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = pre.iter().map(|&s| (s, false)).collect();
    all.extend(eval.iter().map(|&s| (s, true)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Scores of equal rows differ by rounding.
    let tied = TIED * all.iter().fold(0.0f64, |most, (score, _)| most.max(score.abs()));
    let (mut below, mut wins) = (0.0, 0.0);
    for tied in all.chunk_by(|a, b| b.0 - a.0 <= tied) {
        let of_eval = tied.iter().filter(|(_, eval)| *eval).count() as f64;
        let of_pre = tied.len() as f64 - of_eval;
        wins += of_eval * (below + of_pre / 2.0);
        below += of_pre;
    }
    wins / (pre.len() as f64 * eval.len() as f64)
}

/// The mean over groups of the area under the curve of the group's rows, scored by the classifier of the other groups:
/// scores of different classifiers are not compared.
///
/// # Errors
/// Undefined where no group has rows of both sides.
pub fn domain_auc(s: &DomainScores) -> Result<f64> {
    let areas: Vec<f64> = (0..GROUPS as u8)
        .map(|g| fold(s, g))
        .filter(|[pre, eval]| !pre.is_empty() && !eval.is_empty())
        .map(|[pre, eval]| area(&pre, &eval))
        .collect();
    if areas.is_empty() {
        return Err(Error::undefined("no group of held-out rows has rows of both data sets"));
    }
    Ok(areas.iter().sum::<f64>() / areas.len() as f64)
}

/// 2 (1 - 2 err), err the mean of the two sides' shares of held-out rows on the wrong side.
///
/// # Errors
/// Undefined where a side has no rows.
pub fn proxy_a_distance(s: &DomainScores) -> Result<f64> {
    let mut shares = [(0.0, 0.0); 2];
    for (&score, &eval) in s.scores.iter().zip(&s.is_eval) {
        let share = &mut shares[usize::from(eval)];
        share.0 += wrong(score, eval);
        share.1 += 1.0;
    }
    if shares.iter().any(|(_, rows)| *rows == 0.0) {
        return Err(Error::undefined("no held-out rows of one data set"));
    }
    let error = shares.iter().map(|(wrong, rows)| wrong / rows).sum::<f64>() / 2.0;
    Ok(2.0 * (1.0 - 2.0 * error))
}

/// 1 for a row on the wrong side, ½ for one on the border.
pub fn wrong(score: f64, eval: bool) -> f64 {
    match (score == 0.0, (score > 0.0) == eval) {
        (true, _) => 0.5,
        (false, true) => 0.0,
        (false, false) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn an_area_counts_pairs_in_order_and_ties_half() {
        // Pairs (pre, eval): 1<2, 1<3, 3>2, 3=3, 0<2, 0<3: 4.5 of 6.
        assert!((area(&[1.0, 3.0, 0.0], &[2.0, 3.0]) - 0.75).abs() < 1e-15);
        assert_eq!(area(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(area(&[1.0, 1.0], &[1.0]), 0.5);
        assert_eq!(area(&[1.0 + 1e-15, 4.0], &[1.0, 4.0 - 1e-15]), 0.5);
    }

    #[test]
    fn a_classifier_that_never_errs_is_two_away_and_one_that_guesses_none() {
        let scores = |scores: &[f64]| DomainScores {
            scores: scores.to_vec(),
            is_eval: (0..scores.len()).map(|i| i % 2 == 1).collect(),
            groups: vec![0; scores.len()],
        };
        let right = scores(&[-1.0, 1.0, -2.0, 0.5]);
        assert_eq!(proxy_a_distance(&right).unwrap(), 2.0);
        assert_eq!(domain_auc(&right).unwrap(), 1.0);
        let nothing = scores(&[0.0, 0.0, 0.0, 0.0]);
        assert_eq!(proxy_a_distance(&nothing).unwrap(), 0.0);
        assert_eq!(domain_auc(&nothing).unwrap(), 0.5);
        let one_sided = DomainScores {
            is_eval: vec![true; 4],
            ..right
        };
        assert!(domain_auc(&one_sided).is_err() && proxy_a_distance(&one_sided).is_err());
    }

    #[test]
    fn the_classifier_looks_along_the_means_where_channels_are_alike() {
        // Both sides: variance 1 (ddof 0) in each channel, no covariance; means 4 apart in the first.
        let square = array![[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
        let moments = |x: &Array2<f64>| {
            let mut m = Moments::new(2);
            m.update(x.view());
            m
        };
        let (a, b) = (moments(&square), moments(&(&square + &array![4.0, 0.0])));
        let found = domain_classifier(&a, &b).unwrap();
        assert!((found.weights[0] - 4.0).abs() < 1e-14 && found.weights[1].abs() < 1e-14);
        assert_eq!(found.midpoint, array![2.0, 0.0]);
        let constant = moments(&Array2::from_elem((4, 2), 3.0));
        assert!(domain_classifier(&constant, &constant).is_err());
    }
}
