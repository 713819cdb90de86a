//! Comparing models through the library: pairing, refusal, correction, ranks, conditions.
#![cfg(feature = "analysis")]

mod synthetic;

use featscope::compare::{CompareOptions, Comparison, Condition, Direction, Verdict, merge};
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
fn models_that_saw_different_images_are_not_paired() {
    let mut results = analysis().results;
    for input in results
        .inputs
        .iter_mut()
        .filter(|i| i.model == "SimCLR" && i.dataset == EVAL)
    {
        input.ids_sha256 = "others".into();
    }
    let comparison = compared(&results, &CompareOptions::default());
    let refused = |metric: &str, group: usize| {
        let difference = comparison.table(metric).unwrap().groups[group].rows[2]
            .difference
            .clone()
            .unwrap();
        (difference.verdict == Verdict::Refused && difference.value.is_none()).then(|| difference.reason.unwrap())
    };
    assert_eq!(refused("discriminative_ratio", 0), None);
    assert_eq!(
        refused("discriminative_ratio", 1).unwrap(),
        "different images of vehicles, or in another order"
    );
    assert_eq!(
        refused("feature_mixtureness", 0).unwrap(),
        "different images of vehicles, or in another order",
        "either side counts"
    );
}

#[test]
fn numbers_of_different_conventions_are_not_paired() {
    let mut results = analysis().results;
    for record in results
        .records
        .iter_mut()
        .filter(|r| r.model == "SimCLR" && r.metric == "feature_mixtureness")
    {
        record.method.insert("k".into(), 5.into());
    }
    let comparison = compared(&results, &CompareOptions::default());
    let difference = comparison.table("feature_mixtureness").unwrap().groups[0].rows[2]
        .difference
        .clone()
        .unwrap();
    assert_eq!(difference.reason.unwrap(), "different conventions (k)");
}

#[test]
fn what_was_found_beside_a_value_is_no_convention() {
    let mut results = analysis().results;
    let of_mixtureness = results.records.iter_mut().filter(|r| r.metric == "feature_mixtureness");
    for (i, record) in of_mixtureness.enumerate() {
        for key in ["at_equal_n", "r_squared", "directions"] {
            record.found.insert(key.into(), i.into());
        }
    }
    let comparison = compared(&results, &CompareOptions::default());
    let rows = &comparison.table("feature_mixtureness").unwrap().groups[0].rows;
    assert!(
        rows[1..]
            .iter()
            .all(|row| row.difference.as_ref().unwrap().p_value.is_some())
    );
}

#[test]
fn different_preprocessing_is_paired_with_a_warning() {
    let mut results = analysis().results;
    results.inputs[2].preprocess_sha256 = "resize 64".into();
    let comparison = compared(&results, &CompareOptions::default());
    assert_eq!(comparison.warnings.len(), 1);
    let split = results.inputs[2].split.clone();
    let expected = format!(
        "animals ({split}) was preprocessed differently for SL and SimCLR, for SL-MLP; part of their differences may come from it"
    );
    assert_eq!(comparison.warnings[0], expected);
    // And each difference that it touches says so in the results.
    let written = comparison.to_results(&results, "compare");
    let marked = |r: &&Record| r.found.get("preprocessing").is_some();
    let touched: Vec<_> = written.records.iter().filter(marked).collect();
    assert!(!touched.is_empty());
    assert!(
        touched
            .iter()
            .all(|r| r.model == "SL-MLP" && r.other_model.as_deref() == Some("SL"))
    );
    assert!(
        touched
            .iter()
            .all(|r| r.dataset == PRE || r.other_dataset.as_deref() == Some(PRE))
    );
    assert!(
        compared(&analysis().results, &CompareOptions::default())
            .warnings
            .is_empty()
    );
}

#[test]
fn weights_of_an_unfinished_training_are_a_warning() {
    let mut results = analysis().results;
    let audit = |finished: bool| serde_json::json!({"training": {"progress": "epoch 4 of 40", "finished": finished}});
    let (first, last) = (
        results.inputs[0].model.clone(),
        results.inputs.last().unwrap().model.clone(),
    );
    assert_ne!(first, last);
    for input in &mut results.inputs {
        input.audit = match &input.model {
            model if *model == first => Some(audit(false)),
            model if *model == last => Some(audit(true)),
            _ => Some(serde_json::json!({"training": {"said": "epoch 4", "finished": null}})),
        };
    }
    let warnings = compared(&results, &CompareOptions::default()).warnings;
    assert_eq!(
        warnings,
        [format!(
            "the weights of {first} are those of epoch 4 of 40, saved before its training ended; at its end it may measure otherwise"
        )]
    );
    results.inputs.retain(|input| input.model != first);
    results
        .records
        .retain(|record| record.model != first && record.other_model.as_ref() != Some(&first));
    assert!(compared(&results, &CompareOptions::default()).warnings.is_empty());
}

#[test]
fn a_layer_that_a_model_lacks_is_said_and_not_invented() {
    let results = analysis().results;
    let comparison = compared(
        &results,
        &CompareOptions {
            layer: Some("projector".into()),
            ..CompareOptions::default()
        },
    );
    let row = &comparison.table("redundancy").unwrap().groups[0].rows[0];
    assert_eq!(
        (row.value, row.note.as_deref()),
        (None, Some("this model has no layer projector"))
    );
    let all = compared(
        &results,
        &CompareOptions {
            layer: Some("all".into()),
            ..CompareOptions::default()
        },
    );
    let layers: Vec<&str> = all
        .table("feature_mixtureness")
        .unwrap()
        .groups
        .iter()
        .map(|g| g.layer.as_str())
        .collect();
    assert_eq!(
        layers,
        [
            "stage1",
            "stage2",
            "backbone",
            "projector.0",
            "projector.1",
            "projector.2",
            "projector.3",
            "projector"
        ]
    );
}

