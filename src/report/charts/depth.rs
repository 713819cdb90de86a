//! The three axes and transfer against depth: one panel per metric and data set, one line per model.

use super::chart::{Chart, ChartPoint, Panel, Plot, Series, rows};
use super::scale::AxisScale;
use crate::compare::{Comparison, MetricGroup, MetricTable};
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
            .flat_map(|table| rows(panels(table, table.groups.iter().collect(), comparison), 2))
            .collect(),
        panel_height: 310.0,
        legend: comparison.models.iter().map(|m| short(m, 30)).collect(),
        colour_scale: None,
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
        panels(table, table.groups.iter().filter(alone).collect(), comparison)
    });
    let mut all = panels(leading, leading.groups.iter().collect(), comparison);
    all.extend(of_others);
    Some(Chart {
        name: "transfer-depth".to_owned(),
        title: "Transfer against depth".to_owned(),
        caption: "Probes fitted on each layer and scored on rows they have not seen, with 95 % intervals: where a curve falls, the network has \
                  given up what other data need for what its own training asks. The line parts the backbone from the projector."
            .to_owned(),
        rows: rows(all, 2),
        panel_height: 310.0,
        legend: comparison.models.iter().map(|m| short(m, 30)).collect(),
        colour_scale: None,
    })
}

/// The same, one panel for each model with a line for each data set: where accuracy on the pretraining data goes on to rise and that
/// on the evaluation data falls. Nothing where the probe was not asked for on pretraining data.
pub(super) fn pre_and_eval(comparison: &Comparison) -> Option<Chart> {
    let table = PROBES.iter().find_map(|id| comparison.table(id))?;
    table.groups.iter().find(|g| g.role == Some(Role::Pre))?;
    let mut data: Vec<String> = Vec::new();
    let mut layers: Vec<&str> = Vec::new();
    for group in &table.groups {
        if !data.contains(&sides(group)) {
            data.push(sides(group));
        }
        if !layers.contains(&group.layer.as_str()) {
            layers.push(&group.layer);
        }
    }
    let panel = |model: usize| {
        let (mut series, mut extent) = (Vec::new(), Vec::new());
        for (index, name) in data.iter().enumerate() {
            let mut points = Vec::new();
            for group in table.groups.iter().filter(|g| sides(g) == *name) {
                let row = &group.rows[model];
                let (Some(value), Some(depth)) = (row.value, layers.iter().position(|l| *l == group.layer)) else {
                    continue;
                };
                let interval = row.ci_low.zip(row.ci_high);
                extent.extend([Some(value), row.ci_low, row.ci_high].into_iter().flatten());
                points.push(ChartPoint {
                    x: depth as f64,
                    y: value,
                    x_interval: None,
                    y_interval: interval,
                });
            }
            series.push(Series {
                model: index,
                joined: true,
                marked: true,
                points,
                names: Vec::new(),
            });
        }
        Some(Plot {
            title: short(&comparison.models[model], 40),
            subtitle: String::new(),
            x: AxisScale::names(layers.iter().map(|layer| short(layer, 18))),
            y: AxisScale::linear("accuracy", 6.0, extent.into_iter())?,
            series,
            divider: divider(&layers),
        })
    };
    let panels = (0..comparison.models.len())
        .filter_map(panel)
        .map(Panel::Plot)
        .collect();
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
        colour_scale: None,
    })
}

/// Between the backbone and what stands behind it.
fn divider(layers: &[&str]) -> Option<f64> {
    let backbone = layers.iter().position(|layer| *layer == "backbone");
    backbone.filter(|i| i + 1 < layers.len()).map(|i| i as f64 + 0.5)
}

/// One panel for each data set of a metric.
fn panels(table: &MetricTable, groups: Vec<&MetricGroup>, comparison: &Comparison) -> Vec<Panel> {
    let mut panels = Vec::new();
    let mut rest = groups;
    while let Some(first) = rest.first().copied() {
        let (here, other): (Vec<&MetricGroup>, Vec<&MetricGroup>) =
            rest.into_iter().partition(|g| sides(g) == sides(first));
        panels.extend(panel(table, &here, comparison.models.len()).map(Panel::Plot));
        rest = other;
    }
    panels
}

/// `None` for a single layer: there is no depth to show.
fn panel(table: &MetricTable, groups: &[&MetricGroup], models: usize) -> Option<Plot> {
    if groups.len() < 2 {
        return None;
    }
    let mut series = Vec::new();
    let mut extent = Vec::new();
    for model in 0..models {
        // Models stand a little apart, so that their intervals do not cover one another.
        let aside = (model as f64 - (models - 1) as f64 / 2.0) * (0.36 / models as f64).min(0.1);
        let mut points = Vec::new();
        for (depth, group) in groups.iter().enumerate() {
            let row = &group.rows[model];
            let Some(value) = row.value else { continue };
            let interval = row.ci_low.zip(row.ci_high);
            extent.extend(
                [value]
                    .into_iter()
                    .chain(interval.into_iter().flat_map(|(low, high)| [low, high])),
            );
            points.push(ChartPoint {
                x: depth as f64 + aside,
                y: value,
                x_interval: None,
                y_interval: interval,
            });
        }
        if !points.is_empty() {
            series.push(Series {
                model,
                joined: true,
                marked: true,
                points,
                names: Vec::new(),
            });
        }
    }
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
        y: AxisScale::linear("", 6.0, extent.into_iter())?,
        series,
        divider: divider(&layers),
    })
}
