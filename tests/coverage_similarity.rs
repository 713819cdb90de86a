//! How often the 95 % intervals of similarity hold the truth, on synthetic data.
//!
//! Slow: `cargo test --test coverage_similarity -- --ignored` runs it and rewrites reports/coverage-similarity.md. To look at some
//! metrics only, which are then printed: `FEATSCOPE_COVERAGE=cka,rsa cargo test --test coverage_similarity -- --ignored --nocapture`.
#![cfg(feature = "analysis")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use common::coverage::{Coverage, normal};
use common::{plan, similar};
use featscope::metrics::find;
use featscope::results::DEFAULT;
use featscope::stats::generator;
use ndarray::{Array1, Array2};
use rayon::prelude::*;

const REPLICATES: u64 = 1_000;

/// A value and its interval, where it has one.
type Seen = (f64, Option<(f64, f64)>);

/// Two representations of latent rows: classes of the same spread around means, seen through fixed random matrices, each
/// with noise of its own.
struct World {
    name: &'static str,
    counts: Vec<usize>,
    widths: [usize; 2],
    latent: usize,
    /// Standard deviation of class means over that of rows.
    apart: f64,
    /// Standard deviation of each side's own noise.
    noise: f64,
    /// Whether directions fall off as 1 / k, as features' do.
    falling: bool,
}

impl World {
    /// Class means and both sides' views of the latent rows: fixed by the world, not by the replicate.
    fn fixed(&self) -> (Array2<f64>, [Array2<f64>; 2]) {
        let mut rng = generator(91, 0);
        let means = Array2::from_shape_fn((self.counts.len(), self.latent), |_| self.apart * normal(&mut rng));
        let views = self.widths.map(|d| {
            Array2::from_shape_fn((self.latent, d), |(k, _)| {
                normal(&mut rng) / if self.falling { (k + 1) as f64 } else { 1.0 }
            })
        });
        (means, views)
    }

    /// Rows of both sides, `times` as many as the world has.
    fn draw(&self, replicate: u64, times: usize) -> ((Array2<f64>, Vec<usize>), Array2<f64>) {
        let (means, views) = self.fixed();
        let mut rng = generator(replicate, 20);
        let classes: Vec<usize> = self
            .counts
            .iter()
            .enumerate()
            .flat_map(|(c, &n)| std::iter::repeat_n(c, n * times))
            .collect();
        let [mut x, mut y] = self.widths.map(|d| Array2::zeros((classes.len(), d)));
        for (i, &c) in classes.iter().enumerate() {
            let latent = Array1::from_shape_fn(self.latent, |k| means[[c, k]] + normal(&mut rng));
            for (side, view) in [&mut x, &mut y].into_iter().zip(&views) {
                let seen = latent.dot(view);
                side.row_mut(i)
                    .assign(&seen.mapv(|s| s + self.noise * normal(&mut rng)));
            }
        }
        ((x, classes), y)
    }
}

#[test]
#[ignore = "a simulation of several minutes"]
fn intervals_hold_the_truth() {
    let worlds = [
        World {
            name: "alike",
            counts: vec![50; 6],
            widths: [16, 12],
            latent: 10,
            apart: 1.0,
            noise: 1.0,
            falling: false,
        },
        World {
            name: "falling spectrum",
            counts: vec![40; 8],
            widths: [32, 24],
            latent: 20,
            apart: 0.7,
            noise: 0.2,
            falling: true,
        },
        World {
            name: "hardly alike",
            counts: vec![300],
            widths: [24, 24],
            latent: 4,
            apart: 0.0,
            noise: 4.0,
            falling: false,
        },
        World {
            name: "unrelated",
            counts: vec![300],
            widths: [10, 10],
            latent: 1,
            apart: 0.0,
            noise: 1e6,
            falling: false,
        },
        World {
            name: "fewer rows than channels",
            counts: vec![15; 4],
            widths: [80, 70],
            latent: 12,
            apart: 1.0,
            noise: 1.0,
            falling: true,
        },
        World {
            name: "unequal classes",
            counts: vec![15, 30, 60, 120, 240],
            widths: [12, 12],
            latent: 12,
            apart: 0.5,
            noise: 0.1,
            falling: false,
        },
    ];
    let asked = std::env::var("FEATSCOPE_COVERAGE").ok();
    let metrics: Vec<&str> = asked.as_deref().unwrap_or("similarity").split(',').collect();
    // Both kernels of CKA.
    let has_cka = metrics.contains(&"similarity") || metrics.contains(&"cka");
    let mut report = String::from(
        "# How often the 95 % intervals of similarity hold the truth\n\nWritten by `cargo test --test coverage_similarity -- \
         --ignored`: 1,000 replicates of each synthetic pair of representations. For metrics whose estimand is the population's \
         value the truth comes from 20 times as many rows (mean of 20 such sets), for those whose estimand is the expectation at this N it is the mean \
         over the replicates.\n\n| population | metric | truth | mean value | with interval | coverage |\n\
         |---|---|---|---|---|---|\n",
    );
    let mut wrong = Vec::new();
    for world in &worlds {
        let run = |replicate: u64, times: usize, metrics: &[&str]| {
            let (x, y) = world.draw(replicate, times);
            similar(x, y, &plan(metrics, &[])).records
        };
        let both = |replicate: u64| {
            let mut records = run(replicate, 1, &metrics);
            if has_cka {
                let (x, y) = world.draw(replicate, 1);
                records.extend(similar(x, y, &plan(&["cka"], &["cka=rbf"])).records);
            }
            records
        };
        let population = ["cka_debiased", "rsa"];
        let sets = match metrics.iter().any(|m| *m == "similarity" || population.contains(m)) {
            true => 20u64,
            false => 0,
        };
        let large: Vec<_> = (0..sets)
            .into_par_iter()
            .map(|r| run(10_000 + r, 20, &population))
            .collect();
        let truth = |metric: &str| {
            let values = large.iter().flatten().filter(|r| r.metric == metric);
            let values: Vec<f64> = values.filter_map(|r| r.value).collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        let runs: Vec<_> = (0..REPLICATES).into_par_iter().map(both).collect();
        let mut by_metric: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        for r in runs.into_iter().flatten() {
            if let Some(value) = r.value {
                let name = match r.variant.as_str() {
                    DEFAULT => r.metric,
                    variant => format!("{}={variant}", r.metric),
                };
                by_metric
                    .entry(name)
                    .or_default()
                    .push((value, r.ci_low.zip(r.ci_high)));
            }
        }
        for (metric, seen) in &by_metric {
            let mean = seen.iter().map(|s| s.0).sum::<f64>() / seen.len() as f64;
            let of_population = find(metric).is_some_and(|m| m.estimand.contains("population"));
            let truth = if of_population { truth(metric) } else { mean };
            let coverage = Coverage::of(truth, seen.iter().map(|s| s.1));
            let _ = writeln!(
                report,
                "| {} | {metric} | {truth:.4} | {mean:.4} | {:.0} % | {} |",
                world.name,
                coverage.with_interval,
                coverage.shown()
            );
            if coverage.is_off() {
                wrong.push(format!("{}: {metric} covers {}", world.name, coverage.shown()));
            }
        }
    }
    if asked.is_some() {
        println!("{report}");
        return;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/reports/coverage-similarity.md");
    std::fs::write(path, report).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
