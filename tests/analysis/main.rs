//! What an analysis promises: the same records for any number of threads, error bars that agree with a bootstrap, and
//! null with a reason where a number does not exist.
#![cfg(feature = "analysis")]

#[path = "../common/mod.rs"]
mod common;
mod degenerate;
mod dimension;
mod error_bars;
mod fit;
mod huge;
mod parts;
mod pieces;
mod same;
mod sets;
mod splits;
mod subjects;
mod tables;
mod views;

use common::{Formula, analyse_pair, plan, records_of_a_pair};
use featscope::results::{Analysis, Record};

fn pre() -> Formula {
    Formula {
        seed: 21,
        counts: vec![60, 55, 50, 45, 40, 52],
        d: 9,
        ..Formula::default()
    }
}

fn eval() -> Formula {
    Formula {
        seed: 22,
        counts: vec![50, 60, 40, 44],
        d: 9,
        ..Formula::default()
    }
}

fn without_seconds(mut analysis: Analysis) -> Vec<Record> {
    analysis.results.records.iter_mut().for_each(|r| r.seconds = 0.0);
    analysis.results.records
}

#[test]
fn the_records_are_the_same_for_any_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        without_seconds(pool.install(|| analyse_pair(pre().data(), eval().data(), &plan(&["all"], &[]))))
    };
    let one = run(1);
    assert_eq!(one.len(), records_of_a_pair());
    for threads in [2, 3, 4] {
        assert_eq!(run(threads), one, "{threads} threads");
    }
}
