//! Seconds and memory of each family of metrics on features of real shapes, error bars included.
//!
//! `cargo bench --profile dev --bench families -- [FAMILY or SHAPE...]`: all of both when nothing is named. Timings of one
//! machine: compare them within one run only.

use std::time::Instant;

use featscope::analysis::{Plan, analyse, similarity};
use featscope::features::{FeatureSet, Labels, Matrix};
use featscope::metrics::{FAMILIES, select, select_matched};
use featscope::stats::generator;
use ndarray::Array2;
use rand::Rng as _;
use rayon::prelude::*;

/// Layers people have, by name: rows, width, classes.
const SHAPES: &[(&str, usize, usize, usize)] = &[
    ("resnet50-pool", 50_000, 2048, 1000),
    ("vit-b-cls", 50_000, 768, 1000),
    ("small", 5_000, 128, 10),
];

/// Rows that metrics of pairs of rows look at: what `--rows` would be.
const ROWS: usize = 10_000;

/// Positive, correlated features like those after a ReLU: classes apart, 64 factors that channels share, and noise.
fn features(model: &str, name: &str, rows: usize, d: usize, classes: usize, seed: u64) -> Box<dyn FeatureSet> {
    const FACTORS: usize = 64;
    let mut rng = generator(seed, 0);
    let mixing = Array2::from_shape_fn((FACTORS, d), |_| rng.random_range(-0.3..0.3));
    let means = Array2::from_shape_fn((classes, d), |_| rng.random_range(-0.5..0.7));
    let blocks: Vec<Array2<f64>> = (0..rows.div_ceil(1000))
        .into_par_iter()
        .map(|block| {
            let mut rng = generator(seed, 1 + block as u64);
            let n = 1000.min(rows - block * 1000);
            let factors = Array2::from_shape_fn((n, FACTORS), |_| rng.random_range(-1.0..1.0));
            let mut out = factors.dot(&mixing);
            for (i, mut row) in out.outer_iter_mut().enumerate() {
                let class = (block * 1000 + i) % classes;
                for (x, m) in row.iter_mut().zip(means.row(class)) {
                    let noise: f64 = rng.random_range(-0.5..0.5);
                    *x = f64::from((*x + m + noise).max(0.0) as f32);
                }
            }
            out
        })
        .collect();
    let views: Vec<_> = blocks.iter().map(|b| b.view()).collect();
    let matrix = ndarray::concatenate(ndarray::Axis(0), &views).expect("blocks of one width");
    let names: Vec<String> = (0..rows).map(|i| format!("class {}", i % classes)).collect();
    Box::new(Matrix::new(model, name, matrix, Some(Labels::from_names(&names))).expect("finite features"))
}

/// The most memory this process held so far, in MB, where the system says so.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let shape_named = SHAPES.iter().any(|s| words.iter().any(|w| w == s.0));
    let family_named = FAMILIES.iter().any(|f| words.iter().any(|w| w == f.id));
    println!("{:<14} {:<24} {:>9} {:>9}", "shape", "family", "seconds", "peak MB");
    for &(shape, rows, d, classes) in SHAPES {
        if shape_named && !words.iter().any(|w| w == shape) {
            continue;
        }
        let sets = [
            features("bench", "pre", rows, d, classes, 1),
            features("bench", "eval", rows / 5, d, classes / 10, 2),
        ];
        for family in FAMILIES {
            if family_named && !words.iter().any(|w| w == family.id) {
                continue;
            }
            let words = vec![family.id.to_owned()];
            // Two models on the same images.
            let matched = family.metrics.iter().all(|m| m.is_matched());
            let other = matched.then(|| [features("other", "pre", rows, d, classes, 3)]);
            let plan = Plan {
                metrics: if matched {
                    select_matched(&words)
                } else {
                    select(&words)
                }
                .expect("a family"),
                pre: vec!["pre".to_owned()],
                eval: vec!["eval".to_owned()],
                rows: Some(ROWS),
                command: "bench".to_owned(),
                ..Plan::default()
            };
            let start = Instant::now();
            let records = match &other {
                Some(other) => similarity(&sets[..1], Some(other), &plan, &|_| ()).map(|results| results.records),
                None => analyse(&sets, &plan, &|_| ()).map(|analysis| analysis.results.records),
            }
            .expect("an analysis");
            let seconds = start.elapsed().as_secs_f64();
            assert!(records.iter().any(|r| r.value.is_some()), "{} gave nothing", family.id);
            let peak = peak().map_or("?".to_owned(), |mb| format!("{mb:.0}"));
            println!("{shape:<14} {:<24} {seconds:>9.2} {peak:>9}", family.id);
        }
    }
}
