//! One layer of one side: what all its pairs share is computed once.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::matched_source::MatchedSource;
use super::matching::Matching;
use super::plan_needs::needs;
use crate::analysis::limits::{WIDEST, too_wide};
use crate::analysis::plan::Plan;
use crate::error::{Error, Result};
use crate::features::FeatureSet;
use crate::linalg::rotated_into_fewest;
use crate::metrics::Between;
use crate::stats::{
    CrossSums, DistanceOrder, Neighbours, Own, PairDistances, Rows, Summariser, amid, nearest, nearest_by_angle,
};
use crate::uncertainty::{GROUPS, enough_rows, with_spare_for_halves};

/// One layer, read once.
pub struct LayerRows<'a> {
    pub set: &'a dyn FeatureSet,
    /// Its matched rows, taken from a point amid them and scaled by a power of two; where there are fewer than channels,
    /// rotated into as many coordinates.
    rows: MatchedSource<'a>,
    centre: Array1<f64>,
    scale: f64,
    /// Channels of the rows as they are read here.
    width: usize,
    /// With all rows, then without each jackknife group; empty where no metric asks for it.
    own: Vec<Result<Own>>,
    orders: Vec<(Between, Result<DistanceOrder>)>,
    /// The distances between the rows whose distances are held, where a metric asks for them.
    apart: Option<Result<PairDistances>>,
    near: Vec<(Between, usize, Result<Neighbours>)>,
}

impl<'a> LayerRows<'a> {
    /// Reads the matched rows of a set that is on this `side` (0 or 1).
    pub fn new(
        set: &'a dyn FeatureSet,
        matching: &'a Matching,
        side: usize,
        plan: &Plan,
        read: &(dyn Fn(u64) + Sync),
    ) -> Result<Self> {
        let n = matching.rows();
        let batch = Summariser::batch_rows(set.width());
        let rows = MatchedSource::new(set, &matching.places[side], batch)?;
        let mut place_of = vec![usize::MAX; n];
        matching
            .drawn
            .iter()
            .enumerate()
            .for_each(|(i, &row)| place_of[row] = i);
        let wide = n < set.width();
        let mut layer = Self {
            set,
            rows,
            centre: Array1::zeros(set.width()),
            scale: 1.0,
            width: set.width(),
            own: Vec::new(),
            orders: Vec::new(),
            apart: None,
            near: Vec::new(),
        };
        let moments = needs(plan, |m| m.moments);
        let collected = moments && !wide && set.width() <= WIDEST;
        let pairs = needs(plan, |m| m.ranks.is_some() || m.distances || m.neighbours.is_some());
        let mut sums = vec![CrossSums::new(0, 0); GROUPS];
        if collected {
            sums.fill(CrossSums::new(set.width(), set.width()));
        }
        let mut sample = Array2::zeros((if pairs { matching.drawn.len() } else { 0 }, set.width()));
        let mut held = Array2::zeros((if wide && moments { n } else { 0 }, set.width()));
        let mut at = 0;
        for rows in layer.rows.batches(batch)? {
            let rows = rows?;
            if at == 0 {
                (layer.centre, layer.scale) = origin(rows.view());
            }
            let end = at + rows.nrows();
            for (row, &place) in rows.outer_iter().zip(&place_of[at..end]) {
                if place < sample.nrows() {
                    sample.row_mut(place).assign(&row);
                }
            }
            if collected {
                let taken = layer.taken(rows.view());
                add(&mut sums, &matching.groups[at..end], taken.view(), taken.view());
            } else if wide && moments {
                held.slice_mut(s![at..end, ..]).assign(&layer.taken(rows.view()));
            }
            read(rows.nrows() as u64);
            at = end;
        }
        let directions = Directed {
            whole: needs(plan, |m| m.directions),
            resamples: plan.asked().any(|a| a.eval.needs().matched.directions && a.resamples()),
        };
        if wide && moments {
            // Fewer rows than channels: as many coordinates hold all there is, and every product stays the same.
            let few = rotated_into_fewest(held)?;
            sums.fill(CrossSums::new(n, n));
            add(&mut sums, &matching.groups, few.view(), few.view());
            (layer.width, layer.centre, layer.scale) = (n, Array1::zeros(n), 1.0);
            layer.rows = MatchedSource::Held(few);
        }
        if collected || (wide && moments) {
            layer.own = own(&sums, n as u64, directions);
        }
        layer.look_at_pairs(sample, &matching.ranked, plan);
        Ok(layer)
    }

    /// What it has in common with itself, of all rows or without one group.
    pub fn own(&self, without: Option<usize>) -> Result<&Own> {
        match self.own.get(without.map_or(0, |g| g + 1)) {
            Some(Ok(own)) => Ok(own),
            Some(Err(error)) => Err(error.clone()),
            None => Err(too_wide(self.set.width(), "cross products are")),
        }
    }

    /// Whether it has moments to be crossed with another layer's.
    pub fn has_moments(&self) -> bool {
        !self.own.is_empty()
    }

    /// Whether its channels are more than its rows, so that it was rotated.
    pub fn is_rotated(&self) -> bool {
        matches!(self.rows, MatchedSource::Held(_))
    }

    /// The order of its distances.
    pub fn order(&self, between: Between) -> Result<&DistanceOrder> {
        let found = self.orders.iter().find(|(b, _)| *b == between);
        let (_, order) = found.expect("computed for every metric of the plan");
        order.as_ref().map_err(Error::clone)
    }

    /// The distances between its rows.
    pub fn apart(&self) -> Result<&PairDistances> {
        let apart = self
            .apart
            .as_ref()
            .expect("computed where a metric of the plan asks for them");
        apart.as_ref().map_err(Error::clone)
    }

