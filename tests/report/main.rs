//! Reports and renderings: the same digits everywhere, names that do nothing, nothing that cannot be shown.
#![cfg(feature = "analysis")]

mod figures;
mod page;
#[path = "../synthetic/mod.rs"]
mod synthetic;

use std::fs;

use featscope::compare::{CompareOptions, Comparison};
use featscope::report::{TableFormat, render, render_comparison, summary, write_report};
use featscope::results::{Analysis, Results};
use synthetic::analysis;

fn compared(results: &Results) -> Comparison {
    Comparison::of(results, &CompareOptions::default()).unwrap()
}

/// Writes a report into a folder whose name has a space and an umlaut, and reads all its text files.
fn reported(analysis: &Analysis) -> (tempfile::TempDir, Vec<(String, String)>) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("der Bericht ü");
    write_report(analysis, &compared(&analysis.results), None, &out).unwrap();
    let mut files = Vec::new();
    for folder in ["", "tables", "figures"] {
        // There is no folder of figures where nothing is drawn.
        for entry in fs::read_dir(out.join(folder)).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_file() && !path.extension().is_some_and(|e| e == "parquet" || e == "png") {
                let name = path.strip_prefix(&out).unwrap().to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    (dir, files)
}

fn file<'a>(files: &'a [(String, String)], name: &str) -> &'a str {
    &files
        .iter()
        .find(|(n, _)| n == name)
        .unwrap_or_else(|| panic!("no {name}"))
        .1
}

/// The records of one model at one layer.
fn few() -> Results {
    let mut results = analysis().results;
    results.records.retain(|r| r.model == "SL" && r.layer == "backbone");
    results
}

#[test]
fn records_as_text_are_pleasant_to_read() {
    let text = render(&few(), TableFormat::Text);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn records_as_markdown() {
    insta::assert_snapshot!(render(&few(), TableFormat::Markdown));
}

#[test]
fn comparisons_as_text() {
    let results = analysis().results;
    let options = CompareOptions {
        metrics: Some(
            ["discriminative_ratio", "feature_mixtureness", "sample_mixing"]
                .map(String::from)
                .to_vec(),
        ),
        ..CompareOptions::default()
    };
    let comparison = Comparison::of(&results, &options).unwrap();
    let text = render_comparison(&comparison, &results, "", TableFormat::Text);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn comparisons_over_all_layers_as_text() {
    let results = analysis().results;
    let options = CompareOptions {
        metrics: Some(vec!["redundancy".into()]),
        layer: Some("all".into()),
        ..CompareOptions::default()
    };
    let comparison = Comparison::of(&results, &options).unwrap();
    insta::assert_snapshot!(render_comparison(&comparison, &results, "", TableFormat::Text));
}

#[test]
fn the_summary_says_who_is_best_and_who_is_not_separable() {
    insta::assert_snapshot!(summary(&compared(&analysis().results)).join("\n"));
}

#[test]
fn csv_and_json_keep_every_digit() {
    let results = few();
    let json: Results = serde_json::from_str(&render(&results, TableFormat::Json)).unwrap();
    assert_eq!(json, results);
    let csv = render(&results, TableFormat::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let at = reader.headers().unwrap().iter().position(|h| h == "value").unwrap();
    let values: Vec<Option<f64>> = reader.records().map(|row| row.unwrap()[at].parse().ok()).collect();
    assert_eq!(values, results.records.iter().map(|r| r.value).collect::<Vec<_>>());
}

#[test]
fn every_format_shows_the_same_digits() {
    let (_dir, files) = reported(&analysis());
    let text = render_comparison(
        &compared(&analysis().results),
        &analysis().results,
        "",
        TableFormat::Text,
    );
    for name in ["report.md", "index.html"] {
        assert!(file(&files, name).contains("1.900 ± 0.025"), "{name}");
    }
    assert!(text.contains("1.900 ± 0.025"));
    assert!(file(&files, "tables/class-variation.tex").contains("$1.900 \\pm 0.025$"));
    assert!(file(&files, "tables/overview.tex").contains("$1.900 \\pm 0.025$$\\downarrow$"));
    assert!(file(&files, "tables/class-variation.csv").contains(",SL-MLP,1.9,0.025"));
}
