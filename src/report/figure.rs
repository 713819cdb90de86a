//! Draws charts as SVG and PNG. This file and its folder alone name plotters.

mod matrix;
mod plot;

use std::fmt::Display;
use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::charts::{Chart, Panel};
use crate::error::{Error, Result};
use crate::shown::short;

/// A figure in both formats.
pub struct Picture {
    /// Scalable, its text as text.
    pub svg: String,
    /// Pixels, twice as many as CSS pixels.
    pub png: Vec<u8>,
}

/// Everything is laid out in CSS pixels and drawn at twice that, for fine lines.
const FINE: f64 = 2.0;
const WIDTH: f64 = 884.0;
const GAP: f64 = 28.0;
const MARGIN: f64 = 8.0;
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
    let layout = PanelLayout::of(chart);
    let (width, height) = (WIDTH + 2.0 * MARGIN, layout.height().round());
    let size = ((width * FINE) as u32, (height * FINE) as u32);
    let mut svg = String::new();
    paint(SVGBackend::with_string(&mut svg, size), chart, &layout).map_err(fault)?;
    let mut pixels = vec![0; size.0 as usize * size.1 as usize * 3];
    paint(BitMapBackend::with_buffer(&mut pixels, size), chart, &layout).map_err(fault)?;
    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    image::ImageEncoder::write_image(encoder, &pixels, size.0, size.1, image::ExtendedColorType::Rgb8)
        .map_err(|e| fault(e.to_string()))?;
    Ok(Picture {
        svg: sized(&svg, size, (width, height)),
        png,
    })
}

/// The drawing at its size in CSS pixels; its view box keeps it scalable.
fn sized(svg: &str, drawn: (u32, u32), (width, height): (f64, f64)) -> String {
    let drawn = format!("<svg width=\"{}\" height=\"{}\"", drawn.0, drawn.1);
    // Cells that touch must not show the page between them.
    let svg = svg.replace("<rect ", "<rect shape-rendering=\"crispEdges\" ");
    svg.replacen(&drawn, &format!("<svg width=\"{width}\" height=\"{height}\""), 1)
}

/// Where panels stand, in CSS pixels.
struct PanelLayout {
    /// Height of legend and colour scale.
    head: f64,
    /// Height of each row of panels.
    rows: Vec<f64>,
    /// Labels and side of the matrices.
    cells: matrix::Cells,
}

impl PanelLayout {
    fn of(chart: &Chart) -> Self {
        let lines = legend_lines(&chart.legend).len();
        let legend = if lines > 0 { 10.0 + 22.0 * lines as f64 } else { 0.0 };
        let head = legend + if chart.colour_scale.is_some() { 46.0 } else { 0.0 };
        let cells = matrix::Cells::of(chart);
        let height = |row: &Vec<Panel>| {
            if matches!(row[0], Panel::Matrix(_)) {
                cells.height()
            } else {
                chart.panel_height
            }
        };
        Self {
            head,
            rows: chart.rows.iter().map(height).collect(),
            cells,
        }
    }

    fn height(&self) -> f64 {
        self.head + self.rows.iter().map(|height| height + GAP).sum::<f64>() - GAP + 2.0 * MARGIN
    }
}

type Painted<T = ()> = std::result::Result<T, String>;

fn said<T, E: Display>(outcome: std::result::Result<T, E>) -> Painted<T> {
    outcome.map_err(|e| e.to_string())
}

fn paint<DB: DrawingBackend>(backend: DB, chart: &Chart, layout: &PanelLayout) -> Painted {
    let whole = backend.into_drawing_area();
    said(whole.fill(&PAPER))?;
    let margin = (MARGIN * FINE) as i32;
    let pen = Pen {
        root: whole.margin(margin, margin, margin, margin),
        origin: (MARGIN, MARGIN),
    };
    pen.legend(&chart.legend)?;
    if let Some(scale) = &chart.colour_scale {
        pen.colour_scale(scale, layout.head - 46.0)?;
    }
    let mut y = layout.head;
    for (row, height) in chart.rows.iter().zip(&layout.rows) {
        let width = (WIDTH - GAP * (row.len() - 1) as f64) / row.len() as f64;
        for (column, panel) in row.iter().enumerate() {
            match panel {
                Panel::Plot(plot) => pen.plot(plot, (column as f64 * (width + GAP), y), (width, *height))?,
                Panel::Matrix(matrix) => pen.matrix(matrix, column, y, &layout.cells, chart.colour_scale.as_ref())?,
            }
        }
        y += height + GAP;
    }
    said(whole.present())
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

/// The text, without as much of its middle as is too wide.
fn fitted(text: &str, size: f64, width: f64) -> String {
    let mut shown = text.to_owned();
    let mut most = text.chars().count();
    while most > 8 && text_width(&shown, size) > width {
        most -= 1;
        shown = short(text, most);
    }
    shown
}

/// Plotters counts a font's full height; CSS counts its em.
fn font(size: f64) -> FontDesc<'static> {
    FontDesc::new(FontFamily::SansSerif, size * FINE * 1.24, FontStyle::Normal)
}

fn px(at: (f64, f64)) -> (i32, i32) {
    ((at.0 * FINE).round() as i32, (at.1 * FINE).round() as i32)
}

/// Draws with lengths in CSS pixels, from inside the margin.
struct Pen<DB: DrawingBackend> {
    root: DrawingArea<DB, Shift>,
    origin: (f64, f64),
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
        if text.is_empty() {
            return Ok(());
        }
        let style = font(style.0).color(&style.1).pos(Pos::new(anchor.0, anchor.1));
        said(self.root.draw_text(text, &style, px(at)))
    }

    fn upright_text(&self, text: &str, at: (f64, f64), anchor: (HPos, VPos), style: (f64, RGBColor)) -> Painted {
        if text.is_empty() {
            return Ok(());
        }
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

    /// Title and subtitle of a panel; one that is too wide for it loses its middle.
    fn headings(&self, title: &str, subtitle: &str, (x, y): (f64, f64), width: f64) -> Painted {
        let (title, subtitle) = (fitted(title, TITLE, width), fitted(subtitle, SMALL, width));
        self.text(&title, (x, y + 2.0), (HPos::Left, VPos::Top), (TITLE, INK))?;
        self.text(&subtitle, (x, y + 22.0), (HPos::Left, VPos::Top), (SMALL, QUIET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_no_wider_than_its_panel() {
        let title = "Linear probe accuracy · vehicles (test), eval";
        assert_eq!(fitted(title, TITLE, 1e4), title);
        let shown = fitted(title, TITLE, 200.0);
        assert!(
            text_width(&shown, TITLE) <= 200.0 && text_width(&shown, TITLE) > 150.0,
            "{shown}"
        );
        assert!(
            shown.starts_with("Linear") && shown.ends_with("eval") && shown.contains('…'),
            "{shown}"
        );
    }
}
