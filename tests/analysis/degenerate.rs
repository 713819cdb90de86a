//! Data on which a number does not exist: null and a reason, no error and no panic.

use featscope::analysis::analyse;
use featscope::metrics::{Eval, find};
use ndarray::{Array2, array};

use super::common::{Formula, analyse_pair, plan, record, set};
use super::{eval, pre};

#[test]
fn degenerate_data_give_null_and_a_reason() {
    let one = |rows: Array2<f64>, classes: Vec<usize>, metric: &str| {
        let mut p = plan(&[metric], &[]);
        (p.pre, p.eval) = (vec![], vec![]);
        let analysis = analyse(&[set("m", "pre", (rows, classes))], &p, &|_| ()).unwrap();
        let r = record(&analysis, "pre", metric).clone();
        assert_eq!((r.value, r.std_error, r.p_value), (None, None, None), "{metric}");
        r.note.unwrap()
    };
    let x = array![[1.0, 2.0], [2.0, 1.0], [4.0, 5.0], [0.5, 0.25]];
    assert!(one(x.clone(), vec![0; 4], "discriminative_ratio").contains("two classes"));
    assert!(one(x.clone(), vec![0, 1, 2, 3], "intra_class_distance").contains("no class has two rows"));
    let collapsed = array![[1.1, 2.0], [1.1, 2.0], [4.3, 5.0], [4.3, 5.0]];
    assert!(one(collapsed, vec![0, 0, 1, 1], "discriminative_ratio").contains("collapsed"));
    let twice = array![[1.1, 2.0], [1.3, 2.0], [1.1, 2.0], [1.3, 2.0]];
    assert!(one(twice, vec![0, 0, 1, 1], "inter_class_distance").contains("coincide"));
    assert!(one(Array2::from_elem((4, 3), 0.3), vec![0, 0, 1, 1], "redundancy").contains("constant"));
    assert!(one(array![[1.0, 2.0]], vec![0], "redundancy").contains("two rows"));
    assert!(one(array![[1.0], [2.0]], vec![0, 0], "redundancy_offdiagonal").contains("one channel"));
}

#[test]
fn sizes_whose_squares_leave_64_bits_give_null_and_say_so() {
    for scale in [1e-300, 1e-200, 1e-160, 1e160, 1e200, 1e300] {
        let scaled = |formula: Formula| {
            let (rows, classes) = formula.data();
            (rows * scale, classes)
        };
        let p = plan(&["all", "class_effective_rank"], &["sample_mixing.k=5"]);
        for r in &analyse_pair(scaled(pre()), scaled(eval()), &p).results.records {
            if matches!(find(&r.metric).unwrap().eval, Eval::Values { .. }) {
                // Counts look at no squares.
                continue;
            }
            assert_eq!(r.value, None, "{} at {scale:e}", r.metric);
            assert!(
                r.note.as_ref().unwrap().contains("64-bit"),
                "{}: {:?}",
                r.metric,
                r.note
            );
            // Nothing has collapsed, and no class lacks rows.
            let note = r.note.as_ref().unwrap();
            assert!(
                !note.contains("collapsed") && !note.contains("left out"),
                "{}: {note}",
                r.metric
            );
        }
    }
}

