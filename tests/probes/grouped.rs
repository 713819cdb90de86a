//! Rows that belong together are on one side of every cut.

use super::sides::Side;
use super::{ALL, Formula, LabelledFeatures, crossed, found, measured, probes, test, train};

/// Rows that tell their patient, and of it nothing but the patient's label, which is a coin's.
fn patients(first: usize) -> (Side, usize) {
    let (patients, each) = (60, 5);
    let noise = Formula {
        seed: 3,
        counts: vec![patients],
        d: 12,
        apart: 0.0,
        first,
        ..Formula::default()
    };
    let (centres, _) = noise.data();
    let small = Formula {
        seed: 4,
        counts: vec![patients * each],
        d: 12,
        apart: 0.0,
        first,
        ..Formula::default()
    };
    let (mut rows, _) = small.data();
    for (i, mut row) in rows.outer_iter_mut().enumerate() {
        row *= 0.05;
        row += &centres.row(i / each);
    }
    let classes = (0..patients * each).map(|i| (i / each) % 2).collect();
    (Side::new((rows, classes)), each)
}

#[test]
fn what_tells_the_patient_is_no_help_where_patients_stay_whole() {
    let (side, each) = patients(0);
    let metrics = ["knn_top1", "ridge_top1", "linear_top1", "fewshot_5"];
    let plan = probes(&metrics);
    let apart = crossed(side.clone(), &plan);
    let whole = crossed(side.grouped(|i| format!("p{:02}", i / each)), &plan);
    let mut plan = plan;
    plan.conventions.choose("knn_top1.k=3").unwrap();
    for metric in metrics {
        let (leaky, honest) = (found(&apart, metric), found(&whole, metric));
        assert!(honest.value.unwrap() < 0.68, "{metric}: {:?}", honest.value);
        assert!(honest.method.contains_key("grouped") && !leaky.method.contains_key("grouped"));
        // Rows of a patient are right or wrong together: the interval knows, and McNemar's test is not offered.
        let width = |r: &featscope::results::Record| r.ci_high.unwrap() - r.ci_low.unwrap();
        if metric == "knn_top1" {
            assert!(leaky.value.unwrap() > 0.8, "{:?}", leaky.value);
            assert!(width(honest) > 1.5 * width(leaky));
            assert!(!honest.found.contains_key("right"));
        }
    }
}

#[test]
fn groups_that_are_scored_are_not_fitted_on() {
    let group = |i: usize| format!("g{}", i % 40);
    let fit = Side::new(train()).grouped(group);
    // Every second group is scored, and every group of the train split above 19 is free of them.
    let scored = Side::new(test())
        .grouped(|i| format!("g{}", i % 20))
        .only(|i| i % 3 > 0);
    let plan = probes(&ALL);
    let whole = measured(fit.clone(), scored.clone(), &plan);
    let left = fit.only(|i| i % 40 >= 20);
    let without = measured(left.clone(), scored, &plan);
    let dropped = fit.ids.len() - left.ids.len();
    for metric in ALL {
        let (a, b) = (found(&whole, metric), found(&without, metric));
        assert_eq!((a.value, &a.found), (b.value, &b.found), "{metric}");
        let note = a.note.as_ref().unwrap();
        assert!(note.contains(&format!("{dropped} rows are not fitted on")), "{note}");
    }
}

#[test]
fn few_groups_have_no_interval_and_rows_of_none_stand_alone() {
    let few = crossed(
        Side::new(test()).grouped(|i| format!("g{}", i % 7)),
        &probes(&["ncm_top1"]),
    );
    let record = found(&few, "ncm_top1");
    assert!(record.value.is_some() && record.ci_low.is_none());
    assert!(
        record.note.as_ref().unwrap().contains("7 groups of rows are too few"),
        "{:?}",
        record.note
    );
    // Each row a group of its own is as good as no groups, but for the kind of interval.
    let (rows, classes): LabelledFeatures = train();
    let alone = Side::new((rows, classes)).grouped(|i| format!("{i:04}"));
    let fit = measured(alone, Side::new(test()), &probes(&["ncm_top1"]));
    let plain = measured(Side::new(train()), Side::new(test()), &probes(&["ncm_top1"]));
    assert_eq!(found(&fit, "ncm_top1").value, found(&plain, "ncm_top1").value);
}
