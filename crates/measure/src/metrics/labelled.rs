//! Labelled rows that scores look at, and what several scores make of them once.

use std::ops::Range;
use std::sync::OnceLock;

use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::linalg::{Symmetric, eigenvectors, product_transposed};
use crate::stats::{Rows, blocks};
use crate::uncertainty::GROUPS;

/// Rows that are taken at a time where a sum runs over all of them.
const BLOCK: usize = 512;

/// Sums held at a time, whatever the number of threads.
const LANES: usize = 4;

/// A value, and what is found beside it.
pub struct Score {
    /// The value.
    pub value: f64,
    /// Names and numbers.
    pub found: Vec<(&'static str, f64)>,
    /// Why rows cannot show how far off it is.
    pub no_interval: Option<&'static str>,
}

impl From<f64> for Score {
    fn from(value: f64) -> Self {
        Self {
            value,
            found: Vec::new(),
            no_interval: None,
        }
    }
}

/// All rows that a score may look at.
pub struct Base<'a> {
    rows: &'a Rows,
    /// Places of the rows looked at.
    places: Vec<usize>,
    /// Class of each.
    classes: Vec<u32>,
    /// Names a class may have, used or not.
    names: usize,
    /// For what is drawn at random.
    seed: u64,
    gathered: OnceLock<Gathered>,
}

/// Sums over the rows of each jackknife group, less the first row of all.
struct Gathered {
    first: Array1<f64>,
    groups: Vec<Sums>,
}

struct Sums {
    counts: Vec<f64>,
    /// (C, d)
    sums: Array2<f64>,
    scatter: Symmetric,
}

impl<'a> Base<'a> {
    /// The rows at these places, of classes below `names` (one for each row held).
    pub fn new(rows: &'a Rows, classes: &[u32], names: usize, places: Vec<usize>, seed: u64) -> Self {
        Self {
            rows,
            classes: places.iter().map(|&i| classes[i]).collect(),
            places,
            names,
            seed,
            gathered: OnceLock::new(),
        }
    }

    /// N.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn group(&self, i: usize) -> usize {
        usize::from(self.rows.groups()[self.places[i]])
    }

    fn gathered(&self) -> &Gathered {
        self.gathered.get_or_init(|| {
            let d = self.rows.width();
            let first = self
                .places
                .first()
                .map_or_else(|| Array1::zeros(d), |&i| self.rows.row(i));
            let of_group = |g: usize| {
                let own: Vec<usize> = (0..self.len()).filter(|&i| self.group(i) == g).collect();
                let mut sums = Sums {
                    counts: vec![0.0; self.names],
                    sums: Array2::zeros((self.names, d)),
                    scatter: Symmetric::zeros(d),
                };
                for block in own.chunks(BLOCK) {
                    let places: Vec<usize> = block.iter().map(|&i| self.places[i]).collect();
                    let rows = self.rows.select(&places) - &first;
                    for (row, &i) in rows.outer_iter().zip(block) {
                        let class = self.classes[i] as usize;
                        sums.counts[class] += 1.0;
                        let mut sum = sums.sums.row_mut(class);
                        sum += &row;
                    }
                    sums.scatter.add_gram(rows.view());
                }
                sums
            };
            Gathered {
                // One group after the other within a piece: the same sums for any number of threads.
                groups: (0..GROUPS).into_par_iter().map(of_group).collect(),
                first,
            }
        })
    }
}

/// First and second moments of labelled rows.
pub struct LabelledMoments {
    /// N.
    pub n: f64,
    /// Mean of all rows (d).
    pub mean: Array1<f64>,
    /// Rows of each class.
    pub counts: Vec<f64>,
    /// Class means less the mean of all rows (C, d).
    pub means: Array2<f64>,
    /// sum_i (x_i - mean)(x_i - mean)ᵀ.
    pub total: Symmetric,
}

/// Principal directions.
pub struct Principal {
    /// Eigenvalues of the scatter about the mean that are no rounding, in descending order (k).
    pub values: Vec<f64>,
    /// Directions as rows (k, d), the largest entry of each positive.
    pub directions: Array2<f64>,
}

