//! Parts of a first pass, computed anywhere and merged, are the pass itself.

use std::ops::Range;

use featscope::analysis::{Plan, analyse_merged, first_pass};
use featscope::features::FeatureSet;
use featscope::files::Numbers;
use featscope::results::Record;
use featscope::stats::{STATE, Summary, blocks, merged};
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::common::{plan, set};
use super::{eval, pre, without_seconds};

fn sets() -> Vec<Box<dyn FeatureSet>> {
    vec![set("m", "pre", pre().data()), set("m", "eval", eval().data())]
}

fn everything() -> Plan {
    Plan {
        tables: true,
        ..plan(&["all"], &[])
    }
}

/// What a first pass over each of these parts finds, by way of the bytes that workers hand over.
fn passes(set: &dyn FeatureSet, plan: &Plan, parts: &[Range<usize>]) -> Vec<Summary> {
    let pass = |rows: &Range<usize>| {
        let bytes = first_pass(set, plan, rows.clone()).unwrap().to_bytes().unwrap();
        Summary::from_bytes(&bytes, "part").unwrap()
    };
    parts.iter().map(pass).collect()
}

fn records(plan: &Plan, mut given: impl FnMut(&dyn FeatureSet) -> Option<Summary>) -> Vec<Record> {
    let mut given = |set: &dyn FeatureSet| Ok(given(set));
    without_seconds(analyse_merged(&sets(), plan, &mut given, &|_| ()).unwrap())
}

#[test]
fn one_part_is_the_whole() {
    let plan = everything();
    let whole = records(&plan, |_| None);
    let of_one = records(&plan, |set| {
        let all = blocks(set.rows(), usize::MAX);
        Some(merged(passes(set, &plan, &all)).unwrap())
    });
    assert_eq!(of_one, whole);
}

#[test]
fn fixed_blocks_give_the_same_bits_whoever_computes_them_and_when() {
    let plan = everything();
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for rows in [40, 97, 150] {
        let given = |workers: usize, rng: &mut ChaCha8Rng| {
            records(&plan, |set| {
                let blocks = blocks(set.rows(), rows);
                // Each worker does its own; then all arrive in any order.
                let mut found: Vec<Summary> = (0..workers)
                    .flat_map(|worker| {
                        let own: Vec<Range<usize>> = blocks.iter().skip(worker).step_by(workers).cloned().collect();
                        passes(set, &plan, &own)
                    })
                    .collect();
                found.shuffle(rng);
                Some(merged(found).unwrap())
            })
        };
        let one = given(1, &mut rng);
        for workers in [2, 3, 7] {
            assert_eq!(given(workers, &mut rng), one, "{workers} workers, blocks of {rows}");
        }
    }
}

#[test]
fn parts_cut_anywhere_agree_to_rounding() {
    let plan = everything();
    let whole = records(&plan, |_| None);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..6 {
        let cut = records(&plan, |set| {
            let mut cuts: Vec<usize> = (0..rng.random_range(1..9))
                .map(|_| rng.random_range(0..=set.rows()))
                .collect();
            cuts.extend([0, set.rows()]);
            cuts.sort_unstable();
            let parts: Vec<Range<usize>> = cuts.windows(2).map(|w| w[0]..w[1]).collect();
            Some(merged(passes(set, &plan, &parts)).unwrap())
        });
        assert_eq!(cut.len(), whole.len());
        for (a, b) in cut.iter().zip(&whole) {
            let numbers = |r: &Record| {
                let ends = [r.value, r.std_error, r.ci_low, r.ci_high, r.null_value];
                let mut all: Vec<f64> = ends.iter().flatten().copied().collect();
                all.extend(r.replicates.iter().flatten());
                all
            };
            let (x, y) = (numbers(a), numbers(b));
            assert_eq!((x.len(), &a.metric, &a.note), (y.len(), &b.metric, &b.note));
            let scale = y.iter().fold(0.0f64, |most, y| most.max(y.abs()));
            for (x, y) in x.iter().zip(&y) {
                assert!(
                    (x - y).abs() <= 1e-12 * scale,
                    "{} on {}: {x:e} and {y:e}",
                    a.metric,
                    a.dataset
                );
            }
        }
    }
}

