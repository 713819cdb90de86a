//! A score beside the accuracies: one panel for each data set, one named point for each model.

use super::chart::{Chart, ChartPoint, Plot, Series, across, rows, stem, up};
use super::scale::AxisScale;
use crate::compare::correlate::{self, Correlation, Statistic};
use crate::report::agreement::{interval_shown, shown};
use crate::shown::short;

/// Panels of one figure.
const MOST: usize = 12;

/// The score of `metric` beside the accuracies; `None` where no data set has three models with both.
pub fn chart(correlation: &Correlation, metric: &str, statistic: Statistic) -> Option<Chart> {
    let of_metric = correlation
        .points
        .iter()
        .filter(|(m, _, points)| m == metric && points.len() > 2);
    let panels: Vec<Plot> = of_metric
        .filter_map(|(_, dataset, points)| panel(correlation, metric, dataset, points, statistic))
        .take(MOST)
        .collect();
    let left_out = correlation.datasets.len().saturating_sub(panels.len());
    let rest = match left_out {
        0 => String::new(),
        n => format!(" {n} data sets are not shown."),
    };
    (!panels.is_empty()).then(|| Chart {
        name: format!("scatter-{}", stem(metric)),
        title: format!("{} against accuracy", short(metric, 60)),
        caption: format!(
            "Each point is a model; vertical bars are the intervals of accuracies that come with one.{rest}"
        ),
        rows: rows(panels, 2),
        panel_height: 300.0,
        ..Chart::default()
    })
}

fn panel(
    correlation: &Correlation,
    metric: &str,
    dataset: &str,
    points: &[correlate::ScatterPoint],
    statistic: Statistic,
) -> Option<Plot> {
    const HALF: f64 = crate::uncertainty::NORMAL_QUANTILE;
    let bar = |p: &correlate::ScatterPoint| p.error.map(|e| (p.accuracy - HALF * e, p.accuracy + HALF * e));
    let series = points.iter().map(|p| Series {
        model: p.family.unwrap_or(0),
        marked: true,
        points: vec![ChartPoint {
            x: p.score,
            y: p.accuracy,
            x_interval: None,
            y_interval: bar(p),
        }],
        names: vec![short(&p.model, 22)],
        ..Series::default()
    });
    let series: Vec<Series> = series.collect();
    let record = correlation.record(metric, Some(dataset), statistic)?;
    let subtitle = match record.value {
        Some(_) => format!(
            "{} {} {}, n = {}",
            statistic.label(),
            shown(statistic, record.value),
            interval_shown(statistic, record),
            record.n
        ),
        None => record.note.clone().unwrap_or_default(),
    };
    Some(Plot {
        title: short(dataset, 40),
        subtitle: short(&subtitle.replace('-', "−"), 60),
        x: AxisScale::linear(&short(metric, 40), 5.0, across(&series))?,
        y: AxisScale::linear("accuracy", 5.0, up(&series))?,
        series,
        divider: None,
    })
}
