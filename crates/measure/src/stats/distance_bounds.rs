//! Bounds of squared distances at the speed of 32-bit products: what they leave open is decided by differences in 64 bits.

use std::ops::Range;

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::centre::joint_centre;
use super::exact::Exact;
use super::row_span::blocks;
use super::rows::Rows;
use crate::linalg::{product_transposed, write_single_product};

/// Rows of a block: its products with another block are a few MB, and keep the processor busy.
pub(super) const BLOCK: usize = 1024;

/// Channels summed at a time: the fewer, the tighter the bounds.
const DEPTH: usize = 256;

/// Two sets of rows (or one with itself), centred together and scaled by a power of two into the range of 32 bits.
///
/// With a = s (x - c), the squared distance times s² is ‖a‖² + ‖b‖² - 2 a·b. In 32 bits, unit roundoff u, rounding a and b
/// changes it by at most 2.02 u (‖a‖² + ‖b‖²); their product, a sum at most DEPTH + d/DEPTH additions deep, is off by at most
/// (DEPTH + d/DEPTH) u ‖a‖‖b‖ (Higham 2002, section 3.1) and 2‖a‖‖b‖ <= ‖a‖² + ‖b‖²; rounding the norms and adding the three
/// terms costs 4 u (‖a‖² + ‖b‖²) more. So (1 - e)(‖a‖² + ‖b‖²) - 2 a·b is a lower bound whatever the data, with
/// e = 1.02 (DEPTH + d/DEPTH + 8) u, less a constant for products that vanish.
pub(super) struct ScreenFrame<'r> {
    pub a: &'r Rows,
    pub b: &'r Rows,
    centre: Array1<f64>,
    scale: f64,
    slack: f64,
    /// (1 - e)‖a‖², less the constant, of each row.
    pub lowered_a: Vec<f32>,
    pub lowered_b: Vec<f32>,
}

impl<'r> ScreenFrame<'r> {
    pub fn new(a: &'r Rows, b: &'r Rows) -> Self {
        let centre = joint_centre(a, b);
        let farthest = farthest(a, &centre).max(farthest(b, &centre));
        // A power of two: scaling rounds nothing.
        let scale = if farthest > 0.0 {
            (-farthest.log2().ceil()).exp2()
        } else {
            1.0
        };
        let (d, depth) = (a.width() as f64, DEPTH.min(a.width()) as f64);
        let slack = 1.02 * (depth + d / DEPTH as f64 + 8.0) * 2f64.powi(-24);
        let frame = Self {
            a,
            b,
            centre,
            scale,
            slack,
            lowered_a: Vec::new(),
            lowered_b: Vec::new(),
        };
        let lowered = |rows: &Rows| -> Vec<f32> {
            let squares = frame.squares(rows).into_iter();
            squares
                .map(|s| ((1.0 - slack) * s - frame.vanishing()) as f32)
                .collect()
        };
        let lowered_a = lowered(a);
        let lowered_b = if std::ptr::eq(a, b) {
            lowered_a.clone()
        } else {
            lowered(b)
        };
        Self {
            lowered_a,
            lowered_b,
            ..frame
        }
    }

    /// What products below the smallest normal number of 32 bits can add up to, for each row.
    fn vanishing(&self) -> f64 {
        self.centre.len() as f64 * 2f64.powi(-124)
    }

    /// The scaled rows of a range, in 64 bits.
    pub fn double(&self, rows: &Rows, range: Range<usize>) -> Array2<f64> {
        (rows.block(range) - &self.centre) * self.scale
    }

    /// The squared norm of each scaled row.
    pub fn squares(&self, rows: &Rows) -> Vec<f64> {
        let of_block = |range| -> Vec<f64> { self.double(rows, range).outer_iter().map(|r| r.dot(&r)).collect() };
        let by_block = blocks(rows.len(), BLOCK).into_par_iter().map(of_block);
        by_block.collect::<Vec<_>>().concat()
    }

