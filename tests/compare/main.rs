//! Comparing models through the library: pairing, refusal, correction, ranks, conditions.
#![cfg(feature = "analysis")]

mod conditions;
mod pairs;
#[path = "../synthetic/mod.rs"]
mod synthetic;

use featscope::compare::{CompareOptions, Comparison, Direction, Verdict, merge};
use featscope::results::{Record, Results};
use synthetic::{EVAL, PRE, analysis};

fn compared(results: &Results, options: &CompareOptions) -> Comparison {
    Comparison::of(results, options).unwrap()
}

#[test]
fn the_first_model_is_the_baseline_and_backbone_the_layer_unless_asked() {
    let results = analysis().results;
    let comparison = compared(&results, &CompareOptions::default());
    assert_eq!(comparison.models, ["SL", "SL-MLP", "SimCLR"]);
    assert_eq!(comparison.baseline.as_deref(), Some("SL"));
    assert_eq!(comparison.layer, "backbone");
    assert_eq!(comparison.tables.len(), 9);
    let table = comparison.table("discriminative_ratio").unwrap();
    assert_eq!(table.tested, 4, "two models on two data sets");
    assert_eq!(
        table.groups.iter().map(|g| g.dataset.as_str()).collect::<Vec<_>>(),
        [PRE, EVAL]
    );
    assert_eq!(table.groups[0].direction, Some(Direction::Lower));
    assert_eq!(table.groups[1].direction, Some(Direction::Higher));
}

#[test]
fn ranks_follow_the_direction_of_the_role() {
    let comparison = compared(&analysis().results, &CompareOptions::default());
    let table = comparison.table("discriminative_ratio").unwrap();
    let ranks = |g: usize| table.groups[g].rows.iter().map(|r| r.rank).collect::<Vec<_>>();
    assert_eq!(ranks(0), [Some(3), Some(2), Some(1)]);
    assert_eq!(ranks(1), [Some(3), Some(1), Some(2)]);
    // 1.13 and 1.12 with errors of that size are not told apart: both are marked.
    assert_eq!(
        table.groups[1].rows.iter().map(|r| r.best).collect::<Vec<_>>(),
        [false, true, true]
    );
    let inter = &comparison.table("inter_class_distance").unwrap().groups[0];
    assert!(
        inter.rows.iter().all(|r| r.rank.is_none() && !r.best),
        "no direction, no rank"
    );
}

#[test]
fn differences_separate_or_say_that_they_do_not() {
    let results = analysis().results;
    let comparison = compared(
        &results,
        &CompareOptions {
            baseline: Some("SL-MLP".into()),
            ..CompareOptions::default()
        },
    );
    let phi = &comparison.table("discriminative_ratio").unwrap().groups;
    let verdict = |g: usize, r: usize| phi[g].rows[r].difference.as_ref().map(|d| d.verdict);
    assert_eq!(verdict(0, 0), Some(Verdict::Higher));
    assert_eq!(verdict(0, 1), None, "the baseline has no difference to itself");
    assert_eq!(verdict(0, 2), Some(Verdict::Lower));
    assert_eq!(verdict(1, 2), Some(Verdict::NotSeparable));
    for group in phi {
        for difference in group.rows.iter().filter_map(|r| r.difference.as_ref()) {
            assert!(difference.p_holm.unwrap() >= difference.p_value.unwrap());
        }
    }
}

#[test]
fn one_model_or_none_is_no_error() {
    let mut results = analysis().results;
    results.records.retain(|r| r.model == "SimCLR");
    let comparison = compared(&results, &CompareOptions::default());
    assert_eq!((comparison.models.len(), comparison.baseline), (1, None));
    results.records.clear();
    results.inputs.clear();
    assert!(compared(&results, &CompareOptions::default()).tables.is_empty());
}

#[test]
fn as_results_a_comparison_holds_values_and_differences() {
    let results = analysis().results;
    let comparison = compared(&results, &CompareOptions::default());
    let written = comparison.to_results(&results, "featscope compare");
    let back: Results = serde_json::from_str(&written.to_json()).unwrap();
    assert_eq!(back, written);
    let phi = |other: Option<&str>, model: &str| -> Record {
        let matches = |r: &&Record| {
            r.metric == "discriminative_ratio"
                && r.dataset == PRE
                && r.model == model
                && r.other_model.as_deref() == other
        };
        let found: Vec<&Record> = back.records.iter().filter(matches).collect();
        assert_eq!(found.len(), 1, "one record per place");
        found[0].clone()
    };
    let (value, baseline, difference) = (phi(None, "SimCLR"), phi(None, "SL"), phi(Some("SL"), "SimCLR"));
    assert_eq!(
        difference.value.unwrap(),
        value.value.unwrap() - baseline.value.unwrap()
    );
    assert_eq!(difference.method["comparisons"], 4);
    assert_eq!(value.found["rank"], 1);
}

#[test]
fn separate_results_files_compare_like_one() {
    let whole = analysis();
    let part = |model: &str| {
        let mut part = whole.clone();
        part.results.records.retain(|r| r.model == model);
        part.results.inputs.retain(|i| i.model == model);
        part
    };
    let merged = merge(vec![part("SL"), part("SL-MLP"), part("SimCLR")]).unwrap();
    assert_eq!(merged.results, whole.results);
    assert_eq!(merged.tables, whole.tables, "no row twice");
}

#[test]
fn the_best_is_marked_only_where_something_was_tested() {
    let mut results = analysis().results;
    let is_meant = |r: &&mut Record| r.metric == "redundancy";
    for record in results.records.iter_mut().filter(is_meant) {
        (record.std_error, record.replicates) = (None, None);
        (record.ci_low, record.ci_high) = (None, None);
    }
    let comparison = compared(&results, &CompareOptions::default());
    for group in &comparison.table("redundancy").unwrap().groups {
        assert!(group.rows.iter().any(|r| r.rank == Some(1)) && !group.is_best_tested());
    }
    let written = comparison.to_results(&results, "compare");
    let told = |metric: &str| {
        let of_metric = written.records.iter().filter(|r| r.metric == metric);
        of_metric
            .filter(|r| r.found.contains_key("best_or_not_separable"))
            .count()
    };
    assert!(told("redundancy") == 0 && told("discriminative_ratio") > 0);
}

#[test]
fn families_and_axes_choose_among_what_was_measured() {
    let results = analysis().results;
    let of_words = |words: &[&str]| {
        let metrics = Some(words.iter().map(|w| (*w).to_owned()).collect());
        let options = CompareOptions {
            metrics,
            ..CompareOptions::default()
        };
        Comparison::of(&results, &options).map(|c| c.tables.iter().map(|t| t.metric.clone()).collect::<Vec<_>>())
    };
    assert!(
        of_words(&["class-variation"])
            .unwrap()
            .contains(&"discriminative_ratio".to_owned())
    );
    let axes = of_words(&["axes"]).unwrap();
    assert!(axes.contains(&"redundancy".to_owned()) && axes.contains(&"feature_mixtureness".to_owned()));
    assert!(
        of_words(&["fid"])
            .unwrap_err()
            .to_string()
            .starts_with("no metric fid in the results. They hold")
    );
}
