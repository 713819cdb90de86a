//! Rows of a set held in memory, for what looks at pairs of rows.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, Zip, s};
use rayon::prelude::*;

use super::random::generator;
use super::range::squares_in_range;
use crate::features::Labels;

/// Rows of a set in order, with the jackknife group and the class of each. Kept in 32 bits where that loses nothing, as it
/// does for stored features.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Place of each row in the set.
    chosen: Vec<usize>,
    groups: Vec<u8>,
    classes: Vec<Option<u32>>,
    pub(super) values: RowValues,
    /// Rows of the set seen, and rows kept of them.
    seen: usize,
    kept: usize,
    /// The power of two and the norm that [`Rows::is_exact_with`] goes by, once it is asked for.
    pub(super) grid: OnceLock<Option<(i32, f64)>>,
}

#[derive(Clone, Debug)]
pub(super) enum RowValues {
    Single(Array2<f32>),
    Double(Array2<f64>),
}

/// An expression over the values of rows, whatever their precision.
macro_rules! over {
    ($rows:expr, $values:ident => $made:expr) => {
        match &$rows.values {
            RowValues::Single($values) => $made,
            RowValues::Double($values) => $made,
        }
    };
}
pub(super) use over;

impl Default for RowValues {
    fn default() -> Self {
        Self::Single(Array2::zeros((0, 0)))
    }
}

impl Rows {
    /// An empty place for the rows `chosen` (ascending) of a set of width `d`, whose rows have these jackknife `groups`.
    pub fn choose(chosen: Vec<usize>, groups: &[u8], labels: Option<&Labels>, d: usize) -> Self {
        Self {
            groups: chosen.iter().map(|&i| groups[i]).collect(),
            classes: chosen.iter().map(|&i| labels.and_then(|l| l.class_of()[i])).collect(),
            values: RowValues::Single(Array2::zeros((chosen.len(), d))),
            chosen,
            seen: 0,
            kept: 0,
            grid: OnceLock::new(),
        }
    }

    /// All rows of a set, of no jackknife group or class in particular.
    pub fn of(values: Array2<f64>) -> Self {
        let n = values.nrows();
        Self {
            chosen: (0..n).collect(),
            groups: vec![0; n],
            classes: vec![None; n],
            values: RowValues::Double(values),
            seen: n,
            kept: n,
            grid: OnceLock::new(),
        }
    }

    /// Takes in the next rows of the set.
    pub fn push(&mut self, rows: ArrayView2<f64>) {
        let first = self.seen;
        self.seen += rows.nrows();
        self.grid = OnceLock::new();
        while let Some(&next) = self.chosen.get(self.kept).filter(|&&row| row < self.seen) {
            let row = rows.row(next - first);
            if let RowValues::Single(single) = &self.values
                && row.iter().any(|&x| f64::from(x as f32) != x)
            {
                self.values = RowValues::Double(single.mapv(f64::from));
            }
            match &mut self.values {
                RowValues::Single(single) => single.row_mut(self.kept).zip_mut_with(&row, |to, &x| *to = x as f32),
                RowValues::Double(double) => double.row_mut(self.kept).assign(&row),
            }
            self.kept += 1;
        }
    }

    /// The number of rows held, n.
    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Whether no rows are held.
    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    /// The width, d.
    pub fn width(&self) -> usize {
        over!(self, values => values.ncols())
    }

    /// Whether these are all rows of the set.
    pub fn are_all(&self) -> bool {
        self.chosen.len() == self.seen
    }

    /// The place of row `i` in the set.
    pub fn place(&self, i: usize) -> usize {
        self.chosen[i]
    }

    /// The jackknife group of each row.
    pub fn groups(&self) -> &[u8] {
        &self.groups
    }

    /// Puts the rows into other jackknife groups.
    pub fn regroup(&mut self, groups: Vec<u8>) {
        assert_eq!(groups.len(), self.chosen.len(), "a group for each row");
        self.groups = groups;
    }

    /// The class of each row.
    pub fn classes(&self) -> &[Option<u32>] {
        &self.classes
    }

    /// Row `i` (d).
    pub fn row(&self, i: usize) -> Array1<f64> {
        over!(self, values => values.row(i).mapv(f64::from))
    }

    /// Adds row `i` to a sum (d).
    pub fn add_row(&self, i: usize, sum: &mut ArrayViewMut1<f64>) {
        over!(self, values => meet(sum, values.row(i), |sum, x| *sum += x));
    }

