//! Which score is shown, put together, or leads the best baseline.

use std::path::Path;

use serde_json::Value;

use super::{correlate, json, record, written};

/// Eleven models, with a score that follows the accuracies, a baseline that does not, and one score that is the baseline.
fn led(dir: &Path, score: impl Fn(usize) -> f64) -> Value {
    let mut scores = String::from("model,metric,value\n");
    let mut accuracies = String::from("model,dataset,accuracy\n");
    for i in 0..11 {
        let noise = (i * 7 % 11) as f64;
        accuracies.push_str(&format!("m{i},d,{i}\n"));
        scores.push_str(&format!("m{i},good,{}\n", score(i)));
        scores.push_str(&format!("m{i},parameters,{noise}\nm{i},same,{}\n", noise * 2.0));
    }
    written(dir, "s.csv", &scores);
    written(dir, "a.csv", &accuracies);
    json(dir, &["s.csv", "--accuracy", "a.csv"])
}

#[test]
fn a_score_leads_the_best_baseline_by_an_interval_or_it_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let found = led(dir.path(), |i| i as f64 + 0.3 * (i % 3) as f64);
    let lead_of = |metric: &str| record(&found, metric, Some("d"), "spearman")["lead"].clone();
    let (good, same) = (lead_of("good"), lead_of("same"));
    let value = |metric: &str| record(&found, metric, Some("d"), "spearman")["value"].as_f64().unwrap();
    assert_eq!(
        (good["over"].as_str(), good["n"].as_u64()),
        (Some("parameters"), Some(11))
    );
    assert!((good["value"].as_f64().unwrap() - (value("good") - value("parameters"))).abs() < 1e-12);
    assert!(
        good["ci_low"].as_f64().unwrap() > 0.0 && good["p_holm"].as_f64().unwrap() < 0.05,
        "{good}"
    );
    assert_eq!(
        (same["value"].as_f64(), same["p_value"].as_f64()),
        (Some(0.0), Some(1.0))
    );
    assert!(lead_of("parameters").is_null());
    assert!(record(&found, "good", Some("d"), "fidelity")["lead"].is_null());
    let shown = |args: &[&str]| {
        let output = correlate(dir.path(), &[&["s.csv", "--accuracy", "a.csv"], args].concat());
        String::from_utf8(output.stdout).unwrap().replace('\n', " ")
    };
    for format in ["text", "markdown"] {
        let text = shown(&["--format", format]);
        assert!(text.contains("it is separably better"), "{text}");
    }
    assert!(shown(&["--format", "csv"]).contains("lead_over,lead,lead_ci_low"));
    shown(&["-o", "page"]);
    let html = std::fs::read_to_string(dir.path().join("page/index.html")).unwrap();
    assert!(html.contains("it is separably better"));
    led(dir.path(), |i| (i * 5 % 11) as f64);
    let text = shown(&[]);
    assert!(text.contains("the two are not separable"), "{text}");
}

/// The parts of four models, by hand: (0 + 0 - 1), (0.5 + 1 - 0.5), (1 + 0.5 - 0), (0.25 + 0.25 - 0.25).
#[test]
fn the_parts_of_ncti_are_put_together_over_the_models_of_a_data_set() {
    let dir = tempfile::tempdir().unwrap();
    let mut scores = String::from("model,metric,value,dataset\n");
    let parts = [
        [10.0, 0.5, 4.0],
        [20.0, 0.7, 3.0],
        [30.0, 0.6, 2.0],
        [15.0, 0.55, 2.5],
        [99.0, 0.9, 9.0],
    ];
    for (model, parts) in ["a", "b", "c", "d", "stranger"].iter().zip(parts) {
        for (id, value) in ["ncti_seli", "ncti_ncc", "ncti_variability"].iter().zip(parts) {
            scores.push_str(&format!("{model},{id},{value},cars\n"));
        }
    }
    written(dir.path(), "s.csv", &scores);
    written(
        dir.path(),
        "a.csv",
        "model,dataset,accuracy\na,cars,1\nb,cars,3\nc,cars,3.5\nd,cars,2.25\n",
    );
    let found = json(dir.path(), &["s.csv", "--accuracy", "a.csv"]);
    let ncti = record(&found, "ncti", Some("cars"), "pearson");
    assert!((ncti["value"].as_f64().unwrap() - 1.0).abs() < 1e-12, "{ncti}");
    assert_eq!(ncti["direction"], "higher");
    assert!(
        ncti["note"].as_str().unwrap().contains("0..1 over a, b, c, d"),
        "{ncti}"
    );
}

#[test]
fn text_shows_the_best_scores_and_says_how_many_more_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let mut scores = String::from("model,metric,value\n");
    for m in 0..6 {
        for k in 0..20 {
            scores.push_str(&format!("m{m},score{k:02},{}\n", (m * (k + 1)) % 7));
        }
        scores.push_str(&format!("m{m},parameters,{}\n", 9 - m));
    }
    written(dir.path(), "s.csv", &scores);
    let accuracies: String = (0..6).map(|m| format!("m{m},d,{m}\n")).collect();
    written(dir.path(), "a.csv", &format!("model,dataset,accuracy\n{accuracies}"));
    let rows = |args: &[&str]| {
        let output = correlate(dir.path(), &[&["s.csv", "--accuracy", "a.csv"], args].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let is_row = |l: &&str| l.starts_with("  score") && !l.contains("weighted tau") && !l.contains(": ");
        (text.lines().filter(is_row).count(), text)
    };
    let (shown, text) = rows(&[]);
    assert_eq!(shown, 15, "{text}");
    assert!(
        text.contains("5 more scores: --all shows them") && text.contains("parameters *"),
        "{text}"
    );
    let (shown, text) = rows(&["--all"]);
    assert!(shown == 20 && !text.contains("more scores"), "{text}");
}
