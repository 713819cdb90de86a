//! Matrices of coloured cells, and their colour scale.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::palette::{INK, PAPER, QUIET};
use super::pen::{Painted, Pen, SMALL, TITLE, WIDTH, text_width};
use super::plot::AxisLabels;
use crate::report::charts::{AxisScale, Chart, ClassMatrix, ColourScale, Panel};

const BETWEEN: f64 = 18.0;
const TITLE_HEIGHT: f64 = 26.0;
/// Words on coloured cells: these colours stay the same on a dark page.
const DARK: RGBColor = RGBColor(0x11, 0x11, 0x11);
const LIGHT: RGBColor = RGBColor(0xFF, 0xFF, 0xFE);

/// Where the matrices of a figure stand: each as large as the page allows, row names once for a row of matrices.
pub(super) struct MatrixLayout {
    label: f64,
    side: f64,
}

impl MatrixLayout {
    pub fn of(chart: &Chart) -> Self {
        let matrices = || {
            chart
                .rows
                .iter()
                .flatten()
                .filter_map(|panel| if let Panel::Matrix(m) = panel { Some(m) } else { None })
        };
        let label = matrices()
            .flat_map(|m| &m.names)
            .map(|name| text_width(name, SMALL))
            .fold(0.0, f64::max)
            + 8.0;
        let columns = chart.rows.iter().map(Vec::len).max().unwrap_or(1) as f64;
        Self {
            label,
            side: ((WIDTH - label - BETWEEN * (columns - 1.0)) / columns).min(430.0),
        }
    }

    pub fn height(&self) -> f64 {
        TITLE_HEIGHT + self.side + self.label
    }
}

impl<DB: DrawingBackend> Pen<DB> {
    pub(super) fn matrix(
        &self,
        matrix: &ClassMatrix,
        column: usize,
        y: f64,
        cells: &MatrixLayout,
        scale: Option<&ColourScale>,
    ) -> Painted {
        let side = cells.side;
        let cell = side / matrix.names.len() as f64;
        let (x0, y0) = (cells.label + column as f64 * (side + BETWEEN), y + TITLE_HEIGHT);
        self.text(&matrix.title, (x0, y + 2.0), (HPos::Left, VPos::Top), (TITLE, INK))?;
        let (low, high) = scale.map_or((0.0, 1.0), |s| (s.low, s.high));
        for (i, row) in matrix.values.iter().enumerate() {
            for (j, value) in row.iter().enumerate().filter(|(_, value)| value.is_finite()) {
                let (x, y) = (x0 + j as f64 * cell, y0 + i as f64 * cell);
                self.fill(
                    (x, y),
                    (x + cell, y + cell),
                    ViridisRGB::get_color_normalized(*value, low, high),
                )?;
                if cell >= 22.0 {
                    let ink = if (value - low) / (high - low) > 0.55 {
                        DARK
                    } else {
                        LIGHT
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
        let names = AxisScale::names(matrix.names.iter().cloned());
        let labels = AxisLabels::upright(&names, side);
        labels.draw(self, |value| (x0 + (value + 0.5) * cell, y0 + side + 5.0))?;
        if column == 0 {
            for (value, name) in labels.shown() {
                self.text(
                    name,
                    (x0 - 5.0, y0 + (value + 0.5) * cell),
                    (HPos::Right, VPos::Center),
                    (SMALL, INK),
                )?;
            }
        }
        let Some(border) = matrix.border else { return Ok(()) };
        let along = border as f64 * cell;
        let left = if column == 0 { x0 - cells.label } else { x0 };
        for (a, b) in [
            ((left, y0 + along), (x0 + side, y0 + along)),
            ((x0 + along, y0), (x0 + along, y0 + side + cells.label)),
        ] {
            self.line(&[a, b], PAPER, 3.0)?;
            self.line(&[a, b], INK, 1.0)?;
        }
        Ok(())
    }

    pub(super) fn colour_scale(&self, scale: &ColourScale, y: f64) -> Painted {
        let (x0, width, steps) = (text_width(&scale.label, SMALL) + 12.0, 260.0, 65);
        self.text(&scale.label, (0.0, y + 10.0), (HPos::Left, VPos::Center), (SMALL, INK))?;
        for step in 0..steps {
            let share = f64::from(step) / f64::from(steps - 1);
            let x = x0 + width * f64::from(step) / f64::from(steps);
            let colour = ViridisRGB::get_color_normalized(share, 0.0, 1.0);
            self.fill((x, y + 3.0), (x + width / f64::from(steps), y + 17.0), colour)?;
        }
        for (value, label) in scale.ticks() {
            let x = x0 + (value - scale.low) / (scale.high - scale.low) * width;
            self.text(&label, (x, y + 20.0), (HPos::Center, VPos::Top), (SMALL, QUIET))?;
        }
        Ok(())
    }
}
