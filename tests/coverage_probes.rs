//! How often the 95 % intervals of probes hold the truth, on synthetic data.
//!
//! Slow: `cargo test --test coverage_probes -- --ignored` runs it and rewrites reports/coverage-probes.md.
#![cfg(feature = "analysis")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use common::coverage::{Coverage, normal};
use common::{LabelledFeatures, named, plan};
use featscope::analysis::{Plan, analyse};
use featscope::features::FeatureSet;
use featscope::stats::generator;
use ndarray::Array2;
use rayon::prelude::*;

const REPLICATES: u64 = 1_000;

const METRICS: [&str; 10] = [
    "knn_top1",
    "ncm_top1",
    "ridge_top1",
    "linear_top1",
    "linear_top5",
    "linear_class_mean",
    "linear_nll",
    "linear_ece",
    "fewshot_1",
    "fewshot_5",
];

/// Normal classes around means of their own.
struct World {
    name: &'static str,
    /// Fitting and scored rows of each class.
    counts: [Vec<usize>; 2],
    d: usize,
    /// Standard deviation of class means over that of rows.
    apart: f64,
}

impl World {
    fn draw(&self, side: usize, replicate: u64) -> LabelledFeatures {
        let mut fixed = generator(91, 0);
        let means = Array2::from_shape_fn((self.counts[0].len(), self.d), |_| self.apart * normal(&mut fixed));
        let mut rng = generator(replicate, 20 + side as u64);
        let counts = self.counts[side].iter().enumerate();
        let classes: Vec<usize> = counts.flat_map(|(c, &n)| std::iter::repeat_n(c, n)).collect();
        let rows = Array2::from_shape_fn((classes.len(), self.d), |(i, j)| {
            means[[classes[i], j]] + normal(&mut rng)
        });
        (rows, classes)
    }
}

/// A value and its interval, where it has one.
type Seen = (f64, Option<(f64, f64)>);

#[test]
#[ignore = "a simulation of several minutes"]
fn intervals_hold_the_truth() {
    let worlds = [
        World {
            name: "clear classes",
            counts: [vec![40; 8], vec![50; 8]],
            d: 12,
            apart: 0.8,
        },
        World {
            name: "weak classes",
            counts: [vec![40; 6], vec![60; 6]],
            d: 20,
            apart: 0.25,
        },
        World {
            name: "unequal classes",
            counts: [vec![20, 30, 40, 60, 80, 120], vec![10, 20, 40, 60, 90, 180]],
            d: 10,
            apart: 0.6,
        },
        World {
            name: "few scored rows",
            counts: [vec![40; 6], vec![10; 6]],
            d: 10,
            apart: 0.6,
        },
    ];
    let mut report = String::from(
        "# How often the 95 % intervals of probes hold the truth\n\nWritten by `cargo test --test coverage_probes -- --ignored`: \
         1,000 replicates of the scored rows of each synthetic population, the fitting rows being the same in all. The truth is \
         the mean over the replicates: what the fitted probe does on further rows. Under *folds* one set is fitted and scored by \
         cross-validation and drawn anew in each replicate; the interval is of the scored rows given the fits, so that it lacks \
         what other fitting rows would have changed.\n\n| population | fitted on | metric | truth | with interval | coverage \
         |\n|---|---|---|---|---|---|\n",
    );
    let conventions: Vec<String> = METRICS
        .iter()
        .filter(|id| id.starts_with("linear"))
        .map(|id| format!("{id}.lambda=0.01"))
        .collect();
    let conventions: Vec<&str> = conventions.iter().map(String::as_str).collect();
    let plan = Plan {
        pre: Vec::new(),
        eval: Vec::new(),
        ..plan(&METRICS, &conventions)
    };
    let mut wrong = Vec::new();
    for (world, folds) in worlds.iter().flat_map(|world| [(world, false), (world, true)]) {
        let runs: Vec<Vec<(String, Seen)>> = (0..REPLICATES)
            .into_par_iter()
            .map(|r| {
                let split = |name: &str, data| -> Box<dyn FeatureSet> {
                    named(data, |subject| subject.split = name.to_owned())
                };
                let mut sets = vec![split("test", world.draw(1, r))];
                if !folds {
                    sets.push(split("train", world.draw(0, 0)));
                }
                let analysis = analyse(&sets, &plan, &|_| ()).unwrap();
                let seen = |r: featscope::results::Record| Some((r.metric, (r.value?, r.ci_low.zip(r.ci_high))));
                analysis.results.records.into_iter().filter_map(seen).collect()
            })
            .collect();
        let mut by_metric: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        for (metric, seen) in runs.into_iter().flatten() {
            by_metric.entry(metric).or_default().push(seen);
        }
        let fitted = if folds { "folds" } else { "train" };
        for (metric, seen) in &by_metric {
            let truth = seen.iter().map(|s| s.0).sum::<f64>() / seen.len() as f64;
            let coverage = Coverage::of(truth, seen.iter().map(|s| s.1));
            let _ = writeln!(
                report,
                "| {} | {fitted} | {metric} | {truth:.4} | {:.0} % | {} |",
                world.name,
                coverage.with_interval,
                coverage.shown()
            );
            if coverage.is_off() && !folds {
                wrong.push(format!("{}: {metric} covers {}", world.name, coverage.shown()));
            }
        }
    }
    std::fs::write(
        concat!(env!("CARGO_MANIFEST_DIR"), "/reports/coverage-probes.md"),
        report,
    )
    .unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