/// Rows with their classes, numbered by those that occur: all rows, or those without one jackknife group.
pub struct Labelled<'a> {
    base: &'a Base<'a>,
    without: Option<usize>,
    /// Rows looked at, as numbers of the base.
    rows: Vec<usize>,
    /// Class of each among those that occur.
    classes: Vec<u32>,
    /// The classes that occur, as numbers of the base.
    present: Vec<usize>,
    moments: OnceLock<LabelledMoments>,
    principal: OnceLock<Result<Principal>>,
}

impl<'a> Labelled<'a> {
    /// All rows of the base, or those without one jackknife group.
    ///
    /// # Errors
    /// Undefined where there is nothing to tell apart.
    pub fn new(base: &'a Base<'a>, without: Option<usize>) -> Result<Self> {
        let rows: Vec<usize> = (0..base.len()).filter(|&i| Some(base.group(i)) != without).collect();
        let mut has = vec![false; base.names];
        rows.iter().for_each(|&i| has[base.classes[i] as usize] = true);
        let present: Vec<usize> = (0..has.len()).filter(|&c| has[c]).collect();
        if present.len() < 2 {
            return Err(Error::undefined("one class only: there is nothing to tell apart"));
        }
        let mut own = vec![0; has.len()];
        (0..).zip(&present).for_each(|(number, &c)| own[c] = number);
        Ok(Self {
            classes: rows.iter().map(|&i| own[base.classes[i] as usize]).collect(),
            base,
            without,
            rows,
            present,
            moments: OnceLock::new(),
            principal: OnceLock::new(),
        })
    }

    /// N.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// d.
    pub fn width(&self) -> usize {
        self.base.rows.width()
    }

    /// C, of the classes that occur.
    pub fn count(&self) -> usize {
        self.present.len()
    }

    /// The class of each row.
    pub fn classes(&self) -> &[u32] {
        &self.classes
    }

    /// For what is drawn at random.
    pub fn seed(&self) -> u64 {
        self.base.seed
    }

