//! What probes say of single rows and classes, as tables.

use super::fits::ProbeFit;
use crate::analysis::probed::Probed;
use crate::analysis::side::Side;
use crate::analysis::tables::of_subject;
use crate::error::Result;
use crate::probes::{Predictions, top1};
use crate::results::{Table, TableBuilder};
use crate::uncertainty::wilson_interval;

/// The name of a probe, of its variant, and what it found.
pub type OfProbe<'f> = (&'static str, &'static str, &'f ProbeFit);

/// A table with a row for each of some things, which say first of which probe they are.
fn of_probe<'r, T>(
    name: &str,
    rows: &'r [(&'static str, &'static str, T)],
    side: &Side,
) -> TableBuilder<'r, (&'static str, &'static str, T)> {
    of_subject(name, rows, side.set.subject())
        .text("probe", |row| row.0)
        .text("variant", |row| row.1)
}

/// The same things of each probe.
fn of_each<T>(probes: &[OfProbe], things: impl Fn(&ProbeFit) -> Vec<T>) -> Vec<(&'static str, &'static str, T)> {
    let of_one = |&(name, variant, found): &OfProbe| {
        let things = things(found);
        things
            .into_iter()
            .map(move |thing| (name, variant, thing))
            .collect::<Vec<_>>()
    };
    probes.iter().flat_map(of_one).collect()
}

/// `predictions`: what each probe says of each scored row; `class_accuracy`, `confusions`: by class, and by pair of classes;
/// `knn_by_k`: the accuracy of votes by several numbers of neighbours.
pub fn of_probes(side: &Side, probed: &Probed, probes: &[OfProbe]) -> Result<Vec<Table>> {
    Ok(vec![
        predictions(side, probed, probes)?,
        class_accuracy(side, probes),
        confusions(side, probed, probes),
        by_k(side, probes)?,
    ])
}

fn predictions(side: &Side, probed: &Probed, probes: &[OfProbe]) -> Result<Table> {
    let ids = side.set.ids()?;
    let (own, names) = (side.class_names(), &probed.names);
    let rows = of_each(probes, |found| {
        let all = found.predictions.all.iter().copied().enumerate();
        all.collect::<Vec<_>>()
    });
    let class = |i: usize| own[probed.scored.classes[i] as usize].as_str();
    Ok(of_probe("predictions", &rows, side)
        .text("id", |(.., (i, _))| &ids[probed.scored.rows.place(*i)])
        .text("class", |(.., (i, _))| class(*i))
        .text("predicted", |(.., (_, found))| &names[found.class as usize])
        .float("probability", |(.., (_, found))| found.chance)
        .finish())
}

/// Rows of each class, and how many of them are right.
fn by_class(found: &Predictions, classes: usize) -> Vec<(usize, u64, u64)> {
    let mut tally = vec![(0, 0); classes];
    for (prediction, &class) in found.all.iter().zip(&found.classes) {
        let one = &mut tally[class as usize];
        one.0 += 1;
        one.1 += u64::from(prediction.right);
    }
    tally
        .into_iter()
        .enumerate()
        .map(|(c, (rows, right))| (c, rows, right))
        .collect()
}

fn class_accuracy(side: &Side, probes: &[OfProbe]) -> Table {
    let names = side.class_names();
    let rows = of_each(probes, |found| by_class(&found.predictions, names.len()));
    let share = |rows: u64, right: u64| (rows > 0).then(|| right as f64 / rows as f64);
    let interval = |rows: u64, right: u64| share(rows, right).map(|share| wilson_interval(share, rows));
    of_probe("class_accuracy", &rows, side)
        .text("class", |(.., (c, ..))| &names[*c])
        .count("rows", |(.., (_, rows, _))| *rows)
        .count("right", |(.., (.., right))| *right)
        .float("accuracy", |(.., (_, rows, right))| share(*rows, *right))
        .float("ci_low", |(.., (_, rows, right))| {
            interval(*rows, *right).map(|e| e.low)
        })
        .float("ci_high", |(.., (_, rows, right))| {
            interval(*rows, *right).map(|e| e.high)
        })
        .finish()
}

/// Two classes, and how often each is taken for the other.
struct Pair {
    classes: [usize; 2],
    rows: [u64; 2],
    taken: [u64; 2],
}

fn confusions(side: &Side, probed: &Probed, probes: &[OfProbe]) -> Table {
    let own = side.class_names();
    // Classes by name: those scored, and those that are fitted on alone.
    let mut names: Vec<&str> = own.iter().map(String::as_str).collect();
    let of_fitted: Vec<usize> = probed
        .names
        .iter()
        .map(|name| {
            names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            })
        })
        .collect();
    let pairs = |found: &ProbeFit| {
        let found = &found.predictions;
        let mut rows = vec![0; names.len()];
        let mut taken: std::collections::BTreeMap<(usize, usize), [u64; 2]> = Default::default();
        for (prediction, &class) in found.all.iter().zip(&found.classes) {
            let (own, other) = (class as usize, of_fitted[prediction.class as usize]);
            rows[own] += 1;
            if own != other {
                let counts = taken.entry((own.min(other), own.max(other))).or_default();
                counts[usize::from(own > other)] += 1;
            }
        }
        let pair = |((a, b), taken): ((usize, usize), [u64; 2])| Pair {
            classes: [a, b],
            rows: [rows[a], rows[b]],
            taken,
        };
        let mut pairs: Vec<Pair> = taken.into_iter().map(pair).collect();
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.taken[0] + pair.taken[1]));
        pairs
    };
    let rows = of_each(probes, pairs);
    of_probe("confusions", &rows, side)
        .text("class_a", |(.., pair)| names[pair.classes[0]])
        .text("class_b", |(.., pair)| names[pair.classes[1]])
        .count("rows_a", |(.., pair)| pair.rows[0])
        .count("rows_b", |(.., pair)| pair.rows[1])
        .count("a_as_b", |(.., pair)| pair.taken[0])
        .count("b_as_a", |(.., pair)| pair.taken[1])
        .finish()
}

fn by_k(side: &Side, probes: &[OfProbe]) -> Result<Table> {
    let mut rows = Vec::new();
    for (name, variant, found) in probes {
        for (k, predictions) in &found.by_k {
            let accuracy = top1(predictions, None)?;
            let interval = wilson_interval(accuracy, predictions.all.len() as u64);
            rows.push((*name, *variant, (*k as u64, accuracy, interval)));
        }
    }
    Ok(of_probe("knn_by_k", &rows, side)
        .count("k", |(.., (k, ..))| *k)
        .float("accuracy", |(.., (_, accuracy, _))| *accuracy)
        .float("ci_low", |(.., (.., interval))| interval.low)
        .float("ci_high", |(.., (.., interval))| interval.high)
        .finish())
}