    /// Squared distances as the rows have them, from scaled ones.
    pub fn unscaled(&self, squared: f64) -> f64 {
        squared / self.scale / self.scale
    }

    /// Lower bounds of the scaled squared distances (rows of a block of `a`, all rows of `b`), in 64 bits: for the few rows
    /// that 32 bits leave open.
    pub fn double_bounds(&self, rows: &[usize], squares_b: &[f64]) -> Array2<f64> {
        let rows = (self.a.select(rows) - &self.centre) * self.scale;
        let slack = 1.02 * (self.centre.len() as f64 + 8.0) * 2f64.powi(-53);
        let mut bounds = Array2::zeros((rows.len(), self.b.len()));
        for start in (0..self.b.len()).step_by(BLOCK) {
            let end = (start + BLOCK).min(self.b.len());
            let products = product_transposed(rows.view(), self.double(self.b, start..end).view());
            for (i, row) in rows.outer_iter().enumerate() {
                let own = row.dot(&row);
                for (j, other) in squares_b[start..end].iter().enumerate() {
                    bounds[[i, start + j]] = (1.0 - slack) * (own + other) - 2.0 * products[[i, j]];
                }
            }
        }
        bounds
    }
}

/// The largest absolute difference of a number to that of the centre.
fn farthest(rows: &Rows, centre: &Array1<f64>) -> f64 {
    let of_row = |i: usize| {
        let row = rows.row(i);
        row.iter()
            .zip(centre)
            .fold(0.0f64, |most, (x, c)| most.max((x - c).abs()))
    };
    (0..rows.len()).into_par_iter().map(of_row).reduce(|| 0.0, f64::max)
}

/// Blocks of one set that a thread keeps, so that what they meet is rounded once for all of them.
pub(super) const KEPT: usize = 4;

/// Rows in 32 bits, and which they are.
#[derive(Default)]
struct Block {
    range: Range<usize>,
    rows: Array2<f32>,
}

impl Block {
    /// Holds the rows of a range.
    fn fill(&mut self, frame: &ScreenFrame, from: &Rows, range: Range<usize>) {
        resize(&mut self.rows, range.len(), frame.centre.len());
        from.write_single(range.clone(), &frame.centre, frame.scale, &mut self.rows);
        self.range = range;
    }
}

/// The memory of one thread: some blocks of one set and one of the other in 32 bits, and the products of two.
#[derive(Default)]
pub(super) struct Buffers {
    a: [Block; KEPT],
    /// The block of `a` that goes next.
    oldest: usize,
    b: Block,
    /// -2 a·b (rows of the block of a, rows of the block of b).
    pub products: Array2<f32>,
}

impl Buffers {
    /// Fills `products` with those of two blocks.
    pub fn multiply(&mut self, frame: &ScreenFrame, a: Range<usize>, b: Range<usize>) {
        let known = self.a.iter().position(|block| block.range == a);
        let at = known.unwrap_or_else(|| {
            let at = self.oldest;
            self.oldest = (at + 1) % KEPT;
            self.a[at].fill(frame, frame.a, a.clone());
            at
        });
        if self.b.range != b {
            self.b.fill(frame, frame.b, b.clone());
        }
        resize(&mut self.products, a.len(), b.len());
        let (a, b) = (self.a[at].rows.view(), self.b.rows.view());
        write_single_product(a, b, -2.0, DEPTH, &mut self.products);
    }
}

fn resize(buffer: &mut Array2<f32>, rows: usize, columns: usize) {
    if buffer.dim() != (rows, columns) {
        *buffer = Array2::zeros((rows, columns));
    }
}

/// Squared distances of one row of `a` to consecutive rows of `b`, as far as 32 bits tell.
pub struct Screened<'s> {
    frame: &'s ScreenFrame<'s>,
    /// The row of `a`.
    pub i: usize,
    /// The first of the rows of `b`.
    pub from: usize,
    products: &'s [f32],
    unscale: f64,
    own: f64,
    spread: f64,
}

