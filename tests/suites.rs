//! Benchmarks, sets of runs and trajectories through the library: means, tiers, ranks, and what stands in every format.
#![cfg(feature = "analysis")]

use featscope::analysis::{Plan, Suite, of_suites};
use featscope::compare::{CompareOptions, Comparison, cuts, settle, trajectories};
use featscope::features::Role;
use featscope::report::{TableFormat, render_comparison, summary, write_report};
use featscope::results::{AnalysedInput, Analysis, Record, Results};
use featscope::uncertainty::{Scheme, wilson_interval};
use serde_json::Value;

const METHODS: [&str; 4] = ["A", "B", "C", "D"];

fn golden() -> Value {
    serde_json::from_str(include_str!("../fixtures/golden/suites.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The record of an accuracy from the right rows of each jackknife group.
fn record(model: &str, dataset: &str, right: &[f64], rows: f64) -> Record {
    let (all, n) = (right.iter().sum::<f64>(), rows * right.len() as f64);
    let interval = wilson_interval(all / n, n as u64);
    Record {
        model: model.into(),
        layer: "backbone".into(),
        dataset: dataset.into(),
        split: "test".into(),
        role: Some(Role::Eval),
        other_dataset: Some(dataset.into()),
        other_split: Some("train".into()),
        metric: "linear_top1".into(),
        variant: "default".into(),
        value: Some(all / n),
        std_error: Some(interval.std_error),
        ci_low: Some(interval.low),
        ci_high: Some(interval.high),
        error: Some(Scheme::Wilson),
        replicates: Some(right.iter().map(|own| (all - own) / (n - rows)).collect()),
        n: n as u64,
        d: 8,
        classes: 4,
        ..Record::default()
    }
}

/// The scored and the fitted split.
fn inputs(model: &str, dataset: &str) -> [AnalysedInput; 2] {
    ["test", "train"].map(|split| AnalysedInput {
        model: model.into(),
        dataset: dataset.into(),
        split: split.into(),
        layers: vec!["backbone".into()],
        ids_sha256: format!("{dataset}-{split}-ids"),
        ..AnalysedInput::default()
    })
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

/// Of the suite alone, by how much and how sure; an axis whose best model is at chance level says nothing.
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

/// Runs of a model that saw the same images: values 0.70, 0.72, 0.74 and 0.60, 0.61, 0.65.
fn with_runs(values: &[(&str, &[f64])]) -> Results {
    let mut results = Results::new("", 0);
    for (model, values) in values {
        for (i, value) in values.iter().enumerate() {
            let right: Vec<f64> = (0..10).map(|g| 40.0 * value + f64::from(g % 3) - 1.0).collect();
            let run = Some(i.to_string());
            results.inputs.extend(inputs(model, "cars").map(|input| AnalysedInput {
                run: run.clone(),
                ..input
            }));
            results.records.push(Record {
                run,
                ..record(model, "cars", &right, 40.0)
            });
        }
    }
    results
}

#[test]
fn from_three_runs_on_the_run_is_the_unit() {
    let results = with_runs(&[("A", &[0.70, 0.72, 0.74]), ("B", &[0.60, 0.61, 0.65])]);
    let comparison = Comparison::of(&results, &CompareOptions::default()).unwrap();
    let group = &comparison.tables[0].groups[0];
    let runs = group.rows[0].runs.as_ref().unwrap();
    let all: Vec<f64> = results.records[..3].iter().map(|r| r.value.unwrap()).collect();
    let mean = all.iter().sum::<f64>() / 3.0;
    let sd = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    assert_eq!(runs.runs, 3);
    assert!((runs.sd.unwrap() - sd).abs() < 1e-14 && (group.rows[0].value.unwrap() - mean).abs() < 1e-15);
    assert!((group.rows[0].std_error.unwrap() - sd / 3f64.sqrt()).abs() < 1e-14);
    let squares: f64 = results.records[..3].iter().map(|r| r.std_error.unwrap().powi(2)).sum();
    assert!((runs.within.unwrap() - (squares / 3.0).sqrt()).abs() < 1e-14);
    // scipy.stats.ttest_ind of the six shares, equal_var=False.
    let difference = group.rows[1].difference.as_ref().unwrap();
    assert!(
        (difference.p_value.unwrap() - 0.007800429240).abs() < 1e-6,
        "{difference:?}"
    );
    assert!(
        comparison.notes[0].contains("intervals and tests are over runs"),
        "{:?}",
        comparison.notes
    );
    let text = render_comparison(&comparison, &results, "", TableFormat::Text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("spread over runs") && text.contains("A, B: mean of 3 runs (0, 1, 2)"),
        "{text}"
    );
}

#[test]
fn of_two_runs_the_images_are_the_unit() {
    let results = with_runs(&[("A", &[0.70, 0.72]), ("B", &[0.60, 0.62])]);
    let settled = settle(&results);
    assert_eq!(settled.results.records.len(), 2);
    let a = &settled.results.records[0];
    assert_eq!(
        (a.error, a.replicates.as_ref().map(Vec::len)),
        (Some(Scheme::Wilson), Some(10))
    );
    assert_eq!(a.run, None);
    assert!(
        settled.notes[0].contains("over images, given these runs"),
        "{:?}",
        settled.notes
    );
    let comparison = Comparison::of(&results, &CompareOptions::default()).unwrap();
    let group = &comparison.tables[0].groups[0];
    assert!(
        group.rows[1].difference.as_ref().unwrap().p_value.is_none(),
        "their noise is the same: no spread"
    );
    // Three of one and one of the other: not tested, and said.
    let results = with_runs(&[("A", &[0.70, 0.72, 0.74]), ("B", &[0.60])]);
    let comparison = Comparison::of(&results, &CompareOptions::default()).unwrap();
    let difference = comparison.tables[0].groups[0].rows[1].difference.clone().unwrap();
    assert!(difference.reason.unwrap().contains("at least three runs"));
    // Runs that were measured differently have no mean.
    let mut results = with_runs(&[("A", &[0.70, 0.72, 0.74])]);
    results.records[1].method.insert("k".into(), 3.into());
    let settled = settle(&results);
    let a = &settled.results.records[0];
    assert_eq!(a.value, None);
    assert!(a.note.as_ref().unwrap().contains("measured differently (k)"));
}

/// Two models at steps 2, 10 and 40, the second without the last.
fn with_steps() -> Results {
    let mut results = Results::new("", 0);
    for (model, steps) in [("A", &[40, 2, 10][..]), ("B", &[2, 10])] {
        for step in steps {
            let right: Vec<f64> = (0..10)
                .map(|g| 20.0 + *step as f64 / 4.0 + f64::from(g % 3) - 1.0)
                .collect();
            results.inputs.extend(inputs(model, "cars").map(|input| AnalysedInput {
                step: Some(*step),
                ..input
            }));
            let one = record(model, "cars", &right, 40.0);
            for (metric, role, value) in [
                ("linear_top1", Role::Eval, one.value.unwrap()),
                ("discriminative_ratio", Role::Pre, 3.0 - *step as f64 / 20.0),
                ("rankme", Role::Eval, 0.1),
            ] {
                results.records.push(Record {
                    step: Some(*step),
                    metric: metric.into(),
                    role: Some(role),
                    dataset: if role == Role::Pre { "birds" } else { "cars" }.into(),
                    other_dataset: one.other_dataset.clone().filter(|_| metric == "linear_top1"),
                    other_split: one.other_split.clone().filter(|_| metric == "linear_top1"),
                    value: Some(value),
                    ..one.clone()
                });
            }
        }
    }
    results
}

#[test]
fn of_several_steps_the_last_is_compared_and_all_are_drawn_in_order() {
    let results = with_steps();
    let comparison = Comparison::of(&results, &CompareOptions::default()).unwrap();
    let group = &comparison.table("linear_top1").unwrap().groups[0];
    assert_eq!(group.rows[0].value, Some(0.7475));
    assert!(
        comparison
            .notes
            .iter()
            .any(|n| n == "A: of 3 steps the last is compared, 40"),
        "{:?}",
        comparison.notes
    );
    let all = trajectories(&results, "backbone");
    assert_eq!(all.len(), 3);
    let probe = all.iter().find(|t| t.metric == "linear_top1").unwrap();
    let steps: Vec<u64> = probe.models[0].points.iter().map(|p| p.step).collect();
    assert_eq!(
        (probe.models[0].model.as_str(), steps.as_slice()),
        ("A", &[2, 10, 40][..])
    );
    assert_eq!(probe.models[1].points.len(), 2);

    let dir = tempfile::tempdir().unwrap();
    let analysis = Analysis {
        results,
        tables: Vec::new(),
    };
    write_report(&analysis, &comparison, None, dir.path()).unwrap();
    for name in ["trajectories", "paths", "trajectories-others"] {
        assert!(dir.path().join(format!("figures/{name}.png")).is_file(), "{name}");
    }
    assert!(
        cuts(comparison.compared(&analysis.results)).is_empty(),
        "one layer is no choice"
    );
}

/// 400 benchmarks of six data sets of 200 rows, on which two methods are right on much the same rows: how often the intervals of
/// the mean and of the paired difference hold the truth, and how often the tiers
/// part two methods that are alike, and worse than the first.
#[test]
fn intervals_of_benchmarks_hold_the_truth() {
    use rand::{Rng as _, SeedableRng as _};
    const REPEATS: usize = 400;
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(14);
    let truth = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
    let lead = 0.2;
    let names: Vec<String> = (0..truth.len()).map(|i| format!("set{i}")).collect();
    let plan = Plan {
        suites: vec![Suite {
            name: "all".into(),
            datasets: names.clone(),
        }],
        ..Plan::default()
    };
    let [mut mean, mut difference, mut parted] = [0; 3];
    for _ in 0..REPEATS {
        let mut results = Results::new("", 0);
        for (name, p) in names.iter().zip(truth) {
            let mut right = [[0.0; 10]; 3];
            for row in 0..200 {
                let shared: f64 = rng.random();
                // Of the second and the third two rows in ten are their own.
                let mut draw =
                    |p: f64| f64::from(u8::from(if rng.random_bool(0.8) { shared } else { rng.random() } < p));
                let all = [draw(p), draw(p - lead), draw(p - lead)];
                right.iter_mut().zip(all).for_each(|(own, is)| own[row % 10] += is);
            }
            for (model, own) in ["A", "B", "C"].iter().zip(&right) {
                results.inputs.extend(inputs(model, name));
                results.records.push(record(model, name, own, 20.0));
            }
        }
        let made = of_suites(&results.records, &plan);
        results.records = made;
        let comparison = Comparison::of(&results, &CompareOptions::default()).unwrap();
        let group = &comparison.table("linear_top1").unwrap().groups[0];
        let expected = truth.iter().sum::<f64>() / truth.len() as f64;
        let holds = |low: Option<f64>, high: Option<f64>, x: f64| usize::from(low.unwrap() <= x && x <= high.unwrap());
        mean += holds(group.rows[0].ci_low, group.rows[0].ci_high, expected);
        let d = group.rows[1].difference.as_ref().unwrap();
        difference += holds(d.ci_low, d.ci_high, -lead);
        let tier = |model: usize| comparison.suites[0].rows[model].tier;
        parted += usize::from(tier(1) != tier(2));
    }
    let share = |count: usize| count as f64 / REPEATS as f64;
    let (mean, difference, parted) = (share(mean), share(difference), share(parted));
    // Four standard errors of 400 repetitions.
    assert!((mean - 0.95).abs() < 0.045, "mean {mean}");
    assert!((difference - 0.95).abs() < 0.045, "difference {difference}");
    assert!(parted < 0.05 + 0.045, "parted {parted}");
    println!("mean {mean}, difference {difference}, alike parted {parted}");
}

/// Of arrays: two models on two data sets, fitted on one split and scored on the other, from the command line to the table.
#[test]
fn a_suite_of_arrays_is_named_on_the_command_line() {
    use ndarray::Array2;
    let dir = tempfile::tempdir().unwrap();
    let mut words: Vec<String> = Vec::new();
    let mut labels = Vec::new();
    for (model, blur) in [("A", 1), ("B", 5)] {
        for (set, shift) in [("cars", 0), ("digits", 3)] {
            for (split, rows) in [("train", 60), ("test", 40)] {
                let stem = dir.path().join(format!("{model}-{set}-{split}"));
                // Three classes, the more alike the larger the blur.
                let x = Array2::from_shape_fn((rows, 4), |(i, j)| {
                    let class = (i % 3 == j) as usize * 10;
                    (class + blur * ((i * 7 + j * 13 + shift + i * i) % 11)) as f64 / 10.0
                });
                let path = stem.with_extension("npy");
                ndarray_npy::write_npy(&path, &x).unwrap();
                let own = dir.path().join(format!("{model}-{set}-{split}.txt"));
                let text: String = (0..rows).map(|i| format!("c{}\n", i % 3)).collect();
                std::fs::write(&own, text).unwrap();
                words.push(format!("{model}:{set}/{split}={}", path.display()));
                labels.extend(["--labels".to_owned(), own.display().to_string()]);
            }
        }
    }
    let out = dir.path().join("out");
    let run = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_featscope"));
        command.arg("analyze").args(&words).args(&labels).args([
            "--eval",
            "cars",
            "--eval",
            "digits",
            "--metrics",
            "knn_top1",
        ]);
        command.args(more).arg("-o").arg(&out).output().unwrap()
    };
    let done = run(&["--suite", "domains=cars,digits"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let results = Results::read(&out.join("results.json")).unwrap();
    let value = |dataset: &str, metric: &str| {
        let is_it = |r: &&Record| (r.model.as_str(), r.dataset.as_str(), r.metric.as_str()) == ("B", dataset, metric);
        results.records.iter().find(is_it).unwrap().value.unwrap()
    };
    let (cars, digits) = (value("cars", "knn_top1"), value("digits", "knn_top1"));
    assert!((value("domains", "knn_top1") - (cars + digits) / 2.0).abs() < 1e-15);
    let odds = |share: f64| ((40.0 * share + 0.5) / (40.0 - 40.0 * share + 0.5)).ln();
    assert!((value("domains", "suite_log_odds") - (odds(cars) + odds(digits)) / 2.0).abs() < 1e-12);
    let comparison = Comparison::of(&results, &CompareOptions::default()).unwrap();
    assert_eq!(comparison.suites[0].datasets, ["cars", "digits"]);
    assert_eq!(comparison.suites[0].tested, 1);
    for (suite, said) in [
        ("domains=cars,cars", "each once"),
        ("domains", "expected NAME=SET"),
        ("cars=cars,digits", "has that name"),
        ("domains=cars,ships", "no input is of that data set"),
    ] {
        let refused = run(&["--suite", suite]);
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && text.contains(said), "{text}");
    }
}
