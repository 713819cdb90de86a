//! What a figure is made of: panels, series, points and words.

use super::scale::{AxisScale, linear_ticks};
use crate::shown::short;

/// A figure: a legend and panels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Stem of its files.
    pub name: String,
    /// Heading.
    pub title: String,
    /// What it shows and how to read it, in a sentence or two.
    pub caption: String,
    /// Panels, row by row; a row takes the whole width, however few it has.
    pub rows: Vec<Vec<Panel>>,
    /// Height of one panel, in CSS pixels.
    pub panel_height: f64,
    /// The models, in the order of their colours; empty where the panels name them.
    pub legend: Vec<String>,
    /// Names of the two ends of the colour scale of the matrices, where there are any.
    pub colour_scale: Option<ColourScale>,
}

/// The colours of matrices: from `low` to `high`.
#[derive(Clone, Debug, PartialEq)]
pub struct ColourScale {
    /// What is coloured.
    pub label: String,
    /// Value of the first colour.
    pub low: f64,
    /// Value of the last colour.
    pub high: f64,
}

impl ColourScale {
    /// Round values between the two ends, with their labels.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        linear_ticks((self.low, self.high), 4.0)
    }
}

/// One panel.
#[derive(Clone, Debug, PartialEq)]
pub enum Panel {
    /// Points and lines on two axes.
    Plot(Plot),
    /// A matrix of coloured cells.
    Matrix(ClassMatrix),
}

/// Points and lines on two axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// Heading.
    pub title: String,
    /// Below it: which way is good, units.
    pub subtitle: String,
    /// The horizontal axis.
    pub x: AxisScale,
    /// The vertical axis.
    pub y: AxisScale,
    /// What is drawn.
    pub series: Vec<Series>,
    /// Where a thin vertical line parts the panel, on the horizontal axis.
    pub divider: Option<f64>,
}

/// Points of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Index of the model: its colour and marker.
    pub model: usize,
    /// The points are joined by a line.
    pub joined: bool,
    /// Each point has a marker.
    pub marked: bool,
    /// Points, in the coordinates of the scales.
    pub points: Vec<ChartPoint>,
    /// Written beside each point, where there is room; empty for none.
    pub names: Vec<String>,
}

/// One point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChartPoint {
    /// Across.
    pub x: f64,
    /// Up.
    pub y: f64,
    /// A horizontal interval.
    pub x_interval: Option<(f64, f64)>,
    /// A vertical interval.
    pub y_interval: Option<(f64, f64)>,
}

impl Series {
    /// Points with markers, joined by a line.
    pub(super) fn line(model: usize, points: Vec<ChartPoint>) -> Self {
        Self {
            model,
            joined: true,
            marked: true,
            points,
            names: Vec::new(),
        }
    }
}

/// What points reach on the horizontal axis, with their intervals.
pub(super) fn across(series: &[Series]) -> impl Iterator<Item = f64> {
    let points = series.iter().flat_map(|s| &s.points);
    points.flat_map(|p| reached(p.x, p.x_interval))
}

/// What they reach on the vertical axis.
pub(super) fn up(series: &[Series]) -> impl Iterator<Item = f64> {
    let points = series.iter().flat_map(|s| &s.points);
    points.flat_map(|p| reached(p.y, p.y_interval))
}

fn reached(at: f64, interval: Option<(f64, f64)>) -> impl Iterator<Item = f64> {
    interval.into_iter().flat_map(<[f64; 2]>::from).chain([at])
}

/// The names of models in a legend.
pub(super) fn legend(models: &[String]) -> Vec<String> {
    models.iter().map(|model| short(model, 30)).collect()
}

/// How far model `index` of so many stands from a tick, at most `most`, so that their intervals do not cover one another.
pub(super) fn aside(index: usize, models: usize, most: f64) -> f64 {
    (index as f64 - (models - 1) as f64 / 2.0) * (0.36 / models as f64).min(most)
}

/// A square matrix over named classes.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMatrix {
    /// Heading.
    pub title: String,
    /// Names of rows and columns.
    pub names: Vec<String>,
    /// Rows of values; NaN where missing.
    pub values: Vec<Vec<f64>>,
    /// The number of names before the border, where there is one.
    pub border: Option<usize>,
}

/// At most `columns` panels side by side.
pub(super) fn rows(plots: impl IntoIterator<Item = Plot>, columns: usize) -> Vec<Vec<Panel>> {
    let panels: Vec<Panel> = plots.into_iter().map(Panel::Plot).collect();
    panels.chunks(columns).map(<[Panel]>::to_vec).collect()
}

/// A file's name from that of a metric or a suite.
pub fn stem(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let stem: String = name.chars().map(plain).take(60).collect();
    stem.trim_matches('-').to_owned()
}
