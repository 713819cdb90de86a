//! The distances between rows, each pair once, and sums of kernels of them.

use rayon::prelude::*;

use super::rows::Rows;
use super::sweep::sweep;

/// Partial sums that rows are gathered in, whatever the number of threads.
const LANES: usize = 8;

/// The squared Euclidean distances of the pairs i < j of n rows.
#[derive(Clone, Debug, PartialEq)]
pub struct PairDistances {
    n: usize,
    /// The upper triangle, row by row.
    squared: Vec<f64>,
}

impl PairDistances {
    /// Between all rows.
    pub fn new(rows: &Rows) -> Self {
        Self {
            n: rows.len(),
            squared: sweep(rows, rows, |i, squared| squared[i + 1..].to_vec()).concat(),
        }
    }

    /// The number of rows, n.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// From row `i` to the rows after it.
    fn after(&self, i: usize) -> &[f64] {
        let start = i * (2 * self.n - i - 1) / 2;
        &self.squared[start..start + self.n - i - 1]
    }

    /// The median squared distance over all m² ordered pairs of the rows kept, each row with itself too, the mean of the two
    /// middle ones where there are two. `None` without rows.
    pub fn median_squared(&self, kept: &[bool]) -> Option<f64> {
        let rows = || (0..self.n).filter(|&i| kept[i]);
        let m = rows().count();
        let of_row = |i: usize| {
            let others = self.after(i).iter().zip(&kept[i + 1..]);
            others.filter(|(_, kept)| **kept).map(|(squared, _)| *squared)
        };
        let mut pairs: Vec<f64> = rows().flat_map(of_row).collect();
        // The first m of all ordered pairs, from rows to themselves, are 0; each other distance comes twice.
        let mut at = |place: usize| match place.checked_sub(m) {
            None => 0.0,
            Some(place) => *pairs.select_nth_unstable_by(place / 2, f64::total_cmp).1,
        };
        let all = m * m;
        (m > 0).then(|| (at((all - 1) / 2) + at(all / 2)) / 2.0)
    }
}

/// Inner products of the centred kernel matrices of two sides of matched rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CentredKernels {
    /// Rows.
    pub n: usize,
    /// Σ_ij K̃_ij L̃_ij, K̃ the first side's kernel matrix with rows and columns of mean 0, L̃ the second's.
    pub product: f64,
    /// Σ K̃² and Σ L̃².
    pub squares: [f64; 2],
    /// tr K̃ and tr L̃.
    pub traces: [f64; 2],
}

/// Sums over pairs of rows.
#[derive(Clone)]
struct Sums {
    /// Every row's kernel values with all other rows, summed, on both sides.
    rows: [Vec<f64>; 2],
    /// Over pairs i < j: K L, K², L².
    products: [f64; 3],
}

impl Sums {
    fn new(n: usize) -> Self {
        Self {
            rows: [vec![0.0; n], vec![0.0; n]],
            products: [0.0; 3],
        }
    }
}

