//! How well each metric predicts transfer, one below the other.

use super::chart::{Chart, ChartPoint, Plot, Series, across, rows};
use super::scale::AxisScale;
use crate::compare::correlate::{Agreement, Correlation, Statistic};
use crate::shown::short;

/// The weighted tau of each of these records with its interval, the first at the top; `None` where none has a value.
pub fn chart(correlation: &Correlation, ranked: &[&Agreement]) -> Option<Chart> {
    let shown: Vec<&&Agreement> = ranked.iter().filter(|r| r.value.is_some()).collect();
    let at = |i: usize| (shown.len() - 1 - i) as f64;
    let series = shown.iter().enumerate().map(|(i, record)| Series {
        model: usize::from(record.baseline),
        marked: true,
        points: vec![ChartPoint {
            x: record.value.unwrap_or_default(),
            y: at(i),
            x_interval: record.ci_low.zip(record.ci_high),
            y_interval: None,
        }],
        ..Series::default()
    });
    let series: Vec<Series> = series.collect();
    let statistic = shown.first().map_or(Statistic::WeightedTau, |r| r.statistic);
    let data = match &correlation.datasets[..] {
        [only] => short(only, 40),
        all => format!("mean over {} data sets", all.len()),
    };
    let plot = Plot {
        title: format!("{} · {data}", statistic.label()),
        subtitle: format!("{} models", correlation.models.len()),
        x: AxisScale::linear("", 8.0, across(&series).chain([0.0]))?,
        y: AxisScale::names(shown.iter().rev().map(|r| short(&r.metric, 26))),
        series,
        divider: Some(0.0),
    };
    (!shown.is_empty()).then(|| Chart {
        name: "predictors".to_owned(),
        title: "Which number predicts transfer".to_owned(),
        caption: "Agreement of each score with the accuracies, with its 95 % interval over models. Baselines look at no feature of the data \
                  at hand, or at its simplest; a score that does not beat them explains nothing. The line marks no agreement."
            .to_owned(),
        rows: rows([plot], 1),
        panel_height: 96.0 + 24.0 * shown.len().max(2) as f64,
        legend: vec!["score".to_owned(), "baseline".to_owned()],
        ..Chart::default()
    })
}
