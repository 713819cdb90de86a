//! The nearest class mean without each jackknife group of the fitting rows, at little more than the cost of one fit.
//!
//! Without a group a mean moves by a distance that is known, and no distance to it changes by more: for most rows that leaves a
//! few classes, whose distances are computed. The other rows are multiplied with all means anew.

use ndarray::Axis;
use rayon::prelude::*;

use super::nearest_mean::{ClassSums, Points, class_sums, seen};
use super::predictions::Prediction;
use super::scaled::BLOCK;
use crate::linalg::product_transposed;
use crate::stats::Rows;
use crate::uncertainty::GROUPS;

/// A distance by differences costs as much as so many by products.
const DEAR: usize = 12;

/// Numbers of all means without some groups that are held at a time: 256 MB.
const MOST_NUMBERS: usize = 1 << 25;

/// Fitting rows with a class each, of which those at some places count.
pub struct Fitting<'a> {
    /// All rows.
    pub rows: &'a Rows,
    /// Those that count.
    pub places: &'a [usize],
    /// The class of each row.
    pub classes: &'a [u32],
    /// The number of classes.
    pub count: usize,
}

/// Rows to be asked of.
pub struct ScoredRows<'a> {
    /// All rows.
    pub rows: &'a Rows,
    /// Those asked of.
    pub places: &'a [usize],
    /// The class of each row, where the fitting rows have it.
    pub truths: &'a [Option<usize>],
}

/// What [`nearest_mean`](super::nearest_mean) says, and what it says without each group of the fitting rows. Of the latter
/// `among_five` is not known.
pub fn refitted_means(fit: &Fitting, scored: &ScoredRows, cosine: bool) -> (Vec<Prediction>, Vec<Vec<Prediction>>) {
    let all = fit.sums(None);
    let whole = Points::new(&all.means_without(&fit.none()), cosine);
    let at_once = (MOST_NUMBERS / all.sums.len().max(1)).clamp(1, GROUPS);
    let groups: Vec<usize> = (0..GROUPS).collect();
    let mut of_all = Vec::new();
    let mut refitted = Vec::with_capacity(GROUPS);
    for some in groups.chunks(at_once) {
        let others = |&g: &usize| Points::new(&all.means_without(&fit.sums(Some(g))), cosine);
        let others: Vec<Points> = some.iter().map(others).collect();
        let (found, without) = asked(&whole, &others, scored, cosine, fit.count);
        of_all = found;
        refitted.extend(without);
    }
    (of_all, refitted)
}

impl Fitting<'_> {
    /// The sums of all rows that count, or of those of one group.
    fn sums(&self, group: Option<usize>) -> ClassSums {
        let groups = self.rows.groups();
        let is_in = |&i: &usize| group.is_none_or(|g| usize::from(groups[i]) == g);
        class_sums(
            self.rows,
            self.places.iter().copied().filter(is_in),
            self.classes,
            self.count,
        )
    }

    /// The sums of no rows.
    fn none(&self) -> ClassSums {
        class_sums(self.rows, std::iter::empty(), self.classes, self.count)
    }
}

/// How far the means move.
struct Moved {
    /// The farthest of each class, and more than its rounding.
    by: Vec<f64>,
    /// Whether each class is there without any of the groups.
    stays: Vec<bool>,
}

impl Moved {
    fn new(whole: &Points, others: &[Points], count: usize) -> Self {
        let before = whole.places(count);
        let mut moved = Self {
            by: vec![0.0; count],
            stays: before.iter().map(Option::is_some).collect(),
        };
        for points in others {
            let after = points.places(count);
            let by = |c: usize| Some(whole.squared(points.at.row(after[c]?), before[c]?).sqrt());
            let by: Vec<Option<f64>> = (0..count).into_par_iter().map(by).collect();
            for (c, by) in by.into_iter().enumerate() {
                moved.stays[c] &= by.is_some();
                moved.by[c] = moved.by[c].max(by.unwrap_or(0.0) * (1.0 + 1e-9));
            }
        }
        moved
    }

    /// The classes that may be nearest without some group, from squared distances that are off by so much; `None` where they are
    /// many.
    fn shortlist(&self, known: &[usize], squared: &[f64], off: f64) -> Option<Vec<usize>> {
        let most = |(&c, s): (&usize, &f64)| match self.stays[c] {
            true => (s + off).max(0.0).sqrt() + self.by[c],
            false => f64::INFINITY,
        };
        let limit = known.iter().zip(squared).map(most).fold(f64::INFINITY, f64::min);
        let may = |(c, s): &(&usize, &f64)| (**s - off).max(0.0).sqrt() - self.by[**c] <= limit;
        let few: Vec<usize> = known.iter().zip(squared).filter(may).map(|(&c, _)| c).collect();
        (few.len() * DEAR <= known.len()).then_some(few)
    }
}

