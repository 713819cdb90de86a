//! The three axes, one panel per metric and data set, one point per model.

use super::chart::{Chart, ChartPoint, Panel, Plot, Series, rows};
use super::scale::AxisScale;
use crate::compare::{Comparison, MetricGroup, MetricTable};
use crate::report::axes::AXES;
use crate::report::comparison::{good, sides};
use crate::shown::short;

pub(super) fn chart(comparison: &Comparison) -> Option<Chart> {
    let tables = AXES.iter().filter_map(|axis| comparison.table(axis.primary));
    let of_table = |t: &MetricTable| {
        rows(
            t.groups.iter().filter_map(|g| panel(t, g)).map(Panel::Plot).collect(),
            2,
        )
    };
    Some(Chart {
        name: "axes".to_owned(),
        title: "The three axes".to_owned(),
        caption: format!("Value and 95 % interval of each model at layer {}.", comparison.layer),
        rows: tables.flat_map(of_table).collect(),
        panel_height: 84.0 + 26.0 * comparison.models.len().max(2) as f64,
        legend: Vec::new(),
        colour_scale: None,
    })
}

fn panel(table: &MetricTable, group: &MetricGroup) -> Option<Plot> {
    let models = group.rows.len();
    // The first model stands at the top.
    let at = |i: usize| (models - 1 - i) as f64;
    let mut series = Vec::new();
    let mut extent = Vec::new();
    for (model, row) in group.rows.iter().enumerate() {
        let Some(value) = row.value else { continue };
        let interval = row.ci_low.zip(row.ci_high);
        extent.extend(
            [value]
                .into_iter()
                .chain(interval.into_iter().flat_map(|(low, high)| [low, high])),
        );
        let point = ChartPoint {
            x: value,
            y: at(model),
            x_interval: interval,
            y_interval: None,
        };
        series.push(Series {
            model,
            joined: false,
            marked: true,
            points: vec![point],
            names: Vec::new(),
        });
    }
    Some(Plot {
        title: format!("{} · {}", table.label, short(&sides(group), 40)),
        subtitle: good(group.direction).unwrap_or_default().to_owned(),
        x: AxisScale::linear("", 4.0, extent.into_iter())?,
        y: AxisScale::names(group.rows.iter().rev().map(|row| short(&row.model, 18))),
        series,
        divider: None,
    })
}
