//! Metrics of class moments.

use rayon::prelude::*;

use crate::analysis::outcome::{Outcome, some_of};
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::{PlannedMetric, replicates};
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::FromClasses;
use crate::stats::{ClassMoments, can_resample, in_range, resampled, resamples};
use crate::uncertainty::ErrorBar;

/// The class moments of the rows as they are, and of unit rows where a metric wants them.
struct Both {
    plain: ClassMoments,
    unit: Option<ClassMoments>,
}

impl Both {
    fn of(&self, normalised: bool) -> &ClassMoments {
        match &self.unit {
            Some(unit) if normalised => unit,
            _ => &self.plain,
        }
    }
}

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromClasses>], plan: &Plan) -> Vec<Outcome> {
    let normalised = asked.iter().any(|asked| asked.eval.normalised);
    let both = |group: Option<usize>| {
        let moments = |normalised| side.summary.classes_without(group, normalised);
        Both {
            plain: moments(false),
            unit: normalised.then(|| moments(true)),
        }
    };
    let whole = both(None);
    let rows = whole.plain.counts().iter().sum();
    let without = |group| Ok(both(Some(group)));
    let of_groups = replicates(asked, rows, without, |eval, part| {
        (eval.value)(part.of(eval.normalised))
    });
    asked
        .iter()
        .zip(of_groups)
        .map(|(asked, of_groups)| {
            let classes = whole.of(asked.eval.normalised);
            let replicates = match asked.metric.error {
                ErrorBar::Bootstrap => bootstrap(side, asked.eval, plan.seed),
                _ => of_groups,
            };
            let mut outcome = outcome(side, asked, classes, replicates);
            if asked.metric.error == ErrorBar::Bootstrap {
                outcome.defined_by("seed", plan.seed);
            }
            outcome
        })
        .collect()
}

/// The values of a metric on resamples of the groups within each class.
fn bootstrap(side: &Side, eval: FromClasses, seed: u64) -> Result<Vec<f64>> {
    if eval.normalised {
        return Err(Error::undefined("unit rows are not bootstrapped"));
    }
    can_resample(&side.summary, side.class_names())?;
    (0..resamples(side.classes() as usize, side.summary.width))
        .into_par_iter()
        .map(|b| {
            let [drawn] = resampled([&side.summary], seed, b);
            (eval.value)(&drawn)
        })
        .collect()
}

fn outcome(
    side: &Side,
    asked: &PlannedMetric<FromClasses>,
    classes: &ClassMoments,
    replicates: Result<Vec<f64>>,
) -> Outcome {
    let FromClasses {
        value,
        null,
        rows: least,
        ..
    } = asked.eval;
    let replicates = survives(classes, side, least).and(replicates);
    // Squares that vanish look like classes that are single points.
    let found = in_range(side.summary.measurable()).and_then(|()| value(classes));
    let mut outcome = Outcome::new(found).with_replicates(asked.metric, replicates);
    of_classes(&mut outcome, side, classes, least);
    if outcome.value.is_ok() {
        outcome.null_value = null.map(|null| null(classes));
    }
    outcome
}

/// Rows, width and classes of a class metric, with notes on what is left out.
pub fn of_classes(outcome: &mut Outcome, side: &Side, classes: &ClassMoments, least: u64) {
    let names = side.class_names();
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

/// Checks that every class that takes part keeps enough rows when any one group is left out. Classes are fixed: a resample
/// with other classes would estimate something else.
pub fn survives(classes: &ClassMoments, side: &Side, least: u64) -> Result<()> {
    let names = side.class_names();
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