    /// The rows of each class.
    pub fn by_class(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.count()];
        (0..self.len()).for_each(|i| members[self.classes[i] as usize].push(i));
        members
    }

    /// All rows as they are (N, d).
    pub fn raw(&self) -> Array2<f64> {
        let places: Vec<usize> = self.rows.iter().map(|&i| self.base.places[i]).collect();
        self.base.rows.select(&places)
    }

    /// Some rows, less the mean of all (rows, d).
    pub fn centred(&self, some: &[usize]) -> Array2<f64> {
        let places: Vec<usize> = some.iter().map(|&i| self.base.places[self.rows[i]]).collect();
        self.base.rows.select(&places) - &self.moments().mean
    }

    /// What `made` makes of the rows of a range less the mean of all, block by block, in order.
    pub fn blocks<T: Send>(&self, made: impl Fn(Range<usize>, Array2<f64>) -> T + Sync) -> Vec<T> {
        let of_block = |range: Range<usize>| made(range.clone(), self.centred(&range.collect::<Vec<_>>()));
        blocks(self.len(), BLOCK).into_par_iter().map(of_block).collect()
    }

    /// sum_i z_i z_iᵀ (d, d) for the rows z that `made` makes of a range of rows less the mean of all.
    pub fn scatter(&self, made: impl Fn(Range<usize>, Array2<f64>) -> Array2<f64> + Sync) -> Symmetric {
        let blocks = blocks(self.len(), BLOCK);
        let of_lane = |blocks: &[Range<usize>]| {
            let mut sum = Symmetric::zeros(self.width());
            for range in blocks {
                let rows = self.centred(&range.clone().collect::<Vec<_>>());
                sum.add_gram(made(range.clone(), rows).view());
            }
            sum
        };
        let lanes: Vec<Symmetric> = blocks
            .par_chunks(blocks.len().div_ceil(LANES).max(1))
            .map(of_lane)
            .collect();
        let mut all = Symmetric::zeros(self.width());
        lanes.iter().for_each(|lane| all.add(lane));
        all
    }

    /// First and second moments.
    pub fn moments(&self) -> &LabelledMoments {
        self.moments.get_or_init(|| {
            let gathered = self.base.gathered();
            let kept = || {
                (0..GROUPS)
                    .filter(|&g| Some(g) != self.without)
                    .map(|g| &gathered.groups[g])
            };
            let d = self.width();
            let counts: Vec<f64> = self
                .present
                .iter()
                .map(|&c| kept().map(|g| g.counts[c]).sum::<f64>())
                .collect();
            let mut means = Array2::<f64>::zeros((counts.len(), d));
            let mut sum = Array1::<f64>::zeros(d);
            for ((mut mean, &c), count) in means.outer_iter_mut().zip(&self.present).zip(&counts) {
                kept().for_each(|g| mean += &g.sums.row(c));
                sum += &mean;
                mean /= *count;
            }
            let n: f64 = counts.iter().sum();
            let shift = sum / n;
            means -= &shift;
            let mut total = Symmetric::zeros(d);
            kept().for_each(|g| total.add(&g.scatter));
            total.add_scaled_gram(-n, shift.view().insert_axis(Axis(0)));
            LabelledMoments {
                n,
                mean: &gathered.first + &shift,
                counts,
                means,
                total,
            }
        })
    }

    /// Principal directions of the rows about their mean.
    ///
    /// # Errors
    /// Undefined where no channel varies, or the eigenvalue iteration does not converge.
    pub fn principal(&self) -> Result<&Principal> {
        let found = self.principal.get_or_init(|| {
            let (mut values, directions) = eigenvectors(self.moments().total.to_full())?;
            let kept = above_rounding(&values);
            if kept == 0 {
                return Err(Error::undefined("all channels are constant"));
            }
            values.truncate(kept);
            let mut directions = directions.slice(s![..kept, ..]).to_owned();
            for mut direction in directions.outer_iter_mut() {
                let largest = direction
                    .iter()
                    .fold(0.0f64, |most, &x| if x.abs() > most.abs() { x } else { most });
                if largest < 0.0 {
                    direction.mapv_inplace(|x| -x);
                }
            }
            Ok(Principal { values, directions })
        });
        found.as_ref().map_err(Error::clone)
    }

    /// The coordinates of all rows along the first `most` principal directions (N, k).
    ///
    /// # Errors
    /// As [`Labelled::principal`].
    pub fn along(&self, most: usize) -> Result<Array2<f64>> {
        let principal = self.principal()?;
        let k = most.min(principal.values.len());
        let directions = principal.directions.slice(s![..k, ..]);
        let parts = self.blocks(|_, rows| product_transposed(rows.view(), directions));
        let mut out = Array2::zeros((self.len(), k));
        for (part, mut to) in parts.iter().zip(out.axis_chunks_iter_mut(Axis(0), BLOCK)) {
            to.assign(part);
        }
        Ok(out)
    }
}

/// Why a mean probability that leaves rows no room has no interval.
pub(super) fn told_apart(probability: f64) -> Option<&'static str> {
    (probability > 0.999).then_some("the discriminant is sure of all rows that it was fitted to")
}

/// How many eigenvalues, in descending order, are more than rounding.
pub(super) fn above_rounding(values: &[f64]) -> usize {
    let least = values.len() as f64 * f64::EPSILON * values.first().copied().unwrap_or(0.0);
    values.iter().filter(|&&v| v > least && v > 0.0).count()
}

/// Turns the scores of classes of each row into probabilities.
pub(super) fn softmax_rows(scores: &mut Array2<f64>) {
    for mut row in scores.outer_iter_mut() {
        if let Some(row) = row.as_slice_mut() {
            softmax(row);
        }
    }
}

/// Turns scores of classes into probabilities.
pub(super) fn softmax(scores: &mut [f64]) {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|x| *x = (*x - most).exp());
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|x| *x /= sum);
}
