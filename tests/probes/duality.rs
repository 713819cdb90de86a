//! Self-duality: which classifier is taken, and what is said of it.

use featscope::analysis::{Plan, analyse};
use featscope::features::FeatureSet;
use featscope::results::Record;
use ndarray::{Array2, Axis, s};

use super::common::{LabelledFeatures, named, noise, plan};
use super::{Side, crossed, found, measured, probes, test, train};

const METRIC: &str = "nc3_self_duality";

/// The weights of a classifier that names most rows: the class means, bent.
fn head((rows, classes): &LabelledFeatures) -> Array2<f64> {
    let mut weights = means(rows, classes);
    weights
        .indexed_iter_mut()
        .for_each(|((c, j), w)| *w += 0.4 * noise(&[5, c as u64, j as u64]));
    weights
}

fn means(rows: &Array2<f64>, classes: &[usize]) -> Array2<f64> {
    let count = classes.iter().max().unwrap() + 1;
    let mut means = Array2::zeros((count, rows.ncols()));
    for (class, mut mean) in means.outer_iter_mut().enumerate() {
        let own: Vec<usize> = (0..classes.len()).filter(|&i| classes[i] == class).collect();
        mean.assign(&rows.select(Axis(0), &own).mean_axis(Axis(0)).unwrap());
    }
    let centre = means.mean_axis(Axis(0)).unwrap();
    means - centre
}

fn self_duality(weights: &Array2<f64>, means: &Array2<f64>) -> f64 {
    let norm = |m: &Array2<f64>| m.iter().map(|x| x * x).sum::<f64>().sqrt();
    norm(&(weights / norm(weights) - means / norm(means)))
}

/// As they are stored.
fn single(m: &Array2<f64>) -> Array2<f64> {
    m.mapv(|x| f64::from(x as f32))
}

/// Layers of the same rows, by name.
fn layers(layers: &[(&str, Array2<f64>)], classes: &[usize]) -> Vec<Box<dyn FeatureSet>> {
    let of_layer = |(name, rows): &(&str, Array2<f64>)| {
        named((rows.clone(), classes.to_vec()), |s| (*name).clone_into(&mut s.layer))
    };
    layers.iter().map(of_layer).collect()
}

fn record_of(sets: &[Box<dyn FeatureSet>], plan: &Plan, layer: &str) -> Record {
    let records = analyse(sets, plan, &|_| ()).unwrap().results.records;
    let found: Vec<&Record> = records
        .iter()
        .filter(|r| r.layer == layer && r.metric == METRIC)
        .collect();
    assert_eq!(found.len(), 1);
    found[0].clone()
}

#[test]
fn the_models_own_classifier_is_told_by_its_logits() {
    let (rows, classes) = train();
    let weights = head(&train());
    let logits = rows.dot(&weights.t()) + 0.3;
    let expected = self_duality(&weights, &means(&rows, &classes));
    let both = layers(&[("backbone", single(&rows)), ("logits", single(&logits))], &classes);
    let plan = probes(&[METRIC]);
    let r = record_of(&both, &plan, "backbone");
    assert!((r.value.unwrap() - expected).abs() < 1e-5, "{:?} {expected}", r.value);
    assert_eq!(r.method["classifier"], "head");
    assert!(r.found["head_error"].as_f64().unwrap() < 1e-5 && r.found["head_residual"].as_f64().unwrap() < 1e-10);
    assert_eq!((r.n, r.classes, r.ci_low), (174, 6, None));
    assert_eq!(r.null_value, Some(2f64.sqrt()));
    // All passes over both layers are foreseen.
    let read = std::sync::atomic::AtomicU64::new(0);
    let count = |rows: u64| {
        read.fetch_add(rows, std::sync::atomic::Ordering::Relaxed);
    };
    analyse(&both, &plan, &count).unwrap();
    assert_eq!(
        read.into_inner(),
        featscope::analysis::rows_to_read(&both, &plan).unwrap()
    );
    // A probe where one is wanted.
    let mut of_probe = probes(&[METRIC]);
    of_probe.conventions.choose("nc3_self_duality=probe").unwrap();
    let probe = record_of(&both, &of_probe, "backbone");
    assert_eq!(probe.method["classifier"], "probe");
    assert!((probe.value.unwrap() - expected).abs() > 1e-3);
}

