//! Points and lines on two axes, and the labels of axes.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::palette::{GRID, INK, MODELS, QUIET};
use super::pen::{FINE, Painted, Pen, SMALL, painted, px, text_width};
use crate::report::charts::{AxisScale, Plot, Series};

/// Size of the names of points.
const NAME: f64 = 11.0;

type Point = (f64, f64);

/// Checks that two boxes, each by its upper left and lower right corner, share an area.
fn overlap(a: (Point, Point), b: (Point, Point)) -> bool {
    a.0.0 < b.1.0 && b.0.0 < a.1.0 && a.0.1 < b.1.1 && b.0.1 < a.1.1
}

/// A line in parts that turn by less than a right angle: where two strokes meet at a sharp one their joint is drawn as a spike as
/// long as the angle is small.
fn without_spikes(points: &[Point]) -> Vec<&[Point]> {
    let mut parts = Vec::new();
    let mut first = 0;
    for (i, three) in points.windows(3).enumerate() {
        let [a, b, c] = [three[0], three[1], three[2]];
        if (b.0 - a.0) * (c.0 - b.0) + (b.1 - a.1) * (c.1 - b.1) <= 0.0 {
            parts.push(&points[first..=i + 1]);
            first = i + 1;
        }
    }
    parts.push(&points[first..]);
    parts
}

/// A scale as plotters' coordinate: its ticks are our own, so that grid and labels agree on every kind of axis.
struct Ticked(AxisScale);

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

    fn range(&self) -> Range<f64> {
        self.0.range.0..self.0.range.1
    }
}

impl<DB: DrawingBackend> Pen<DB> {
    pub(super) fn plot(&self, plot: &Plot, place: (f64, f64), size: (f64, f64)) -> Painted {
        self.headings(&plot.title, &plot.subtitle, place, size.0)?;
        let widths = plot.y.ticks.iter().map(|(_, label)| text_width(label, SMALL));
        let widest = widths.fold(24.0, f64::max);
        let left = widest + 10.0 + if plot.y.label.is_empty() { 0.0 } else { 20.0 };
        let across = size.0 - left - 14.0;
        let names = AxisLabels::fitted(&plot.x, across);
        let bottom = names.height + if plot.x.label.is_empty() { 8.0 } else { 26.0 };
        let whole = |x: f64| (x * FINE).round() as u32;
        let area = self.root.clone().shrink(px(place), (whole(size.0), whole(size.1)));
        let mut chart = painted(
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
        painted(mesh.draw())?;
        let at = |x: f64, y: f64| {
            let (x, y) = chart.backend_coord(&(x, y));
            (f64::from(x) / FINE - self.origin.0, f64::from(y) / FINE - self.origin.1)
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
        plot.series.iter().try_for_each(|series| self.series(series, &at))?;
        self.point_names(plot, ((x0, y1), (x1, y0)), &at)
    }

    /// Writes the names of points beside them: on the first side where they cover neither points nor other names, else nowhere.
    fn point_names(&self, plot: &Plot, area: (Point, Point), at: &dyn Fn(f64, f64) -> (f64, f64)) -> Painted {
        const AWAY: f64 = 7.0;
        const HALF: f64 = 7.0;
        let points = || plot.series.iter().flat_map(|s| s.points.iter().map(|p| at(p.x, p.y)));
        let mut taken: Vec<(Point, Point)> = points()
            .map(|(x, y)| ((x - 4.0, y - 4.0), (x + 4.0, y + 4.0)))
            .collect();
        let named = plot.series.iter().flat_map(|s| s.points.iter().zip(&s.names));
        for (point, name) in named {
            let ((x, y), width) = (at(point.x, point.y), text_width(name, NAME));
            // Right, left, above, below, then the corners.
            let sides = [
                (x + AWAY, y),
                (x - AWAY - width, y),
                (x - width / 2.0, y - AWAY - HALF),
                (x - width / 2.0, y + AWAY + HALF),
                (x + AWAY, y - HALF),
                (x + AWAY, y + HALF),
                (x - AWAY - width, y - HALF),
                (x - AWAY - width, y + HALF),
            ];
            let bounds = |(left, middle): Point| ((left, middle - HALF + 1.0), (left + width, middle + HALF - 1.0));
            let is_free = |place: &Point| {
                let own = bounds(*place);
                let inside =
                    own.0.0 >= area.0.0 && own.0.1 >= area.0.1 && own.1.0 <= area.1.0 + 12.0 && own.1.1 <= area.1.1;
                inside && !taken.iter().any(|other| overlap(own, *other))
            };
            if let Some(place) = sides.into_iter().find(is_free) {
                self.text(name, place, (HPos::Left, VPos::Center), (NAME, QUIET))?;
                taken.push(bounds(place));
            }
        }
        Ok(())
    }

    fn series(&self, series: &Series, at: &dyn Fn(f64, f64) -> (f64, f64)) -> Painted {
        let colour = MODELS[series.model % MODELS.len()];
        if series.joined {
            let points: Vec<(f64, f64)> = series.points.iter().map(|p| at(p.x, p.y)).collect();
            for part in without_spikes(&points) {
                self.line(part, colour, 2.0)?;
            }
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
}

/// The labels below an axis: level where they fit, else upright, else only some of them.
pub(super) struct AxisLabels<'a> {
    ticks: &'a [(f64, String)],
    every: usize,
    upright: bool,
    height: f64,
}

impl<'a> AxisLabels<'a> {
    pub fn fitted(scale: &'a AxisScale, across: f64) -> Self {
        let upright = Self::upright(scale, across);
        let widest = upright.height - 4.0;
        if scale.names && widest + 6.0 > across / scale.ticks.len().max(1) as f64 {
            return upright;
        }
        Self {
            every: 1,
            upright: false,
            height: 18.0,
            ..upright
        }
    }

    pub fn upright(scale: &'a AxisScale, across: f64) -> Self {
        let widths = scale.ticks.iter().map(|(_, label)| text_width(label, SMALL));
        let room = (across / (SMALL + 1.5)).floor().max(1.0) as usize;
        Self {
            ticks: &scale.ticks,
            every: scale.ticks.len().div_ceil(room).max(1),
            upright: true,
            height: widths.fold(0.0, f64::max) + 4.0,
        }
    }

    pub fn shown(&self) -> impl Iterator<Item = &(f64, String)> {
        self.ticks.iter().step_by(self.every)
    }

    pub fn draw<DB: DrawingBackend>(&self, pen: &Pen<DB>, at: impl Fn(f64) -> (f64, f64)) -> Painted {
        for (value, label) in self.shown() {
            match self.upright {
                true => pen.upright_text(label, at(*value), (HPos::Right, VPos::Center), (SMALL, INK))?,
                false => pen.text(label, at(*value), (HPos::Center, VPos::Top), (SMALL, INK))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_parted_where_it_turns_back() {
        let points = [(0.0, 0.0), (1.0, 0.1), (2.0, 0.0), (1.0, 0.1), (0.0, 0.0)];
        assert_eq!(without_spikes(&points), [&points[..3], &points[2..]]);
        assert_eq!(without_spikes(&points[..3]), [&points[..3]]);
        assert_eq!(without_spikes(&points[..1]), [&points[..1]]);
    }
}
