//! Which of two rows is nearer: by rounded distances, and where their rounding leaves it open by all digits.

use crate::stats::{Double, Rows};

/// Half a unit in the last place of 64 bits.
const ROUNDOFF: f64 = 1.0 / (1u64 << 53) as f64;

/// What rows are ordered by, as seen from row `i`: the smaller, the nearer.
pub(super) trait Apart: Sync {
    /// A squared distance, rounded.
    fn rough(&self, i: usize, j: usize) -> f64;

    /// How far off one of this size may be; no more than zero where it is exact.
    fn slack(&self, rough: f64) -> f64;

    /// In the same order, without rounding.
    fn exact(&self, i: usize, j: usize) -> Double;

    /// Whether two of these are equal.
    fn are_equal(&self, i: usize, one: Double, other: Double) -> bool;
}

/// How far a squared distance by differences may be off, as a share of itself: zero where all of them are exact.
pub fn squared_slack(a: &Rows, b: &Rows) -> f64 {
    // Sums of d/8 squares in each of eight lanes, all of one sign (Higham 2002, section 3.1).
    match a.is_exact_with(b) {
        true => 0.0,
        false => 1.01 * (a.width() as f64 / 8.0 + 12.0) * ROUNDOFF,
    }
}

/// Euclidean distances.
pub(super) struct Euclidean<'r> {
    a: &'r Rows,
    b: &'r Rows,
    slack: f64,
}

impl<'r> Euclidean<'r> {
    pub fn new(a: &'r Rows, b: &'r Rows) -> Self {
        let slack = squared_slack(a, b);
        Self { a, b, slack }
    }
}

impl Apart for Euclidean<'_> {
    fn rough(&self, i: usize, j: usize) -> f64 {
        self.a.squared_apart(i, self.b, j)
    }

    fn slack(&self, rough: f64) -> f64 {
        self.slack * rough
    }

    fn exact(&self, i: usize, j: usize) -> Double {
        self.a.exact_squared_apart(i, self.b, j)
    }

    fn are_equal(&self, _: usize, one: Double, other: Double) -> bool {
        one.equals(other, one.rounded())
    }
}

/// Angles between the rows of one set, none of which is zero.
pub(super) struct Angles<'r> {
    rows: &'r Rows,
    unit: &'r Rows,
    /// The norms of the rows.
    norms: Vec<Double>,
    whole: bool,
    /// How far off a row of unit length may be.
    off: f64,
}

impl<'r> Angles<'r> {
    /// Of rows, given with the same divided by their norms.
    pub fn new(rows: &'r Rows, unit: &'r Rows) -> Self {
        Self {
            rows,
            unit,
            norms: (0..rows.len()).map(|i| rows.exact_product(i, rows, i).root()).collect(),
            whole: rows.is_exact_with(rows),
            // Half of what a sum of d/8 squares in each of eight lanes may be off by, for each of two rows.
            off: (rows.width() as f64 / 8.0 + 16.0) * ROUNDOFF,
        }
    }
}

impl Apart for Angles<'_> {
    fn rough(&self, i: usize, j: usize) -> f64 {
        self.unit.squared_apart(i, self.unit, j)
    }

    fn slack(&self, rough: f64) -> f64 {
        // Twice the distance times what both ends may be off, and the rounding of its square.
        2.0 * rough.sqrt() * self.off + self.off * self.off + self.off * rough
    }

    /// -x·y / ‖y‖: minus the cosine, but for the norm of x.
    fn exact(&self, i: usize, j: usize) -> Double {
        let product = match self.whole {
            true => Double::new(self.rows.product(i, self.rows, j)),
            false => self.rows.exact_product(i, self.rows, j),
        };
        product.negative().over(self.norms[j])
    }

    fn are_equal(&self, i: usize, one: Double, other: Double) -> bool {
        one.equals(other, self.norms[i].rounded())
    }
}

/// Distances of points that are themselves rounded: what that leaves open is equal.
pub(super) struct Blurred<'r> {
    points: &'r Rows,
    /// How far off a point may be.
    off: f64,
}

impl<'r> Blurred<'r> {
    pub fn new(points: &'r Rows, off: f64) -> Self {
        Self { points, off }
    }
}

impl Apart for Blurred<'_> {
    fn rough(&self, i: usize, j: usize) -> f64 {
        self.points.squared_apart(i, self.points, j)
    }

    fn slack(&self, rough: f64) -> f64 {
        // Both ends may be off.
        let off = 2.0 * self.off;
        2.0 * rough.sqrt() * off + off * off
    }

    fn exact(&self, _: usize, _: usize) -> Double {
        Double::default()
    }

    fn are_equal(&self, _: usize, _: Double, _: Double) -> bool {
        true
    }
}