    /// The rows of a range (rows, d).
    pub fn block(&self, range: Range<usize>) -> Array2<f64> {
        over!(self, values => values.slice(s![range, ..]).mapv(f64::from))
    }

    /// The values of a range of channels (channels, n).
    pub fn channels(&self, range: Range<usize>) -> Array2<f64> {
        let mut out = Array2::zeros((range.len(), self.len()));
        // Row by row, as they lie in memory.
        for i in 0..self.len() {
            let mut to = out.column_mut(i);
            over!(self, values => meet(&mut to, values.slice(s![i, range.clone()]), |to, x| *to = x));
        }
        out
    }

    /// All rows (n, d): as much memory again, or twice as much.
    pub fn matrix(&self) -> Array2<f64> {
        self.block(0..self.len())
    }

    /// The rows at these places among those held, in this order.
    pub fn select(&self, places: &[usize]) -> Array2<f64> {
        match &self.values {
            RowValues::Single(single) => single.select(Axis(0), places).mapv(f64::from),
            RowValues::Double(double) => double.select(Axis(0), places),
        }
    }

    /// The rows at these places among those held, in this order, as a set of their own.
    pub fn subset(&self, places: &[usize]) -> Self {
        Self {
            chosen: places.iter().map(|&i| self.chosen[i]).collect(),
            groups: places.iter().map(|&i| self.groups[i]).collect(),
            classes: places.iter().map(|&i| self.classes[i]).collect(),
            values: match &self.values {
                RowValues::Single(single) => RowValues::Single(single.select(Axis(0), places)),
                RowValues::Double(double) => RowValues::Double(double.select(Axis(0), places)),
            },
            seen: self.seen,
            kept: places.len(),
            grid: OnceLock::new(),
        }
    }

    /// The same, which are these rows themselves where they are all of them in order.
    pub fn part(&self, places: &[usize]) -> Cow<'_, Self> {
        let are_all = places.len() == self.len() && places.iter().enumerate().all(|(i, &place)| i == place);
        match are_all {
            true => Cow::Borrowed(self),
            false => Cow::Owned(self.subset(places)),
        }
    }

    /// At most `most` of the rows held, drawn at random from a `stream` under a seed; all of them where there are no more.
    pub fn draw(&self, most: usize, seed: u64, stream: u64) -> Cow<'_, Self> {
        match self.len() <= most {
            true => Cow::Borrowed(self),
            false => Cow::Owned(self.subset(&self.drawn(most, seed, stream))),
        }
    }

    /// The places of the rows that [`Rows::draw`] draws.
    pub fn drawn(&self, most: usize, seed: u64, stream: u64) -> Vec<usize> {
        if self.len() <= most {
            return (0..self.len()).collect();
        }
        let mut rng = generator(seed, stream);
        let mut drawn = rand::seq::index::sample(&mut rng, self.len(), most).into_vec();
        drawn.sort_unstable();
        drawn
    }

    /// Whether the squares of distances between these rows neither overflow nor vanish.
    pub fn measurable(&self) -> bool {
        fn ends<T: Copy + Into<f64> + Sync>(values: &Array2<T>) -> (f64, f64) {
            let range = |(low, high): (f64, f64), &x: &T| (low.min(x.into()), high.max(x.into()));
            let both = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
            let of_row = |i: usize| values.row(i).iter().fold((0.0, 0.0), range);
            (0..values.nrows())
                .into_par_iter()
                .map(of_row)
                .reduce(|| (0.0, 0.0), both)
        }
        let (low, high) = over!(self, values => ends(values));
        squares_in_range(low, high, self.width())
    }

    /// The rows of a range less `centre`, times `scale`, in 32 bits.
    pub(super) fn write_single(&self, range: Range<usize>, centre: &Array1<f64>, scale: f64, out: &mut Array2<f32>) {
        fn write<T: Copy + Into<f64>>(
            rows: ArrayView2<T>,
            centre: &Array1<f64>,
            scale: f64,
            mut out: ArrayViewMut2<f32>,
        ) {
            for (row, mut to) in rows.outer_iter().zip(out.outer_iter_mut()) {
                for ((to, &x), c) in to.iter_mut().zip(&row).zip(centre) {
                    *to = ((x.into() - c) * scale) as f32;
                }
            }
        }
        let out = out.slice_mut(s![..range.len(), ..]);
        over!(self, values => write(values.slice(s![range, ..]), centre, scale, out));
    }

    /// The rows at these places less `centre`, times `factors` channel by channel, in 32 bits; each divided by its norm before all
    /// else where they are to be `unit` rows (a row of zeros stays).
    pub fn write_shifted(
        &self,
        places: &[usize],
        (centre, factors): (&Array1<f64>, &Array1<f64>),
        unit: bool,
        out: &mut Array2<f32>,
    ) {
        fn write<T: Copy + Into<f64>>(
            row: ArrayView1<T>,
            (centre, factors): (&Array1<f64>, &Array1<f64>),
            unit: bool,
            to: ArrayViewMut1<f32>,
        ) {
            let square = |sum: f64, &x: &T| sum + x.into() * x.into();
            let norm = if unit { row.iter().fold(0.0, square).sqrt() } else { 1.0 };
            let all = Zip::from(to).and(row).and(centre).and(factors);
            match norm > 0.0 && norm != 1.0 {
                true => all.for_each(|to, &x, c, f| *to = ((x.into() / norm - c) * f) as f32),
                false => all.for_each(|to, &x, c, f| *to = ((x.into() - c) * f) as f32),
            }
        }
        for (&place, to) in places.iter().zip(out.outer_iter_mut()) {
            over!(self, values => write(values.row(place), (centre, factors), unit, to));
        }
    }

    /// The Euclidean norm of each row.
    pub fn norms(&self) -> Vec<f64> {
        (0..self.len())
            .into_par_iter()
            .map(|i| self.row(i))
            .map(|r| r.dot(&r).sqrt())
            .collect()
    }
}

