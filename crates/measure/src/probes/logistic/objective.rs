//! The objective of multinomial logistic regression and its gradient: 32-bit products of many rows, 64-bit everything else.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;

use crate::linalg::{add_product, product_transposed, write_single_cross, write_single_product};
use crate::probes::scaled::{BLOCK, ScaledRows};

/// Partial sums that blocks are gathered in, whatever the number of threads: so many gradients are held.
const LANES: usize = 8;

/// Features up to which products are taken in 64 bits: of few rows 32 bits would show in the seventh digit of the objective, of many
/// their rounding averages out.
const IN_DOUBLE: usize = 1 << 18;

/// Weights (C, d) and intercepts (C) on scaled features.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// W.
    pub matrix: Array2<f64>,
    /// b.
    pub intercepts: Array1<f64>,
}

impl Weights {
    /// All zero.
    pub fn zeros(classes: usize, d: usize) -> Self {
        Self {
            matrix: Array2::zeros((classes, d)),
            intercepts: Array1::zeros(classes),
        }
    }

    /// Σ x y over all entries.
    pub fn dot(&self, other: &Self) -> f64 {
        let products = self.matrix.iter().zip(&other.matrix).map(|(x, y)| x * y);
        products.sum::<f64>() + self.intercepts.dot(&other.intercepts)
    }

    /// Adds `by` times another.
    pub fn add(&mut self, by: f64, other: &Self) {
        self.matrix.scaled_add(by, &other.matrix);
        self.intercepts.scaled_add(by, &other.intercepts);
    }

    /// Multiplies by a number.
    pub fn scale(&mut self, by: f64) {
        self.matrix *= by;
        self.intercepts *= by;
    }
}

/// Labelled rows: all of a set's, and the places of those that count.
#[derive(Clone, Copy)]
pub struct LabelledSubset<'a> {
    /// Scaled features (N, d).
    pub rows: ScaledRows<'a>,
    /// Class of each row.
    pub classes: &'a [u32],
    /// The rows that count, in order.
    pub places: &'a [usize],
    /// C.
    pub count: usize,
}

/// What one pass over the rows finds.
pub(super) struct Evaluated {
    /// Mean negative log-likelihood plus λ/2 ‖W‖².
    pub value: f64,
    pub gradient: Weights,
    /// Mean over rows of p(1 - p), for each class.
    pub spread: Array1<f64>,
}

/// Sums of some rows.
struct Sums {
    nll: f64,
    gradient: Weights,
    spread: Array1<f64>,
}

/// Room for one block.
struct Room {
    rows: Array2<f32>,
    scores: Array2<f32>,
    cross: Array2<f32>,
}

