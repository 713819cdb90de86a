//! Draws charts as SVG and PNG. The only file that names plotters.

use std::fmt::Display;
use std::sync::Once;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::charts::{Chart, ColourScale, Matrix, Panel, Plot, Scale, Series};
use crate::error::{Error, Result};

/// A figure in both formats.
pub struct Picture {
    /// Scalable, its text as text.
    pub svg: String,
    /// Pixels, twice as many as CSS pixels.
    pub png: Vec<u8>,
}

/// Everything is laid out in CSS pixels and drawn at twice that, for fine lines.
const FINE: f64 = 2.0;
const WIDTH: f64 = 900.0;
const GAP: f64 = 28.0;
const SMALL: f64 = 12.5;
const TITLE: f64 = 14.5;

/// Ink, quiet ink, lines, paper: each once, so that a page can put its own colours in their place.
const INK: RGBColor = RGBColor(0x1F, 0x23, 0x28);
const QUIET: RGBColor = RGBColor(0x5B, 0x64, 0x6F);
const GRID: RGBColor = RGBColor(0xE1, 0xE4, 0xE8);
const PAPER: RGBColor = RGBColor(0xFE, 0xFE, 0xFD);
/// After Okabe and Ito: told apart by colour-blind readers too.
const MODELS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xC4, 0x86, 0x00),
    RGBColor(0x3A, 0xA0, 0xDC),
    RGBColor(0x6B, 0x6E, 0x75),
];

/// The colours of figures and the CSS variables a page may put in their place.
pub const INKS: [(&str, &str); 11] = [
    ("#1F2328", "--ink"),
    ("#5B646F", "--quiet"),
    ("#E1E4E8", "--line"),
    ("#FEFEFD", "--paper"),
    ("#0072B2", "--m0"),
    ("#D55E00", "--m1"),
    ("#009E73", "--m2"),
    ("#CC79A7", "--m3"),
    ("#C48600", "--m4"),
    ("#3AA0DC", "--m5"),
    ("#6B6E75", "--m6"),
];

const FONT: &[u8] = include_bytes!("fonts/DejaVuSans.ttf");

/// Draws a chart.
///
/// # Errors
/// When it cannot be drawn: a fault of this program, said with the figure's name.
pub fn draw(chart: &Chart) -> Result<Picture> {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        // The font is part of this program and is read by a test.
        let _ = plotters::style::register_font("sans-serif", FontStyle::Normal, FONT);
    });
    let fault = |e: String| {
        Error::input(format!(
            "figure {} cannot be drawn ({e}); report this with the results file",
            chart.name
        ))
    };
    let layout = Layout::of(chart);
    let size = ((WIDTH * FINE) as u32, (layout.height * FINE) as u32);
    let mut svg = String::new();
    paint(SVGBackend::with_string(&mut svg, size), chart, &layout).map_err(fault)?;
    let mut pixels = vec![0; size.0 as usize * size.1 as usize * 3];
    paint(BitMapBackend::with_buffer(&mut pixels, size), chart, &layout).map_err(fault)?;
    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    image::ImageEncoder::write_image(encoder, &pixels, size.0, size.1, image::ExtendedColorType::Rgb8)
        .map_err(|e| fault(e.to_string()))?;
    Ok(Picture {
        svg: sized(&svg, size, layout.height),
        png,
    })
}

/// The drawing at its size in CSS pixels, scalable.
fn sized(svg: &str, size: (u32, u32), height: f64) -> String {
    let drawn = format!("<svg width=\"{}\" height=\"{}\"", size.0, size.1);
    let wanted = format!("<svg width=\"{WIDTH}\" height=\"{height}\"");
    let box_given = format!("{wanted} viewBox=\"0 0 {} {}\"", size.0, size.1);
    let wanted = if svg.contains("viewBox") { wanted } else { box_given };
    svg.replacen(&drawn, &wanted, 1)
}

/// A scale as plotters' coordinate: its ticks are our own, so that grid and labels agree on every kind of axis.
struct Ticked(Scale);

