//! An analysis in pieces is the analysis, bit for bit, whichever pieces are measured together.

use std::sync::atomic::{AtomicU64, Ordering};

use featscope::analysis::{Piece, Plan, Suite, analyse, analyse_pieces, joined, rows_of_pieces};
use featscope::features::FeatureSet;
use featscope::results::Analysis;

use super::common::{Formula, named, plan};
use super::{eval, pre};

/// Two layers of a pretraining and two evaluation data sets, one of them with a split to fit on.
fn sets(datasets: &[&str]) -> Vec<Box<dyn FeatureSet>> {
    let mut all = Vec::new();
    for (depth, layer) in [(0, "stage1"), (1, "backbone")] {
        for (i, (dataset, split)) in [("pre", ""), ("cars", "train"), ("cars", "test"), ("digits", "test")]
            .into_iter()
            .enumerate()
        {
            if !datasets.contains(&dataset) {
                continue;
            }
            let counts = match dataset {
                "pre" => pre().counts,
                _ => eval().counts,
            };
            let rows = Formula {
                seed: 30 + 2 * i as u64 + depth,
                counts,
                d: 9,
                ..Formula::default()
            };
            all.push(named(rows.data(), |subject| {
                subject.dataset = dataset.to_owned();
                subject.split = split.to_owned();
                subject.layer = layer.to_owned();
            }));
        }
    }
    all
}

fn plan_of(pre: &[&str], eval: &[&str]) -> Plan {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    Plan {
        pre: names(pre),
        eval: names(eval),
        tables: true,
        convergence: true,
        ..plan(&["all"], &[])
    }
}

fn comparable(mut analysis: Analysis) -> Analysis {
    analysis.results.records.iter_mut().for_each(|r| r.seconds = 0.0);
    analysis.results.created.clear();
    analysis
}

fn measured(sets: &[Box<dyn FeatureSet>], plan: &Plan, pieces: &[Piece]) -> Vec<Analysis> {
    let read = AtomicU64::new(0);
    let measured = analyse_pieces(sets, plan, pieces, &|rows| {
        read.fetch_add(rows, Ordering::Relaxed);
    });
    let expected = rows_of_pieces(sets, plan, &|piece| pieces.contains(piece)).unwrap();
    assert_eq!(read.into_inner(), expected, "{pieces:?}");
    measured.unwrap().into_iter().map(comparable).collect()
}

fn set(name: &str) -> Piece {
    Piece::Set(name.to_owned())
}

fn pair(eval: &str) -> Piece {
    Piece::Pair("pre".to_owned(), eval.to_owned())
}

#[test]
fn pieces_measured_by_themselves_make_the_whole() {
    let mut whole = plan_of(&["pre"], &["cars", "digits"]);
    whole.suites = vec![Suite {
        name: "both".to_owned(),
        datasets: vec!["cars".to_owned(), "digits".to_owned()],
    }];
    let all = sets(&["pre", "cars", "digits"]);
    // The evaluation data sets at first, then what they were pretrained on, then one more.
    let first = measured(&sets(&["cars"]), &plan_of(&[], &["cars"]), &[set("cars")]);
    let second = measured(
        &sets(&["pre", "cars"]),
        &plan_of(&["pre"], &["cars"]),
        &[set("pre"), pair("cars")],
    );
    let third = measured(&all, &whole, &[set("digits"), pair("digits")]);
    let at_once = [set("pre"), set("cars"), set("digits"), pair("cars"), pair("digits")];
    let at_once = measured(&all, &whole, &at_once);
    let one_by_one = [&second[0], &first[0], &third[0], &second[1], &third[1]];
    for (one, other) in one_by_one.into_iter().zip(&at_once) {
        // Debug, as NaN is no number's equal.
        assert!(format!("{one:?}") == format!("{other:?}"), "{:?}", one.results.inputs);
    }
    assert!(at_once.iter().all(|piece| !piece.results.records.is_empty()));
    let expected = comparable(analyse(&all, &whole, &|_| ()).unwrap());
    let found = comparable(joined(at_once, &whole));
    assert_eq!(found.results.records, expected.results.records);
    assert!(expected.results.records.iter().any(|r| r.dataset == "both"));
    assert_eq!(found.results.inputs, expected.results.inputs);
    assert_eq!(
        format!("{:?}", found.tables).len(),
        format!("{:?}", expected.tables).len()
    );
    for table in &found.tables {
        let other = expected.tables.iter().find(|other| other.name == table.name).unwrap();
        assert!(format!("{table:?}") == format!("{other:?}"), "{}", table.name);
    }
}
