//! `featscope correlate`, from tables and from results, through the program.
#![cfg(feature = "analysis")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn program(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_featscope"))
        .current_dir(dir)
        .arg("correlate")
        .args(args)
        .output()
        .unwrap()
}

fn written(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn json(dir: &Path, args: &[&str]) -> Value {
    let output = program(dir, &[args, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn record<'v>(found: &'v Value, metric: &str, dataset: Option<&str>, statistic: &str) -> &'v Value {
    let records = found["records"].as_array().unwrap();
    let place = |r: &&Value| r["metric"] == metric && r["dataset"].as_str() == dataset && r["statistic"] == statistic;
    records
        .iter()
        .find(place)
        .unwrap_or_else(|| panic!("no {metric} {dataset:?} {statistic}"))
}

fn refused(dir: &Path, args: &[&str]) -> String {
    let output = program(dir, args);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

/// Eight models on two data sets; a score of three ties, one of each data set, one that is constant on the second.
fn tables(dir: &Path) {
    written(
        dir,
        "scores.csv",
        "model,metric,value,dataset,family\n\
         a,width,1,,cnn\nb,width,2,,cnn\nc,width,2,,cnn\nd,width,2,,cnn\ne,width,3,,vit\nf,width,4,,vit\ng,width,5,,vit\nh,width,6,,vit\n\
         a,logme,0.1,one,\nb,logme,0.2,one,\nc,logme,0.15,one,\nd,logme,0.4,one,\ne,logme,0.3,one,\nf,logme,0.5,one,\ng,logme,0.7,one,\nh,logme,0.6,one,\n\
         a,logme,1,two,\nb,logme,1,two,\nc,logme,1,two,\nd,logme,1,two,\ne,logme,1,two,\nf,logme,1,two,\n",
    );
    written(
        dir,
        "accuracies.csv",
        "dataset,model,accuracy\n\
         one,a,50\none,b,52\none,c,51\none,d,60\none,e,58\none,f,64\none,g,71\none,h,70\n\
         two,a,80\ntwo,b,81\ntwo,c,79\ntwo,d,82\ntwo,e,85\ntwo,f,84\ntwo,g,\n",
    );
}

/// scipy 1.17.1: weightedtau, kendalltau, spearmanr, pearsonr on each data set, models with both numbers only.
#[test]
fn values_are_scipys_and_a_constant_score_counts_as_nothing_in_a_mean() {
    let dir = tempfile::tempdir().unwrap();
    tables(dir.path());
    let found = json(dir.path(), &["scores.csv", "--accuracy", "accuracies.csv"]);
    assert_eq!(found["schema"], "featscope/correlation/1");
    let value = |metric: &str, dataset: Option<&str>, statistic: &str| {
        record(&found, metric, dataset, statistic)["value"].as_f64().unwrap()
    };
    let wanted = [
        ("width", "one", "weighted_tau", 0.760488820005123),
        ("width", "one", "kendall", 0.7937253933193772),
        ("width", "one", "spearman", 0.9027075674773933),
        ("width", "one", "pearson", 0.9301986137797909),
        ("width", "two", "weighted_tau", 0.6094852763715672),
        ("width", "two", "kendall", 0.5962847939999439),
        ("width", "two", "spearman", 0.7589709258986453),
        ("width", "two", "pearson", 0.7801894976054937),
        ("logme", "one", "weighted_tau", 0.9999999999999998),
        ("logme", "one", "kendall", 0.9999999999999998),
        ("logme", "one", "spearman", 1.0),
        ("logme", "one", "pearson", 0.991948122405585),
    ];
    for (metric, dataset, statistic, want) in wanted {
        let got = value(metric, Some(dataset), statistic);
        assert!(
            (got - want).abs() < 1e-12,
            "{metric} {dataset} {statistic}: {got} {want}"
        );
    }
    let flat = record(&found, "logme", Some("two"), "kendall");
    assert!(flat["value"].is_null() && flat["note"].as_str().unwrap().contains("same for all models"));
    assert_eq!(
        value("logme", None, "kendall"),
        value("logme", Some("one"), "kendall") / 2.0
    );
    let mean = record(&found, "logme", None, "kendall");
    assert!(mean["note"].as_str().unwrap().contains("1 data set without a spread"));
    assert_eq!(record(&found, "width", Some("two"), "kendall")["n"], 6);
    // Every value comes with its n, interval, p and ranges.
    let whole = record(&found, "width", None, "weighted_tau");
    for key in ["ci_low", "ci_high", "p_value", "p_holm", "null_upper"] {
        assert!(whole[key].is_number(), "{key}");
    }
    assert!(whole["without_model"].is_array() && whole["without_family"].is_array());
    assert_eq!(record(&found, "static_rank", None, "kendall")["baseline"], true);
    assert!(record(&found, "noise_ceiling", None, "kendall")["value"].is_null());
}

#[test]
fn the_numbers_are_the_same_for_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    tables(dir.path());
    let records = |threads: &str| {
        json(
            dir.path(),
            &["scores.csv", "--accuracy", "accuracies.csv", "--threads", threads],
        )["records"]
            .clone()
    };
    assert_eq!(records("1"), records("3"));
}

#[test]
fn precise_accuracies_have_a_high_ceiling() {
    let dir = tempfile::tempdir().unwrap();
    let rows = |half: f64| {
        let mut text = String::from("model,dataset,accuracy,ci_low,ci_high\n");
        for (i, model) in ["a", "b", "c", "d", "e"].iter().enumerate() {
            let value = 50.0 + 2.0 * i as f64;
            text.push_str(&format!("{model},one,{value},{},{}\n", value - half, value + half));
        }
        written(dir.path(), "a.csv", &text);
        let found = json(dir.path(), &["--accuracy", "a.csv"]);
        record(&found, "noise_ceiling", Some("one"), "kendall")["value"]
            .as_f64()
            .unwrap()
    };
    let (sharp, blurred) = (rows(0.1), rows(8.0));
    assert!(sharp > 0.999 && blurred < 0.8, "{sharp} {blurred}");
}

#[test]
fn three_models_have_a_value_and_the_widest_interval_and_two_have_none() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), "s.csv", "model,metric,value\na,m,1\nb,m,2\nc,m,3\n");
    written(dir.path(), "a.csv", "model,dataset,accuracy\na,d,1\nb,d,2\nc,d,4\n");
    let found = json(dir.path(), &["s.csv", "--accuracy", "a.csv"]);
    let three = record(&found, "m", Some("d"), "kendall");
    assert_eq!(
        (&three["value"], &three["ci_low"], &three["ci_high"]),
        (&1.0.into(), &(-1.0).into(), &1.0.into())
    );
    assert_eq!(three["p_value"].as_f64().unwrap(), 2.0 / 6.0);
    assert!(three["without_model"].is_null(), "two models always agree");
    written(dir.path(), "a.csv", "model,dataset,accuracy\na,d,1\nb,d,2\n");
    let found = json(dir.path(), &["s.csv", "--accuracy", "a.csv"]);
    let two = record(&found, "m", Some("d"), "kendall");
    assert!(two["value"].is_null() && two["note"].as_str().unwrap().contains("fewer than three"));
}

