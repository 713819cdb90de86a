//! Results that bring their own accuracies.

use std::path::Path;

use super::program::featscope;
use super::{correlate, json, record, refused};

/// Six models measured on pretraining and evaluation data: accuracies follow the redundancy downwards.
fn results(dir: &Path) {
    use featscope::features::Role;
    use featscope::results::{AnalysedInput, Analysis, Record, Results};
    let mut results = Results::new("analyze", 0);
    for i in 0..6 {
        let x = i as f64;
        let one = |metric: &str, role: Role, value: f64| Record {
            model: format!("m{i}"),
            layer: "backbone".to_owned(),
            dataset: if role == Role::Pre { "animals" } else { "cars" }.to_owned(),
            role: Some(role),
            metric: metric.to_owned(),
            variant: "default".to_owned(),
            value: Some(value),
            n: 100,
            d: 8 + i,
            classes: 4,
            ..Record::default()
        };
        let probe = |metric: &str, value: f64| Record {
            ci_low: Some(value - 0.01),
            ci_high: Some(value + 0.01),
            ..one(metric, Role::Eval, value)
        };
        results.records.extend([
            one("discriminative_ratio", Role::Pre, x * x),
            one("redundancy", Role::Eval, 0.9 - 0.1 * x),
            Record {
                layer: "logits".to_owned(),
                d: 10,
                ..one("leep", Role::Eval, x - 9.0)
            },
            probe("linear_top1", 0.5 + 0.05 * x),
            probe("linear_top5", 0.7 + 0.03 * x),
            Record {
                found: [(featscope::results::NEAREST.to_owned(), (0.3 + 0.02 * x).into())]
                    .into_iter()
                    .collect(),
                ..probe("knn_top1", 0.4 + 0.05 * (x - 2.0).abs())
            },
        ]);
        results.inputs.push(AnalysedInput {
            model: format!("m{i}"),
            layers: vec!["backbone".to_owned(), "logits".to_owned()],
            dataset: "cars".to_owned(),
            audit: Some(serde_json::json!({"parameters": 1_000_000 * (6 - i)})),
            ..AnalysedInput::default()
        });
    }
    Analysis {
        results,
        tables: Vec::new(),
    }
    .write(&dir.join("measured"))
    .unwrap();
}

