//! The pen that figures are drawn with: lines, words and markers, in CSS pixels.

use std::fmt::Display;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::palette::{INK, MODELS, QUIET};
use crate::shown::short;

/// Everything is laid out in CSS pixels and drawn at twice that, for fine lines.
pub(super) const FINE: f64 = 2.0;
pub(super) const WIDTH: f64 = 884.0;
pub(super) const SMALL: f64 = 12.5;
pub(super) const TITLE: f64 = 14.5;

pub(super) type Painted<T = ()> = std::result::Result<T, String>;

/// The outcome of plotters, its error as a sentence.
pub(super) fn painted<T, E: Display>(outcome: std::result::Result<T, E>) -> Painted<T> {
    outcome.map_err(|e| e.to_string())
}

/// The names of a legend, line by line.
pub(super) fn legend_lines(names: &[String]) -> Vec<Vec<(usize, f64)>> {
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

pub(super) fn text_width(text: &str, size: f64) -> f64 {
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

pub(super) fn px(at: (f64, f64)) -> (i32, i32) {
    ((at.0 * FINE).round() as i32, (at.1 * FINE).round() as i32)
}

/// Draws with lengths in CSS pixels, from inside the margin.
pub(super) struct Pen<DB: DrawingBackend> {
    pub(super) root: DrawingArea<DB, Shift>,
    pub(super) origin: (f64, f64),
}

impl<DB: DrawingBackend> Pen<DB> {
    pub(super) fn line(&self, points: &[(f64, f64)], colour: RGBColor, width: f64) -> Painted {
        let points: Vec<(i32, i32)> = points.iter().map(|p| px(*p)).collect();
        painted(self.root.draw(&PathElement::new(
            points,
            colour.stroke_width((width * FINE).round() as u32),
        )))
    }

    pub(super) fn fill(&self, a: (f64, f64), b: (f64, f64), colour: RGBColor) -> Painted {
        painted(self.root.draw(&Rectangle::new([px(a), px(b)], colour.filled())))
    }

    pub(super) fn text(&self, text: &str, at: (f64, f64), anchor: (HPos, VPos), style: (f64, RGBColor)) -> Painted {
        self.draw_text(text, font(style.0), at, anchor, style.1)
    }

    pub(super) fn upright_text(
        &self,
        text: &str,
        at: (f64, f64),
        anchor: (HPos, VPos),
        style: (f64, RGBColor),
    ) -> Painted {
        let font = font(style.0).transform(FontTransform::Rotate270);
        self.draw_text(text, font, at, anchor, style.1)
    }

    fn draw_text(&self, text: &str, font: FontDesc, at: (f64, f64), anchor: (HPos, VPos), colour: RGBColor) -> Painted {
        if text.is_empty() {
            return Ok(());
        }
        let style = font.color(&colour).pos(Pos::new(anchor.0, anchor.1));
        painted(self.root.draw_text(text, &style, px(at)))
    }

    /// A model's marker: the shape says it again to those who do not see the colour.
    pub(super) fn marker(&self, model: usize, (x, y): (f64, f64)) -> Painted {
        let colour = MODELS[model % MODELS.len()].filled();
        let shape = |corners: &[(f64, f64)]| {
            let corners: Vec<(i32, i32)> = corners.iter().map(|(dx, dy)| px((x + dx, y + dy))).collect();
            painted(self.root.draw(&Polygon::new(corners, colour)))
        };
        match model % 5 {
            0 => painted(self.root.draw(&Circle::new(px((x, y)), (4.4 * FINE) as i32, colour))),
            1 => shape(&[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)]),
            2 => shape(&[(0.0, -5.2), (5.0, 4.0), (-5.0, 4.0)]),
            3 => shape(&[(0.0, -5.6), (5.6, 0.0), (0.0, 5.6), (-5.6, 0.0)]),
            _ => shape(&[(0.0, 5.2), (5.0, -4.0), (-5.0, -4.0)]),
        }
    }

    pub(super) fn legend(&self, names: &[String]) -> Painted {
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
    pub(super) fn headings(&self, title: &str, subtitle: &str, (x, y): (f64, f64), width: f64) -> Painted {
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
