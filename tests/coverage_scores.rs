//! How often the 95 % intervals of transferability scores hold the truth, on synthetic data.
//!
//! Slow: `cargo test --test coverage_scores -- --ignored` runs it and rewrites reports/coverage-scores.md.
#![cfg(feature = "analysis")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use common::coverage::{Coverage, normal};
use common::{LabelledFeatures, named, plan};
use featscope::analysis::{Plan, analyse};
use featscope::stats::generator;
use ndarray::Array2;
use rayon::prelude::*;

const REPLICATES: u64 = 1_000;

const METRICS: [&str; 13] = [
    "logme",
    "h_score",
    "h_score_shrunk",
    "transrate",
    "gbc",
    "sfda",
    "parc",
    "tmi",
    "ncti_seli",
    "ncti_ncc",
    "ncti_variability",
    "leep",
    "nce",
];

/// Normal classes around means of their own.
struct World {
    name: &'static str,
    counts: Vec<usize>,
    d: usize,
    /// Standard deviation of class means over that of rows.
    apart: f64,
    /// Standard deviation of rows.
    scale: f64,
}

impl World {
    fn draw(&self, replicate: u64) -> LabelledFeatures {
        let mut fixed = generator(92, 0);
        let means = Array2::from_shape_fn((self.counts.len(), self.d), |_| self.apart * normal(&mut fixed));
        let mut rng = generator(replicate, 20);
        let counts = self.counts.iter().enumerate();
        let classes: Vec<usize> = counts.flat_map(|(c, &n)| std::iter::repeat_n(c, n)).collect();
        let rows = Array2::from_shape_fn((classes.len(), self.d), |(i, j)| {
            self.scale * (means[[classes[i], j]] + normal(&mut rng))
        });
        (rows, classes)
    }
}

/// A value and its interval, where it has one.
type Seen = (f64, Option<(f64, f64)>);

#[test]
#[ignore = "a simulation of several minutes"]
fn intervals_hold_the_truth() {
    let world = |name, counts, d, apart, scale| World {
        name,
        counts,
        d,
        apart,
        scale,
    };
    let worlds = [
        world("clear classes", vec![40; 8], 12, 0.8, 1.0),
        world("weak classes", vec![50; 6], 20, 0.25, 1.0),
        world("unequal classes", vec![20, 30, 40, 60, 80, 120], 10, 0.6, 1.0),
        world("large features", vec![40; 6], 16, 0.6, 5.0),
        world("large and clear features", vec![60; 5], 10, 1.0, 4.0),
        world("many rows", vec![150; 5], 8, 0.8, 1.0),
        world("fewer rows than channels", vec![20; 4], 100, 0.4, 1.0),
    ];
    let mut report = String::from(
        "# How often the 95 % intervals of transferability scores hold the truth\n\nWritten by `cargo test --test coverage_scores -- \
         --ignored`: 1,000 replicates of each synthetic population. The truth is the mean over the replicates: the expectation at this \
         number of rows.\n\n| population | metric | truth | spread | with interval | coverage |\n|---|---|---|---|---|---|\n",
    );
    let plan = Plan {
        pre: Vec::new(),
        eval: Vec::new(),
        ..plan(&METRICS, &[])
    };
    let mut wrong = Vec::new();
    for world in &worlds {
        let runs: Vec<Vec<(String, Seen)>> = (0..REPLICATES)
            .into_par_iter()
            .map(|r| {
                let sets = [named(world.draw(r), |subject| "logits".clone_into(&mut subject.layer))];
                let analysis = analyse(&sets, &plan, &|_| ()).unwrap();
                let seen = |r: featscope::results::Record| Some((r.metric, (r.value?, r.ci_low.zip(r.ci_high))));
                analysis.results.records.into_iter().filter_map(seen).collect()
            })
            .collect();
        let mut by_metric: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        for (metric, seen) in runs.into_iter().flatten() {
            by_metric.entry(metric).or_default().push(seen);
        }
        for (metric, seen) in &by_metric {
            let truth = seen.iter().map(|s| s.0).sum::<f64>() / seen.len() as f64;
            let spread = (seen.iter().map(|s| (s.0 - truth).powi(2)).sum::<f64>() / seen.len() as f64).sqrt();
            let coverage = Coverage::of(truth, seen.iter().map(|s| s.1));
            let _ = writeln!(
                report,
                "| {} | {metric} | {truth:.4} | {spread:.1e} | {:.0} % | {} |",
                world.name,
                coverage.with_interval,
                coverage.shown()
            );
            if coverage.is_off() {
                wrong.push(format!("{}: {metric} covers {}", world.name, coverage.shown()));
            }
        }
    }
    std::fs::write(
        concat!(env!("CARGO_MANIFEST_DIR"), "/reports/coverage-scores.md"),
        report,
    )
    .unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
