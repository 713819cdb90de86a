//! Metrics of a linear classifier of the data sets, scored on rows it has not seen.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::sides::{SidePair, check_both, say_rows};
use super::slices::along;
use crate::analysis::limits::too_wide;
use crate::analysis::outcome::{Outcome, few_rows};
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::domain_classifier::{DomainClassifier, domain_classifier, wrong};
use crate::metrics::{DomainScores, FromDomain};
use crate::stats::joint_centre;
use crate::uncertainty::GROUPS;

/// Rows on the wrong side below which ten groups do not show the spread of an error rate.
const ERRORS_FOR_INTERVAL: f64 = 10.0;

/// The outcomes of these metrics. A replicate leaves a group out of everything: the classifiers are made anew.
pub fn outcomes((pre, eval): SidePair, asked: &[PlannedMetric<FromDomain>], plan: &Plan) -> Vec<Outcome> {
    let scores = check_both((pre, eval)).and_then(|()| held_out(pre, eval));
    let scores = scores.as_ref().map_err(Error::clone);
    let without = match asked.iter().any(PlannedMetric::resamples) {
        true => scores.clone().and_then(|s| {
            shows_spread(s)?;
            held_out_without_each_group(pre, eval)
        }),
        false => Ok(Vec::new()),
    };
    let outcome = |asked: &PlannedMetric<FromDomain>| {
        let FromDomain { value, null } = asked.eval;
        let replicates = without.as_ref().map_err(Error::clone);
        let replicates = replicates.and_then(|all| all.iter().map(value).collect());
        let mut outcome = Outcome::new(scores.clone().and_then(value)).with_replicates(asked.metric, replicates);
        outcome.defined_by("folds", GROUPS);
        say_rows(&mut outcome, (pre, eval), [&pre.rows, &eval.rows], plan);
        outcome.n = (pre.rows.len() + eval.rows.len()) as u64;
        if outcome.value.is_ok() {
            outcome.null_value = Some(null);
            let effect = "a classifier made from more rows could tell the data sets apart better";
            let least = pre.summary.rows.min(eval.summary.rows);
            outcome.notes.extend(few_rows(least, pre.summary.width as u64, effect));
        }
        outcome
    };
    asked.iter().map(outcome).collect()
}

/// Every held row of both sides, scored by the classifier made without its group.
fn held_out(pre: &Side, eval: &Side) -> Result<DomainScores> {
    let made: Vec<DomainClassifier> = (0..GROUPS)
        .into_par_iter()
        .map(|g| classifier(pre, eval, [g, g]))
        .collect::<Result<_>>()?;
    Ok(scored(pre, eval, &all_scores(pre, eval, &made), None, |own, _| own))
}

/// The same without the rows of each group, in scoring and in making the classifiers: one for each pair of groups.
fn held_out_without_each_group(pre: &Side, eval: &Side) -> Result<Vec<DomainScores>> {
    let made: Vec<DomainClassifier> = pairs()
        .par_iter()
        .map(|&pair| classifier(pre, eval, pair))
        .collect::<Result<_>>()?;
    let scores = all_scores(pre, eval, &made);
    Ok((0..GROUPS)
        .map(|left_out| scored(pre, eval, &scores, Some(left_out), place))
        .collect())
}

/// Every pair of groups.
fn pairs() -> Vec<[usize; 2]> {
    (0..GROUPS).flat_map(|h| (0..h).map(move |g| [g, h])).collect()
}

/// The place of a pair of groups, in either order, among [`pairs`].
fn place(one: usize, other: usize) -> usize {
    let (g, h) = (one.min(other), one.max(other));
    // The pairs of smaller h come first: 1 + 2 + … + (h - 1) of them.
    h * h.saturating_sub(1) / 2 + g
}

/// The classifier made without two groups (or one, named twice) of both sides.
fn classifier(pre: &Side, eval: &Side, without: [usize; 2]) -> Result<DomainClassifier> {
    let moments = |side: &Side| {
        side.summary
            .moments_of(|g| !without.contains(&g), false)
            .ok_or_else(|| too_wide(side.summary.width, "covariance is"))
    };
    domain_classifier(&moments(pre)?, &moments(eval)?)
}

/// The scores of the held rows of each side by each of some classifiers (rows, classifiers).
fn all_scores(pre: &Side, eval: &Side, classifiers: &[DomainClassifier]) -> [Array2<f64>; 2] {
    let centre = joint_centre(&pre.rows, &eval.rows);
    let mut weights = Array2::zeros((classifiers.len(), centre.len()));
    let mut borders = Array1::zeros(classifiers.len());
    for (i, classifier) in classifiers.iter().enumerate() {
        weights.row_mut(i).assign(&classifier.weights);
        borders[i] = classifier.weights.dot(&(&classifier.midpoint - &centre));
    }
    [&pre.rows, &eval.rows].map(|rows| along(rows, &centre, weights.view()) - &borders)
}

/// The rows outside the group left out, each by the classifier at the place that its own group and that one name.
fn scored(
    pre: &Side,
    eval: &Side,
    scores: &[Array2<f64>; 2],
    left_out: Option<usize>,
    place: impl Fn(usize, usize) -> usize,
) -> DomainScores {
    let mut all = DomainScores {
        scores: Vec::new(),
        is_eval: Vec::new(),
        groups: Vec::new(),
    };
    for ((rows, scores), is_eval) in [&pre.rows, &eval.rows].into_iter().zip(scores).zip([false, true]) {
        for (&group, scores) in rows.groups().iter().zip(scores.outer_iter()) {
            let own = usize::from(group);
            if Some(own) != left_out {
                all.scores.push(scores[place(own, left_out.unwrap_or(own))]);
                all.is_eval.push(is_eval);
                all.groups.push(group);
            }
        }
    }
    all
}

/// Checks that the groups show how the held-out figures vary: all have rows of both sides, and not all rows are told apart.
fn shows_spread(s: &DomainScores) -> Result<()> {
    let holds =
        |g: usize, eval: bool| (0..s.scores.len()).any(|i| usize::from(s.groups[i]) == g && s.is_eval[i] == eval);
    if (0..GROUPS).any(|g| !holds(g, false) || !holds(g, true)) {
        return Err(Error::undefined(format!(
            "the rows are too few for {GROUPS} groups of both data sets"
        )));
    }
    let errors: f64 = s
        .scores
        .iter()
        .zip(&s.is_eval)
        .map(|(&score, &eval)| wrong(score, eval))
        .sum();
    if errors < ERRORS_FOR_INTERVAL {
        return Err(Error::undefined(format!(
            "only {errors} held-out rows are on the wrong side: too few to show a spread"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_groups_is_found_in_either_order() {
        for (i, [g, h]) in pairs().into_iter().enumerate() {
            assert_eq!([place(g, h), place(h, g)], [i; 2]);
        }
        assert_eq!(pairs().len(), GROUPS * (GROUPS - 1) / 2);
    }
}
