//! What is asked for and cannot be had: refused in one sentence before anything is read, or a record that says why.

use featscope::analysis::{analyse, left_out};
use featscope::features::{Batches, FeatureSet, Labels, Matrix, Provenance};
use ndarray::Array2;

use super::common::{Formula, plan, set};
use super::{eval, pre};

/// Another set under another layer's name, which may not be read.
struct Unread(Box<dyn FeatureSet>, Provenance);

impl Unread {
    fn at(layer: &str, set: Box<dyn FeatureSet>) -> Box<dyn FeatureSet> {
        let mut provenance = set.provenance().clone();
        provenance.path = format!("{}.npy", set.subject().dataset);
        provenance.subject.layer = layer.to_owned();
        Box::new(Self(set, provenance))
    }
}

impl FeatureSet for Unread {
    fn provenance(&self) -> &Provenance {
        &self.1
    }
    fn rows(&self) -> usize {
        self.0.rows()
    }
    fn width(&self) -> usize {
        self.0.width()
    }
    fn labels(&self) -> Option<&Labels> {
        self.0.labels()
    }
    fn ids(&self) -> featscope::error::Result<Vec<String>> {
        panic!("ids are read")
    }
    fn batches(&self, _: usize) -> featscope::error::Result<Batches<'_>> {
        panic!("rows are read")
    }
}

fn of_width(dataset: &str, d: usize) -> Box<dyn FeatureSet> {
    let formula = Formula { d, ..pre() };
    set("m", dataset, formula.data())
}

#[test]
fn sets_of_different_width_are_refused_before_anything_is_read() {
    for (a, b) in [(8, 16), (1, 8), (8, 1)] {
        let sets = [
            Unread::at("layer4", of_width("pre", a)),
            Unread::at("layer4", of_width("eval", b)),
        ];
        let error = analyse(&sets, &plan(&["all"], &[]), &|_| ()).unwrap_err().to_string();
        for said in [
            "pre.npy",
            "eval.npy",
            &format!("has {a} channels"),
            &format!("has {b}, both"),
            "layer4",
        ] {
            assert!(error.contains(said), "{error}");
        }
    }
    // Two sets that are not compared may have any widths.
    let mut alone = plan(&["all"], &[]);
    (alone.pre, alone.eval) = (vec![], vec![]);
    let sets = [of_width("pre", 3), of_width("eval", 4)];
    assert!(analyse(&sets, &alone, &|_| ()).is_ok());
}

#[test]
fn metrics_of_pairs_without_a_pair_are_refused_and_say_what_is_missing() {
    let refused = |metrics: &[&str], pre: &[&str], eval: &[&str]| {
        let mut p = plan(metrics, &[]);
        p.pre = pre.iter().map(|s| (*s).to_owned()).collect();
        p.eval = eval.iter().map(|s| (*s).to_owned()).collect();
        let sets = [
            Unread::at("layer4", of_width("pre", 4)),
            Unread::at("layer4", of_width("eval", 4)),
        ];
        analyse(&sets, &p, &|_| ()).unwrap_err().to_string()
    };
    let error = refused(&["rankme", "kid"], &[], &[]);
    assert!(
        error.contains("kid compares") && error.contains("--pre NAME and --eval NAME"),
        "{error}"
    );
    let error = refused(&["support-overlap"], &["pre"], &[]);
    assert!(
        error.contains("support-overlap compares") && error.contains("--eval NAME"),
        "{error}"
    );
    let error = refused(&["coral"], &[], &["eval"]);
    assert!(error.contains("with --pre NAME"), "{error}");
    // A family of both kinds gives what it can, and so does all.
    let mut p = plan(&["all"], &[]);
    (p.pre, p.eval) = (vec![], vec![]);
    assert!(analyse(&[of_width("pre", 4)], &p, &|_| ()).is_ok());
    // Features of two layers are no pair.
    let apart = [
        Unread::at("layer3", of_width("pre", 4)),
        Unread::at("layer4", of_width("eval", 4)),
    ];
    let error = analyse(&apart, &plan(&["all"], &[]), &|_| ()).unwrap_err().to_string();
    for said in [
        "--pre pre",
        "--eval eval",
        "pre.npy is layer layer3",
        "eval.npy is layer layer4",
    ] {
        assert!(error.contains(said), "{error}");
    }
    // One data set is not compared with itself.
    let mut itself = plan(&["kid"], &[]);
    (itself.pre, itself.eval) = (vec!["pre".to_owned()], vec!["pre/".to_owned()]);
    let one = [Unread::at("layer4", of_width("pre", 4))];
    assert!(
        analyse(&one, &itself, &|_| ())
            .unwrap_err()
            .to_string()
            .contains("nothing to compare")
    );
}

fn unlabelled(dataset: &str) -> Box<dyn FeatureSet> {
    Box::new(Matrix::new("m", dataset, pre().data().0, None).unwrap())
}