impl Ranged for Ticked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let (low, high) = self.0.range;
        start + ((value - low) / (high - low) * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.0.ticks.iter().map(|(at, _)| *at).collect()
        }
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.0.range.0..self.0.range.1
    }
}

/// Where panels stand, in CSS pixels.
struct Layout {
    head: f64,
    columns: usize,
    panel: (f64, f64),
    height: f64,
}

impl Layout {
    fn of(chart: &Chart) -> Self {
        let columns = if chart.panels.len() == 1 { 1 } else { 2 };
        let rows = chart.panels.len().div_ceil(columns);
        let lines = legend_lines(&chart.legend).len();
        let head = if lines > 0 { 12.0 + 22.0 * lines as f64 } else { 0.0 }
            + if chart.colour_scale.is_some() { 40.0 } else { 0.0 };
        let width = (WIDTH - GAP * (columns - 1) as f64) / columns as f64;
        let panel = (if columns == 1 { width.min(640.0) } else { width }, chart.panel_height);
        Self {
            head,
            columns,
            panel,
            height: head + rows as f64 * (chart.panel_height + GAP) - GAP + 8.0,
        }
    }

    fn place(&self, index: usize) -> (f64, f64) {
        let (column, row) = (index % self.columns, index / self.columns);
        (
            column as f64 * (self.panel.0 + GAP),
            self.head + row as f64 * (self.panel.1 + GAP),
        )
    }
}

type Painted<T = ()> = std::result::Result<T, String>;

fn said<T, E: Display>(outcome: std::result::Result<T, E>) -> Painted<T> {
    outcome.map_err(|e| e.to_string())
}

fn paint<DB: DrawingBackend>(backend: DB, chart: &Chart, layout: &Layout) -> Painted {
    let pen = Pen {
        root: backend.into_drawing_area(),
    };
    said(pen.root.fill(&PAPER))?;
    pen.legend(&chart.legend)?;
    if let Some(scale) = &chart.colour_scale {
        pen.colour_scale(scale, layout.head - 40.0)?;
    }
    for (index, panel) in chart.panels.iter().enumerate() {
        let place = layout.place(index);
        match panel {
            Panel::Plot(plot) => pen.plot(plot, place, layout.panel)?,
            Panel::Matrix(matrix) => pen.matrix(matrix, place, layout.panel, chart.colour_scale.as_ref())?,
        }
    }
    said(pen.root.present())
}

/// The names of a legend, line by line.
fn legend_lines(names: &[String]) -> Vec<Vec<(usize, f64)>> {
    let mut lines: Vec<Vec<(usize, f64)>> = Vec::new();
    let mut x = f64::INFINITY;
    for (index, name) in names.iter().enumerate() {
        let width = 58.0 + text_width(name, TITLE);
        if x + width > WIDTH {
            lines.push(Vec::new());
            x = 0.0;
        }
        if let Some(line) = lines.last_mut() {
            line.push((index, x));
        }
        x += width;
    }
    lines
}

fn text_width(text: &str, size: f64) -> f64 {
    font(size)
        .box_size(text)
        .map_or(0.6 * size * text.chars().count() as f64, |(w, _)| f64::from(w) / FINE)
}

/// Plotters counts a font's full height; CSS counts its em.
fn font(size: f64) -> FontDesc<'static> {
    FontDesc::new(FontFamily::SansSerif, size * FINE * 1.24, FontStyle::Normal)
}

fn px(at: (f64, f64)) -> (i32, i32) {
    ((at.0 * FINE).round() as i32, (at.1 * FINE).round() as i32)
}

/// Draws with lengths in CSS pixels.
struct Pen<DB: DrawingBackend> {
    root: DrawingArea<DB, Shift>,
}

impl<DB: DrawingBackend> Pen<DB> {
    fn line(&self, points: &[(f64, f64)], colour: RGBColor, width: f64) -> Painted {
        let points: Vec<(i32, i32)> = points.iter().map(|p| px(*p)).collect();
        said(self.root.draw(&PathElement::new(
            points,
            colour.stroke_width((width * FINE).round() as u32),
        )))
    }

