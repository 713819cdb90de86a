//! Records of one data set.

mod channel_values;
mod channels;
mod class_distances;
mod class_spectra;
mod classes;
mod duality;
mod neighbours;
mod norms;
mod probes;
mod ranks;
mod residuals;
mod row_distances;
mod rows_used;
mod scores;
mod spectra;
mod trees;
mod views;

pub use channels::correlation;
use scores::LOGITS;
pub use spectra::values as values_of_spectra;

use super::kinds::OneSided;
use super::plan::Plan;
use super::plan_outcomes::{OptionalInputs, PlanOutcomes};
use super::preconditions::unlabelled;
use super::side::Side;
use crate::error::Result;
use crate::metrics::Sides;
use crate::results::{Record, Table};

/// All one-sided records of a side, and the tables that come with them.
pub fn records(side: &Side, plan: &Plan) -> Result<(Vec<Record>, Vec<Table>)> {
    let unlabelled = unlabelled(&[side.set]);
    let has = OptionalInputs {
        probed: side.probed.is_some(),
        logits: side.set.subject().layer == LOGITS,
        views: side.views.is_some(),
    };
    let (mut run, kinds) = PlanOutcomes::start(plan, Sides::One, unlabelled.as_deref(), has);
    let OneSided {
        classes,
        residuals,
        each_class,
        values,
        channels,
        ranks,
        spectra,
        within,
        by_class,
        neighbours,
        norms,
        trees,
        views,
        probes,
        duality,
        episodes,
        scores,
    } = kinds.one_sided;
    run.kind(&classes, |asked| classes::outcomes(side, asked, plan));
    run.kind(&residuals, |asked| residuals::outcomes(side, asked));
    run.kind(&each_class, |asked| class_spectra::outcomes(side, asked));
    run.kind(&values, |asked| channel_values::outcomes(side, asked));
    run.kind(&channels, |asked| channels::outcomes(side, asked));
    run.kind(&ranks, |asked| ranks::outcomes(side, asked, plan));
    run.kind(&spectra, |asked| spectra::outcomes(side, asked));
    run.kind(&within, |asked| row_distances::outcomes(side, asked, plan));
    run.kind(&by_class, |asked| class_distances::outcomes(side, asked, plan));
    run.kind(&neighbours, |asked| neighbours::outcomes(side, asked, plan));
    run.kind(&norms, |asked| norms::outcomes(side, asked, plan));
    run.kind(&trees, |asked| trees::outcomes(side, asked, plan));
    run.kind(&views, |asked| views::outcomes(side, asked, plan));
    run.kind(&probes, |asked| probes::outcomes(side, asked, plan));
    // After the probes, whose fit it shares.
    run.kind(&duality, |asked| duality::outcomes(side, asked, plan));
    run.kind(&episodes, |asked| probes::of_episodes(side, asked, plan));
    run.kind(&scores, |asked| scores::outcomes(side, asked, plan));
    let outcomes = run.finish();
    let pass = side.seconds / outcomes.len().max(1) as f64;
    let sides = side.record();
    let (mut records, mut tables) = (Vec::with_capacity(outcomes.len()), Vec::new());
    for (asked, mut outcome, seconds) in outcomes {
        if unlabelled.is_some() && asked.metric.eval.needs().labels {
            (outcome.n, outcome.d) = (side.summary.rows, side.summary.width as u64);
        }
        tables.extend(std::mem::replace(&mut outcome.tables, Ok(Vec::new()))?);
        records.push(outcome.into_record(&asked, sides.clone(), pass + seconds));
    }
    Ok((records, tables))
}