/// What all means say, and what others say in their place: where a few classes are enough, from these alone.
fn asked(
    whole: &Points,
    others: &[Points],
    scored: &ScoredRows,
    cosine: bool,
    count: usize,
) -> (Vec<Prediction>, Vec<Vec<Prediction>>) {
    let moved = Moved::new(whole, others, count);
    let places: Vec<_> = others.iter().map(|points| points.places(count)).collect();
    // What all means say comes first, block by block.
    let blocks: Vec<Vec<Vec<Prediction>>> = scored
        .places
        .par_chunks(BLOCK)
        .map(|block| {
            let rows = seen(scored.rows, block, cosine);
            let truth = |i: usize| scored.truths[block[i]];
            let products = product_transposed(rows.view(), whole.at.view());
            let mut few = Vec::with_capacity(block.len());
            let mut found = Vec::with_capacity(block.len());
            for (i, (row, products)) in rows.outer_iter().zip(products.outer_iter()).enumerate() {
                let about = whole.about(row, products);
                few.push(moved.shortlist(&whole.known, &about.squared, about.off));
                found.push(whole.verdict(row, about, truth(i)));
            }
            let open: Vec<usize> = (0..block.len()).filter(|&i| few[i].is_none()).collect();
            let left = rows.select(Axis(0), &open);
            let without = others.iter().zip(&places).map(|(points, places)| {
                let products = product_transposed(left.view(), points.at.view());
                let mut products = products.outer_iter();
                let of_row = |(i, few): (usize, &Option<Vec<usize>>)| match few {
                    Some(few) => {
                        let told = few
                            .iter()
                            .filter_map(|&c| Some((c, points.squared(rows.row(i), places[c]?))));
                        Some(points.nearest(told.collect::<Vec<_>>().into_iter(), truth(i)))
                    }
                    None => {
                        let about = points.about(rows.row(i), products.next()?);
                        Some(points.verdict(rows.row(i), about, truth(i)))
                    }
                };
                few.iter().enumerate().filter_map(of_row).collect()
            });
            std::iter::once(found).chain(without).collect()
        })
        .collect();
    let mut all = vec![Vec::with_capacity(scored.places.len()); 1 + others.len()];
    for block in blocks {
        all.iter_mut().zip(block).for_each(|(all, some)| all.extend(some));
    }
    let whole = all.remove(0);
    (whole, all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::nearest_mean::{class_means, nearest_mean};
    use crate::stats::generator;
    use ndarray::Array2;
    use rand::Rng as _;

    /// Rows around the corners of a simplex, with noise; whole numbers, where there are ties, and others.
    fn rows(n: usize, apart: f64, step: f64) -> (Rows, Vec<u32>) {
        let d = 60;
        let mut rng = generator(5, n as u64);
        // The last class has rows of one group alone.
        let classes: Vec<u32> = (0..n).map(|i| if i % 97 == 3 { 40 } else { (i % 40) as u32 }).collect();
        let groups: Vec<u8> = (0..n)
            .map(|i| if classes[i] == 40 { 3 } else { (i / 7 % 10) as u8 })
            .collect();
        let values = Array2::from_shape_fn((n, d), |(i, j)| {
            let corner = if classes[i] as usize == j { apart } else { 0.0 };
            ((corner + rng.random_range(-1.0..1.0)) / step).round() * step
        });
        let mut rows = Rows::choose((0..n).collect(), &groups, None, d);
        rows.push(values.view());
        (rows, classes)
    }

    #[test]
    fn refits_are_those_of_the_rows_that_are_left() {
        for (apart, step) in [(8.0, 1e-4), (1.0, 1e-4), (6.0, 1.0), (0.0, 1.0)] {
            let (fit_rows, classes) = rows(900, apart, step);
            let (scored, of_scored) = rows(500, apart, step);
            let (places, held): (Vec<usize>, Vec<usize>) = ((0..900).collect(), (0..500).collect());
            let truths: Vec<Option<usize>> = of_scored.iter().map(|&c| Some(c as usize)).collect();
            let fit = Fitting {
                rows: &fit_rows,
                places: &places,
                classes: &classes,
                count: 41,
            };
            let asked = ScoredRows {
                rows: &scored,
                places: &held,
                truths: &truths,
            };
            for cosine in [false, true] {
                let (whole, refitted) = refitted_means(&fit, &asked, cosine);
                let plain = |places: &[usize]| {
                    let means = class_means(&fit_rows, places, &classes, 41);
                    nearest_mean(&scored, &held, &means, cosine, &truths)
                };
                let shown = |all: &[Prediction]| all.iter().map(|p| (p.class, p.right)).collect::<Vec<_>>();
                assert_eq!(shown(&whole), shown(&plain(&places)));
                for (g, refitted) in refitted.iter().enumerate() {
                    let left: Vec<usize> = places
                        .iter()
                        .copied()
                        .filter(|&i| usize::from(fit_rows.groups()[i]) != g)
                        .collect();
                    assert_eq!(shown(refitted), shown(&plain(&left)), "{apart} {step} {cosine} {g}");
                }
            }
        }
    }
}