    fn fill(&self, a: (f64, f64), b: (f64, f64), colour: RGBColor) -> Painted {
        said(self.root.draw(&Rectangle::new([px(a), px(b)], colour.filled())))
    }

    fn text(&self, text: &str, at: (f64, f64), anchor: (HPos, VPos), style: (f64, RGBColor)) -> Painted {
        let style = font(style.0).color(&style.1).pos(Pos::new(anchor.0, anchor.1));
        said(self.root.draw_text(text, &style, px(at)))
    }

    fn upright_text(&self, text: &str, at: (f64, f64), anchor: (HPos, VPos), style: (f64, RGBColor)) -> Painted {
        let style = font(style.0)
            .transform(FontTransform::Rotate270)
            .color(&style.1)
            .pos(Pos::new(anchor.0, anchor.1));
        said(self.root.draw_text(text, &style, px(at)))
    }

    /// A model's marker: the shape says it again to those who do not see the colour.
    fn marker(&self, model: usize, (x, y): (f64, f64)) -> Painted {
        let colour = MODELS[model % MODELS.len()].filled();
        let shape = |corners: &[(f64, f64)]| {
            let corners: Vec<(i32, i32)> = corners.iter().map(|(dx, dy)| px((x + dx, y + dy))).collect();
            said(self.root.draw(&Polygon::new(corners, colour)))
        };
        match model % 5 {
            0 => said(self.root.draw(&Circle::new(px((x, y)), (4.4 * FINE) as i32, colour))),
            1 => shape(&[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)]),
            2 => shape(&[(0.0, -5.2), (5.0, 4.0), (-5.0, 4.0)]),
            3 => shape(&[(0.0, -5.6), (5.6, 0.0), (0.0, 5.6), (-5.6, 0.0)]),
            _ => shape(&[(0.0, 5.2), (5.0, -4.0), (-5.0, -4.0)]),
        }
    }

    fn legend(&self, names: &[String]) -> Painted {
        for (row, line) in legend_lines(names).iter().enumerate() {
            let y = 12.0 + 22.0 * row as f64;
            for (model, x) in line {
                self.line(&[(x + 4.0, y), (x + 32.0, y)], MODELS[model % MODELS.len()], 2.0)?;
                self.marker(*model, (x + 18.0, y))?;
                self.text(&names[*model], (x + 38.0, y), (HPos::Left, VPos::Center), (TITLE, INK))?;
            }
        }
        Ok(())
    }

    fn headings(&self, title: &str, subtitle: &str, (x, y): (f64, f64)) -> Painted {
        self.text(title, (x, y + 2.0), (HPos::Left, VPos::Top), (TITLE, INK))?;
        if subtitle.is_empty() {
            return Ok(());
        }
        self.text(subtitle, (x, y + 22.0), (HPos::Left, VPos::Top), (SMALL, QUIET))
    }

    fn plot(&self, plot: &Plot, place: (f64, f64), size: (f64, f64)) -> Painted {
        self.headings(&plot.title, &plot.subtitle, place)?;
        let widest = plot
            .y
            .ticks
            .iter()
            .map(|(_, label)| text_width(label, SMALL))
            .fold(24.0, f64::max);
        let left = widest + 10.0 + if plot.y.label.is_empty() { 0.0 } else { 20.0 };
        let across = size.0 - left - 14.0;
        let names = Names::fitted(&plot.x, across);
        let bottom = names.height + if plot.x.label.is_empty() { 8.0 } else { 26.0 };
        let whole = |x: f64| (x * FINE).round() as u32;
        let area = self.root.clone().shrink(px(place), (whole(size.0), whole(size.1)));
        let mut chart = said(
            ChartBuilder::on(&area)
                .margin_top(whole(46.0))
                .margin_right(whole(14.0))
                .set_label_area_size(LabelAreaPosition::Left, whole(left))
                .set_label_area_size(LabelAreaPosition::Bottom, whole(bottom))
                .build_cartesian_2d(Ticked(plot.x.clone()), Ticked(plot.y.clone())),
        )?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_axes()
            .bold_line_style(GRID.stroke_width(FINE as u32))
            .light_line_style(TRANSPARENT);
        said(mesh.draw())?;
        let at = |x: f64, y: f64| {
            let (x, y) = chart.backend_coord(&(x, y));
            (f64::from(x) / FINE, f64::from(y) / FINE)
        };
        let ((x0, y0), (x1, y1)) = (at(plot.x.range.0, plot.y.range.0), at(plot.x.range.1, plot.y.range.1));
        self.line(&[(x0, y1), (x0, y0), (x1, y0)], QUIET, 1.0)?;
        for (value, label) in &plot.y.ticks {
            self.text(
                label,
                (x0 - 7.0, at(plot.x.range.0, *value).1),
                (HPos::Right, VPos::Center),
                (SMALL, INK),
            )?;
        }
        names.draw(self, |value| (at(value, plot.y.range.0).0, y0 + 7.0))?;
        self.text(
            &plot.x.label,
            ((x0 + x1) / 2.0, y0 + names.height + 22.0),
            (HPos::Center, VPos::Center),
            (SMALL, QUIET),
        )?;
        self.upright_text(
            &plot.y.label,
            (place.0 + 8.0, (y0 + y1) / 2.0),
            (HPos::Center, VPos::Center),
            (SMALL, QUIET),
        )?;
        if let Some(divider) = plot.divider {
            let x = at(divider, plot.y.range.0).0;
            self.line(&[(x, y0), (x, y1)], QUIET, 1.0)?;
        }
        plot.series.iter().try_for_each(|series| self.series(series, &at))
    }

    fn series(&self, series: &Series, at: &dyn Fn(f64, f64) -> (f64, f64)) -> Painted {
        let colour = MODELS[series.model % MODELS.len()];
        if series.joined {
            let points: Vec<(f64, f64)> = series.points.iter().map(|p| at(p.x, p.y)).collect();
            self.line(&points, colour, 2.0)?;
        }
        for point in &series.points {
            if let Some((low, high)) = point.x_interval {
                self.whisker(at(low, point.y), at(high, point.y), (0.0, 4.0), colour)?;
            }
            if let Some((low, high)) = point.y_interval {
                self.whisker(at(point.x, low), at(point.x, high), (3.0, 0.0), colour)?;
            }
        }
        let marked = series.points.iter().filter(|_| series.marked);
        marked
            .map(|p| at(p.x, p.y))
            .try_for_each(|place| self.marker(series.model, place))
    }

    fn whisker(&self, a: (f64, f64), b: (f64, f64), end: (f64, f64), colour: RGBColor) -> Painted {
        self.line(&[a, b], colour, 1.5)?;
        for (x, y) in [a, b] {
            self.line(&[(x - end.0, y - end.1), (x + end.0, y + end.1)], colour, 1.5)?;
        }
        Ok(())
    }

    fn matrix(&self, matrix: &Matrix, place: (f64, f64), size: (f64, f64), scale: Option<&ColourScale>) -> Painted {
        self.headings(&matrix.title, "", place)?;
        let n = matrix.names.len();
        let names = Scale::names(matrix.names.iter().cloned());
        let label = matrix
            .names
            .iter()
            .map(|name| text_width(name, SMALL))
            .fold(0.0, f64::max)
            + 8.0;
        let side = (size.0 - label - 4.0).min(size.1 - 26.0 - label);
        let cell = side / n as f64;
        let (x0, y0) = (place.0 + label, place.1 + 26.0);
        let (low, high) = scale.map_or((0.0, 1.0), |s| (s.low, s.high));
        for (i, row) in matrix.values.iter().enumerate() {
            for (j, value) in row.iter().enumerate() {
                let (x, y) = (x0 + j as f64 * cell, y0 + i as f64 * cell);
                if !value.is_finite() {
                    continue;
                }
                let colour = ViridisRGB::get_color_normalized(*value, low, high);
                self.fill((x, y), (x + cell, y + cell), colour)?;
                if cell >= 26.0 {
                    let ink = if (value - low) / (high - low) > 0.55 {
                        INK
                    } else {
                        RGBColor(0xFF, 0xFF, 0xFF)
                    };
                    self.text(
                        &format!("{value:.1}"),
                        (x + cell / 2.0, y + cell / 2.0),
                        (HPos::Center, VPos::Center),
                        (10.5, ink),
                    )?;
                }
            }
        }
        let labels = Names::upright(&names, side);
        labels.draw(self, |value| (x0 + (value + 0.5) * cell, y0 + side + 5.0))?;
        for (value, name) in labels.shown() {
            self.text(
                name,
                (x0 - 5.0, y0 + (value + 0.5) * cell),
                (HPos::Right, VPos::Center),
                (SMALL, INK),
            )?;
        }
        if let Some(border) = matrix.border {
            let along = border as f64 * cell;
            for (a, b) in [
                ((x0 - label, y0 + along), (x0 + side, y0 + along)),
                ((x0 + along, y0), (x0 + along, y0 + side + label)),
            ] {
                self.line(&[a, b], PAPER, 3.0)?;
                self.line(&[a, b], INK, 1.0)?;
            }
        }
        Ok(())
    }

    fn colour_scale(&self, scale: &ColourScale, y: f64) -> Painted {
        let (x0, width, steps) = (text_width(&scale.label, SMALL) + 12.0, 260.0, 65);
        self.text(&scale.label, (0.0, y + 10.0), (HPos::Left, VPos::Center), (SMALL, INK))?;
        for step in 0..steps {
            let share = f64::from(step) / f64::from(steps - 1);
            let colour = ViridisRGB::get_color_normalized(share, 0.0, 1.0);
            let x = x0 + width * f64::from(step) / f64::from(steps);
            self.fill((x, y + 3.0), (x + width / f64::from(steps), y + 17.0), colour)?;
        }
        for share in [0.0, 0.5, 1.0] {
            let value = scale.low + share * (scale.high - scale.low);
            self.text(
                &format!("{value:.1}"),
                (x0 + share * width, y + 20.0),
                (HPos::Center, VPos::Top),
                (SMALL, QUIET),
            )?;
        }
        Ok(())
    }
}