    /// Its nearest neighbours, with some to spare.
    pub fn near(&self, between: Between, k: usize) -> Result<&Neighbours> {
        let found = self.near.iter().find(|(b, own, _)| (*b, *own) == (between, k));
        let (.., near) = found.expect("computed for every metric of the plan");
        near.as_ref().map_err(Error::clone)
    }

    /// The cross sums of its rows with another layer's, by jackknife group.
    pub fn cross(&self, other: &Self, groups: &[u8], read: &(dyn Fn(u64) + Sync)) -> Result<Vec<CrossSums>> {
        let mut sums = vec![CrossSums::new(self.width, other.width); GROUPS];
        let batch = Summariser::batch_rows(self.width.max(other.width));
        let mut at = 0;
        for (x, y) in self.rows.batches(batch)?.zip(other.rows.batches(batch)?) {
            let (x, y) = (self.taken(x?.view()), other.taken(y?.view()));
            add(&mut sums, &groups[at..at + x.nrows()], x.view(), y.view());
            at += x.nrows();
            read(x.nrows() as u64);
        }
        Ok(sums)
    }

    /// Rows as the sums take them.
    fn taken(&self, rows: ArrayView2<f64>) -> Array2<f64> {
        let mut taken = &rows - &self.centre;
        taken *= self.scale;
        taken
    }

    fn look_at_pairs(&mut self, mut sample: Array2<f64>, ranked: &[usize], plan: &Plan) {
        // A power of two changes no digit and keeps squares in range.
        sample *= power_of_two(sample.iter().fold(0.0, |most: f64, x| most.max(x.abs())));
        for needs in plan.needs().map(|needs| needs.matched) {
            if let Some(between) = needs.ranks.filter(|b| !self.orders.iter().any(|o| o.0 == *b)) {
                let points = points(between, sample.select(Axis(0), ranked).view());
                let order = points.map(|p| DistanceOrder::new(p.view(), off(between, p.ncols())));
                self.orders.push((between, order));
            }
            if needs.distances && self.apart.is_none() {
                let points = points(Between::Euclidean, sample.select(Axis(0), ranked).view());
                self.apart = Some(points.map(|points| PairDistances::new(&Rows::of(points))));
            }
            let is_new = |wanted: &(Between, usize)| !self.near.iter().any(|o| (o.0, o.1) == *wanted);
            if let Some((between, k)) = needs.neighbours.filter(is_new) {
                let most = with_spare_for_halves(k);
                let near = points(between, sample.view()).map(|points| match between {
                    // Equal angles of the rows themselves are equal; of rows divided by their norms rounding would decide.
                    Between::Cosine => nearest_by_angle(&Rows::of(sample.clone()), most),
                    Between::Euclidean | Between::Correlation => nearest(&Rows::of(points), most),
                });
                self.near.push((between, k, near));
            }
        }
    }
}

/// Adds rows to the sums of their groups.
fn add(sums: &mut [CrossSums], groups: &[u8], x: ArrayView2<f64>, y: ArrayView2<f64>) {
    sums.par_iter_mut().enumerate().for_each(|(group, sums)| {
        let members: Vec<usize> = (0..x.nrows()).filter(|&i| groups[i] as usize == group).collect();
        sums.update(x.select(Axis(0), &members).view(), y.select(Axis(0), &members).view());
    });
}

/// Which principal directions are wanted: those of all rows, and those without each jackknife group.
#[derive(Clone, Copy)]
struct Directed {
    whole: bool,
    resamples: bool,
}

fn own(sums: &[CrossSums], n: u64, directions: Directed) -> Vec<Result<Own>> {
    let resamples = if enough_rows(n).is_ok() { GROUPS } else { 0 };
    (0..=resamples)
        .into_par_iter()
        .map(|i| {
            let directed = if i == 0 { directions.whole } else { directions.resamples };
            Own::new(CrossSums::without(sums, i.checked_sub(1))?, directed)
        })
        .collect()
}

/// Rows as points, told apart.
fn points(between: Between, rows: ArrayView2<f64>) -> Result<Array2<f64>> {
    if between != Between::Euclidean && rows.ncols() < 2 {
        return Err(Error::undefined("in a single channel there are no angles"));
    }
    let points = between.points(rows)?;
    let (first, off) = (points.row(0), 2.0 * off(between, points.ncols()));
    let same = |row: ndarray::ArrayView1<f64>| row.iter().zip(first).all(|(x, y)| (x - y).abs() <= off);
    if points.outer_iter().all(same) {
        return Err(Error::undefined(match between {
            Between::Euclidean => "all rows of a side are the same: none is nearer than another",
            _ => "all rows of a side point the same way, as far as 64-bit numbers tell: none is nearer than another",
        }));
    }
    Ok(points)
}

/// How far off a point of so many channels may be: rows as they are have no rounding.
fn off(between: Between, d: usize) -> f64 {
    match between {
        Between::Euclidean => 0.0,
        _ => (d as f64 / 8.0 + 16.0) * f64::EPSILON,
    }
}

/// A point amid some rows, and the power of two that makes their distance from it about 1. Where a channel is constant the
/// point is its value, so that nothing is left of it.
fn origin(rows: ArrayView2<f64>) -> (Array1<f64>, f64) {
    let centre = amid(rows);
    let largest = rows
        .outer_iter()
        .flat_map(|row| row.iter().zip(&centre).map(|(x, c)| (x - c).abs()).collect::<Vec<_>>())
        .fold(0.0, f64::max);
    (centre, power_of_two(largest))
}

/// The power of two that brings this size to between 1 and 2; 1 where there is none.
fn power_of_two(size: f64) -> f64 {
    if size == 0.0 || !size.is_finite() {
        return 1.0;
    }
    2f64.powi(-(size.log2().floor().clamp(-1000.0, 1000.0) as i32))
}
