//! LEEP and NCE: what a classifier's own classes say of the target classes.

use super::nleep::leep as of_posteriors;
use crate::error::Result;
use crate::metrics::labelled::{Labelled, Score, softmax_rows};

/// The share of the information that may be chance for rows to show its spread.
const MOST_CHANCE: f64 = 1.0 / 3.0;

/// The mean over rows of log sum_z P(y|z) θ_z(x), θ the softmax of the logits.
///
/// # Errors
/// Undefined where a class has a probability below what 64 bits hold.
pub fn leep(rows: &Labelled) -> Result<Score> {
    let mut theta = rows.raw();
    softmax_rows(&mut theta);
    Ok(of_posteriors(&theta, rows.classes(), rows.count())?.into())
}

/// -H(Y|Z), Z the largest logit, the first of equal ones.
///
/// # Errors
/// None of its own.
pub fn nce(rows: &Labelled) -> Result<Score> {
    let logits = rows.raw();
    let mut joint = vec![vec![0.0f64; rows.count()]; rows.width()];
    for (row, &class) in logits.outer_iter().zip(rows.classes()) {
        let first = |most: (usize, f64), (z, &x): (usize, &f64)| if x > most.1 { (z, x) } else { most };
        let (z, _) = row.iter().enumerate().fold((0, f64::NEG_INFINITY), first);
        joint[z][class as usize] += 1.0;
    }
    let of_source = |counts: &Vec<f64>| {
        let all: f64 = counts.iter().sum();
        let held = counts.iter().filter(|c| **c > 0.0);
        held.map(|c| c * (all / c).ln()).sum::<f64>()
    };
    let n = rows.len() as f64;
    let value = 0.0 - joint.iter().map(of_source).sum::<f64>() / n;
    // What counts of nothing but chance would add to the information that is shared (Miller 1955).
    let filled = joint.iter().flatten().filter(|c| **c > 0.0).count() as f64;
    let sources = joint.iter().filter(|counts| counts.iter().any(|c| *c > 0.0)).count() as f64;
    let chance = (filled - sources - rows.count() as f64 + 1.0) / (2.0 * n);
    let shares = rows.moments().counts.iter().map(|c| c / n);
    let shared = value - shares.map(|p| p * p.ln()).sum::<f64>();
    Ok(Score {
        value,
        found: Vec::new(),
        no_interval: (chance > MOST_CHANCE * shared)
            .then_some("more than a third of what it tells of the classes is chance at this N"),
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::test_rows::of_base;
    use super::*;

    #[test]
    fn nce_is_the_entropy_of_classes_given_the_largest_logit() {
        // The first source class has classes 0, 0, 1, the second 1, 1.
        let logits = array![[2.0, 1.0], [3.0, 0.0], [1.0, 1.0], [0.0, 1.0], [-1.0, 4.0]];
        of_base(&logits, &[0, 0, 1, 1, 1], |rows| {
            let expected = (2.0 * (2.0f64 / 3.0).ln() + (1.0f64 / 3.0).ln()) / 5.0;
            assert!((nce(rows).unwrap().value - expected).abs() < 1e-15);
        });
    }
}
