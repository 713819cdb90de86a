//! Conditions that hold, fail, or refuse to pass unchecked.

use featscope::compare::{CompareOptions, Condition};
use featscope::results::Record;

use super::compared;
use super::synthetic::analysis;

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
