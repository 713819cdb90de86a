//! How often the 95 % intervals of metrics of views hold the truth, on synthetic data.
//!
//! Slow: `cargo test --test coverage_views -- --ignored` runs it and rewrites reports/coverage-views.md.
#![cfg(feature = "analysis")]

mod common;

use std::fmt::Write as _;

use common::coverage::{Coverage, normal};
use featscope::metrics::Eval;
use featscope::metrics::find;
use featscope::stats::{Rows, ViewSums, generator};
use featscope::uncertainty::jackknife;
use ndarray::Array2;
use rayon::prelude::*;

const REPLICATES: u64 = 1_000;

/// The value, those without each group, and whether there is an interval.
type Seen = (f64, Vec<f64>, bool);

/// Images at normal points, views around them, in channels whose spread falls as a power of their number.
struct World {
    name: &'static str,
    images: usize,
    views: usize,
    d: usize,
    /// Powers by which the spread of images and of views falls from channel to channel.
    falling: (f64, f64),
    /// Standard deviation of views over that of images, in the first channel.
    noise: f64,
    scale: f64,
}

impl World {
    fn draw(&self, replicate: u64) -> ViewSums {
        let mut rng = generator(replicate, 20);
        let of_channel = |j: usize, power: f64| self.scale * ((j + 1) as f64).powf(-power);
        let mut rows = Array2::zeros((self.images * self.views, self.d));
        for image in 0..self.images {
            let place: Vec<f64> = (0..self.d)
                .map(|j| of_channel(j, self.falling.0) * normal(&mut rng))
                .collect();
            for view in 0..self.views {
                for (j, x) in rows.row_mut(image * self.views + view).iter_mut().enumerate() {
                    *x = place[j] + self.noise * of_channel(j, self.falling.1) * normal(&mut rng);
                }
            }
        }
        let of_image = |image: usize| (image * self.views..(image + 1) * self.views).collect();
        let images: Vec<Vec<usize>> = (0..self.images).map(of_image).collect();
        ViewSums::new(&Rows::of(rows), &images)
    }
}

#[test]
#[ignore = "a simulation of several minutes"]
fn intervals_hold_the_truth() {
    let world = |name, (images, views), d, falling, noise, scale| World {
        name,
        images,
        views,
        d,
        falling,
        noise,
        scale,
    };
    let worlds = [
        world("many images", (400, 5), 16, (1.0, 0.5), 0.5, 1.0),
        world("few images", (60, 8), 24, (0.5, 0.5), 0.5, 1.0),
        world("fewer images than channels", (50, 6), 80, (1.0, 0.7), 0.3, 1.0),
        world("two views", (300, 2), 20, (1.0, 0.5), 0.7, 1.0),
        world("views differ as images do", (200, 5), 16, (0.5, 0.5), 1.0, 1.0),
        world("the same in two views", (200, 2), 16, (0.5, 0.5), 1.0, 1.0),
        world("nearly as images do", (200, 5), 16, (0.6, 0.5), 1.0, 1.0),
        world("features of small scale", (200, 5), 16, (1.0, 0.5), 0.5, 0.01),
    ];
    let Some(Eval::Views(metric)) = find("lidar").map(|m| m.eval) else {
        panic!("no metric of views");
    };
    let mut report = String::from(
        "# How often the 95 % intervals of metrics of views hold the truth\n\nWritten by `cargo test --test coverage_views -- --ignored`: \
         1,000 replicates of each synthetic population. The truth is the mean over the replicates: the expectation at this number of \
         images and views. Around the value, and for comparison around the value less the jackknife's bias.\n\n| population | truth | \
         spread | mean standard error | with interval | coverage | around the corrected value |\n|---|---|---|---|---|---|---|\n",
    );
    let mut wrong = Vec::new();
    for world in &worlds {
        let value = |sums: &ViewSums, without| (metric.value)(&sums.scatter(without).unwrap()).unwrap().value;
        let has_one = |sums: &ViewSums| {
            (metric.value)(&sums.scatter(None).unwrap())
                .unwrap()
                .no_interval
                .is_none()
        };
        let seen: Vec<Seen> = (0..REPLICATES)
            .into_par_iter()
            .map(|r| {
                let sums = world.draw(r);
                let without = (0..10).map(|g| value(&sums, Some(g))).collect();
                (value(&sums, None), without, has_one(&sums))
            })
            .collect();
        let mean = |pick: &dyn Fn(&Seen) -> f64| seen.iter().map(pick).sum::<f64>() / seen.len() as f64;
        let truth = mean(&|s| s.0);
        let spread = mean(&|s| (s.0 - truth).powi(2)).sqrt();
        let error = mean(&|s| jackknife(s.0, &s.1, false).std_error);
        let coverage = |corrected| {
            let interval = |s: &Seen| {
                let found = jackknife(s.0, &s.1, corrected);
                s.2.then_some((found.low, found.high))
            };
            Coverage::of(truth, seen.iter().map(interval))
        };
        let (own, corrected) = (coverage(false), coverage(true));
        let _ = writeln!(
            report,
            "| {} | {truth:.4} | {spread:.1e} | {error:.1e} | {:.0} % | {} | {} |",
            world.name,
            own.with_interval,
            own.shown(),
            corrected.shown()
        );
        if own.is_off() {
            wrong.push(format!("{}: {}", world.name, own.shown()));
        }
    }
    println!("{report}");
    std::fs::write(
        concat!(env!("CARGO_MANIFEST_DIR"), "/reports/coverage-views.md"),
        report,
    )
    .unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
