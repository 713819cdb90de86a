//! Rows of one split judged by the classes of another.

use featscope::analysis::analyse;
use featscope::features::FeatureSet;
use ndarray::Axis;

use super::common::{Formula, LabelledFeatures, named, plan};
use super::pre;

/// Some rows of a set as another split of it.
fn split(name: &str, data: LabelledFeatures) -> Box<dyn FeatureSet> {
    named(data, |subject| subject.split = name.to_owned())
}

#[test]
fn splits_of_different_width_or_classes_are_told() {
    let mut p = plan(&["nc4_ncc_agreement"], &[]);
    (p.pre, p.eval) = (vec![], vec![]);
    let narrow = Formula { d: 5, ..pre() };
    let sets = [split("test", pre().data()), split("train", narrow.data())];
    let error = analyse(&sets, &p, &|_| ()).unwrap_err().to_string();
    assert!(error.contains("has 5 channels") && error.contains("has 9"), "{error}");
    // Without a metric that takes the centres of the one for the other they are two sets.
    let mut other = plan(&["redundancy"], &[]);
    (other.pre, other.eval) = (vec![], vec![]);
    assert!(analyse(&sets, &other, &|_| ()).is_ok());
    // No class in common.
    let (rows, classes) = pre().data();
    let train = (rows, classes.iter().map(|c| c + 10).collect());
    let analysis = analyse(&[split("test", pre().data()), split("train", train)], &p, &|_| ()).unwrap();
    let test = analysis.results.records.iter().find(|r| r.split == "test").unwrap();
    assert!(
        test.value.is_none() && test.note.as_ref().unwrap().contains("split train has none"),
        "{:?}",
        test.note
    );
}

#[test]
fn rows_of_the_test_split_are_judged_by_the_centres_of_the_train_split() {
    let (train, test) = (
        pre().data(),
        Formula {
            counts: vec![9; 7],
            ..pre()
        }
        .data(),
    );
    let mut p = plan(&["nc4_ncc_agreement"], &[]);
    (p.pre, p.eval) = (vec![], vec![]);
    // Class 6 has no row in the train split.
    let sets = [split("test", test.clone()), split("train", train.clone())];
    let analysis = analyse(&sets, &p, &|_| ()).unwrap();
    let of_split = |split: &str| analysis.results.records.iter().find(|r| r.split == split).unwrap();
    let centres: Vec<_> = (0..6)
        .map(|c| {
            let members: Vec<usize> = (0..train.1.len()).filter(|&i| train.1[i] == c).collect();
            train.0.select(Axis(0), &members).mean_axis(Axis(0)).unwrap()
        })
        .collect();
    let nearest = |i: usize| {
        let apart = |c: usize| (&test.0.row(i) - &centres[c]).mapv(|x| x * x).sum();
        (0..6).min_by(|&a, &b| apart(a).total_cmp(&apart(b))).unwrap()
    };
    let right = (0..54).filter(|&i| nearest(i) == test.1[i]).count();
    assert_eq!(of_split("test").value.unwrap(), right as f64 / 54.0);
    assert_eq!((of_split("test").n, of_split("test").ci_low.is_some()), (54, true));
    assert!(
        of_split("test")
            .note
            .as_ref()
            .unwrap()
            .contains("9 rows of classes without a centre")
    );
    assert!(of_split("test").method["centres"].as_str().unwrap().contains("train"));
    assert!(
        of_split("train").method["centres"]
            .as_str()
            .unwrap()
            .contains("left out")
    );
}
