//! Numbers over the course of training: each against the step, and variation against accuracy as a path.

use super::chart::{Chart, ChartPoint, Plot, Series, across, legend, rows, up};
use super::scale::AxisScale;
use crate::compare::{Comparison, Course, Trajectory, with_split};
use crate::features::Role;
use crate::metrics::probes::{FAMILY, PROBES};
use crate::report::axes::AXES;
use crate::report::comparison::good;
use crate::shown::short;

/// A marker at every step is one too many beyond so many.
const MARKED: usize = 25;

/// The axes and probes; the other metrics; and the paths.
pub(super) fn charts(all: &[Trajectory], comparison: &Comparison) -> Vec<Chart> {
    let is_first = |t: &&Trajectory| {
        AXES.iter().any(|axis| axis.metrics.contains(&t.metric.as_str()))
            || FAMILY.metrics.iter().any(|metric| metric.id == t.metric)
    };
    let (first, others): (Vec<&Trajectory>, Vec<&Trajectory>) = all.iter().partition(is_first);
    // Transfer before what may explain it.
    let mut first = first;
    first.sort_by_key(|t| AXES.iter().any(|axis| axis.metrics.contains(&t.metric.as_str())));
    let chart = |name: &str, title: &str, caption: String, panels: Vec<Plot>, columns, panel_height| Chart {
        name: name.to_owned(),
        title: title.to_owned(),
        caption,
        rows: rows(panels, columns),
        panel_height,
        legend: legend(&comparison.models),
        ..Chart::default()
    };
    let panels =
        |these: &[&Trajectory]| -> Vec<Plot> { these.iter().filter_map(|t| panel(t, &comparison.models)).collect() };
    vec![
        chart(
            "trajectories",
            "Over the course of training",
            format!(
                "Probes and axes at layer {} against the step of training, with 95 % intervals.",
                comparison.layer
            ),
            panels(&first),
            2,
            260.0,
        ),
        chart(
            "paths",
            "Class variation against transfer",
            format!(
                "Each line is a model on its way through training: the discriminative ratio on the pretraining data against accuracy on \
                 the evaluation data at layer {}, the first and the last step named.",
                comparison.layer
            ),
            paths(all, &comparison.models),
            2,
            300.0,
        ),
        chart(
            "trajectories-others",
            "Every other metric over the course of training",
            format!("At layer {}, with 95 % intervals.", comparison.layer),
            panels(&others),
            3,
            190.0,
        ),
    ]
}

fn place(models: &[String], course: &Course) -> Option<usize> {
    models.iter().position(|model| *model == course.model)
}

/// One number against the step, a line for each model.
fn panel(trajectory: &Trajectory, models: &[String]) -> Option<Plot> {
    let mut series = Vec::new();
    for course in &trajectory.models {
        let points = course.points.iter().map(|point| ChartPoint {
            x: point.step as f64,
            y: point.value,
            x_interval: None,
            y_interval: point.interval,
        });
        series.push(Series {
            marked: course.points.len() <= MARKED,
            ..Series::line(place(models, course)?, points.collect())
        });
    }
    Some(Plot {
        title: format!("{} · {}", trajectory.label, short(&data(trajectory), 40)),
        subtitle: good(trajectory.direction).unwrap_or_default().to_owned(),
        x: AxisScale::linear("step", 5.0, across(&series))?,
        y: AxisScale::linear("", 4.0, up(&series))?,
        series,
        divider: None,
    })
}

fn data(trajectory: &Trajectory) -> String {
    match &trajectory.other_dataset {
        Some(other) => format!("{} and {other}", trajectory.dataset),
        None => with_split(&trajectory.dataset, &trajectory.split),
    }
}

/// One panel for each pretraining and evaluation data set: phi on the first across, accuracy on the second up.
fn paths(all: &[Trajectory], models: &[String]) -> Vec<Plot> {
    let probe = PROBES.iter().find(|id| all.iter().any(|t| t.metric == **id));
    let of_metric = |id: &str, is_pre: bool| {
        let id = id.to_owned();
        all.iter()
            .filter(move |t| t.metric == id && t.other_dataset.is_none() && (t.role == Some(Role::Pre)) == is_pre)
    };
    let mut panels = Vec::new();
    for variation in of_metric(AXES[0].primary, true) {
        for transfer in of_metric(probe.copied().unwrap_or_default(), false) {
            panels.extend(path(variation, transfer, models));
        }
    }
    panels
}

fn path(variation: &Trajectory, transfer: &Trajectory, models: &[String]) -> Option<Plot> {
    let mut series = Vec::new();
    for course in &transfer.models {
        let Some(other) = variation.models.iter().find(|other| other.model == course.model) else {
            continue;
        };
        let (mut points, mut names) = (Vec::new(), Vec::new());
        for accuracy in &course.points {
            let Some(phi) = other.points.iter().find(|phi| phi.step == accuracy.step) else {
                continue;
            };
            points.push(ChartPoint {
                x: phi.value,
                y: accuracy.value,
                ..ChartPoint::default()
            });
            names.push(accuracy.step.to_string());
        }
        let last = names.len().saturating_sub(1);
        for name in names.iter_mut().take(last).skip(1) {
            name.clear();
        }
        if points.len() > 1 {
            series.push(Series {
                names,
                ..Series::line(place(models, course)?, points)
            });
        }
    }
    (!series.is_empty()).then_some(())?;
    Some(Plot {
        title: format!("{} · {}", transfer.label, short(&data(transfer), 40)),
        subtitle: String::new(),
        x: AxisScale::linear(
            &format!("{} · {}", variation.label, short(&data(variation), 40)),
            5.0,
            across(&series),
        )?,
        y: AxisScale::linear("accuracy", 5.0, up(&series))?,
        series,
        divider: None,
    })
}
