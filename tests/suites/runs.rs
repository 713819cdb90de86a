//! Several runs and steps of a model.

use featscope::compare::{CompareOptions, Comparison, cuts, settle, trajectories};
use featscope::features::Role;
use featscope::report::{TableFormat, render_comparison, write_report};
use featscope::results::{AnalysedInput, Analysis, Record, Results};
use featscope::uncertainty::Scheme;

use super::{inputs, record};

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
            .any(|n| n == "A: the last of 3 steps is compared, 40"),
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