/// The labels below an axis: level where they fit, else upright, else only some of them.
struct Names<'a> {
    ticks: &'a [(f64, String)],
    every: usize,
    upright: bool,
    height: f64,
}

impl<'a> Names<'a> {
    fn fitted(scale: &'a Scale, across: f64) -> Self {
        let widest = scale
            .ticks
            .iter()
            .map(|(_, label)| text_width(label, SMALL))
            .fold(0.0, f64::max);
        if !scale.names || widest + 6.0 <= across / scale.ticks.len().max(1) as f64 {
            return Self {
                ticks: &scale.ticks,
                every: 1,
                upright: false,
                height: 18.0,
            };
        }
        Self::upright(scale, across)
    }

    fn upright(scale: &'a Scale, across: f64) -> Self {
        let widest = scale
            .ticks
            .iter()
            .map(|(_, label)| text_width(label, SMALL))
            .fold(0.0, f64::max);
        let room = (across / (SMALL + 1.5)).floor().max(1.0) as usize;
        Self {
            ticks: &scale.ticks,
            every: scale.ticks.len().div_ceil(room).max(1),
            upright: true,
            height: widest + 4.0,
        }
    }

    fn shown(&self) -> impl Iterator<Item = &(f64, String)> {
        self.ticks.iter().step_by(self.every)
    }

    fn draw<DB: DrawingBackend>(&self, pen: &Pen<DB>, at: impl Fn(f64) -> (f64, f64)) -> Painted {
        for (value, label) in self.shown() {
            match self.upright {
                true => pen.upright_text(label, at(*value), (HPos::Right, VPos::Center), (SMALL, INK))?,
                false => pen.text(label, at(*value), (HPos::Center, VPos::Top), (SMALL, INK))?,
            }
        }
        Ok(())
    }
}