#[test]
fn metrics_of_classes_that_are_named_say_that_there_are_no_labels() {
    for words in [&["class-variation"][..], &["silhouette", "redundancy"]] {
        let mut p = plan(words, &[]);
        (p.pre, p.eval) = (vec![], vec![]);
        let analysis = analyse(&[unlabelled("pre")], &p, &|_| ()).unwrap();
        let of_classes: Vec<_> = analysis
            .results
            .records
            .iter()
            .filter(|r| r.metric != "redundancy")
            .collect();
        assert_eq!(of_classes.len(), if words.len() == 1 { 3 } else { 1 });
        for r in of_classes {
            assert_eq!((r.value, r.n, r.d), (None, 302, 9));
            assert!(r.note.as_ref().unwrap().contains("needs class labels"), "{:?}", r.note);
        }
        assert!(left_out(&[unlabelled("pre")], &p).unwrap().is_empty());
    }
    // Where all are wanted those that apply are enough, and what is left out is said.
    let mut p = plan(&["all"], &[]);
    (p.pre, p.eval) = (vec![], vec![]);
    let array = Unread::at("layer4", unlabelled("pre"));
    let said = left_out(&[array], &p).unwrap();
    assert!(
        said.len() == 1 && said[0].contains("metrics of classes are left out"),
        "{said:?}"
    );
    assert!(
        said[0].contains("pre_labels.npy") && said[0].contains("--labels"),
        "{said:?}"
    );
    // A pair of which one side has labels.
    let pair = [unlabelled("pre"), set("m", "eval", eval().data())];
    let analysis = analyse(&pair, &plan(&["domain-mixing"], &[]), &|_| ()).unwrap();
    let mixture = analysis
        .results
        .records
        .iter()
        .find(|r| r.metric == "feature_mixtureness")
        .unwrap();
    assert_eq!((mixture.value, mixture.n, mixture.d), (None, 302 + 194, 9));
    assert!(
        mixture.note.as_ref().unwrap().contains("pre has no labels"),
        "{:?}",
        mixture.note
    );
}

#[test]
fn labels_of_no_row_are_no_labels() {
    let (rows, _) = pre().data();
    let none = Labels::from_optional(&vec![None::<&str>; rows.nrows()]);
    let empty =
        || -> Box<dyn FeatureSet> { Box::new(Matrix::new("m", "pre", rows.clone(), Some(none.clone())).unwrap()) };
    let mut p = plan(&["all", "nc4_ncc_agreement", "class_effective_rank"], &[]);
    (p.pre, p.eval, p.tables) = (vec![], vec![], true);
    let analysis = analyse(&[empty()], &p, &|_| ()).unwrap();
    let nc4 = analysis
        .results
        .records
        .iter()
        .find(|r| r.metric == "nc4_ncc_agreement")
        .unwrap();
    assert!(nc4.note.as_ref().unwrap().contains("needs class labels"));
}

#[test]
fn a_layer_that_only_one_side_has_is_said() {
    let sets = || {
        [
            set("SL", "pre", pre().data()),
            set("SL", "eval", eval().data()),
            set("SimCLR", "pre", pre().data()),
        ]
    };
    let p = plan(&["coral", "redundancy"], &[]);
    let analysis = analyse(&sets(), &p, &|_| ()).unwrap();
    let coral: Vec<_> = analysis
        .results
        .records
        .iter()
        .filter(|r| r.metric == "coral")
        .collect();
    assert_eq!(coral.len(), 2);
    assert!(coral[0].value.is_some());
    assert_eq!(
        (coral[1].model.as_str(), coral[1].value, coral[1].n),
        ("SimCLR", None, 302)
    );
    assert_eq!(coral[1].other_dataset.as_deref(), Some("eval"));
    assert!(coral[1].note.as_ref().unwrap().contains("no features of --eval eval"));
    let said = left_out(&sets(), &p).unwrap();
    assert_eq!(said.len(), 1);
    assert!(
        said[0].contains("SimCLR") && said[0].contains("--eval eval"),
        "{said:?}"
    );
    // Only those of all metrics that apply.
    let all = analyse(&sets(), &plan(&["all"], &[]), &|_| ()).unwrap();
    assert_eq!(all.results.records.iter().filter(|r| r.metric == "coral").count(), 1);
}

#[test]
fn a_row_of_zeros_or_one_channel_is_no_panic_on_either_side() {
    let narrow = |dataset, n: usize| {
        set(
            "m",
            dataset,
            (Array2::from_shape_fn((n, 1), |(i, _)| (i % 7) as f64), vec![0; n]),
        )
    };
    let sets = [narrow("pre", 40), narrow("eval", 31)];
    let analysis = analyse(&sets, &plan(&["all"], &["sample_mixing.k=5"]), &|_| ()).unwrap();
    for r in &analysis.results.records {
        assert!(r.value.is_some() || r.note.is_some(), "{}", r.metric);
    }
}