#[test]
fn where_logits_do_not_tell_it_a_probe_stands_in_and_the_note_says_why() {
    let (rows, classes) = train();
    let logits = rows.dot(&head(&train()).t());
    let with = |rows: Array2<f64>, logits: Array2<f64>, classes: &[usize]| {
        record_of(
            &layers(&[("backbone", rows), ("logits", logits)], classes),
            &probes(&[METRIC]),
            "backbone",
        )
    };
    let said = |r: &Record, what: &str| {
        assert_eq!(r.method["classifier"], "probe");
        assert!(r.value.is_some() && r.found.contains_key("lambda"));
        assert!(r.note.as_ref().is_some_and(|note| note.contains(what)), "{:?}", r.note);
    };
    // Another layer, classes in another order, rows that do not span.
    said(&with(rows.mapv(|x| x.max(0.0)), logits.clone(), &classes), "not linear");
    let mut turned = logits.clone();
    turned.invert_axis(Axis(1));
    said(&with(rows.clone(), turned, &classes), "not of these classes");
    let mut dead = rows.clone();
    dead.column_mut(3).fill(0.0);
    said(&with(dead.clone(), dead.dot(&head(&train()).t()), &classes), "constant");
    let few: Vec<usize> = (0..28).map(|i| i * 6).collect();
    let some: Vec<usize> = few.iter().map(|&i| classes[i]).collect();
    let r = with(rows.select(Axis(0), &few), logits.select(Axis(0), &few), &some);
    said(&r, "too few");
    // Logits of other classes are no question.
    let r = with(rows.clone(), logits.slice(s![.., ..5]).to_owned(), &classes);
    assert_eq!(r.method["classifier"], "probe");
    assert!(!r.note.unwrap().contains("linear probe's"));
}

#[test]
fn the_probes_fit_is_shared_and_is_of_the_fitting_rows() {
    let both = measured(Side::new(train()), Side::new(test()), &probes(&["linear_top1", METRIC]));
    let alone = measured(Side::new(train()), Side::new(test()), &probes(&[METRIC]));
    let own = crossed(Side::new(train()), &probes(&[METRIC]));
    let (a, b, c) = (found(&both, METRIC), found(&alone, METRIC), found(&own, METRIC));
    assert_eq!((a.value, &a.found), (b.value, &b.found));
    assert_eq!(a.found["lambda"], found(&both, "linear_top1").found["lambda"]);
    assert_eq!((a.value, a.n, a.other_split.as_deref()), (c.value, 174, Some("train")));
    assert!((0.0..2.0).contains(&a.value.unwrap()));
    let turned = crossed(Side::new(train()).shuffled(4), &probes(&[METRIC]));
    assert_eq!(found(&turned, METRIC).value, c.value);
}

#[test]
fn where_there_is_no_classifier_a_sentence_says_so() {
    let one = |rows: Array2<f64>, classes: Vec<usize>| {
        let analysis = crossed(Side::new((rows, classes)), &probes(&[METRIC]));
        let r = found(&analysis, METRIC).clone();
        assert!(r.value.is_none_or(f64::is_finite));
        assert!(r.value.is_some() || r.note.is_some());
        r
    };
    let rows = |n: usize, d: usize| Array2::from_shape_fn((n, d), |(i, j)| noise(&[6, i as u64, j as u64]));
    assert!(one(rows(20, 4), vec![0; 20]).note.unwrap().contains("one class"));
    let constant = one(Array2::from_elem((20, 4), 0.3), (0..20).map(|i| i % 2).collect());
    assert!(constant.value.is_none(), "{constant:?}");
    for (n, d) in [(1, 1), (2, 1), (2, 5), (3, 40), (20, 1)] {
        one(rows(n, d), (0..n).map(|i| i % 3).collect());
    }
    // Unlabelled data have none, and pretraining data only where named.
    let pre = analyse(
        &[
            named(train(), |s| s.dataset = "pre".into()),
            named(test(), |s| s.dataset = "eval".into()),
        ],
        &plan(&["all"], &["sample_mixing.k=20"]),
        &|_| (),
    )
    .unwrap();
    let sides: Vec<&str> = pre
        .results
        .records
        .iter()
        .filter(|r| r.metric == METRIC)
        .map(|r| r.dataset.as_str())
        .collect();
    assert_eq!(sides, ["eval"]);
}