#[test]
fn names_that_do_not_match_are_said() {
    let dir = tempfile::tempdir().unwrap();
    written(
        dir.path(),
        "s.csv",
        "model,metric,value\na,m,1\nb,m,2\nc,m,3\nResNet-50,m,3\n",
    );
    written(
        dir.path(),
        "a.csv",
        "model,dataset,accuracy\na,d,1\nb,d,2\nc,d,4\nresnet-50,d,4\n",
    );
    let output = program(dir.path(), &["s.csv", "--accuracy", "a.csv"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("ResNet-50 (is it resnet-50?)"), "{text}");
    written(dir.path(), "a.csv", "model,dataset,accuracy\nx,d,1\n");
    let said = refused(dir.path(), &["s.csv", "--accuracy", "a.csv"]);
    assert!(said.contains("no model has both a score and an accuracy"), "{said}");
}

#[test]
fn malformed_tables_are_refused_in_a_sentence_that_names_the_line() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), "s.csv", "model,metric,value\na,m,1\nb,m,2\nc,m,3\n");
    let cases = [
        (
            "model,dataset,accuracy\na,d,high\n",
            "line 2: accuracy \"high\" is not a number",
        ),
        (
            "model,dataset,accuracy\na,d,inf\n",
            "line 2: accuracy \"inf\" is not a number",
        ),
        ("model,dataset,acc\na,d,1\n", "no column accuracy"),
        ("", "has no lines"),
        (
            "model,dataset,accuracy\na,d,1\na,d,2\n",
            "line 3 gives the accuracy of a on d again",
        ),
        ("model,dataset,accuracy\n,d,1\n", "line 2 has no model"),
        (
            "model,dataset,accuracy,ci_low,ci_high\na,d,1,2,3\n",
            "is not within its interval",
        ),
        ("model,dataset,accuracy,colour\na,d,1,red\n", "\"colour\" is unknown"),
    ];
    for (text, want) in cases {
        written(dir.path(), "a.csv", text);
        let said = refused(dir.path(), &["s.csv", "--accuracy", "a.csv"]);
        assert!(said.contains(want), "{text}: {said}");
    }
    let said = refused(dir.path(), &["s.csv"]);
    assert!(said.contains("no accuracies"), "{said}");
}

