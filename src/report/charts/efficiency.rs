//! What a few labels are worth: accuracy against the rows of each class that a probe was fitted on.

use super::chart::{Chart, ChartPoint, Plot, Series, aside, legend, rows, up};
use super::scale::AxisScale;
use crate::compare::{Comparison, distinct, label, pictured, with_split};
use crate::results::{Analysis, Table};
use crate::shown::short;
use crate::uncertainty::runs_interval;

pub(super) fn chart(analysis: &Analysis, comparison: &Comparison) -> Option<Chart> {
    let table = pictured(analysis.table("label_efficiency")?, &analysis.results);
    let columns = Columns::of(&table)?;
    let here = (0..columns.budget.len()).filter(|&row| columns.layer[row] == comparison.layer);
    let panels = distinct(here.map(|row| columns.place(row)));
    let panels = panels.into_iter().filter_map(|panel| columns.panel(comparison, panel));
    Some(Chart {
        name: "label-efficiency".to_owned(),
        title: "What a few labels are worth".to_owned(),
        caption: format!(
            "Accuracy of probes fitted on 1, 2, 4… rows of each class at layer {}, each budget choosing its own penalty; bars are the 95 % \
             interval of the mean over the draws of those rows, the scored rows being the same.",
            comparison.layer
        ),
        rows: rows(panels, 2),
        panel_height: 300.0,
        legend: legend(&comparison.models),
        ..Chart::default()
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

    /// Data set, split and probe of a row.
    fn place(&self, row: usize) -> [&'t str; 3] {
        [&self.dataset[row], &self.split[row], &self.probe[row]]
    }

    fn panel(&self, comparison: &Comparison, place: [&str; 3]) -> Option<Plot> {
        let is_here = |row: &usize| self.layer[*row] == comparison.layer && self.place(*row) == place;
        let here: Vec<usize> = (0..self.budget.len()).filter(is_here).collect();
        let mut budgets: Vec<u64> = here.iter().map(|&row| self.budget[row]).collect();
        budgets.sort_unstable();
        budgets.dedup();
        let line = |(index, model): (usize, &String)| {
            let point = |(at, budget): (usize, &u64)| {
                let drawn = here
                    .iter()
                    .filter(|&&row| self.model[row] == *model && self.budget[row] == *budget);
                let drawn = drawn.map(|&row| self.accuracy[row]);
                let draws: Vec<f64> = drawn.filter(|a| a.is_finite()).collect();
                let known = (draws.len() > 1).then(|| runs_interval(&draws)).flatten();
                (!draws.is_empty()).then(|| ChartPoint {
                    x: at as f64 + aside(index, comparison.models.len(), 0.08),
                    y: draws.iter().sum::<f64>() / draws.len() as f64,
                    x_interval: None,
                    y_interval: known.map(|e| (e.low.max(0.0), e.high.min(1.0))),
                })
            };
            Series::line(index, budgets.iter().enumerate().filter_map(point).collect())
        };
        let series: Vec<Series> = comparison.models.iter().enumerate().map(line).collect();
        let [dataset, split, probe] = place;
        Some(Plot {
            title: format!("{} · {}", name(probe), short(&with_split(dataset, split), 40)),
            subtitle: String::new(),
            x: AxisScale {
                label: "rows of each class".to_owned(),
                ..AxisScale::names(budgets.iter().map(u64::to_string))
            },
            y: AxisScale::linear("accuracy", 5.0, up(&series))?,
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