/// Calls `change` with each number of `to` and that of `row` at its place.
fn meet<T: Copy + Into<f64>>(to: &mut ArrayViewMut1<f64>, row: ArrayView1<T>, change: impl Fn(&mut f64, f64)) {
    to.zip_mut_with(&row, |to, &x| change(to, x.into()));
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::stats) fn pushed(values: &Array2<f64>, chosen: Vec<usize>) -> Rows {
        let groups: Vec<u8> = (0..values.nrows()).map(|i| (i % 10) as u8).collect();
        let mut rows = Rows::choose(chosen, &groups, None, values.ncols());
        values.axis_chunks_iter(Axis(0), 4).for_each(|batch| rows.push(batch));
        rows
    }

    #[test]
    fn rows_come_back_as_they_were_given_in_32_and_in_64_bits() {
        let single = Array2::from_shape_fn((11, 3), |(i, j)| (i * 3 + j) as f64 / 8.0);
        let mut double = single.clone();
        double[[7, 1]] = 0.1;
        for values in [single, double] {
            let rows = pushed(&values, vec![0, 3, 4, 7, 10]);
            assert_eq!(rows.matrix(), values.select(Axis(0), &[0, 3, 4, 7, 10]));
            assert_eq!(rows.row(3), values.row(7));
            assert_eq!(rows.block(1..3), values.slice(s![3..5, ..]));
            assert_eq!(rows.channels(1..3), rows.matrix().slice(s![.., 1..3]).t());
            assert_eq!((rows.place(4), rows.groups()[4], rows.are_all()), (10, 0, false));
        }
    }

    #[test]
    fn a_draw_is_rows_of_the_set_with_their_places_and_groups() {
        let values = Array2::from_shape_fn((50, 3), |(i, j)| (i * 3 + j) as f64);
        let rows = pushed(&values, (0..50).collect());
        let drawn = rows.draw(20, 1, 9);
        assert_eq!((drawn.len(), drawn.are_all()), (20, false));
        for i in 0..20 {
            assert_eq!(drawn.row(i), values.row(drawn.place(i)));
            assert_eq!(drawn.groups()[i], (drawn.place(i) % 10) as u8);
        }
        assert!(rows.draw(50, 1, 9).are_all());
        assert_ne!(rows.draw(20, 2, 9).matrix(), drawn.matrix());
    }

    #[test]
    fn features_of_32_bits_are_kept_in_32_bits() {
        let values = Array2::from_shape_fn((3, 2), |(i, j)| f64::from(0.1f32 * (i + 2 * j) as f32));
        assert!(matches!(pushed(&values, vec![0, 1, 2]).values, RowValues::Single(_)));
        assert!(matches!(
            pushed(&(values * 1.1), vec![0, 1, 2]).values,
            RowValues::Double(_)
        ));
    }
}
