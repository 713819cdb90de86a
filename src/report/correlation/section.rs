//! The section of a report on which number predicts transfer.

use super::conclusions::closing;
use super::ranked::{best, ranked};
use super::tables::overall;
use crate::compare::correlate::{Correlation, Evidence, Measured, Statistic};
use crate::report::template::Shown;
use crate::results::Results;

/// Models below which a report has no section: what predicts transfer among fewer is anyone's guess.
const FEWEST_IN_REPORTS: usize = 5;

/// Scores of a report's section.
const MOST_IN_REPORTS: usize = 10;

/// The section of a report.
#[derive(serde::Serialize)]
pub(in crate::report) struct Predictors {
    /// What it comes to.
    lines: Vec<String>,
    /// The best scores and all baselines.
    table: Shown,
}

impl Predictors {
    /// The agreements in results that hold probes of at least five models at this layer.
    pub fn of(results: &Results, layer: &str) -> Option<Self> {
        let measured = Measured::new(results, Some(layer)).ok()?;
        let mut evidence = Evidence::default();
        let probe = measured.accuracies(None, &mut evidence).ok()?;
        measured.scores(None, Some(&probe), &mut evidence).ok()?;
        let correlation = Correlation::new(&evidence, &results.command, Vec::new(), results.seed).ok()?;
        if correlation.models.len() < FEWEST_IN_REPORTS {
            return None;
        }
        let statistic = Statistic::WeightedTau;
        let ranked = ranked(&correlation, statistic);
        let mut shown = best(&ranked, MOST_IN_REPORTS);
        shown.retain(|r| r.value.is_some());
        let mut table = overall(&correlation, statistic, &shown);
        table.notes.truncate(1);
        let left_out = ranked.len() - shown.len();
        if left_out > 0 {
            table
                .notes
                .push(format!("{left_out} more scores: featscope correlate shows them."));
        }
        let accuracies = format!("Accuracies are {probe}.");
        let lines = closing(&correlation, statistic).into_iter().chain([accuracies]);
        Some(Self {
            lines: lines.collect(),
            table: Shown::new(table),
        })
    }
}
