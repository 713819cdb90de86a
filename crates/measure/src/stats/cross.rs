//! Products of the matched rows of two sets, mergeable.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::range::{SMALLEST_SQUARE, out_of_range};
use crate::error::{Error, Result};
use crate::linalg::{add_product, eigenvectors};

/// Sums over matched rows x (d1) and y (d2), each taken from a fixed point near its mean. Two sets of rows merge by addition.
#[derive(Clone, Debug)]
pub struct CrossSums {
    n: u64,
    x: Array1<f64>,
    y: Array1<f64>,
    /// Σ x yᵀ (d1, d2).
    products: Array2<f64>,
    /// Σ ‖x‖², Σ ‖y‖² and Σ ‖x‖² ‖y‖².
    squares: [f64; 3],
    /// Σ ‖y‖² x (d1) and Σ ‖x‖² y (d2).
    x_by_y: Array1<f64>,
    y_by_x: Array1<f64>,
}

/// What the matched rows of two sets have in common, each set taken from its own mean.
#[derive(Clone, Debug)]
pub struct Cross {
    /// Rows.
    pub n: u64,
    /// XᵀY (d1, d2).
    pub scatter: Array2<f64>,
    /// Σ ‖x‖² and Σ ‖y‖².
    pub traces: (f64, f64),
    /// Σ ‖x‖² ‖y‖².
    pub norms: f64,
}

impl CrossSums {
    /// No rows of widths `d1` and `d2`.
    pub fn new(d1: usize, d2: usize) -> Self {
        Self {
            n: 0,
            x: Array1::zeros(d1),
            y: Array1::zeros(d2),
            products: Array2::zeros((d1, d2)),
            squares: [0.0; 3],
            x_by_y: Array1::zeros(d1),
            y_by_x: Array1::zeros(d2),
        }
    }

    /// Takes in more rows x (n, d1) and y (n, d2).
    pub fn update(&mut self, x: ArrayView2<f64>, y: ArrayView2<f64>) {
        assert_eq!(x.nrows(), y.nrows(), "rows are matched one by one");
        for (a, b) in x.outer_iter().zip(y.outer_iter()) {
            let (k, l) = (a.dot(&a), b.dot(&b));
            self.x += &a;
            self.y += &b;
            self.squares[0] += k;
            self.squares[1] += l;
            self.squares[2] += k * l;
            self.x_by_y.scaled_add(l, &a);
            self.y_by_x.scaled_add(k, &b);
        }
        add_product(&mut self.products, x, y);
        self.n += x.nrows() as u64;
    }

    /// Takes in the rows of another sum with the same fixed points.
    pub fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.x += &other.x;
        self.y += &other.y;
        self.products += &other.products;
        self.squares.iter_mut().zip(other.squares).for_each(|(a, b)| *a += b);
        self.x_by_y += &other.x_by_y;
        self.y_by_x += &other.y_by_x;
    }

    /// The rows of all `groups` but one, each set taken from its mean.
    ///
    /// # Errors
    /// As [`CrossSums::centred`].
    pub fn without(groups: &[Self], group: Option<usize>) -> Result<Cross> {
        let mut kept = groups
            .iter()
            .enumerate()
            .filter(|(g, _)| Some(*g) != group)
            .map(|(_, sums)| sums);
        let mut all = kept.next().expect("there are several groups").clone();
        kept.for_each(|sums| all.add(sums));
        all.centred()
    }

    /// Each set taken from its mean.
    ///
    /// # Errors
    /// Undefined with fewer than two rows, where all rows of a set are the same, and for squares beyond the range of 64 bits.
    pub fn centred(mut self) -> Result<Cross> {
        if self.n < 2 {
            return Err(Error::undefined("similarity needs at least two rows"));
        }
        let n = self.n as f64;
        let (mx, my) = (&self.x / n, &self.y / n);
        let (mu, nu) = (mx.dot(&mx), my.dot(&my));
        let [k, l, kl] = self.squares;
        let traces = (k - n * mu, l - n * nu);
        for (trace, raw) in [(traces.0, k), (traces.1, l)] {
            if !(raw * raw).is_finite() || !kl.is_finite() {
                return Err(out_of_range());
            }
            if trace <= 4.0 * n * f64::EPSILON * raw {
                return Err(Error::undefined("every channel of a side is constant"));
            }
            if trace * trace < SMALLEST_SQUARE {
                return Err(out_of_range());
            }
        }
        // Σ (‖x‖² - 2 m·x + ‖m‖²)(‖y‖² - 2 m'·y + ‖m'‖²), term by term.
        let across = mx.dot(&self.products.dot(&my));
        let norms = kl - 2.0 * my.dot(&self.y_by_x) - 2.0 * mx.dot(&self.x_by_y) + 4.0 * across + nu * k + mu * l
            - 3.0 * n * mu * nu;
        let (column, row) = ((&mx * -n).insert_axis(Axis(0)), my.insert_axis(Axis(0)));
        add_product(&mut self.products, column.view(), row.view());
        Ok(Cross {
            n: self.n,
            scatter: self.products,
            traces,
            norms,
        })
    }
}

