//! The covariance spectrum: how the variance is shared out among directions.

use super::chart::{Chart, ChartPoint, Plot, Series, legend, rows};
use super::scale::AxisScale;
use crate::compare::{Comparison, distinct, pictured, with_split};
use crate::results::{Analysis, Table};
use crate::shown::short;

/// Points a curve is drawn with: more cannot be seen and only make the page heavy.
const POINTS: usize = 160;

/// Eigenvalues below this share of the largest are rounding, not variance.
const FLOOR: f64 = 1e-10;

pub(super) fn chart(analysis: &Analysis, comparison: &Comparison) -> Option<Chart> {
    let table = pictured(analysis.table("spectrum")?, &analysis.results);
    let spectrum = Columns::of(&table)?;
    let here = (0..spectrum.rank.len()).filter(|&row| spectrum.layer[row] == comparison.layer);
    let sets = distinct(here.map(|row| (spectrum.dataset[row].as_str(), spectrum.split[row].as_str())));
    let panels = sets.iter().filter_map(|set| spectrum.panel(comparison, *set));
    Some(Chart {
        name: "spectrum".to_owned(),
        title: "Covariance spectrum".to_owned(),
        caption: format!(
            "Share of the total variance along each principal direction, in descending order, at layer {}. A slow fall means that the variance is \
             shared by many directions; a steep one, that a few carry it all. Directions below 10⁻¹⁰ of the first are left out: they are rounding.",
            comparison.layer
        ),
        rows: rows(panels, 2),
        panel_height: 330.0,
        legend: legend(&comparison.models),
        ..Chart::default()
    })
}

struct Columns<'a> {
    model: &'a [String],
    layer: &'a [String],
    dataset: &'a [String],
    split: &'a [String],
    rank: &'a [u64],
    eigenvalue: &'a [f64],
}

impl<'a> Columns<'a> {
    fn of(table: &'a Table) -> Option<Self> {
        Some(Self {
            model: table.text("model")?,
            layer: table.text("layer")?,
            dataset: table.text("dataset")?,
            split: table.text("split")?,
            rank: table.count("rank")?,
            eigenvalue: table.float("eigenvalue")?,
        })
    }

    fn panel(&self, comparison: &Comparison, (dataset, split): (&str, &str)) -> Option<Plot> {
        let curve = |(index, model): (usize, &String)| {
            let is_here = |&row: &usize| {
                self.model[row] == *model
                    && self.layer[row] == comparison.layer
                    && self.dataset[row] == dataset
                    && self.split[row] == split
            };
            let rows = (0..self.rank.len()).filter(is_here);
            (index, shares(rows.map(|row| (self.rank[row], self.eigenvalue[row]))))
        };
        let curves = comparison.models.iter().enumerate().map(curve);
        let curves: Vec<(usize, Vec<(f64, f64)>)> = curves.filter(|(_, curve)| !curve.is_empty()).collect();
        let all = || curves.iter().flat_map(|(_, curve)| curve.iter());
        let x = AxisScale::logarithmic("direction, by its variance", all().map(|(rank, _)| *rank))?;
        let y = AxisScale::logarithmic("share of the variance", all().map(|(_, share)| *share))?;
        let series = curves.iter().map(|(model, curve)| Series {
            model: *model,
            joined: true,
            points: curve
                .iter()
                .map(|(rank, share)| ChartPoint {
                    x: rank.log10(),
                    y: share.log10(),
                    ..ChartPoint::default()
                })
                .collect(),
            ..Series::default()
        });
        Some(Plot {
            title: short(&with_split(dataset, split), 50),
            subtitle: "a slower fall = less redundant".to_owned(),
            x,
            y,
            series: series.collect(),
            divider: None,
        })
    }
}

/// (rank, share of the total), thinned evenly in the logarithm of the rank.
fn shares(eigenvalues: impl Iterator<Item = (u64, f64)>) -> Vec<(f64, f64)> {
    let mut all: Vec<(u64, f64)> = eigenvalues
        .filter(|(_, value)| value.is_finite() && *value > 0.0)
        .collect();
    all.sort_by_key(|(rank, _)| *rank);
    let total: f64 = all.iter().map(|(_, value)| value).sum();
    let largest = all.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    all.retain(|(rank, value)| *rank > 0 && *value > FLOOR * largest);
    if !total.is_finite() {
        return Vec::new();
    }
    let most = all.last().map_or(1, |(rank, _)| *rank) as f64;
    let bin = |rank: u64| ((rank as f64).ln() / most.max(2.0).ln() * POINTS as f64) as usize;
    all.dedup_by_key(|(rank, _)| bin(*rank));
    all.into_iter()
        .map(|(rank, value)| (rank as f64, value / total))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_spectra_are_thinned_and_rounding_is_left_out() {
        let curve = shares((1..=5000).map(|k| (k, if k > 4000 { 1e-30 } else { 1.0 / k as f64 })));
        assert!(curve.len() <= POINTS + 1 && curve.len() > 80, "{}", curve.len());
        assert_eq!(curve[0].0, 1.0);
        assert!(curve.last().unwrap().0 > 3800.0 && curve.last().unwrap().0 <= 4000.0);
        assert!(shares([(1, 0.0), (2, f64::NAN)].into_iter()).is_empty());
    }
}
