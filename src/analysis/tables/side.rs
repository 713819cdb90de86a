//! Tables of one data set.

use super::super::{Plan, Side};
use super::Rows;
use crate::error::Result;
use crate::linalg::eigenvalues;
use crate::metrics::NearRows;
use crate::metrics::geometry::occurrences;
use crate::results::Table;
use crate::stats::{Part, nearest_means};
use crate::uncertainty::Groups;

/// Nearest rows among which those of other classes are counted.
pub const FOREIGN_AMONG: usize = 10;

/// Rows in the table of hubs.
const HUBS: usize = 100;

/// `spectrum`: eigenvalues of the covariance; `classes`: rows, spread, nearest class and foreign neighbours of each class;
/// `hubs`: the rows that are most often among the nearest of others.
pub fn of_side(side: &Side, plan: &Plan) -> Result<Vec<Table>> {
    let all = side.summary.all();
    let mut tables = vec![spectrum(side, &all)?, classes(side, &all), hubs(side, plan)?];
    tables.extend(super::channels::of_side(side)?);
    Ok(tables)
}

fn spectrum(side: &Side, all: &Part) -> Result<Table> {
    let p = side.set.subject();
    let mut spectrum = Rows::new(
        "spectrum",
        &["model", "layer", "dataset", "split"],
        &["rank"],
        &["eigenvalue"],
    );
    if let Some(moments) = all.moments.as_ref().filter(|m| m.n() > 1) {
        let covariance = moments.scatter() / (moments.n() - 1) as f64;
        for (i, value) in eigenvalues(covariance)?.into_iter().enumerate() {
            // A covariance has no negative eigenvalues; what rounding leaves below zero is zero.
            spectrum.push(
                &[&p.model, &p.layer, &p.dataset, &p.split],
                &[i as u64 + 1],
                &[value.max(0.0)],
            );
        }
    }
    Ok(spectrum.finish())
}

fn classes(side: &Side, all: &Part) -> Table {
    let p = side.set.subject();
    let mut classes = Rows::new(
        "classes",
        &["model", "layer", "dataset", "split", "class", "nearest_class"],
        &["rows"],
        &["within", "nearest_distance", "foreign_share"],
    );
    if let Some(labels) = side.labels() {
        let foreign = foreign_shares(side, labels.classes());
        let nearest = nearest_means(all.classes.means().clone(), 1);
        for (c, name) in labels.names().iter().enumerate() {
            let n = all.classes.counts()[c];
            let other = (nearest.k() > 0).then(|| (nearest.of(c)[0] as usize, nearest.squared(c)[0].sqrt()));
            let within = if n < 2 {
                f64::NAN
            } else {
                all.classes.spreads()[c] / n as f64
            };
            let nearest_name = other.map_or("", |(o, _)| labels.names()[o].as_str());
            let distance = other.map_or(f64::NAN, |(_, distance)| distance);
            classes.push(
                &[&p.model, &p.layer, &p.dataset, &p.split, name, nearest_name],
                &[n],
                &[within, distance, foreign[c]],
            );
        }
    }
    classes.finish()
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
    let p = side.set.subject();
    let mut hubs = Rows::new(
        "hubs",
        &["model", "layer", "dataset", "split", "id", "class"],
        &["k", "occurrences"],
        &[],
    );
    let k = plan
        .metrics
        .iter()
        .find(|m| m.id == "hubness")
        .and_then(|m| plan.conventions.eval(m).needs().neighbours);
    if let (Some(neighbours), Some(k)) = (side.known_neighbours(), k) {
        let near = NearRows {
            groups: side.rows.groups(),
            neighbours,
        };
        let counts = occurrences(&near, k, Groups::ALL).unwrap_or_default();
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(counts[i]));
        order.truncate(HUBS);
        let ids = if order.is_empty() { Vec::new() } else { side.set.ids()? };
        for i in order {
            let class = side.rows.classes()[i].zip(side.labels());
            let class = class.map_or("", |(class, labels)| labels.names()[class as usize].as_str());
            let texts = [
                &p.model,
                &p.layer,
                &p.dataset,
                &p.split,
                &ids[side.rows.place(i)],
                class,
            ];
            hubs.push(&texts, &[k as u64, counts[i]], &[]);
        }
    }
    Ok(hubs.finish())
}
