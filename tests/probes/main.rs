//! What probes promise beyond their values: no leaks, the same numbers in any order, groups that stay whole, tables that agree with
//! the records, and words instead of panics where there is nothing to fit.
#![cfg(feature = "analysis")]

#[path = "../common/mod.rs"]
mod common;
mod degenerate;
mod duality;
mod grouped;
mod leaks;
mod scores;
mod sides;
mod tables;

use common::{Formula, LabelledFeatures, plan};
use featscope::analysis::{Plan, analyse};
use featscope::features::FeatureSet;
use featscope::results::{Analysis, Record};
use sides::Side;

/// Every probe, none of which chooses by a random cut alone.
const ALL: [&str; 10] = [
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

fn formula(first: usize) -> Formula {
    Formula {
        seed: 8,
        counts: vec![30, 24, 36, 30, 28, 26],
        d: 9,
        apart: 0.6,
        first,
        ..Formula::default()
    }
}

fn train() -> LabelledFeatures {
    formula(0).data()
}

fn test() -> LabelledFeatures {
    formula(500).data()
}

/// A plan of probes on the set as it is, neither pretraining nor evaluation data.
fn probes(metrics: &[&str]) -> Plan {
    Plan {
        pre: Vec::new(),
        eval: Vec::new(),
        ..plan(metrics, &[])
    }
}

fn measured(fit: Side, scored: Side, plan: &Plan) -> Analysis {
    let sets: [Box<dyn FeatureSet>; 2] = [Box::new(fit.of("train")), Box::new(scored.of("test"))];
    analyse(&sets, plan, &|_| ()).unwrap()
}

fn crossed(side: Side, plan: &Plan) -> Analysis {
    let sets: [Box<dyn FeatureSet>; 1] = [Box::new(side.of("test"))];
    analyse(&sets, plan, &|_| ()).unwrap()
}

fn found<'a>(analysis: &'a Analysis, metric: &str) -> &'a Record {
    let found: Vec<&Record> = analysis.results.records.iter().filter(|r| r.metric == metric).collect();
    assert_eq!(found.len(), 1, "{metric}");
    found[0]
}

/// The records without what they took.
fn timeless(analysis: &Analysis) -> Vec<Record> {
    let without = |r: &Record| Record {
        seconds: 0.0,
        ..r.clone()
    };
    analysis.results.records.iter().map(without).collect()
}

#[test]
fn neither_the_order_of_rows_nor_the_number_of_threads_changes_a_record() {
    let plan = probes(&ALL);
    let whole = measured(Side::new(train()), Side::new(test()), &plan);
    assert_eq!(whole.results.records.len(), ALL.len());
    let mixed = measured(Side::new(train()).shuffled(1), Side::new(test()).shuffled(2), &plan);
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let many = rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap();
    let run = || measured(Side::new(train()), Side::new(test()), &plan);
    for other in [mixed, alone.install(run), many.install(run)] {
        for (a, b) in timeless(&other).iter().zip(&timeless(&whole)) {
            assert_eq!(a, b);
        }
    }
    // The same of folds.
    let folds = crossed(Side::new(test()), &plan);
    assert_eq!(
        timeless(&crossed(Side::new(test()).shuffled(3), &plan)),
        timeless(&folds)
    );
    assert_eq!(found(&folds, "linear_top1").method["folds"], 5);
}

#[test]
fn a_split_that_is_fitted_on_has_no_records_and_is_named_by_those_of_the_other() {
    let analysis = measured(Side::new(train()), Side::new(test()), &probes(&ALL));
    for record in &analysis.results.records {
        assert_eq!(
            (record.split.as_str(), record.fitted_on()),
            ("test", Some("train")),
            "{}",
            record.metric
        );
        assert_eq!((record.n, record.found["fitting_rows"].as_u64()), (174, Some(174)));
        assert!(record.value.is_some() && (record.ci_low.is_some() || record.metric == "linear_ece"));
    }
}

#[test]
fn the_spread_over_fitting_rows_is_that_of_refits_without_each_group() {
    let plan = Plan {
        fit_sd: true,
        ..probes(&["knn_top1", "ncm_top1", "ridge_top1", "linear_top1", "linear_nll"])
    };
    let whole = measured(Side::new(train()), Side::new(test()), &plan);
    let group = |i: usize, (_, classes): &LabelledFeatures| {
        let place = classes[..i].iter().filter(|c| **c == classes[i]).count();
        (place + classes[i]) % 10
    };
    for metric in ["knn_top1", "ncm_top1", "ridge_top1", "linear_top1", "linear_nll"] {
        // A refit keeps λ.
        let mut one = probes(&[metric]);
        if metric.starts_with("linear") {
            let lambda = found(&whole, metric).found["lambda"].as_f64().unwrap();
            one.conventions.choose(&format!("{metric}.lambda={lambda:e}")).unwrap();
        }
        let values: Vec<f64> = (0..10)
            .map(|g| {
                let fit = Side::new(train()).only(|i| group(i, &train()) != g);
                found(&measured(fit, Side::new(test()), &one), metric).value.unwrap()
            })
            .collect();
        let mean = values.iter().sum::<f64>() / 10.0;
        let expected = (0.9 * values.iter().map(|v| (v - mean).powi(2)).sum::<f64>()).sqrt();
        let sd = found(&whole, metric).found["fit_sd"].as_f64().unwrap();
        assert!(
            (sd - expected).abs() < 1e-5 * expected + 1e-12,
            "{metric}: {sd} {expected}"
        );
    }
    // What takes ten more fits is given where it is asked for.
    let plain = measured(
        Side::new(train()),
        Side::new(test()),
        &probes(&["ncm_top1", "linear_top1"]),
    );
    assert!(found(&plain, "ncm_top1").found.contains_key("fit_sd"));
    assert!(!found(&plain, "linear_top1").found.contains_key("fit_sd"));
}