impl Screened<'_> {
    /// The rows of `b`.
    pub fn others(&self) -> Range<usize> {
        self.from..self.from + self.products.len()
    }

    /// What the squared distance to row `j` of `b` is not below.
    pub fn low(&self, j: usize) -> f64 {
        let other = f64::from(self.frame.lowered_b[j]);
        (f64::from(self.products[j - self.from]) + other + self.own) * self.unscale
    }

    /// What it is not above.
    pub fn high(&self, j: usize) -> f64 {
        self.low(j) + (self.spread + self.frame.spread(self.frame.lowered_b[j])) * self.unscale
    }

    /// It itself, without rounding.
    pub fn exact(&self, j: usize) -> Exact {
        self.frame.a.exact_squared_apart(self.i, self.frame.b, j)
    }

    /// It itself, by differences.
    pub fn squared(&self, j: usize) -> f64 {
        self.frame.a.squared_apart(self.i, self.frame.b, j)
    }
}

impl ScreenFrame<'_> {
    /// How far the upper bound lies above the lower one, for a row's share.
    fn spread(&self, lowered: f32) -> f64 {
        // 2 e ‖a‖², and a little more for ‖a‖² being taken from its lowered form.
        2.01 * self.slack * (f64::from(lowered) + 2.0 * self.vanishing()) / (1.0 - self.slack) + 3.0 * self.vanishing()
    }
}

/// Calls `visit` with each row of `a` and the rows of `b`, a block of them at a time; all blocks of one row on one thread,
/// in order.
pub fn screen(a: &Rows, b: &Rows, visit: impl Fn(&Screened) + Sync) {
    if a.is_empty() || b.is_empty() {
        return;
    }
    let frame = ScreenFrame::new(a, b);
    let unscale = frame.unscaled(1.0);
    let others = blocks(b.len(), BLOCK);
    blocks(a.len(), BLOCK)
        .into_par_iter()
        .for_each_init(Buffers::default, |buffers, block| {
            for columns in &others {
                buffers.multiply(&frame, block.clone(), columns.clone());
                for (i, products) in block.clone().zip(buffers.products.outer_iter()) {
                    let own = frame.lowered_a[i];
                    visit(&Screened {
                        frame: &frame,
                        i,
                        from: columns.start,
                        products: products.to_slice().expect("rows of a standard layout"),
                        unscale,
                        own: f64::from(own),
                        spread: frame.spread(own),
                    });
                }
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng as _;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn cloud(n: usize, d: usize, seed: u64, scale: f64) -> Rows {
        let mut rng = crate::stats::random::generator(seed, 0);
        Rows::of(Array2::from_shape_fn((n, d), |(i, _)| {
            // Tight clusters, some far away.
            let cluster = (i % 3) as f64 * 100.0;
            (cluster + rng.random::<f64>() * if i % 2 == 0 { 1.0 } else { 1e-4 }) * scale
        }))
    }

    #[test]
    fn every_distance_lies_between_its_bounds_at_any_scale() {
        for scale in [1.0, 1e-120, 1e120] {
            let (a, b) = (cloud(60, 300, 1, scale), cloud(1_100, 300, 2, scale));
            let seen = AtomicUsize::new(0);
            screen(&a, &b, |s| {
                for j in s.others() {
                    let (low, exact, high) = (s.low(j), s.squared(j), s.high(j));
                    assert!(low <= exact && exact <= high, "{low:e} {exact:e} {high:e}");
                    seen.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert_eq!(seen.into_inner(), 60 * 1_100);
        }
    }

    #[test]
    fn the_bounds_are_tight() {
        let (a, b) = (cloud(8, 40, 1, 1.0), cloud(9, 40, 2, 1.0));
        screen(&a, &b, |s| {
            for j in s.others().filter(|j| j % 3 != s.i % 3) {
                assert!(s.high(j) - s.low(j) < 1e-4 * s.squared(j));
            }
        });
    }
}