#[test]
fn a_folder_gets_a_page_with_pictures_and_every_number() {
    let dir = tempfile::tempdir().unwrap();
    tables(dir.path());
    let output = program(
        dir.path(),
        &["scores.csv", "--accuracy", "accuracies.csv", "-o", "page"],
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = dir.path().join("page");
    let html = std::fs::read_to_string(page.join("index.html")).unwrap();
    assert!(html.contains("static_rank") && html.contains("<svg") && !html.contains("http://"));
    for file in [
        "correlation.json",
        "tables/correlation.csv",
        "figures/predictors.png",
        "figures/scatter-logme.svg",
    ] {
        assert!(page.join(file).is_file(), "{file}");
    }
    let csv = std::fs::read_to_string(page.join("tables/correlation.csv")).unwrap();
    assert!(csv.starts_with("metric,dataset,statistic,value,ci_low,ci_high,p_value"));
}

#[test]
fn a_data_set_of_equal_accuracies_is_no_part_of_a_mean() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), "s.csv", "model,metric,value\na,m,1\nb,m,2\nc,m,3\nd,m,4\n");
    written(
        dir.path(),
        "a.csv",
        "model,dataset,accuracy\na,one,1\nb,one,2\nc,one,4\nd,one,3\na,two,5\nb,two,5\nc,two,5\nd,two,5\n",
    );
    let found = json(dir.path(), &["s.csv", "--accuracy", "a.csv"]);
    let (mean, one) = (
        record(&found, "m", None, "kendall"),
        record(&found, "m", Some("one"), "kendall"),
    );
    assert_eq!(mean["value"], one["value"]);
    assert!(
        mean["note"]
            .as_str()
            .unwrap()
            .contains("without two: the accuracy is the same"),
        "{mean}"
    );
    let two = record(&found, "m", Some("two"), "kendall");
    assert!(two["value"].is_null() && two["note"].as_str().unwrap().contains("accuracy is the same"));
}

/// Of eleven models a score that follows the accuracies, a baseline that does not, and one score that is the baseline.
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
        let output = program(dir.path(), &[&["s.csv", "--accuracy", "a.csv"], args].concat());
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
        let output = program(dir.path(), &[&["s.csv", "--accuracy", "a.csv"], args].concat());
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
    let output = Command::new(env!("CARGO_BIN_EXE_featscope"))
        .current_dir(dir.path())
        .args(["report", "measured", "--out", "page"])
        .output()
        .unwrap();
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
    let text = program(dir.path(), &["measured", "--every-checkpoint"]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("36 models") && !text.contains("by chance"), "{text}");
}
