//! Each metric's declared laws, on data that a property test makes up.
#![cfg(feature = "analysis")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use featscope::metrics::{Law, Metric, all, find};
use featscope::selftest::formula_data::{Formula, LabelledFeatures, matched};
use featscope::selftest::laws::{self, TOLERANCE, changed, spread};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fn values(metric: &Metric, pre: &LabelledFeatures, eval: &LabelledFeatures) -> Vec<Option<f64>> {
    laws::values(metric, pre, eval).unwrap()
}

fn values_under(
    law: Law,
    metric: &Metric,
    pre: &LabelledFeatures,
    eval: &LabelledFeatures,
    seed: u64,
) -> Vec<Option<f64>> {
    laws::values_under(law, metric, pre, eval, seed).unwrap()
}

/// How often each metric was defined under each law.
type Defined = Mutex<BTreeMap<(&'static str, String), usize>>;

fn count(defined: &Defined, id: &'static str, law: Law) {
    *defined.lock().unwrap().entry((id, format!("{law:?}"))).or_default() += 1;
}

#[test]
fn every_metric_keeps_its_declared_laws() {
    let defined = Defined::default();
    // The same cases every time, so that how often a metric is defined is no luck.
    let config = Config {
        cases: 30,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let shape = (
        1u64..1_000_000,
        3usize..9,
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
                let (pre, eval) = if metric.is_matched() {
                    (&first, &other)
                } else {
                    (&pre, &eval)
                };
                let before = values(metric, pre, eval);
                for &law in metric.laws {
                    let after = values_under(law, metric, pre, eval, seed);
                    for (a, b) in before.iter().zip(&after) {
                        prop_assert_eq!(a.is_some(), b.is_some(), "{} under {:?}", metric.id, law);
                        if let (Some(a), Some(b)) = (a, b) {
                            if law == Law::ZeroOnItself {
                                prop_assert!(b.abs() <= TOLERANCE * spread(pre), "{} on itself: {b}", metric.id);
                                prop_assert!(a.abs() > 1e-6 * spread(pre), "{}: {a} is always zero", metric.id);
                                count(&defined, metric.id, law);
                                continue;
                            }
                            prop_assert!(
                                (a - b).abs() <= laws::tolerance(metric) * a.abs().max(1e-3),
                                "{} under {law:?}: {a} {b}",
                                metric.id
                            );
                            count(&defined, metric.id, law);
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
    // An unbiased distance between a set and itself is not zero: no row is paired with itself, but with its double.
    let energy = find("energy_distance").unwrap();
    assert!(!energy.laws.contains(&Law::ZeroOnItself));
    let itself = values_under(Law::ZeroOnItself, energy, &pre, &eval, 1)[0].unwrap();
    assert!(itself < -1e-3 * spread(&pre).sqrt(), "{itself}");
}

#[test]
fn every_side_is_like_itself() {
    for metric in all().filter(|m| m.is_matched()) {
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
