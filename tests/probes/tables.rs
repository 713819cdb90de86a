//! The tables beside the records say the same.

use featscope::analysis::Plan;
use featscope::results::{Column, Table};

use super::sides::Side;
use super::{crossed, found, measured, probes, test, train};

fn texts<'t>(table: &'t Table, name: &str) -> &'t [String] {
    match table.columns.iter().find(|(own, _)| own == name) {
        Some((_, Column::Text(values))) => values,
        other => panic!("{name}: {other:?}"),
    }
}

fn floats<'t>(table: &'t Table, name: &str) -> &'t [f64] {
    match table.columns.iter().find(|(own, _)| own == name) {
        Some((_, Column::Float(values))) => values,
        other => panic!("{name}: {other:?}"),
    }
}

fn counts<'t>(table: &'t Table, name: &str) -> &'t [u64] {
    match table.columns.iter().find(|(own, _)| own == name) {
        Some((_, Column::Count(values))) => values,
        other => panic!("{name}: {other:?}"),
    }
}

fn plan() -> Plan {
    Plan {
        tables: true,
        ..probes(&[
            "knn_top1",
            "ncm_top1",
            "ridge_top1",
            "linear_top1",
            "linear_nll",
            "linear_class_mean",
        ])
    }
}

#[test]
fn predictions_confusions_and_classes_add_up_to_the_records() {
    let scored = Side::new(test()).shuffled(4);
    let analysis = measured(Side::new(train()), scored.clone(), &plan());
    let predictions = analysis.table("predictions").unwrap();
    let (probe, id) = (texts(predictions, "probe"), texts(predictions, "id"));
    let (class, predicted) = (texts(predictions, "class"), texts(predictions, "predicted"));
    assert_eq!(probe.len(), 4 * 174);
    for (i, id) in id.iter().enumerate() {
        let own = scored.ids.iter().position(|other| other == id).unwrap();
        assert_eq!(class[i], scored.data.1[own].to_string());
    }
    let (confusions, classes) = (
        analysis.table("confusions").unwrap(),
        analysis.table("class_accuracy").unwrap(),
    );
    for (name, metric) in [
        ("knn", "knn_top1"),
        ("ncm", "ncm_top1"),
        ("ridge", "ridge_top1"),
        ("linear", "linear_top1"),
    ] {
        let rows: Vec<usize> = (0..probe.len()).filter(|&i| probe[i] == name).collect();
        let right = rows.iter().filter(|&&i| class[i] == predicted[i]).count();
        assert_eq!(found(&analysis, metric).value.unwrap(), right as f64 / 174.0);
        let of_probe = |table: &Table| {
            let names = texts(table, "probe");
            (0..names.len()).filter(|&i| names[i] == name).collect::<Vec<_>>()
        };
        let wrong: u64 = of_probe(confusions)
            .iter()
            .map(|&i| counts(confusions, "a_as_b")[i] + counts(confusions, "b_as_a")[i])
            .sum();
        assert_eq!(wrong as usize, 174 - right, "{name}");
        let known: u64 = of_probe(classes).iter().map(|&i| counts(classes, "right")[i]).sum();
        assert_eq!(known as usize, right);
    }
    // What the linear probe's log-loss and its mean over classes are made of.
    let chances = floats(predictions, "probability");
    let of_linear: Vec<usize> = (0..probe.len()).filter(|&i| probe[i] == "linear").collect();
    let nll = -of_linear.iter().map(|&i| chances[i].ln()).sum::<f64>() / 174.0;
    assert!((found(&analysis, "linear_nll").value.unwrap() / nll - 1.0).abs() < 1e-9);
    let accuracies: Vec<f64> = (0..texts(classes, "probe").len())
        .filter(|&i| texts(classes, "probe")[i] == "linear")
        .map(|i| floats(classes, "accuracy")[i])
        .collect();
    let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
    assert!((found(&analysis, "linear_class_mean").value.unwrap() - mean).abs() < 1e-12);
}

#[test]
fn votes_by_k_are_the_records_at_that_k() {
    let analysis = measured(Side::new(train()), Side::new(test()), &plan());
    let table = analysis.table("knn_by_k").unwrap();
    assert_eq!(counts(table, "k"), [1, 10, 20, 100, 200]);
    let stated = &found(&analysis, "knn_top1").found[featscope::results::NEAREST];
    assert_eq!(stated.as_f64(), Some(floats(table, "accuracy")[0]));
    for (i, &k) in counts(table, "k").iter().enumerate() {
        let mut one = probes(&["knn_top1"]);
        one.conventions.choose(&format!("knn_top1.k={k}")).unwrap();
        let record = measured(Side::new(train()), Side::new(test()), &one);
        let record = found(&record, "knn_top1");
        assert_eq!(record.value, Some(floats(table, "accuracy")[i]), "{k}");
        assert_eq!(record.ci_low, Some(floats(table, "ci_low")[i]));
    }
}

#[test]
fn more_labels_do_better_and_a_budget_chooses_for_itself() {
    for analysis in [
        measured(Side::new(train()), Side::new(test()), &plan()),
        crossed(Side::new(test()), &plan()),
    ] {
        let table = analysis.table("label_efficiency").unwrap();
        let (probe, budget, accuracy) = (
            texts(table, "probe"),
            counts(table, "rows_per_class"),
            floats(table, "accuracy"),
        );
        for name in ["ncm", "linear"] {
            let mean = |rows: u64| {
                let own = (0..probe.len()).filter(|&i| probe[i] == name && budget[i] == rows);
                let own: Vec<f64> = own.map(|i| accuracy[i]).collect();
                assert_eq!(own.len(), 5, "{name} {rows}");
                own.iter().sum::<f64>() / 5.0
            };
            assert!(mean(16) > mean(1) + 0.05, "{name}: {} {}", mean(1), mean(16));
        }
        let lambdas = floats(table, "lambda");
        for (i, rows) in budget.iter().enumerate() {
            if probe[i] == "linear" && *rows == 1 {
                assert_eq!(lambdas[i], 1e-2, "nothing can be held out");
            }
        }
    }
}
