//! Draws charts as SVG and PNG.

use std::sync::Once;

use plotters::prelude::*;

use super::matrix::MatrixLayout;
use super::palette::PAPER;
use super::pen::{FINE, Painted, Pen, WIDTH, legend_lines, painted};
use crate::error::{Error, Result};
use crate::report::charts::{Chart, Panel};

/// A figure in both formats.
pub struct DrawnFigure {
    /// Scalable, its text as text.
    pub svg: String,
    /// Pixels, twice as many as CSS pixels.
    pub png: Vec<u8>,
}

const GAP: f64 = 28.0;
const MARGIN: f64 = 8.0;

const FONT: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");

/// Draws a chart.
///
/// # Errors
/// When it cannot be drawn: a fault of this program, said with the figure's name.
pub fn draw(chart: &Chart) -> Result<DrawnFigure> {
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
    Ok(DrawnFigure {
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
    cells: MatrixLayout,
}

impl PanelLayout {
    fn of(chart: &Chart) -> Self {
        let lines = legend_lines(&chart.legend).len();
        let legend = if lines > 0 { 10.0 + 22.0 * lines as f64 } else { 0.0 };
        let head = legend + if chart.colour_scale.is_some() { 46.0 } else { 0.0 };
        let cells = MatrixLayout::of(chart);
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

fn paint<DB: DrawingBackend>(backend: DB, chart: &Chart, layout: &PanelLayout) -> Painted {
    let whole = backend.into_drawing_area();
    painted(whole.fill(&PAPER))?;
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
    painted(whole.present())
}
