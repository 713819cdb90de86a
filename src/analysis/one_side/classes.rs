//! Metrics of class moments.

use rayon::prelude::*;

use super::super::bootstrap::{can_resample, resampled, resamples};
use super::super::kinds::{Chosen, replicates_where_used};
use super::super::outcome::{Outcome, some_of};
use super::super::{Plan, Side};
use crate::error::{Error, Result};
use crate::metrics::{ErrorBar, Eval};
use crate::stats::{ClassMoments, OUT_OF_RANGE};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let normalised = metrics.iter().any(|(_, e)| is_normalised(*e));
    // The class moments as they are, and of unit rows where a metric wants them.
    let both = |group: Option<usize>| {
        let of = |normalised| side.summary.classes_without(group, normalised);
        (of(false), normalised.then(|| of(true)))
    };
    let of_either = |eval: Eval, (plain, unit): &(ClassMoments, Option<ClassMoments>)| match (eval, unit) {
        (
            Eval::Classes {
                value,
                normalised: true,
                ..
            },
            Some(unit),
        ) => value(unit),
        (Eval::Classes { value, .. }, _) => value(plain),
        _ => unreachable!("only class metrics come here"),
    };
    let (plain, unit) = both(None);
    let rows = plain.counts().iter().sum();
    let mut resampled = replicates_where_used(metrics, rows, |group| Ok(both(Some(group))), of_either).into_iter();
    metrics
        .iter()
        .map(|&chosen| {
            let classes = match &unit {
                Some(of_unit_rows) if is_normalised(chosen.1) => of_unit_rows,
                _ => &plain,
            };
            let of_groups = resampled.next().expect("one for each metric");
            let replicates = match chosen.0.error {
                ErrorBar::Bootstrap => bootstrap(side, chosen.1, plan.seed),
                _ => of_groups,
            };
            outcome(side, chosen, classes, replicates, plan)
        })
        .collect()
}

/// The values of a metric of the rows as they are on resamples of the groups within each class.
fn bootstrap(side: &Side, eval: Eval, seed: u64) -> Result<Vec<f64>> {
    let Eval::Classes {
        value,
        normalised: false,
        ..
    } = eval
    else {
        unreachable!("no metric of unit rows is bootstrapped");
    };
    can_resample(side)?;
    let classes = side.labels().map_or(0, |l| l.classes());
    (0..resamples(classes, side.summary.width))
        .into_par_iter()
        .map(|b| {
            let [drawn] = resampled([&side.summary], seed, b);
            value(&drawn)
        })
        .collect()
}

fn is_normalised(eval: Eval) -> bool {
    matches!(eval, Eval::Classes { normalised: true, .. })
}

fn outcome(
    side: &Side,
    (metric, eval): Chosen,
    classes: &ClassMoments,
    replicates: Result<Vec<f64>>,
    plan: &Plan,
) -> Outcome {
    let Eval::Classes {
        value,
        null,
        rows: least,
        ..
    } = eval
    else {
        unreachable!("only class metrics come here");
    };
    let replicates = survives(classes, side, least).and(replicates);
    // Squares that vanish look like classes that are single points.
    let found = match side.summary.measurable() {
        true => value(classes),
        false => Err(Error::undefined(OUT_OF_RANGE)),
    };
    let mut outcome = Outcome::new(found, plan.conventions.describe(metric)).with_replicates(metric, replicates);
    of_classes(&mut outcome, side, classes, least);
    if outcome.value.is_ok() {
        outcome.null_value = null.map(|null| null(classes));
    }
    outcome
}

/// Rows, width and classes of a class metric, with notes on what is left out.
pub fn of_classes(outcome: &mut Outcome, side: &Side, classes: &ClassMoments, least: u64) {
    let names = side.labels().map(|l| l.names()).unwrap_or_default();
    let used = |c: &usize| classes.counts()[*c] >= least;
    outcome.n = (0..classes.classes()).filter(used).map(|c| classes.counts()[c]).sum();
    outcome.d = side.summary.width as u64;
    outcome.classes = (0..classes.classes()).filter(used).count() as u64;
    let left_out: Vec<&str> = (0..classes.classes())
        .filter(|c| !used(c))
        .map(|c| names[c].as_str())
        .collect();
    if !left_out.is_empty() {
        outcome
            .notes
            .push(format!("left out, with fewer than two rows: {}", some_of(&left_out)));
    }
    let unlabelled = side.summary.rows - classes.counts().iter().sum::<u64>();
    if unlabelled > 0 {
        outcome
            .notes
            .push(format!("{unlabelled} rows without a label are left out"));
    }
}

/// Whether every class that takes part keeps enough rows when any one group is left out. Classes are fixed: a resample
/// with other classes would estimate something else.
pub fn survives(classes: &ClassMoments, side: &Side, least: u64) -> Result<()> {
    let names = side.labels().map(|l| l.names()).unwrap_or_default();
    for c in (0..classes.classes()).filter(|&c| classes.counts()[c] >= least) {
        let largest = side
            .summary
            .parts
            .iter()
            .map(|p| p.classes.counts()[c])
            .max()
            .unwrap_or(0);
        if classes.counts()[c] - largest < least {
            let n = classes.counts()[c];
            let plural = if n == 1 { "row" } else { "rows" };
            return Err(Error::undefined(format!("class {} has only {n} {plural}", names[c])));
        }
    }
    Ok(())
}
