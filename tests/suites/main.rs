//! Benchmarks, sets of runs and trajectories through the library: means, tiers, ranks, and what stands in every format.
#![cfg(feature = "analysis")]

mod benchmark;
mod runs;

use featscope::analysis::{Plan, Suite, of_suites};
use featscope::compare::{CompareOptions, Comparison};
use featscope::features::Role;
use featscope::results::{AnalysedInput, Record, Results};
use featscope::uncertainty::{Scheme, wilson_interval};

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
                // Two rows in ten of the second and the third are their own.
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

/// From arrays: two models on two data sets, fitted on one split and scored on the other, from the command line to the table.
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
