//! The three axes, one panel per metric and data set, one point per model.

use super::chart::{Chart, ChartPoint, Plot, Series, across, rows};
use super::scale::AxisScale;
use crate::compare::{Comparison, MetricGroup, MetricTable};
use crate::report::axes::AXES;
use crate::report::comparison::{good, sides};
use crate::shown::short;

pub(super) fn chart(comparison: &Comparison) -> Option<Chart> {
    let tables = AXES.iter().filter_map(|axis| comparison.table(axis.primary));
    let in_rows = |t: &MetricTable| rows(t.groups.iter().filter_map(|g| panel(t, g)), 2);
    Some(Chart {
        name: "axes".to_owned(),
        title: "The three axes".to_owned(),
        caption: format!("Value and 95 % interval of each model at layer {}.", comparison.layer),
        rows: tables.flat_map(in_rows).collect(),
        panel_height: 84.0 + 26.0 * comparison.models.len().max(2) as f64,
        ..Chart::default()
    })
}

fn panel(table: &MetricTable, group: &MetricGroup) -> Option<Plot> {
    let models = group.rows.len();
    let mut series = Vec::new();
    for (model, row) in group.rows.iter().enumerate() {
        let Some(value) = row.value else { continue };
        series.push(Series {
            model,
            marked: true,
            points: vec![ChartPoint {
                x: value,
                // The first model stands at the top.
                y: (models - 1 - model) as f64,
                x_interval: row.ci_low.zip(row.ci_high),
                y_interval: None,
            }],
            ..Series::default()
        });
    }
    Some(Plot {
        title: format!("{} · {}", table.label, short(&sides(group), 40)),
        subtitle: good(group.direction).unwrap_or_default().to_owned(),
        x: AxisScale::linear("", 4.0, across(&series))?,
        y: AxisScale::names(group.rows.iter().rev().map(|row| short(&row.model, 18))),
        series,
        divider: None,
    })
}
