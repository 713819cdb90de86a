//! What a run measures: the settings of an experiment as those of an analysis.

use crate::analysis::Suite;
use crate::cli::analyze::{ExtraOutputs, What};
use crate::cli::experiment::Experiment;
use crate::compare::distinct;
use crate::features::Role;

/// A report shows pictures.
pub(super) const PICTURES: ExtraOutputs = ExtraOutputs {
    tables: true,
    convergence: false,
};

/// What the experiment wants measured.
pub(super) fn settings(experiment: &Experiment, threads: Option<u16>) -> What {
    let named = |role| {
        let sets = experiment.datasets.iter().filter(|data| data.role == role);
        distinct(sets.map(|data| data.name.clone()))
    };
    let chosen = &experiment.analysis;
    What {
        pre: named(Role::Pre),
        eval: named(Role::Eval),
        fit: experiment.probe.fit.clone(),
        score: experiment.probe.score.clone(),
        groups: experiment
            .probe
            .groups
            .iter()
            .map(|file| file.display().to_string())
            .collect(),
        fit_sd: experiment.probe.fit_sd,
        suites: experiment
            .suites
            .iter()
            .map(|suite| Suite {
                name: suite.name.clone(),
                datasets: suite.datasets.clone(),
            })
            .collect(),
        metrics: if chosen.metrics.is_empty() {
            vec!["all".to_owned()]
        } else {
            chosen.metrics.clone()
        },
        convention: chosen.convention.clone(),
        k: chosen.k,
        seed: experiment.seed,
        threads,
        ..What::default()
    }
}