#[test]
fn what_does_not_belong_together_is_not_merged() {
    let (plan, sets) = (everything(), sets());
    let set = sets[0].as_ref();
    let blocks = blocks(set.rows(), 100);
    let parts = || passes(set, &plan, &blocks);
    let refused = |parts: Vec<Summary>| merged(parts).map(|_| ()).unwrap_err().to_string();
    let without = |at: usize| {
        let mut parts = parts();
        parts.remove(at);
        refused(parts)
    };
    assert!(without(1).starts_with("rows 100 to 200 are missing"), "{}", without(1));
    assert!(without(0).starts_with("rows 0 to 100 are missing"), "{}", without(0));
    let last = blocks.len() - 1;
    assert!(without(last).contains("are missing"), "{}", without(last));
    let twice = refused(parts().into_iter().chain(passes(set, &plan, &blocks[1..2])).collect());
    assert!(twice.contains("rows 100 to 200 are there twice"), "{twice}");
    let mut other = everything();
    other.seed = 1;
    let mixed = parts()
        .into_iter()
        .skip(1)
        .chain(passes(set, &other, &blocks[..1]))
        .collect();
    assert!(refused(mixed).contains("of one plan"));
    assert!(refused(Vec::new()).contains("no parts"));
    // Whole, and of another set or plan.
    let given = |summary: Summary| {
        let mut given = |set: &dyn FeatureSet| Ok((set.subject().dataset == "pre").then(|| summary.clone()));
        let found = analyse_merged(&sets, &plan, &mut given, &|_| ());
        found.map(|_| ()).unwrap_err().to_string()
    };
    let eval = sets[1].as_ref();
    let eval = merged(passes(eval, &plan, &featscope::stats::blocks(eval.rows(), usize::MAX))).unwrap();
    assert!(given(eval).contains("of another set"));
    let part = passes(set, &plan, &blocks[..1]).remove(0);
    assert!(given(part).contains("rows 0 to 100"));
}

#[test]
fn a_damaged_part_is_noticed() {
    let (plan, sets) = (everything(), sets());
    let bytes = first_pass(sets[0].as_ref(), &plan, 0..50).unwrap().to_bytes().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for _ in 0..300 {
        let mut spoiled = bytes.clone();
        let at = rng.random_range(0..bytes.len());
        spoiled[at] ^= 1 << rng.random_range(0..8);
        match Summary::from_bytes(&spoiled, "part-7") {
            Err(error) => assert!(error.to_string().starts_with("part-7: "), "{error}"),
            // What the change left as it was.
            Ok(read) => assert_eq!(read.to_bytes().unwrap(), bytes),
        }
    }
    for cut in (0..bytes.len()).step_by(97) {
        assert!(Summary::from_bytes(&bytes[..cut], "part-7").is_err());
    }
}

/// Numbers under a checksum of their own that no pass has found.
#[test]
fn a_part_that_claims_what_cannot_be_is_refused() {
    let (plan, sets) = (everything(), sets());
    let bytes = first_pass(sets[0].as_ref(), &plan, 0..50).unwrap().to_bytes().unwrap();
    let refused = |name: &str, spoil: fn(&mut Vec<u64>)| {
        let mut numbers = Numbers::from_bytes(&bytes, STATE, "part-7").unwrap();
        let mut counts = numbers.take_counts(name).unwrap();
        spoil(&mut counts);
        numbers.count(name, counts);
        let error = Summary::from_bytes(&numbers.to_bytes(STATE).unwrap(), "part-7").unwrap_err();
        assert!(error.to_string().contains("do not fit together"), "{name}: {error}");
    };
    // A sample and a set without end, more channels than there are, sums beyond 64 bits, places and groups that are none.
    refused("rows", |rows| (rows[2], rows[4]) = (1 << 40, 1 << 40));
    refused("rows", |rows| rows[3] = u64::MAX);
    refused("rows", |rows| rows[1] = 49);
    refused("0.rows", |rows| rows[0] = u64::MAX);
    refused("0.classes.counts", |counts| counts.fill(u64::MAX));
    refused("before", |before| before.clear());
    refused("sample.places", |places| places[0] = u64::MAX);
    refused("sample.groups", |groups| groups[0] = 10);
}