#[test]
fn names_that_are_not_there_are_errors_that_name_the_nearest() {
    let results = analysis().results;
    let error = |options: CompareOptions| Comparison::of(&results, &options).unwrap_err().to_string();
    assert!(
        error(CompareOptions {
            baseline: Some("SL-MPL".into()),
            ..CompareOptions::default()
        })
        .contains("did you mean SL-MLP?")
    );
    assert!(
        error(CompareOptions {
            layer: Some("backbon".into()),
            ..CompareOptions::default()
        })
        .contains("did you mean backbone?")
    );
    assert!(
        error(CompareOptions {
            metrics: Some(vec!["redundancies".into()]),
            ..CompareOptions::default()
        })
        .contains("did you mean redundancy")
    );
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
fn conditions_hold_fail_and_refuse_to_pass_unchecked() {
    let comparison = compared(&analysis().results, &CompareOptions::default());
    let check = |text: &str| Condition::parse(text).unwrap().check(&comparison);
    assert!(
        check("discriminative_ratio(pre) > 1.1 * baseline")
            .unwrap()
            .held
            .is_empty()
    );
    let outcome = check("discriminative_ratio(eval) > 1.1 * baseline").unwrap();
    assert_eq!(outcome.held.len(), 2, "{outcome:?}");
    assert!(outcome.held[0].starts_with("discriminative_ratio of SL-MLP on vehicles at backbone is 1.13 > 1.0"));
    assert_eq!(
        check("feature_mixtureness(pair) < 0.65").unwrap().held.len(),
        1,
        "a plain number is asked of the baseline too"
    );
    assert!(
        check("sample_mixing < 0.5")
            .unwrap_err()
            .to_string()
            .contains("a value is missing")
    );
    assert!(
        check("redundancy(pair) < 1")
            .unwrap_err()
            .to_string()
            .contains("not measured on that side")
    );
    assert!(check("nonsense < 1").unwrap_err().to_string().contains("They hold"));
}

#[test]
fn conditions_name_data_sets_and_layers() {
    let comparison = compared(&analysis().results, &CompareOptions::default());
    let check = |text: &str| Condition::parse(text).unwrap().check(&comparison);
    let held = |text: &str| check(text).unwrap().held;
    let refused = |text: &str| check(text).unwrap_err().to_string();
    let on_eval = held("discriminative_ratio(vehicles) > 1.1 * baseline");
    assert_eq!(on_eval, held("discriminative_ratio(eval) > 1.1 * baseline"));
    assert_eq!(on_eval.len(), 2);
    assert_eq!(
        held("discriminative_ratio(vehicles @ backbone) > 1.1 * baseline"),
        on_eval
    );
    assert_eq!(
        held("feature_mixtureness(vehicles) < 0.65").len(),
        1,
        "either side of a pair"
    );
    let unknown = refused("discriminative_ratio(cars) > 1");
    assert!(
        unknown.contains("not measured on cars") && unknown.contains("vehicles"),
        "{unknown}"
    );
    assert!(refused("discriminative_ratio(@ stage1) > 1").contains("layer stage1"));
    assert!(refused("redundancies > 1").contains("did you mean redundancy"));
    let condition = Condition::parse("redundancy(@ projector) > 1").unwrap();
    assert_eq!(condition.layer(), Some("projector"));
}

#[test]
fn conditions_are_about_differences_and_verdicts() {
    let results = analysis().results;
    let comparison = compared(
        &results,
        &CompareOptions {
            baseline: Some("SL-MLP".into()),
            ..CompareOptions::default()
        },
    );
    let check = |text: &str| Condition::parse(text).unwrap().check(&comparison);
    let held = |text: &str| check(text).unwrap().held;
    assert_eq!(held("discriminative_ratio(pre) > baseline").len(), 1);
    assert!(held("discriminative_ratio(pre) > baseline + 100").is_empty());
    assert_eq!(held("discriminative_ratio(pre) > baseline - 100").len(), 2);
    // On the pretraining data lower is better: SL is separably higher there, SimCLR separably lower.
    let worse = held("discriminative_ratio(pre) separably worse than baseline");
    assert_eq!(worse, held("discriminative_ratio(pre) separably higher than baseline"));
    assert!(worse.len() == 1 && worse[0].contains("of SL on animals"), "{worse:?}");
    let better = held("discriminative_ratio(pre) separably better than baseline");
    assert!(better.len() == 1 && better[0].contains("of SimCLR"), "{better:?}");
    // Not told apart on the evaluation data, which is no failure.
    let on_eval = held("discriminative_ratio(eval) separably worse than baseline");
    assert!(on_eval.iter().all(|place| !place.contains("SimCLR")), "{on_eval:?}");
    let without = check("inter_class_distance separably worse than baseline").unwrap_err();
    assert!(without.to_string().contains("higher or lower"), "{without}");
}

#[test]
fn a_factor_of_a_negative_baseline_is_refused() {
    let mut results = analysis().results;
    let is_meant = |r: &&mut Record| r.metric == "redundancy" && r.model == "SL";
    results
        .records
        .iter_mut()
        .filter(is_meant)
        .for_each(|r| r.value = Some(-0.5));
    let comparison = compared(&results, &CompareOptions::default());
    let check = |text: &str| Condition::parse(text).unwrap().check(&comparison);
    let error = check("redundancy < 1.1 * baseline").unwrap_err().to_string();
    assert!(error.contains("-0.55") && error.contains("baseline - 0.01"), "{error}");
    assert!(check("redundancy > baseline").is_ok() && check("redundancy < baseline - 0.1").is_ok());
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