/// Those of exp(-‖x - y‖² / (2 s)) of the rows kept, with s of each side.
///
/// The diagonal of each matrix is 1 and is taken off all entries, which centring does not see: of a wide kernel all digits
/// are kept.
pub fn centred_kernels(sides: [&PairDistances; 2], s: [f64; 2], kept: &[bool]) -> CentredKernels {
    let total = sides[0].n;
    let of_lane = |lane: usize| {
        let mut sums = Sums::new(total);
        for i in (lane..total).step_by(LANES).filter(|&i| kept[i]) {
            let [mut own_x, mut own_y] = [0.0; 2];
            let pairs = sides[0].after(i).iter().zip(sides[1].after(i));
            for (j, (x, y)) in (i + 1..).zip(pairs).filter(|(j, _)| kept[*j]) {
                let (k, l) = ((-x / (2.0 * s[0])).exp_m1(), (-y / (2.0 * s[1])).exp_m1());
                own_x += k;
                own_y += l;
                sums.rows[0][j] += k;
                sums.rows[1][j] += l;
                for (sum, product) in sums.products.iter_mut().zip([k * l, k * k, l * l]) {
                    *sum += product;
                }
            }
            sums.rows[0][i] += own_x;
            sums.rows[1][i] += own_y;
        }
        sums
    };
    let lanes: Vec<Sums> = (0..LANES).into_par_iter().map(of_lane).collect();
    let mut all = Sums::new(total);
    for lane in &lanes {
        for side in 0..2 {
            all.rows[side]
                .iter_mut()
                .zip(&lane.rows[side])
                .for_each(|(sum, part)| *sum += part);
        }
        all.products
            .iter_mut()
            .zip(&lane.products)
            .for_each(|(sum, part)| *sum += part);
    }
    let n = kept.iter().filter(|kept| **kept).count();
    let m = n as f64;
    let [x, y] = &all.rows;
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let sum = |a: &[f64]| -> f64 { a.iter().sum() };
    let centred = |product: f64, a: &[f64], b: &[f64]| 2.0 * product - 2.0 / m * dot(a, b) + sum(a) * sum(b) / (m * m);
    CentredKernels {
        n,
        product: centred(all.products[0], x, y),
        squares: [centred(all.products[1], x, x), centred(all.products[2], y, y)],
        traces: [-sum(x) / m, -sum(y) / m],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Axis};

    fn rows(n: usize, d: usize, seed: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, d), |(i, j)| ((i * 31 + j * 17 + i * j * seed) % 29) as f64 / 3.0)
    }

    #[test]
    fn medians_are_those_of_the_whole_matrix() {
        for n in [1, 2, 3, 8, 9] {
            let values = rows(n, 3, 2);
            let found = PairDistances::new(&Rows::of(values.clone()));
            let mut all: Vec<f64> = Vec::new();
            for a in values.outer_iter() {
                for b in values.outer_iter() {
                    all.push((&a - &b).mapv(|x| x * x).sum());
                }
            }
            all.sort_by(f64::total_cmp);
            let expected = (all[(n * n - 1) / 2] + all[n * n / 2]) / 2.0;
            assert!(
                (found.median_squared(&vec![true; n]).unwrap() - expected).abs() < 1e-12,
                "{n}"
            );
        }
        let nine = PairDistances::new(&Rows::of(rows(9, 3, 2)));
        let five: Vec<bool> = (0..9).map(|i| i % 2 == 0).collect();
        let few = PairDistances::new(&Rows::of(rows(9, 3, 2).select(Axis(0), &[0, 2, 4, 6, 8])));
        assert_eq!(nine.median_squared(&five), few.median_squared(&[true; 5]));
        assert_eq!(nine.median_squared(&[false; 9]), None);
    }

    #[test]
    fn sums_are_those_of_centred_matrices() {
        let (n, s) = (11, [2.0, 300.0]);
        let values = [rows(n, 3, 1), rows(n, 5, 2)];
        let kept: Vec<bool> = (0..n).map(|i| i != 4).collect();
        let matrix = |side: usize| {
            let few = values[side].select(Axis(0), &(0..n).filter(|i| *i != 4).collect::<Vec<_>>());
            let m = few.nrows();
            let kernel = Array2::from_shape_fn((m, m), |(i, j)| {
                let apart = &few.row(i) - &few.row(j);
                (-apart.dot(&apart) / (2.0 * s[side])).exp()
            });
            let centre = Array2::eye(m) - 1.0 / m as f64;
            centre.dot(&kernel).dot(&centre)
        };
        let (k, l) = (matrix(0), matrix(1));
        let sides = [&values[0], &values[1]].map(|v| PairDistances::new(&Rows::of(v.clone())));
        let found = centred_kernels([&sides[0], &sides[1]], s, &kept);
        let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-11, "{a} {b}");
        near(found.product, (&k * &l).sum());
        near(found.squares[0], (&k * &k).sum());
        near(found.squares[1], (&l * &l).sum());
        near(found.traces[0], k.diag().sum());
        near(found.traces[1], l.diag().sum());
        assert_eq!(found.n, 10);
    }
}
