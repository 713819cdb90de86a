//! What transferability scores promise beyond their values.

use featscope::metrics::{FAMILIES, Metric};
use ndarray::{Array2, Axis};

use super::common::Formula;
use super::sides::Side;
use super::{Analysis, LabelledFeatures, crossed, found, measured, probes, test, train};

fn scores() -> impl Iterator<Item = &'static Metric> {
    let family = FAMILIES.iter().find(|f| f.id == "transferability").unwrap();
    family.metrics.iter().filter(|metric| !metric.eval.needs().logits)
}

fn ids() -> Vec<&'static str> {
    scores().map(|metric| metric.id).collect()
}

fn alone(data: LabelledFeatures) -> Analysis {
    crossed(Side::new(data), &probes(&ids()))
}

#[test]
fn scores_look_at_the_fitting_split_alone() {
    let split = measured(Side::new(train()), Side::new(test()), &probes(&ids()));
    let own = alone(train());
    for metric in ids() {
        let (a, b) = (found(&split, metric), found(&own, metric));
        assert!(a.value.is_some(), "{metric}: {:?}", a.note);
        assert_eq!((a.value, &a.replicates, a.n), (b.value, &b.replicates, b.n), "{metric}");
        assert_eq!(a.other_split.as_deref(), Some("train"), "{metric}");
        assert_eq!(a.found["fitting_rows"], train().1.len(), "{metric}");
    }
}

#[test]
fn scores_are_the_same_in_any_order_of_rows() {
    let order: Vec<usize> = (0..train().1.len()).map(|i| i * 101 % train().1.len()).collect();
    let first = alone(train());
    let turned = crossed(Side::new(train()).at(&order), &probes(&ids()));
    for metric in ids() {
        let (a, b) = (found(&first, metric), found(&turned, metric));
        assert_eq!((a.value, &a.replicates), (b.value, &b.replicates), "{metric}");
    }
}

#[test]
fn where_there_is_nothing_to_score_a_sentence_says_so() {
    let drawn = |counts: Vec<usize>, d| {
        Formula {
            seed: 3,
            counts,
            d,
            ..Formula::default()
        }
        .data()
    };
    let constant = |n: usize| (Array2::from_elem((n, 4), 0.3), (0..n).map(|i| i % 2).collect());
    let collapsed = || {
        let (rows, classes) = drawn(vec![9, 9, 9], 5);
        (
            rows.select(Axis(0), &classes.iter().map(|c| 9 * c).collect::<Vec<_>>()),
            classes,
        )
    };
    for (what, data) in [
        ("one class", drawn(vec![30], 5)),
        ("one row", drawn(vec![1], 5)),
        ("two rows", drawn(vec![1, 1], 5)),
        ("classes of one row", drawn(vec![1; 25], 7)),
        ("one channel", drawn(vec![15, 15], 1)),
        ("two channels", drawn(vec![15, 15], 2)),
        ("fewer rows than channels", drawn(vec![4, 5, 3], 50)),
        ("constant channels", constant(30)),
        ("zeros", (Array2::zeros((30, 3)), (0..30).map(|i| i % 3).collect())),
        ("collapsed classes", collapsed()),
        (
            "tiny features",
            (drawn(vec![15, 15], 4).0 * 1e-6, drawn(vec![15, 15], 4).1),
        ),
        (
            "large features",
            (drawn(vec![15, 15], 4).0 * 1e6, drawn(vec![15, 15], 4).1),
        ),
        (
            "far features",
            (drawn(vec![15, 15], 4).0 + 1e6, drawn(vec![15, 15], 4).1),
        ),
        (
            "huge features",
            (drawn(vec![15, 15], 4).0 * 1e200, drawn(vec![15, 15], 4).1),
        ),
    ] {
        let analysis = alone(data);
        for metric in scores() {
            let record = found(&analysis, metric.id);
            match record.value {
                Some(value) => {
                    let (low, high) = metric.range;
                    assert!((low..=high).contains(&value), "{} of {what}: {value}", metric.id);
                    assert!(record.found.values().all(|v| !v.is_null()), "{} of {what}", metric.id);
                }
                None => {
                    let note = record.note.as_ref().unwrap();
                    assert!(
                        !note.is_empty() && !note.contains("NaN"),
                        "{} of {what}: {note}",
                        metric.id
                    );
                }
            }
        }
        if what == "one class" || what == "one row" || what == "huge features" {
            assert!(
                ids().iter().all(|metric| found(&analysis, metric).value.is_none()),
                "{what}"
            );
        }
    }
}

#[test]
fn a_score_of_many_rows_says_which_it_looked_at() {
    let many = Formula {
        seed: 4,
        counts: vec![1_600; 2],
        d: 3,
        ..Formula::default()
    }
    .data();
    let analysis = crossed(Side::new(many), &probes(&["parc", "h_score"]));
    let parc = found(&analysis, "parc");
    assert_eq!((parc.n, &parc.method["rows_drawn"]), (3_000, &3_000.into()));
    assert_eq!(parc.method["rows_of"], 3_200);
    assert_eq!(found(&analysis, "h_score").n, 3_200);
    assert!(!found(&analysis, "h_score").method.contains_key("rows_drawn"));
}
