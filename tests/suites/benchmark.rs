//! A benchmark: means, ranks, tiers and the verdict.

use featscope::analysis::{Plan, Suite, of_suites};
use featscope::compare::{CompareOptions, Comparison};
use featscope::features::Role;
use featscope::report::{TableFormat, render_comparison, summary, write_report};
use featscope::results::{Analysis, Record, Results};
use serde_json::Value;

use super::{inputs, record};

const METHODS: [&str; 4] = ["A", "B", "C", "D"];

fn golden() -> Value {
    serde_json::from_str(include_str!("../../fixtures/golden/suites.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The results of the golden benchmark, with its suite.
fn benchmark() -> Results {
    let golden = golden();
    let names: Vec<String> = golden["sets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s.as_str().unwrap().into())
        .collect();
    let mut results = Results::new("featscope run", 0);
    for model in METHODS {
        for (name, right) in names.iter().zip(golden["right"][model].as_array().unwrap()) {
            results.inputs.extend(inputs(model, name));
            let rows = golden["rows"].as_f64().unwrap();
            results.records.push(record(model, name, &numbers(right), rows));
        }
    }
    let plan = Plan {
        suites: vec![Suite {
            name: "domains".into(),
            datasets: names,
        }],
        ..Plan::default()
    };
    let made = of_suites(&results.records, &plan);
    results.records.extend(made);
    results
}

fn near(got: Option<f64>, want: &Value, tolerance: f64) {
    let (got, want) = (got.unwrap(), want.as_f64().unwrap());
    assert!((got - want).abs() <= tolerance * want.abs().max(1e-12), "{got} {want}");
}

#[test]
fn a_benchmark_agrees_with_scipy() {
    let (golden, results) = (golden(), benchmark());
    let options = CompareOptions {
        baseline: Some("A".into()),
        ..CompareOptions::default()
    };
    let comparison = Comparison::of(&results, &options).unwrap();
    assert_eq!(comparison.suites.len(), 1);
    let table = &comparison.suites[0];
    assert_eq!(table.tested, 6);
    for row in &table.rows {
        near(row.mean, &golden["mean"][&row.model], 1e-12);
        near(row.log_odds, &golden["log_odds"][&row.model], 1e-12);
        near(row.mean_rank, &golden["mean_ranks"][&row.model], 1e-12);
        assert_eq!(
            row.tier.map(|t| t as u64),
            golden["tiers"][&row.model].as_u64(),
            "{}",
            row.model
        );
    }
    let friedman = table.friedman.as_ref().unwrap();
    near(Some(friedman.chi_squared), &golden["chi_squared"], 1e-9);
    near(friedman.f, &golden["f"], 1e-9);
    // Sums of chances, and a quantile by Simpson's rule and bisection; p-values of t below by statrs' series.
    near(Some(friedman.p_value), &golden["p_exact"], 1e-6);
    near(Some(friedman.critical_difference), &golden["critical_difference"], 1e-4);
    // The paired differences to A.
    let metric = comparison.table("linear_top1").unwrap();
    let group = metric.groups.iter().find(|g| g.dataset == "domains").unwrap();
    for pair in golden["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|pair| pair["a"] == "A")
    {
        let row = group
            .rows
            .iter()
            .find(|r| Some(r.model.as_str()) == pair["b"].as_str())
            .unwrap();
        let difference = row.difference.as_ref().unwrap();
        near(difference.value.map(|d| -d), &pair["difference"], 1e-12);
        near(difference.std_error, &pair["std_error"], 1e-9);
        near(difference.p_value, &pair["p"], 1e-5);
    }
}

#[test]
fn the_table_says_the_same_in_every_format() {
    let results = benchmark();
    let comparison = Comparison::of(&results, &CompareOptions::default()).unwrap();
    let render = |format| render_comparison(&comparison, &results, "featscope compare", format);
    let text = render(TableFormat::Text);
    let row = |text: &str, start: &str| {
        text.lines()
            .find(|line| line.trim_start().starts_with(start))
            .unwrap()
            .to_owned()
    };
    assert!(
        text.starts_with("Linear probe accuracy · suite domains · backbone\n"),
        "{text}"
    );
    assert!(
        row(&text, "model").ends_with("mean  log-odds  mean rank  tier"),
        "{text}"
    );
    assert!(row(&text, "A ").contains("*0.7667 ± 0.0083"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("6 pairs tested, Holm-adjusted") && words.contains("(exact)"),
        "{text}"
    );
    assert!(row(&render(TableFormat::Markdown), "| A ").contains("| **0.7667 ± 0.0083** |"));
    let latex = render(TableFormat::Latex);
    let best = row(&latex, "A &");
    assert!(
        best.contains("$\\mathbf{0.7667 \\pm 0.0083}$") && best.ends_with("& $1$ \\\\"),
        "{best}"
    );
    assert_eq!(best.matches('&').count(), 10);
    assert!(
        latex.lines().all(|line| !line.contains('±')),
        "no symbol that LaTeX does not know"
    );
    let outside = latex.lines().filter(|l| !l.starts_with(['%', '\\']) && !l.is_empty());
    assert!(
        outside.clone().all(|line| line.ends_with("\\\\")),
        "{:?}",
        outside.collect::<Vec<_>>()
    );
    let csv = render(TableFormat::Csv);
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    assert!(
        ["tier", "mean_rank", "runs", "runs_sd"]
            .iter()
            .all(|c| header.contains(c))
    );
    let written: Results = serde_json::from_str(&render(TableFormat::Json)).unwrap();
    let of_a =
        |r: &&Record| r.model == "A" && r.dataset == "domains" && r.metric == "linear_top1" && r.other_model.is_none();
    let told = &written.records.iter().find(of_a).unwrap().found;
    assert_eq!((&told["tier"], &told["mean_rank"]), (&1.into(), &1.0.into()));
    assert_eq!(told["friedman"]["datasets"], 6);

    let dir = tempfile::tempdir().unwrap();
    let analysis = Analysis {
        results,
        tables: Vec::new(),
    };
    write_report(&analysis, &comparison, None, dir.path()).unwrap();
    let page = std::fs::read_to_string(dir.path().join("index.html")).unwrap();
    assert!(page.contains("<strong>0.7667 ± 0.0083</strong>") && page.contains("id=\"suites\""));
    let tex = std::fs::read_to_string(dir.path().join("tables/suite-domains-linear_top1.tex")).unwrap();
    assert!(tex.contains("\\mathbf{0.7667 \\pm 0.0083}"));
    assert!(dir.path().join("tables/suite-domains.parquet").is_file());
}

/// Methods that differ by nothing but noise stand in one tier, and one that lacks a data set has no mean and no rank.
#[test]
fn what_cannot_be_told_apart_is_one_tier() {
    let mut results = benchmark();
    let alike = results
        .records
        .iter()
        .filter(|r| ["B", "C"].contains(&r.model.as_str()))
        .cloned();
    results.records = alike.collect();
    let tiers = |results: &Results| -> Vec<Option<usize>> {
        let comparison = Comparison::of(results, &CompareOptions::default()).unwrap();
        comparison.suites[0].rows.iter().map(|row| row.tier).collect()
    };
    assert_eq!(tiers(&results), [Some(1), Some(1)]);
    let mut lacking = results.clone();
    lacking
        .records
        .retain(|r| !(r.model == "C" && r.dataset == "two") && r.members().is_none());
    let plan = Plan {
        suites: vec![Suite {
            name: "domains".into(),
            datasets: ["one", "two"].map(str::to_owned).to_vec(),
        }],
        ..Plan::default()
    };
    let made = of_suites(&lacking.records, &plan);
    lacking.records.extend(made);
    let comparison = Comparison::of(&lacking, &CompareOptions::default()).unwrap();
    let row = &comparison.suites[0].rows[1];
    assert_eq!(
        (row.model.as_str(), row.mean, row.mean_rank, row.tier),
        ("C", None, None, None)
    );
    assert_eq!(row.cells[1].0, None);
    // Other images: not compared, and so not told apart.
    let mut others = benchmark();
    for input in others
        .inputs
        .iter_mut()
        .filter(|i| i.model == "D" && i.dataset == "six")
    {
        input.ids_sha256 = "other".into();
    }
    let comparison = Comparison::of(&others, &CompareOptions::default()).unwrap();
    assert_eq!(comparison.suites[0].tested, 3);
}

/// The suite alone is summed up, by how much and how sure; an axis whose best model is at chance level says nothing.
#[test]
fn the_verdict_begins_with_transfer() {
    let mut results = benchmark();
    for (model, value) in [("A", 1.5), ("B", 1.2), ("C", 1.3), ("D", 0.2)] {
        results.records.push(Record {
            model: model.into(),
            layer: "backbone".into(),
            dataset: "birds".into(),
            role: Some(Role::Pre),
            metric: "discriminative_ratio".into(),
            value: Some(value),
            n: 10,
            d: 8,
            ..Record::default()
        });
    }
    let of_suite = |r: &&mut Record| r.dataset == "domains" && r.metric == "linear_top1";
    results
        .records
        .iter_mut()
        .filter(of_suite)
        .for_each(|r| r.null_value = Some(0.65));
    let options = CompareOptions {
        baseline: Some("D".into()),
        ..CompareOptions::default()
    };
    let lines = summary(&Comparison::of(&results, &options).unwrap());
    assert_eq!(
        lines,
        [
            "Transfer: Linear probe accuracy on suite domains: highest is A (0.7667 ± 0.0083); then C (0.7083 ± 0.0089), B (0.7067 ± \
             0.0090), D (0.6167 ± 0.0096). A is 0.1500 [0.1360, 0.1640] above D, separably. No axis puts the models into this order: \
             class variation agrees on 0 of 6 pairs. 4 models show an order, not a law.",
            "Discriminative ratio on birds, pre: lowest is D (0.2000); then B (1.200), C (1.300), A (1.500). But D is at chance level on \
             suite domains: being best here says nothing of transfer.",
        ]
    );
    results.records.retain(|r| ["B", "C"].contains(&r.model.as_str()));
    let lines = summary(&Comparison::of(&results, &CompareOptions::default()).unwrap());
    assert!(
        lines[0].ends_with("No two of them can be told apart by it, so no axis agrees or disagrees."),
        "{lines:?}"
    );
}
