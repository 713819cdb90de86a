//! Where there is nothing to fit, a record says so.

use featscope::analysis::{Plan, analyse};
use featscope::features::{FeatureSet, Matrix};
use ndarray::Array2;

use super::sides::Side;
use super::{ALL, Analysis, crossed, found, measured, probes, test, train};

fn all_are_null(analysis: &Analysis, reason: &str) {
    for metric in ALL {
        let record = found(analysis, metric);
        assert_eq!(record.value, None, "{metric}");
        assert!(
            record.note.as_ref().unwrap().contains(reason),
            "{metric}: {:?}",
            record.note
        );
    }
}

#[test]
fn one_class_one_row_and_no_labels_are_said() {
    let one = Side::new(test()).only(|i| test().1[i] == 2);
    all_are_null(&crossed(one, &probes(&ALL)), "one class only");
    all_are_null(&crossed(Side::new(test()).at(&[0]), &probes(&ALL)), "one class only");
    let bare = Matrix::new("m", "data", test().0, None).unwrap();
    let sets: [Box<dyn FeatureSet>; 1] = [Box::new(bare)];
    all_are_null(&analyse(&sets, &probes(&ALL), &|_| ()).unwrap(), "needs class labels");
}

#[test]
fn rows_all_alike_or_huge_classes_of_one_row_and_one_channel_do_not_panic() {
    let (_, classes) = train();
    let alike = Side::new((Array2::ones((classes.len(), 4)), classes.clone()));
    let scored = Side::new((Array2::ones((test().1.len(), 4)), test().1));
    let analysis = measured(alike, scored, &probes(&ALL));
    for metric in ["ncm_top1", "ridge_top1", "linear_top1"] {
        assert!(found(&analysis, metric).value.is_some(), "{metric}");
    }
    let huge = Side::new((train().0 * 1e200, classes));
    all_are_null(&measured(huge, Side::new(test()), &probes(&ALL)), "range");
    // Each class one row: nothing can be held out, and no episode has a query of its own under folds.
    let single: Vec<usize> = (0..6)
        .map(|c| train().1.iter().position(|&own| own == c).unwrap())
        .collect();
    let few = measured(Side::new(train()).at(&single), Side::new(test()), &probes(&ALL));
    assert_eq!(found(&few, "linear_top1").found["lambda"], 1e-2);
    assert!(found(&few, "fewshot_1").value.is_some() && found(&few, "fewshot_5").value.is_none());
    let crossed = crossed(Side::new(train()).at(&single), &probes(&ALL));
    assert_eq!(
        found(&crossed, "linear_top1").value,
        Some(0.0),
        "no row of a class is left to fit on"
    );
    let narrow = |data: super::LabelledFeatures| Side::new((data.0.select(ndarray::Axis(1), &[0]), data.1));
    let one = measured(narrow(train()), narrow(test()), &probes(&ALL));
    assert!(found(&one, "linear_top1").value.is_some());
}

#[test]
fn no_neighbour_is_no_vote_and_more_than_there_are_are_all() {
    let by_k = |k: usize| {
        let mut plan = probes(&["knn_top1"]);
        plan.conventions.choose(&format!("knn_top1.k={k}")).unwrap();
        measured(Side::new(train()), Side::new(test()), &plan)
    };
    let none = by_k(0);
    let record = found(&none, "knn_top1");
    assert!(
        record.value.is_none() && record.note.as_ref().unwrap().contains("k = 0"),
        "{:?}",
        record.note
    );
    let all = by_k(usize::MAX);
    let all = found(&all, "knn_top1");
    assert_eq!(all.value, found(&by_k(174), "knn_top1").value);
    assert_eq!(all.method["k"], 174);
}

#[test]
fn classes_that_no_fitting_row_has_count_as_wrong() {
    let plan: Plan = probes(&ALL);
    let fit = Side::new(train()).only(|i| train().1[i] != 3);
    let analysis = measured(fit, Side::new(test()), &plan);
    for metric in ["knn_top1", "ncm_top1", "ridge_top1", "linear_top1"] {
        let record = found(&analysis, metric);
        assert!(record.value.unwrap() < 1.0 - 30.0 / 174.0 + 1e-9);
        assert!(
            record
                .note
                .as_ref()
                .unwrap()
                .contains("30 scored rows are of classes that no fitting row has (3)")
        );
    }
    assert_eq!(found(&analysis, "linear_nll").value, None);
}
