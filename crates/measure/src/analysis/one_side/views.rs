//! Metrics of views of the same images.

use crate::analysis::image_views::Viewed;
use crate::analysis::limits::MOST_WORK;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::FromViews;
use crate::metrics::transferability::Score;
use crate::uncertainty::{GROUPS, ROWS_FOR_GROUPS, leave_one_out_in_turn};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromViews>], plan: &Plan) -> Vec<Outcome> {
    let of_one = |asked: &PlannedMetric<FromViews>| match &side.views {
        Some(viewed) => outcome(side, viewed, asked, plan),
        None => {
            let mut outcome = Outcome::new(Err(Error::undefined(
                "its rows are no views of images: their ids do not end in #view and a number; extract features with --views",
            )));
            (outcome.n, outcome.d) = (side.summary.rows, side.summary.width as u64);
            outcome
        }
    };
    asked.iter().map(of_one).collect()
}

fn outcome(side: &Side, viewed: &Viewed, asked: &PlannedMetric<FromViews>, plan: &Plan) -> Outcome {
    let score = |without: Option<usize>| {
        let sums = viewed.sums.as_ref().map_err(Error::clone)?;
        (asked.eval.value)(&sums.scatter(without)?)
    };
    let whole = score(None);
    let replicates = match (&whole, enough(side, viewed)) {
        (
            Ok(Score {
                no_interval: Some(reason),
                ..
            }),
            _,
        ) if asked.resamples() => Err(Error::undefined(*reason)),
        (Ok(_), Ok(())) if asked.resamples() => {
            leave_one_out_in_turn(ROWS_FOR_GROUPS, |group| Ok(score(Some(group))?.value))
        }
        (_, Err(error)) if asked.resamples() => Err(error),
        _ => Ok(Vec::new()),
    };
    let mut outcome = Outcome::of_score(whole, asked.metric, replicates);
    outcome.n = viewed.rows as u64;
    outcome.d = side.summary.width as u64;
    outcome.found("images", viewed.drawn);
    outcome.found("views", viewed.views.1);
    if viewed.views.0 < viewed.views.1 {
        outcome.found("fewest_views", viewed.views.0);
    }
    if viewed.drawn < viewed.images {
        outcome.defined_by("images_drawn", viewed.drawn);
        outcome.defined_by("images_of", viewed.images);
        outcome.defined_by("seed", plan.seed);
    }
    if outcome.value.is_ok() && viewed.drawn <= side.summary.width {
        outcome.notes.push(format!(
            "{} images have at most {} directions, fewer than the {} channels",
            viewed.drawn,
            viewed.drawn - 1,
            side.summary.width
        ));
    }
    outcome
}

/// Checks that ten values without some of the images can be had, and show a spread.
fn enough(side: &Side, viewed: &Viewed) -> Result<()> {
    if (viewed.drawn as u64) < ROWS_FOR_GROUPS {
        return Err(Error::undefined(format!(
            "{} images are too few for {GROUPS} groups of them",
            viewed.drawn
        )));
    }
    let (n, d) = (viewed.drawn as f64, side.summary.width as f64);
    let work = d * d * n.min(d) + 10.0 * n.min(d).powi(3) + if n > d { 20.0 * d.powi(3) } else { d.powi(3) };
    if GROUPS as f64 * work > MOST_WORK {
        return Err(Error::undefined(
            "ten values without some of the images would take minutes at this size",
        ));
    }
    Ok(())
}
