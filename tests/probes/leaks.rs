//! What a probe could know and must not.

use ndarray::{Axis, concatenate};

use super::sides::Side;
use super::{ALL, LabelledFeatures, found, measured, probes, test, timeless, train};

#[test]
fn scored_rows_among_the_fitting_rows_are_counted_and_named() {
    let ((x, y), (t, u)) = (train(), test());
    // Ten test rows copied into the train split, under ids of their own.
    let leaked = |ids: &dyn Fn(usize) -> String| {
        let copied = t.select(Axis(0), &(0..10).collect::<Vec<_>>());
        let mut fit = Side::new((
            concatenate(Axis(0), &[x.view(), copied.view()]).unwrap(),
            y.iter().chain(&u[..10]).copied().collect(),
        ));
        let n = fit.ids.len();
        for i in 0..10 {
            fit.ids[n - 10 + i] = ids(i);
        }
        fit
    };
    let plan = probes(&["knn_top1", "linear_top1", "fewshot_1"]);
    let mut scored = Side::new((t.clone(), u.clone()));
    scored.ids.iter_mut().for_each(|id| id.insert(0, 't'));
    let hidden = measured(leaked(&|i| format!("copy {i}")), scored.clone(), &plan);
    for record in &hidden.results.records {
        let note = record.note.as_ref().unwrap();
        assert!(note.contains("10 scored rows have the very features"), "{note}");
    }
    let open = measured(leaked(&|i| format!("t{i:04}")), scored.clone(), &plan);
    for record in &open.results.records {
        let note = record.note.as_ref().unwrap();
        assert!(
            note.contains("10 row ids are both fitted on and scored (t0000"),
            "{note}"
        );
    }
    let clean = measured(Side::new((x, y)), scored, &plan);
    assert!(
        clean.results.records.iter().all(|r| r.note.is_none()),
        "{:?}",
        clean.results.records
    );
}

#[test]
fn a_channel_that_is_the_label_on_scored_rows_alone_is_no_help() {
    // C is fixed: the grid of λ counts from the mean square of all channels, dead ones too.
    let mut plan = probes(&ALL);
    for id in ALL.iter().filter(|id| id.starts_with("linear")) {
        plan.conventions.choose(&format!("{id}.C=0.05")).unwrap();
    }
    let plain = measured(Side::new(train()), Side::new(test()), &plan);
    let with = |(x, y): LabelledFeatures, tells: bool| -> LabelledFeatures {
        let channel = y.iter().map(|&c| if tells { c as f64 } else { 0.0 });
        let channel = ndarray::Array1::from_iter(channel).insert_axis(Axis(1));
        (concatenate(Axis(1), &[x.view(), channel.view()]).unwrap(), y)
    };
    let leaked = measured(Side::new(with(train(), false)), Side::new(with(test(), true)), &plan);
    for metric in ALL {
        let (a, b) = (
            found(&plain, metric).value.unwrap(),
            found(&leaked, metric).value.unwrap(),
        );
        // The norm of a scored row has a part in the temperature of a vote by cosine, and in nothing else.
        let near = if metric == "knn_top1" { 0.05 } else { 1e-6 };
        assert!((a - b).abs() < near, "{metric}: {a} {b}");
    }
}

#[test]
fn no_choice_sees_a_scored_row() {
    let plan = probes(&["linear_top1", "ridge_top1"]);
    let whole = measured(Side::new(train()), Side::new(test()), &plan);
    // Other scored rows, another number of them and other labels: the same fit.
    let (t, u) = test();
    let moved = Side::new((t.mapv(|x| 3.0 - x), u.iter().map(|c| (c + 1) % 6).collect()));
    let other = measured(Side::new(train()), moved.only(|i| i % 3 > 0), &plan);
    for metric in ["linear_top1", "ridge_top1"] {
        let (a, b) = (found(&whole, metric), found(&other, metric));
        for name in ["lambda", "loss", "held_out_loss", "passes", "left_out_error"] {
            assert_eq!(a.found.get(name), b.found.get(name), "{metric} {name}");
        }
        assert_ne!(a.value, b.value);
    }
    assert_eq!(timeless(&whole).len(), 2);
}
