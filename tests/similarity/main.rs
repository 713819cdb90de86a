//! `featscope similarity`: which rows are matched, what comes out, and what is refused.
#![cfg(feature = "analysis")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/program.rs"]
mod program;
mod rows;
mod values;

use common::{Formula, matched, noise, plan, set};
use featscope::analysis::similarity;
use featscope::features::{FeatureSet, Matrix};
use featscope::report::{TableFormat, render_similarity};
use featscope::results::{Record, Results};
use ndarray::Array2;

fn data() -> (Array2<f64>, Vec<usize>) {
    Formula {
        seed: 41,
        counts: vec![22, 30, 28],
        d: 7,
        ..Formula::default()
    }
    .data()
}

fn numbers(results: Results) -> Vec<Record> {
    let clean = |mut r: Record| {
        r.seconds = 0.0;
        r
    };
    results.records.into_iter().map(clean).collect()
}

/// Whether a record has an interval, or says why not.
fn has_interval_or_reason(record: &Record) -> bool {
    record.ci_low.is_some() || record.note.as_ref().is_some_and(|note| note.contains("no interval"))
}

fn layers(count: usize) -> Vec<Box<dyn FeatureSet>> {
    let (x, classes) = data();
    (0..count)
        .map(|i| {
            let rows = Array2::from_shape_fn(x.dim(), |(r, j)| {
                x[[r, j]] + 0.4 * i as f64 * noise(&[i as u64, r as u64, j as u64])
            });
            common::named((rows, classes.clone()), |subject| {
                subject.model = "SL".to_owned();
                subject.layer = format!("stage{}", i + 1);
                subject.dataset = "animals".to_owned();
            })
        })
        .collect()
}

#[test]
fn layers_of_one_store_make_a_matrix() {
    let p = plan(&["cka_debiased", "pwcca", "mutual_knn"], &["mutual_knn.k=5"]);
    let few = similarity(&layers(4), None, &p, &|_| ()).unwrap();
    assert_eq!(few.records.len(), 3 * 6);
    insta::assert_snapshot!("matrix_of_four_layers", render_similarity(&few, TableFormat::Text));
    insta::assert_snapshot!("matrix_as_markdown", render_similarity(&few, TableFormat::Markdown));
    let p = plan(&["cka"], &[]);
    let eight = render_similarity(&similarity(&layers(8), None, &p, &|_| ()).unwrap(), TableFormat::Text);
    insta::assert_snapshot!("matrix_of_eight_layers", eight);
    let many = render_similarity(&similarity(&layers(13), None, &p, &|_| ()).unwrap(), TableFormat::Text);
    assert!(
        eight
            .lines()
            .chain(many.lines())
            .skip(1)
            .all(|line| line.chars().count() <= 100)
    );
    assert!(many.contains("other layer"), "{many}");
    let of_a_pair = |line: &&str| line.trim_start().starts_with("stage") && !line.contains("no interval");
    assert_eq!(many.lines().filter(of_a_pair).count(), 78, "{many}");
}

#[test]
fn two_models_make_a_rectangle() {
    let p = plan(&["cka"], &[]);
    let (x, classes) = data();
    let other = [set("SimCLR", "animals", (matched(&x), classes))];
    let results = similarity(&layers(3), Some(&other), &p, &|_| ()).unwrap();
    let names: Vec<_> = results
        .records
        .iter()
        .map(|r| (r.layer.as_str(), r.other_layer.as_deref()))
        .collect();
    assert_eq!(
        names,
        ["stage1", "stage2", "stage3"].map(|layer| (layer, Some("features")))
    );
    assert_eq!(results.inputs.len(), 2);
    insta::assert_snapshot!("two_models", render_similarity(&results, TableFormat::Text));
}

#[test]
fn unlabelled_sides_are_compared_too() {
    let (x, _) = data();
    let unlabelled: Box<dyn FeatureSet> = Box::new(Matrix::new("m", "d", x.clone(), None).unwrap());
    let other: Box<dyn FeatureSet> = Box::new(Matrix::new("o", "d", matched(&x), None).unwrap());
    let results = similarity(&[unlabelled], Some(&[other]), &plan(&["similarity"], &[]), &|_| ()).unwrap();
    assert!(
        results
            .records
            .iter()
            .all(|r| r.value.is_some() && has_interval_or_reason(r))
    );
    let intervals = results.records.iter().filter(|r| r.ci_low.is_some()).count();
    assert!(intervals >= 4, "{intervals}");
}
