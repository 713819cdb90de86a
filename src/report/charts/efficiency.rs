//! What a few labels are worth: accuracy against the rows of each class that a probe was fitted on.

use super::chart::{Chart, ChartPoint, Panel, Plot, Series, rows};
use super::scale::AxisScale;
use crate::compare::{Comparison, label, pictured};
use crate::results::{Analysis, Table};
use crate::shown::short;
use crate::uncertainty::runs_interval;

pub(super) fn chart(analysis: &Analysis, comparison: &Comparison) -> Option<Chart> {
    let table = pictured(analysis.table("label_efficiency")?, &analysis.results);
    let columns = Columns::of(&table)?;
    let mut panels: Vec<(&str, &str, &str)> = Vec::new();
    for row in 0..columns.budget.len() {
        let panel = (
            columns.dataset[row].as_str(),
            columns.split[row].as_str(),
            columns.probe[row].as_str(),
        );
        if columns.layer[row] == comparison.layer && !panels.contains(&panel) {
            panels.push(panel);
        }
    }
    let panels = panels.into_iter().filter_map(|panel| columns.panel(comparison, panel));
    Some(Chart {
        name: "label-efficiency".to_owned(),
        title: "What a few labels are worth".to_owned(),
        caption: format!(
            "Accuracy of probes fitted on 1, 2, 4… rows of each class at layer {}, each budget choosing its own penalty; bars are the 95 % \
             interval of the mean over the draws of those rows, the scored rows being the same.",
            comparison.layer
        ),
        rows: rows(panels.map(Panel::Plot).collect(), 2),
        panel_height: 300.0,
        legend: comparison.models.iter().map(|m| short(m, 30)).collect(),
        colour_scale: None,
    })
}

struct Columns<'t> {
    model: &'t [String],
    layer: &'t [String],
    dataset: &'t [String],
    split: &'t [String],
    probe: &'t [String],
    budget: &'t [u64],
    accuracy: &'t [f64],
}

impl<'t> Columns<'t> {
    fn of(table: &'t Table) -> Option<Self> {
        Some(Self {
            model: table.text("model")?,
            layer: table.text("layer")?,
            dataset: table.text("dataset")?,
            split: table.text("split")?,
            probe: table.text("probe")?,
            budget: table.count("rows_per_class")?,
            accuracy: table.float("accuracy")?,
        })
    }

    fn panel(&self, comparison: &Comparison, (dataset, split, probe): (&str, &str, &str)) -> Option<Plot> {
        let is_here = |row: &usize| {
            self.layer[*row] == comparison.layer
                && (
                    self.dataset[*row].as_str(),
                    self.split[*row].as_str(),
                    self.probe[*row].as_str(),
                ) == (dataset, split, probe)
        };
        let here: Vec<usize> = (0..self.budget.len()).filter(is_here).collect();
        let mut budgets: Vec<u64> = here.iter().map(|&row| self.budget[row]).collect();
        budgets.sort_unstable();
        budgets.dedup();
        let (mut series, mut extent) = (Vec::new(), Vec::new());
        for (index, model) in comparison.models.iter().enumerate() {
            let mut points = Vec::new();
            // Models stand a little apart, so that their intervals do not cover one another.
            let middle = (comparison.models.len() - 1) as f64 / 2.0;
            let aside = (index as f64 - middle) * (0.36 / comparison.models.len() as f64).min(0.08);
            for (at, budget) in budgets.iter().enumerate() {
                let of_model = here
                    .iter()
                    .filter(|&&row| self.model[row] == *model && self.budget[row] == *budget);
                let draws: Vec<f64> = of_model
                    .map(|&row| self.accuracy[row])
                    .filter(|a| a.is_finite())
                    .collect();
                let Some(mean) = (!draws.is_empty()).then(|| draws.iter().sum::<f64>() / draws.len() as f64) else {
                    continue;
                };
                let known = (draws.len() > 1).then(|| runs_interval(&draws)).flatten();
                let interval = known.map(|e| (e.low.max(0.0), e.high.min(1.0)));
                extent.extend(
                    [Some(mean), interval.map(|i| i.0), interval.map(|i| i.1)]
                        .into_iter()
                        .flatten(),
                );
                points.push(ChartPoint {
                    x: at as f64 + aside,
                    y: mean,
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
        let split = if split.is_empty() {
            String::new()
        } else {
            format!(" ({split})")
        };
        Some(Plot {
            title: format!("{} · {}", name(probe), short(&format!("{dataset}{split}"), 40)),
            subtitle: String::new(),
            x: AxisScale {
                label: "rows of each class".to_owned(),
                ..AxisScale::names(budgets.iter().map(u64::to_string))
            },
            y: AxisScale::linear("accuracy", 5.0, extent.into_iter())?,
            series,
            divider: None,
        })
    }
}

/// What the table calls `ncm` and `linear`.
fn name(probe: &str) -> &str {
    let id = format!("{probe}_top1");
    match crate::metrics::find(&id) {
        Some(metric) => label(metric.id),
        None => probe,
    }
}
