//! `featscope correlate`, from tables and from results, through the program.
#![cfg(feature = "analysis")]

mod leads;
#[path = "../common/program.rs"]
mod program;
mod results;

use std::path::{Path, PathBuf};
use std::process::Output;

use program::featscope;
use serde_json::Value;

fn correlate(dir: &Path, args: &[&str]) -> Output {
    featscope(dir, &[&["correlate"], args].concat())
}

fn written(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn json(dir: &Path, args: &[&str]) -> Value {
    let output = correlate(dir, &[args, &["--format", "json"]].concat());
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
    program::refused(dir, &[&["correlate"], args].concat(), &[])
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
    let output = correlate(dir.path(), &["s.csv", "--accuracy", "a.csv"]);
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
    let output = correlate(
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
