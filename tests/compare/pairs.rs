//! What may be paired, and what is said of it.

use featscope::compare::{CompareOptions, Comparison, Verdict};
use featscope::results::Record;

use super::compared;
use super::synthetic::{EVAL, PRE, analysis};

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
    // Each difference that it touches says so in the results, too.
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