/// What one set has in common with itself.
#[derive(Clone, Debug)]
pub struct Own {
    /// Rows.
    pub n: u64,
    /// ‖XᵀX‖_F².
    pub squares: f64,
    /// Σ ‖x‖².
    pub trace: f64,
    /// Σ ‖x‖⁴.
    pub norms: f64,
    /// Its principal directions, where they were asked for.
    pub directions: Option<Directions>,
}

/// The principal directions of a set of centred rows that are not rounding.
#[derive(Clone, Debug)]
pub struct Directions {
    /// Eigenvalues of XᵀX in descending order, those below max(N, d) eps times the largest cut off.
    pub values: Vec<f64>,
    /// The eigenvectors as rows (rank, d).
    pub vectors: Array2<f64>,
}

impl Own {
    /// What a set crossed with itself has.
    ///
    /// # Errors
    /// Where `directions` are asked for and the eigenvalue iteration does not converge.
    pub fn new(cross: Cross, directions: bool) -> Result<Self> {
        Ok(Self {
            n: cross.n,
            squares: cross.scatter.iter().map(|s| s * s).sum(),
            trace: cross.traces.0,
            norms: cross.norms,
            directions: if directions {
                Some(Directions::new(cross.scatter, cross.n)?)
            } else {
                None
            },
        })
    }
}

impl Directions {
    fn new(scatter: Array2<f64>, n: u64) -> Result<Self> {
        let d = scatter.nrows();
        let (mut values, vectors) = eigenvectors(scatter)?;
        let least = (n as f64).max(d as f64) * f64::EPSILON * values.first().copied().unwrap_or(0.0);
        let rank = values.partition_point(|v| *v > least);
        values.truncate(rank);
        let vectors = vectors.slice_move(ndarray::s![..rank, ..]);
        Ok(Self { values, vectors })
    }

    /// How many directions, from the largest, hold this share of the variance together.
    pub fn holding(&self, share: f64) -> usize {
        let wanted = share * self.values.iter().sum::<f64>();
        let mut held = 0.0;
        // The last ones are rounding of a sum that never quite arrives.
        self.values
            .iter()
            .position(|v| {
                held += v;
                held >= wanted
            })
            .map_or(self.values.len(), |last| last + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;

    fn rows(n: usize, d: usize, seed: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, d), |(i, j)| ((i * 31 + j * 17 + i * j * seed) % 29) as f64 / 3.0)
    }

    #[test]
    fn merged_sums_are_the_textbooks() {
        let (x, y) = (rows(40, 4, 1), rows(40, 6, 2));
        let mut groups = vec![CrossSums::new(4, 6); 3];
        for (sums, range) in groups.iter_mut().zip([0..13, 13..20, 20..40]) {
            sums.update(x.slice(s![range.clone(), ..]), y.slice(s![range, ..]));
        }
        let centred = |m: &Array2<f64>| m - &m.mean_axis(Axis(0)).unwrap();
        for (without, kept) in [(None, 0..40), (Some(2), 0..20), (Some(0), 13..40)] {
            let (a, b) = (
                centred(&x.slice(s![kept.clone(), ..]).to_owned()),
                centred(&y.slice(s![kept, ..]).to_owned()),
            );
            let cross = CrossSums::without(&groups, without).unwrap();
            let scatter = a.t().dot(&b);
            assert!(cross.scatter.iter().zip(&scatter).all(|(g, e)| (g - e).abs() < 1e-10));
            let norm = |r: ndarray::ArrayView1<f64>| r.dot(&r);
            let products: Vec<f64> = a
                .outer_iter()
                .zip(b.outer_iter())
                .map(|(r, q)| norm(r) * norm(q))
                .collect();
            assert!((cross.norms / products.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!((cross.traces.1 / b.iter().map(|v| v * v).sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn rows_that_are_all_the_same_have_nothing_in_common() {
        let mut sums = CrossSums::new(2, 2);
        let same = Array2::from_elem((7, 2), 0.3);
        sums.update(same.view(), rows(7, 2, 1).view());
        assert!(sums.centred().unwrap_err().to_string().contains("constant"));
    }

    #[test]
    fn directions_are_cut_where_they_hold_enough_together() {
        let directions = Directions::new(Array2::from_diag(&ndarray::array![90.0, 9.0, 1.0, 0.0]), 9).unwrap();
        assert_eq!(directions.values, [90.0, 9.0, 1.0]);
        assert_eq!(
            [0.5, 0.9, 0.95, 0.99, 1.0].map(|share| directions.holding(share)),
            [1, 1, 2, 2, 3]
        );
    }
}