#[test]
fn results_bring_their_own_accuracies_and_are_a_section_of_the_report() {
    let dir = tempfile::tempdir().unwrap();
    results(dir.path());
    let found = json(dir.path(), &["measured"]);
    let value = |metric: &str| {
        record(&found, metric, Some("cars"), "kendall")["value"]
            .as_f64()
            .unwrap()
    };
    assert_eq!(value("redundancy"), -1.0);
    assert_eq!(
        record(&found, "redundancy", Some("cars"), "kendall")["direction"],
        "lower"
    );
    assert_eq!(value("discriminative_ratio(pre)"), 1.0);
    assert_eq!(value("feature_width"), 1.0);
    assert_eq!(value("parameters"), -1.0, "of the loading audits");
    assert_eq!(value("knn_top1(k=1)"), 1.0, "beside the votes of more");
    assert_eq!(value("leep"), 1.0, "of the logits, beside a backbone");
    assert!(value("noise_ceiling") > 0.9);
    let metrics: Vec<&str> = found["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|r| r["metric"].as_str())
        .collect();
    assert!(
        !metrics.contains(&"linear_top1") && !metrics.contains(&"linear_top5"),
        "of the same fit"
    );
    let by_votes = json(
        dir.path(),
        &["measured", "--accuracy-metric", "knn_top1", "--metrics", "linear_top1"],
    );
    assert!(record(&by_votes, "linear_top1", Some("cars"), "kendall")["value"].is_number());
    let said = refused(dir.path(), &["measured", "--accuracy-metric", "ridge_top1"]);
    assert!(said.contains("no ridge_top1 at layer backbone"), "{said}");
    let said = refused(dir.path(), &["measured", "--layer", "stage9"]);
    assert!(said.contains("no layer stage9 in the results"), "{said}");
    let output = featscope(dir.path(), &["report", "measured", "--out", "page"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let html = std::fs::read_to_string(dir.path().join("page/index.html")).unwrap();
    assert!(html.contains("id=\"predictors-of-transfer\"") && html.contains("discriminative_ratio(pre)"));
    let markdown = std::fs::read_to_string(dir.path().join("page/report.md")).unwrap();
    assert!(markdown.contains("## Which number predicts transfer"));
}

/// Six models of two runs and three steps each. Within each model the score rises with the accuracy; across models it falls. Intervals
/// are those of six models, and equal the jackknife that leaves out a model with its six checkpoints.
#[test]
fn every_checkpoint_may_be_a_point_and_intervals_stay_those_of_models() {
    use featscope::features::Role;
    use featscope::results::{Analysis, Record, Results};
    let dir = tempfile::tempdir().unwrap();
    let mut results = Results::new("analyze", 0);
    // (score, accuracy) of a checkpoint.
    let point = |model: usize, run: usize, step: usize| {
        let (m, within) = (model as f64, run as f64 * 0.3 + step as f64);
        (within - 2.0 * m + (m * 7.0) % 5.0, 0.5 + 0.02 * within + 0.03 * m)
    };
    let mut all = Vec::new();
    for model in 0..6 {
        for (run, step) in (0..2).flat_map(|run| (0..3).map(move |step| (run, step))) {
            let (score, accuracy) = point(model, run, step);
            all.push((model, score, accuracy));
            let one = |metric: &str, value: f64| Record {
                model: format!("m{model}"),
                run: Some(format!("s{run}")),
                step: Some(step as u64),
                layer: "backbone".to_owned(),
                dataset: "cars".to_owned(),
                role: Some(Role::Eval),
                metric: metric.to_owned(),
                variant: "default".to_owned(),
                value: Some(value),
                n: 100,
                d: 8,
                classes: 4,
                ..Record::default()
            };
            results
                .records
                .extend([one("redundancy", score), one("linear_top1", accuracy)]);
        }
    }
    let analysis = Analysis {
        results,
        tables: Vec::new(),
    };
    analysis.write(&dir.path().join("measured")).unwrap();

    let pearson = |but: Option<usize>| {
        let kept: Vec<_> = all.iter().filter(|p| Some(p.0) != but).collect();
        let n = kept.len() as f64;
        let mean = |f: &dyn Fn(&&(usize, f64, f64)) -> f64| kept.iter().map(f).sum::<f64>() / n;
        let (x, y) = (mean(&|p| p.1), mean(&|p| p.2));
        let (sxy, sxx, syy) = (
            mean(&|p| (p.1 - x) * (p.2 - y)),
            mean(&|p| (p.1 - x).powi(2)),
            mean(&|p| (p.2 - y).powi(2)),
        );
        sxy / (sxx * syy).sqrt()
    };
    let without: Vec<f64> = (0..6).map(|m| pearson(Some(m)).atanh()).collect();
    let mean = without.iter().sum::<f64>() / 6.0;
    let error = (5.0 / 6.0 * without.iter().map(|v| (v - mean).powi(2)).sum::<f64>()).sqrt();
    // Student's t of five degrees of freedom at 97.5 %.
    let (at, half) = (pearson(None).atanh(), 2.570_581_836 * error);

    let found = json(dir.path(), &["measured", "--every-checkpoint"]);
    let record = record(&found, "redundancy", Some("cars"), "pearson");
    let near = |key: &str, want: f64| {
        let got = record[key].as_f64().unwrap();
        assert!((got - want).abs() < 1e-6, "{key}: {got}, not {want}");
    };
    near("value", pearson(None));
    near("ci_low", (at - half).tanh());
    near("ci_high", (at + half).tanh());
    assert_eq!(record["n"], 36);
    assert!(record["p_value"].is_null() && record["without_model"].is_null());
    assert!(record["without_family"].is_array());
    assert_eq!(found["models"].as_array().unwrap().len(), 36);
    assert_eq!(found["models"][4], "m0 (s1, step 1)");
    let notes = found["notes"].to_string();
    assert!(notes.contains("intervals are over the 6 models"), "{notes}");
    // As it is without the option: the last step of each, the mean of its runs.
    assert_eq!(json(dir.path(), &["measured"])["models"].as_array().unwrap().len(), 6);
    let text = correlate(dir.path(), &["measured", "--every-checkpoint"]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("36 models") && !text.contains("by chance"), "{text}");
}