#[test]
fn rows_that_are_the_same_are_said_to_be() {
    let metrics = ["support-overlap", "hubness", "sample_mixing"];
    let p = plan(&metrics, &["sample_mixing.k=8", "precision=prdc"]);
    let note_of = |pre: Array2<f64>, metric: &str| {
        let classes = vec![0; pre.nrows()];
        let analysis = analyse_pair((pre, classes), eval().data(), &p);
        let r = record(&analysis, "pre", metric);
        (r.value, r.note.clone().unwrap_or_default())
    };
    let (rows, _) = pre().data();
    let same = Array2::from_elem(rows.dim(), 0.25);
    for metric in ["density", "coverage", "precision"] {
        let (value, note) = note_of(same.clone(), metric);
        assert!(
            value.is_none() && note.contains("no ball has a radius"),
            "{metric}: {note}"
        );
    }
    let (value, note) = note_of(same.clone(), "hubness");
    assert!(value.is_none() && note.contains("only their order says"), "{note}");
    // A third of the rows at one point.
    let mut some = rows;
    let first = some.row(0).to_owned();
    (0..100).for_each(|i| some.row_mut(i).assign(&first));
    for (metric, said) in [
        ("density", "100 of 302 pretraining rows coincide with 5 others"),
        ("coverage", "hold no row"),
        ("hubness", "100 of 302 rows coincide with 10 others"),
        ("sample_mixing", "coincide with 8 others"),
    ] {
        let (value, note) = note_of(some.clone(), metric);
        assert!(value.is_some() && note.contains(said), "{metric}: {note}");
    }
    // The balls of recall are around the other side's rows.
    assert!(!note_of(some, "recall").1.contains("coincide"));
    // Neighbours that only their order tells apart.
    let (binary, classes) = pre().data();
    let binary = binary.mapv(|x| f64::from(u8::from(x > 0.0)));
    let analysis = analyse_pair((binary, classes), eval().data(), &plan(&["hubness"], &[]));
    let note = record(&analysis, "pre", "hubness").note.clone().unwrap();
    assert!(note.contains("neighbour 10 is as far away as the next"), "{note}");
}

#[test]
fn a_note_says_no_more_than_can_be_said_of_a_share() {
    // The value is 1e-28 of its bias.
    let (rows, classes) = pre().data();
    let turned: Vec<usize> = (0..302).rev().collect();
    let other = rows.select(ndarray::Axis(0), &turned);
    let analysis = analyse_pair(
        (rows, classes.clone()),
        (other, classes),
        &plan(&["distribution-distance"], &[]),
    );
    for metric in ["frechet_distance", "coral"] {
        let note = record(&analysis, "pre", metric).note.clone().unwrap();
        assert!(note.contains("no larger than its bias"), "{metric}: {note}");
        assert!(note.contains("fewer than four digits"), "{metric}: {note}");
    }
    for r in &analysis.results.records {
        let note = r.note.clone().unwrap_or_default();
        let digits = |word: &str| word.chars().filter(char::is_ascii_digit).count();
        assert!(note.split(' ').all(|word| digits(word) <= 6), "{}: {note}", r.metric);
    }
}

#[test]
fn a_huge_k_is_undefined_and_no_panic() {
    let choice = format!("sample_mixing.k={}", usize::MAX);
    let analysis = analyse_pair(pre().data(), eval().data(), &plan(&["sample_mixing"], &[&choice]));
    assert!(
        record(&analysis, "pre", "sample_mixing")
            .note
            .as_ref()
            .unwrap()
            .contains("1 <= k")
    );
}

#[test]
fn one_row_or_one_channel_is_no_error() {
    for (n, d) in [(1, 1), (1, 5), (2, 1), (3, 40)] {
        let rows = Array2::from_shape_fn((n, d), |(i, j)| (i * 3 + j) as f64);
        let classes = (0..n).collect();
        let mut p = plan(&["all"], &[]);
        (p.pre, p.eval, p.tables) = (vec![], vec![], true);
        for r in &analyse(&[set("m", "pre", (rows, classes))], &p, &|_| ())
            .unwrap()
            .results
            .records
        {
            assert!(r.value.is_none_or(f64::is_finite));
            assert!(r.value.is_some() || r.note.is_some(), "{}", r.metric);
        }
    }
}

#[test]
fn a_singleton_class_is_named_and_costs_only_its_own_interval() {
    let formula = Formula {
        seed: 5,
        counts: vec![40, 1, 40, 40],
        d: 4,
        ..Formula::default()
    };
    let mut p = plan(&["class-variation"], &[]);
    (p.pre, p.eval) = (vec![], vec![]);
    let analysis = analyse(&[set("m", "pre", formula.data())], &p, &|_| ()).unwrap();
    let phi = record(&analysis, "pre", "discriminative_ratio");
    assert!(
        phi.note
            .as_ref()
            .unwrap()
            .contains("left out, with fewer than two rows: 1")
    );
    assert!(phi.ci_low.is_some());
    assert_eq!((phi.classes, phi.n), (3, 120));
    let inter = record(&analysis, "pre", "inter_class_distance");
    assert!(inter.ci_low.is_none());
    assert!(inter.note.as_ref().unwrap().contains("class 1 has only 1 row"));
    assert_eq!(inter.classes, 4);
}
