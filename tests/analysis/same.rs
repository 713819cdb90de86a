//! Which layers of a model are one and the same.

use featscope::analysis::{Same, equal_layers};
use featscope::features::FeatureSet;

use super::common::{Formula, named};

/// A layer of some data sets, each made of the seed beside it.
fn layer(all: &mut Vec<Box<dyn FeatureSet>>, name: &str, seeds: &[(&str, u64)]) {
    for (dataset, seed) in seeds {
        let rows = Formula {
            seed: *seed,
            counts: vec![200, 180],
            d: 5,
            ..Formula::default()
        };
        all.push(named(rows.data(), |subject| {
            subject.dataset = (*dataset).to_owned();
            subject.layer = name.to_owned();
            subject.step = Some(3);
        }));
    }
}

fn found(sets: &[Box<dyn FeatureSet>]) -> Vec<(String, String)> {
    let pairs = |same: Same| (same.layer, same.other);
    equal_layers(sets).unwrap().into_iter().map(pairs).collect()
}

fn pairs(words: &[(&str, &str)]) -> Vec<(String, String)> {
    words.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn a_layer_equals_another_where_every_set_does() {
    let mut sets = Vec::new();
    layer(&mut sets, "stage3", &[("pre", 1), ("eval", 2)]);
    // The same on one data set alone, whatever its name says.
    layer(&mut sets, "stage4", &[("pre", 3), ("eval", 4)]);
    layer(&mut sets, "stage5", &[("pre", 5), ("eval", 6)]);
    layer(&mut sets, "backbone", &[("pre", 5), ("eval", 6)]);
    layer(&mut sets, "projector.0", &[("pre", 5), ("eval", 8)]);
    layer(&mut sets, "projector.1", &[("pre", 3), ("eval", 4)]);
    assert_eq!(
        found(&sets),
        pairs(&[("projector.1", "stage4"), ("stage5", "backbone")])
    );
    // Two layers that mean something stay both.
    layer(&mut sets, "projector", &[("pre", 5), ("eval", 6)]);
    assert_eq!(
        found(&sets),
        pairs(&[("projector.1", "stage4"), ("stage5", "backbone")])
    );
    // A layer of three that are one, and one of fewer data sets.
    layer(&mut sets, "stage6", &[("pre", 1), ("eval", 2)]);
    layer(&mut sets, "stage7", &[("pre", 1)]);
    let expected = [("stage6", "stage3"), ("projector.1", "stage4"), ("stage5", "backbone")];
    assert_eq!(found(&sets), pairs(&expected));
    layer(&mut sets, "logits", &[("pre", 1), ("eval", 2)]);
    let expected = [("stage3", "logits"), ("stage6", "logits")];
    assert!(
        pairs(&expected).iter().all(|pair| found(&sets).contains(pair)),
        "{:?}",
        found(&sets)
    );
}

#[test]
fn rows_are_compared_to_the_last() {
    let mut sets = Vec::new();
    layer(&mut sets, "a", &[("eval", 1)]);
    let rows = Formula {
        seed: 1,
        counts: vec![200, 180],
        d: 5,
        ..Formula::default()
    };
    let (mut changed, classes) = rows.data();
    let last = changed.len() - 1;
    changed.as_slice_mut().unwrap()[last] += 1e-12;
    sets.push(named((changed, classes), |subject| {
        subject.dataset = "eval".to_owned();
        subject.layer = "b".to_owned();
        subject.step = Some(3);
    }));
    assert_eq!(found(&sets), []);
}