impl LabelledSubset<'_> {
    /// n, the rows that count.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// d.
    fn width(&self) -> usize {
        self.rows.width()
    }

    /// Whether products are taken in 64 bits.
    pub(super) fn in_double(&self) -> bool {
        self.len() * self.width() <= IN_DOUBLE
    }

    /// The objective, its gradient, and how undecided the rows are, at some weights.
    pub(super) fn evaluate(&self, at: &Weights, lambda: f64) -> Evaluated {
        let (c, d, n) = (self.count, self.width(), self.len() as f64);
        let single = at.matrix.mapv(|w| w as f32);
        let blocks: Vec<&[usize]> = self.places.chunks(BLOCK).collect();
        let each = blocks.len().div_ceil(LANES).max(1);
        let lanes: Vec<Sums> = blocks
            .par_chunks(each)
            .map(|blocks| {
                let mut sums = Sums {
                    nll: 0.0,
                    gradient: Weights::zeros(c, d),
                    spread: Array1::zeros(c),
                };
                let mut room = Room {
                    rows: Array2::zeros((0, d)),
                    scores: Array2::zeros((0, c)),
                    cross: Array2::zeros((c, d)),
                };
                for block in blocks {
                    self.add_block(block, single.view(), at, &mut room, &mut sums);
                }
                sums
            })
            .collect();
        let mut all = Sums {
            nll: 0.0,
            gradient: Weights::zeros(c, d),
            spread: Array1::zeros(c),
        };
        for lane in &lanes {
            all.nll += lane.nll;
            all.gradient.add(1.0, &lane.gradient);
            all.spread += &lane.spread;
        }
        all.gradient.scale(1.0 / n);
        all.gradient.matrix.scaled_add(lambda, &at.matrix);
        let squares = at.matrix.iter().map(|w| w * w).sum::<f64>();
        Evaluated {
            value: all.nll / n + lambda / 2.0 * squares,
            gradient: all.gradient,
            spread: all.spread / n,
        }
    }

    fn add_block(&self, block: &[usize], single: ArrayView2<f32>, at: &Weights, room: &mut Room, sums: &mut Sums) {
        let rows = self.rows.block(block, &mut room.rows);
        if room.scores.nrows() != block.len() {
            room.scores = Array2::zeros((block.len(), self.count));
        }
        if self.in_double() {
            return self.add_block_in_double(block, rows, at, sums);
        }
        write_single_product(rows, single, 1.0, self.width(), &mut room.scores);
        let intercepts = &at.intercepts;
        let mut chances = vec![0.0; self.count];
        for (mut scores, &place) in room.scores.outer_iter_mut().zip(block) {
            let class = self.classes[place] as usize;
            for ((chance, &score), b) in chances.iter_mut().zip(&scores).zip(intercepts) {
                *chance = f64::from(score) + b;
            }
            sums.nll += nll_and_chances(&mut chances, class);
            for (((to, &p), spread), b) in scores
                .iter_mut()
                .zip(&chances)
                .zip(&mut sums.spread)
                .zip(&mut sums.gradient.intercepts)
            {
                *to = p as f32;
                *spread += p * (1.0 - p);
                *b += p;
            }
            // 1 - p without cancelling: what the other classes have.
            let others: f64 = (0..self.count).filter(|&k| k != class).map(|k| chances[k]).sum();
            scores[class] = -(others as f32);
            sums.gradient.intercepts[class] -= 1.0;
        }
        write_single_cross(room.scores.view(), rows, &mut room.cross);
        sums.gradient
            .matrix
            .zip_mut_with(&room.cross, |sum, &x| *sum += f64::from(x));
    }

    fn add_block_in_double(&self, block: &[usize], rows: ArrayView2<f32>, at: &Weights, sums: &mut Sums) {
        let rows = rows.mapv(f64::from);
        let mut scores = product_transposed(rows.view(), at.matrix.view()) + &at.intercepts;
        for (mut row, &place) in scores.outer_iter_mut().zip(block) {
            let class = self.classes[place] as usize;
            let chances = row.as_slice_mut().expect("rows of a standard layout");
            sums.nll += nll_and_chances(chances, class);
            sums.spread.zip_mut_with(&row, |sum, p| *sum += p * (1.0 - p));
            let others: f64 = (0..self.count).filter(|&k| k != class).map(|k| row[k]).sum();
            row[class] = -others;
            sums.gradient.intercepts += &row;
        }
        add_product(&mut sums.gradient.matrix, scores.view(), rows.view());
    }

    /// The mean negative log-likelihood at some weights.
    pub fn nll(&self, at: &Weights) -> f64 {
        let all = scores(self.rows, self.places, at, |block, scores| {
            let mut chances = vec![0.0; self.count];
            let of_row = |(row, &place): (ArrayView1<f64>, &usize)| {
                chances.iter_mut().zip(row).for_each(|(to, &x)| *to = x);
                nll_and_chances(&mut chances, self.classes[place] as usize)
            };
            scores.outer_iter().zip(block).map(of_row).sum::<f64>()
        });
        all.iter().sum::<f64>() / self.len() as f64
    }

    /// The share of rows that some weights put into another class. Equal scores go by class.
    pub fn share_wrong(&self, at: &Weights) -> f64 {
        let all = scores(self.rows, self.places, at, |block, scores| {
            let is_wrong = |(row, &place): (ArrayView1<f64>, &usize)| {
                let best = (0..row.len()).fold(0, |best, c| if row[c] > row[best] { c } else { best });
                best != self.classes[place] as usize
            };
            scores
                .outer_iter()
                .zip(block)
                .filter(|one| is_wrong((one.0, one.1)))
                .count()
        });
        all.iter().sum::<usize>() as f64 / self.len() as f64
    }
}

/// What `made` makes of the scores W x + b of the rows at these places, block by block (rows, C).
pub fn scores<T: Send>(
    rows: ScaledRows,
    places: &[usize],
    at: &Weights,
    made: impl Fn(&[usize], &Array2<f64>) -> T + Sync,
) -> Vec<T> {
    let single = at.matrix.mapv(|w| w as f32);
    places
        .par_chunks(BLOCK)
        .map(|block| {
            let mut room = Array2::zeros((0, 0));
            let block_rows = rows.block(block, &mut room);
            let mut products = Array2::zeros((block.len(), single.nrows()));
            write_single_product(block_rows, single.view(), 1.0, rows.width(), &mut products);
            made(block, &(products.mapv(f64::from) + &at.intercepts))
        })
        .collect()
}

/// -log p of a class, from the scores of all, which become their probabilities.
pub fn nll_and_chances(scores: &mut [f64], class: usize) -> f64 {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let own = scores[class] - most;
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
        sum += *score;
    }
    // A class that is all but certain has log(1 + x), x what the others add.
    let others: f64 = match own == 0.0 {
        true => (0..scores.len()).filter(|&k| k != class).map(|k| scores[k]).sum(),
        false => sum - 1.0,
    };
    scores.iter_mut().for_each(|score| *score /= sum);
    others.ln_1p() - own
}
