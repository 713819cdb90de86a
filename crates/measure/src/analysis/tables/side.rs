//! Tables of one data set.

use super::channels;
use super::subject_columns::of_subject;
use crate::analysis::limits::FOREIGN_AMONG;
use crate::analysis::plan::Plan;
use crate::analysis::side::Side;
use crate::error::Result;
use crate::linalg::eigenvalues;
use crate::metrics::NearRows;
use crate::metrics::geometry::occurrences;
use crate::results::Table;
use crate::stats::{GroupMoments, nearest_means};
use crate::uncertainty::Groups;

/// Rows in the table of hubs.
const HUBS: usize = 100;

/// `spectrum`: eigenvalues of the covariance; `classes`: rows, spread, nearest class and foreign neighbours of each class;
/// `hubs`: the rows that are most often among the nearest of others.
pub fn of_side(side: &Side, plan: &Plan) -> Result<Vec<Table>> {
    let all = side.summary.all();
    let mut tables = vec![spectrum(side, &all)?, classes(side, &all), hubs(side, plan)?];
    tables.extend(channels::of_side(side)?);
    Ok(tables)
}

fn spectrum(side: &Side, all: &GroupMoments) -> Result<Table> {
    let values = match all.moments.as_ref().filter(|m| m.n() > 1) {
        Some(moments) => eigenvalues(moments.scatter() / (moments.n() - 1) as f64)?,
        None => Vec::new(),
    };
    let ranked: Vec<(u64, f64)> = (1..).zip(values).collect();
    let table = of_subject("spectrum", &ranked, side.set.subject())
        .count("rank", |value| value.0)
        // A covariance has no negative eigenvalues; what rounding leaves below zero is zero.
        .float("eigenvalue", |value| value.1.max(0.0));
    Ok(table.finish())
}

fn classes(side: &Side, all: &GroupMoments) -> Table {
    let names = side.class_names();
    let every: Vec<usize> = (0..names.len()).collect();
    let foreign = foreign_shares(side, names.len());
    let nearest = nearest_means(all.classes.means().clone(), 1);
    let other = |c: usize| (nearest.k() > 0).then(|| (nearest.of(c)[0] as usize, nearest.squared(c)[0].sqrt()));
    let rows = |c: usize| all.classes.counts()[c];
    of_subject("classes", &every, side.set.subject())
        .text("class", |&c| &names[c])
        .text("nearest_class", |&c| other(c).map_or("", |(o, _)| names[o].as_str()))
        .count("rows", |&c| rows(c))
        .float("within", |&c| {
            (rows(c) > 1).then(|| all.classes.spreads()[c] / rows(c) as f64)
        })
        .float("nearest_distance", |&c| other(c).map(|(_, distance)| distance))
        .float("foreign_share", |&c| foreign[c])
        .finish()
}

/// The share of rows of another class among the nearest labelled ones of each class's rows; NaN where no metric has asked for
/// neighbours, or no row of the class is among the rows looked at.
fn foreign_shares(side: &Side, classes: usize) -> Vec<f64> {
    let mut found = vec![(0u64, 0u64); classes];
    if let Some(neighbours) = side.known_neighbours() {
        let class_of = side.rows.classes();
        for (i, class) in class_of.iter().enumerate() {
            let Some(class) = class else { continue };
            for &j in neighbours.of(i).iter().take(FOREIGN_AMONG) {
                if let Some(other) = class_of[j as usize] {
                    found[*class as usize].0 += u64::from(other != *class);
                    found[*class as usize].1 += 1;
                }
            }
        }
    }
    found
        .iter()
        .map(|&(foreign, all)| foreign as f64 / all as f64)
        .collect()
}

fn hubs(side: &Side, plan: &Plan) -> Result<Table> {
    let hubness = plan.metrics.iter().find(|m| m.id == "hubness");
    let k = hubness.and_then(|m| plan.conventions.eval(m).needs().neighbours);
    let (mut counts, mut order): (Vec<u64>, Vec<usize>) = Default::default();
    if let (Some(neighbours), Some(k)) = (side.known_neighbours(), k) {
        let near = NearRows {
            groups: side.rows.groups(),
            neighbours,
        };
        counts = occurrences(&near, k, Groups::ALL).unwrap_or_default();
        order = (0..counts.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(counts[i]));
        order.truncate(HUBS);
    }
    let ids = if order.is_empty() { Vec::new() } else { side.set.ids()? };
    let class = |i: usize| {
        let class = side.rows.classes()[i].zip(side.labels());
        class.map_or("", |(class, labels)| labels.names()[class as usize].as_str())
    };
    let table = of_subject("hubs", &order, side.set.subject())
        .text("id", |&i| &ids[side.rows.place(i)])
        .text("class", |&i| class(i))
        .count("k", |_| k.unwrap_or_default() as u64)
        .count("occurrences", |&i| counts[i]);
    Ok(table.finish())
}
