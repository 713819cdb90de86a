//! Each metric's declared laws, on data that a property test makes up.
#![cfg(feature = "analysis")]

mod common;

use std::collections::BTreeMap;
use std::sync::Mutex;

use common::{Formula, analyse_pair, matched, noise, plan, similar};
use featscope::metrics::{Law, Metric, all, find};
use ndarray::{Array2, Axis};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

type Data = (Array2<f64>, Vec<usize>);

fn rotation(d: usize, seed: u64) -> Array2<f64> {
    // Householder reflections: orthogonal to rounding.
    let mut q = Array2::eye(d);
    for r in 0..3 {
        let v = ndarray::Array1::from_shape_fn(d, |j| noise(&[seed, r, j as u64]));
        let scale = 2.0 / v.dot(&v);
        let vq = v.dot(&q);
        for i in 0..d {
            for j in 0..d {
                q[[i, j]] -= scale * v[i] * vq[j];
            }
        }
    }
    q
}

fn changed(law: Law, (rows, classes): &Data, seed: u64) -> Data {
    let d = rows.ncols();
    match law {
        Law::Rotation => (rows.dot(&rotation(d, seed)), classes.clone()),
        Law::Translation => {
            let shift = ndarray::Array1::from_shape_fn(d, |j| 10.0 * noise(&[seed, 7, j as u64]));
            (rows + &shift, classes.clone())
        }
        Law::Scale => (rows * (0.01 + noise(&[seed, 8]).abs() * 30.0), classes.clone()),
        Law::ChannelScale => {
            let scales =
                ndarray::Array1::from_shape_fn(d, |j| if j % 2 == 0 { 0.1 + j as f64 } else { -3.0 - j as f64 });
            (rows * &scales, classes.clone())
        }
        Law::RowOrder => {
            let mut order: Vec<usize> = (0..classes.len()).collect();
            order.sort_by(|&a, &b| noise(&[seed, 9, a as u64]).total_cmp(&noise(&[seed, 9, b as u64])));
            (
                rows.select(Axis(0), &order),
                order.iter().map(|&i| classes[i]).collect(),
            )
        }
        // Names in another order, so that indices move too.
        Law::ClassNames => (rows.clone(), classes.iter().map(|c| 100 - 7 * c).collect()),
        Law::Exchange => unreachable!("no change of one side"),
    }
}

/// Both sides changed. Matched rows stay matched; what else may be done to one side alone is done to each differently.
fn both_changed(metric: &Metric, law: Law, pre: &Data, eval: &Data, seed: u64) -> (Data, Data) {
    let same = !metric.eval.is_matched() || law == Law::RowOrder;
    match law {
        Law::Exchange => (eval.clone(), pre.clone()),
        _ => (
            changed(law, pre, seed),
            changed(law, eval, if same { seed } else { seed + 1 }),
        ),
    }
}

fn values(metric: &Metric, pre: &Data, eval: &Data) -> Vec<Option<f64>> {
    let mut p = plan(&[metric.id], &["sample_mixing.k=5"]);
    p.seed = 3;
    if metric.eval.is_matched() {
        return vec![similar(pre.clone(), eval.0.clone(), &p).records[0].value];
    }
    analyse_pair(pre.clone(), eval.clone(), &p)
        .results
        .records
        .iter()
        .map(|r| r.value)
        .collect()
}

#[test]
fn every_metric_keeps_its_declared_laws() {
    let defined: Mutex<BTreeMap<(&str, String), usize>> = Mutex::default();
    // The same cases every time, so that how often a metric is defined is no luck.
    let config = Config {
        cases: 30,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let shape = (
        1u64..1_000_000,
        3usize..7,
        3usize..6,
        // Wide enough for a power law to be fitted, every other time.
        prop_oneof![3usize..10, Just(40usize)],
        0.2f64..3.0,
        any::<bool>(),
    );
    runner
        .run(&shape, |(seed, pre_classes, eval_classes, d, apart, relu)| {
            let side = |seed, classes, relu| {
                let counts = (0..classes).map(|c| 8 + c % 4).collect();
                Formula {
                    seed,
                    counts,
                    d,
                    apart,
                    relu,
                    ..Formula::default()
                }
                .data()
            };
            let (pre, eval) = (side(seed, pre_classes, relu), side(seed + 1, eval_classes, relu));
            // Rows with a single live channel have the same direction: which of them is nearest is a matter of rounding.
            let first = side(seed, pre_classes, false);
            let other = (matched(&first.0), first.1.clone());
            for metric in all() {
                let (pre, eval) = if metric.eval.is_matched() {
                    (&first, &other)
                } else {
                    (&pre, &eval)
                };
                let before = values(metric, pre, eval);
                for &law in metric.laws {
                    let (pre, eval) = both_changed(metric, law, pre, eval, seed);
                    let after = values(metric, &pre, &eval);
                    for (a, b) in before.iter().zip(&after) {
                        prop_assert_eq!(a.is_some(), b.is_some(), "{} under {:?}", metric.id, law);
                        if let (Some(a), Some(b)) = (a, b) {
                            // Rounding of the change itself, 1e-14 or so, times the steps of the metric.
                            prop_assert!(
                                (a - b).abs() <= 1e-9 * a.abs().max(1e-3),
                                "{} under {law:?}: {a} {b}",
                                metric.id
                            );
                            *defined
                                .lock()
                                .unwrap()
                                .entry((metric.id, format!("{law:?}")))
                                .or_default() += 1;
                        }
                    }
                    let (low, high) = metric.range;
                    for value in after.iter().flatten() {
                        prop_assert!((low..=high).contains(value), "{} = {value} out of its range", metric.id);
                    }
                }
            }
            Ok(())
        })
        .unwrap();
    let defined = defined.into_inner().unwrap();
    for metric in all() {
        for law in metric.laws {
            let times = defined.get(&(metric.id, format!("{law:?}"))).copied().unwrap_or(0);
            assert!(
                times >= 10,
                "{} under {law:?} was defined only {times} times",
                metric.id
            );
        }
    }
}

#[test]
fn a_law_that_does_not_hold_would_be_seen() {
    let pre = Formula {
        seed: 1,
        counts: vec![9; 4],
        d: 5,
        ..Formula::default()
    }
    .data();
    let eval = Formula {
        seed: 2,
        counts: vec![9; 4],
        d: 5,
        ..Formula::default()
    }
    .data();
    let intra = find("intra_class_distance").unwrap();
    assert!(!intra.laws.contains(&Law::Scale));
    assert_ne!(
        values(intra, &pre, &eval),
        values(intra, &changed(Law::Scale, &pre, 1), &changed(Law::Scale, &eval, 1))
    );
}

#[test]
fn every_side_is_like_itself() {
    for metric in all().filter(|m| m.eval.is_matched()) {
        for (seed, d) in [(1, 7), (2, 60)] {
            let side = Formula {
                seed,
                counts: vec![12, 9, 11],
                d,
                ..Formula::default()
            }
            .data();
            let value = values(metric, &side, &side)[0];
            match metric.id {
                // Rows fewer than channels are all that canonical correlations see.
                "svcca" | "pwcca" if d == 60 => assert!(value.is_none_or(|v| (v - 1.0).abs() < 1e-12)),
                // The share of rows with a mutual neighbour.
                "cycle_knn" => assert!(value.unwrap() > 0.9),
                id => assert!((value.unwrap() - 1.0).abs() < 1e-12, "{id}: {value:?}"),
            }
        }
    }
}
