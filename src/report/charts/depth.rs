//! The three axes and transfer against depth: one panel per metric and data set, one line per model.

use super::chart::{Chart, ChartPoint, Plot, Series, aside, legend, rows, up};
use super::scale::AxisScale;
use crate::compare::{Comparison, MetricGroup, MetricTable, distinct, grouped};
use crate::features::Role;
use crate::metrics::probes::PROBES;
use crate::report::axes::AXES;
use crate::report::comparison::{good, sides};
use crate::shown::short;

/// The axes at every layer.
pub(super) fn chart(comparison: &Comparison) -> Chart {
    let tables = AXES.iter().filter_map(|axis| comparison.table(axis.primary));
    Chart {
        name: "depth".to_owned(),
        title: "Against depth".to_owned(),
        caption: "Each axis from the first stage of the network to the last layer of its projector, with 95 % intervals. The line parts the \
                  backbone, which is kept for transfer, from the projector, which is thrown away."
            .to_owned(),
        rows: tables
            .flat_map(|table| rows(panels(table, table.groups.iter(), comparison), 2))
            .collect(),
        panel_height: 310.0,
        legend: legend(&comparison.models),
        ..Chart::default()
    }
}

/// Every accuracy at every layer: that of the probe that stands for transfer on all data (on pretraining data where it was asked
/// for), those of the others on suites and on data sets that are in none.
pub(super) fn transfer(comparison: &Comparison) -> Option<Chart> {
    let tables: Vec<&MetricTable> = PROBES.iter().filter_map(|id| comparison.table(id)).collect();
    let (leading, others) = tables.split_first()?;
    let in_suites: Vec<&String> = leading.groups.iter().flat_map(|g| &g.members).collect();
    let of_others = others.iter().flat_map(|table| {
        let alone = |g: &&MetricGroup| !in_suites.contains(&&g.dataset);
        panels(table, table.groups.iter().filter(alone), comparison)
    });
    let mut all = panels(leading, leading.groups.iter(), comparison);
    all.extend(of_others);
    Some(Chart {
        name: "transfer-depth".to_owned(),
        title: "Transfer against depth".to_owned(),
        caption: "Probes fitted on each layer and scored on rows they have not seen, with 95 % intervals: where a curve falls, the network has \
                  given up what other data need for what its own training asks. The line parts the backbone from the projector."
            .to_owned(),
        rows: rows(all, 2),
        panel_height: 310.0,
        legend: legend(&comparison.models),
        ..Chart::default()
    })
}

/// The same, one panel for each model with a line for each data set: where accuracy on the pretraining data goes on to rise and that
/// on the evaluation data falls. Nothing where the probe was not asked for on pretraining data.
pub(super) fn pre_and_eval(comparison: &Comparison) -> Option<Chart> {
    let table = PROBES.iter().find_map(|id| comparison.table(id))?;
    table.groups.iter().find(|g| g.role == Some(Role::Pre))?;
    let data = distinct(table.groups.iter().map(sides));
    let layers = distinct(table.groups.iter().map(|group| group.layer.as_str()));
    let panel = |model: usize| {
        let point = |group: &MetricGroup| {
            let row = &group.rows[model];
            Some(ChartPoint {
                x: layers.iter().position(|layer| *layer == group.layer)? as f64,
                y: row.value?,
                x_interval: None,
                y_interval: row.ci_low.zip(row.ci_high),
            })
        };
        let line = |(index, name): (usize, &String)| {
            let groups = table.groups.iter().filter(|group| sides(group) == *name);
            Series::line(index, groups.filter_map(point).collect())
        };
        let series: Vec<Series> = data.iter().enumerate().map(line).collect();
        Some(Plot {
            title: short(&comparison.models[model], 40),
            subtitle: String::new(),
            x: AxisScale::names(layers.iter().map(|layer| short(layer, 18))),
            y: AxisScale::linear("accuracy", 6.0, up(&series))?,
            series,
            divider: divider(&layers),
        })
    };
    let panels = (0..comparison.models.len()).filter_map(panel);
    Some(Chart {
        name: "pre-eval-depth".to_owned(),
        title: "Pretraining and evaluation data against depth".to_owned(),
        caption: format!(
            "{} of each model, layer by layer, on the data it was pretrained on and on the others.",
            table.label
        ),
        rows: rows(panels, 2),
        panel_height: 310.0,
        legend: data.iter().map(|name| short(name, 40)).collect(),
        ..Chart::default()
    })
}

/// Between the backbone and what stands behind it.
fn divider(layers: &[&str]) -> Option<f64> {
    let backbone = layers.iter().position(|layer| *layer == "backbone");
    backbone.filter(|i| i + 1 < layers.len()).map(|i| i as f64 + 0.5)
}

/// One panel for each data set of a metric.
fn panels<'g>(
    table: &'g MetricTable,
    groups: impl Iterator<Item = &'g MetricGroup>,
    comparison: &Comparison,
) -> Vec<Plot> {
    let data = grouped(groups.map(|group| (sides(group), group)));
    data.iter()
        .filter_map(|(_, groups)| panel(table, groups, comparison.models.len()))
        .collect()
}

/// `None` for a single layer: there is no depth to show.
fn panel(table: &MetricTable, groups: &[&MetricGroup], models: usize) -> Option<Plot> {
    if groups.len() < 2 {
        return None;
    }
    let line = |model: usize| {
        let point = |(depth, group): (usize, &&MetricGroup)| {
            let row = &group.rows[model];
            Some(ChartPoint {
                x: depth as f64 + aside(model, models, 0.1),
                y: row.value?,
                x_interval: None,
                y_interval: row.ci_low.zip(row.ci_high),
            })
        };
        Series::line(model, groups.iter().enumerate().filter_map(point).collect())
    };
    let series: Vec<Series> = (0..models).map(line).filter(|s| !s.points.is_empty()).collect();
    let layers: Vec<&str> = groups.iter().map(|g| g.layer.as_str()).collect();
    // What was fitted on stands below: a title has the width of a panel.
    let fitted = groups[0].fitted_on.as_ref().map(|split| format!("fitted on {split}"));
    let data = sides(groups[0]);
    let data = fitted
        .as_ref()
        .and_then(|fitted| data.strip_suffix(&format!(", {fitted}")))
        .unwrap_or(&data);
    let below = fitted
        .clone()
        .into_iter()
        .chain(good(groups[0].direction).map(str::to_owned));
    Some(Plot {
        title: format!("{} · {}", table.label, short(data, 40)),
        subtitle: below.collect::<Vec<_>>().join(" · "),
        x: AxisScale::names(groups.iter().map(|g| short(&g.layer, 18))),
        y: AxisScale::linear("", 6.0, up(&series))?,
        series,
        divider: divider(&layers),
    })
}
