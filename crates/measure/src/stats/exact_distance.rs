//! Which of two rows is nearer: by rounded distances, and where their rounding leaves it open without rounding.

use std::cmp::Ordering;
use std::sync::OnceLock;

use super::exact::Exact;
use super::rows::Rows;

/// Half a unit in the last place of 64 bits.
const ROUNDOFF: f64 = 1.0 / (1u64 << 53) as f64;

/// What rows are ordered by, as seen from row `i`.
pub(super) trait Apart: Sync {
    /// What an order without rounding is made of.
    type Key;

    /// A squared distance, rounded.
    fn rough(&self, i: usize, j: usize) -> f64;

    /// How far off one of this size may be; zero where it is exact.
    fn slack(&self, rough: f64) -> f64;

    /// The same without rounding.
    fn key(&self, i: usize, j: usize) -> Self::Key;

    /// Which of two rows is nearer to row `i`, given by their keys.
    fn compare(&self, one: &Self::Key, other: &Self::Key) -> Ordering;

    /// Whether two rows are the same, so that their keys are.
    fn are_same(&self, j: usize, other: usize) -> bool;
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
    type Key = Exact;

    fn rough(&self, i: usize, j: usize) -> f64 {
        self.a.squared_apart(i, self.b, j)
    }

    fn slack(&self, rough: f64) -> f64 {
        self.slack * rough
    }

    fn key(&self, i: usize, j: usize) -> Exact {
        self.a.exact_squared_apart(i, self.b, j)
    }

    fn compare(&self, one: &Exact, other: &Exact) -> Ordering {
        one.compare(other)
    }

    fn are_same(&self, j: usize, other: usize) -> bool {
        self.b.are_same(j, other)
    }
}

/// Angles between rows, none of which is zero.
pub(super) struct Angles<'r> {
    a: Pointed<'r>,
    b: Pointed<'r>,
    /// What [`square`] gives of each row, once it is asked for: rounding leaves few orders open.
    of_a: Vec<OnceLock<(Exact, f64)>>,
    of_b: Vec<OnceLock<(Exact, f64)>>,
    /// How far off a row of unit length may be.
    off: f64,
}

/// Rows, and the same divided by their norms.
#[derive(Clone, Copy)]
pub(super) struct Pointed<'r> {
    pub rows: &'r Rows,
    pub unit: &'r Rows,
}

/// ‖x‖² of a row, taken by a power of two twice so that it is about 1, and that power.
fn square(rows: &Rows, i: usize) -> (Exact, f64) {
    let square = rows.exact_product(i, rows, i);
    let scale = (-square.rounded().log2() / 2.0).round().exp2();
    (square.scaled(scale).scaled(scale), scale)
}

impl<'r> Angles<'r> {
    pub fn new(a: Pointed<'r>, b: Pointed<'r>) -> Self {
        Self {
            of_a: vec![OnceLock::new(); a.rows.len()],
            of_b: vec![OnceLock::new(); b.rows.len()],
            // Half of what a sum of d/8 squares in each of eight lanes may be off by, for each of two rows.
            off: (a.rows.width() as f64 / 8.0 + 16.0) * ROUNDOFF,
            a,
            b,
        }
    }

    /// ‖x‖² of row `j` of `b`, as [`square`] gives it.
    fn square(&self, j: usize) -> &(Exact, f64) {
        self.of_b[j].get_or_init(|| square(self.b.rows, j))
    }
}

impl Apart for Angles<'_> {
    /// x·y and (x·y)², and the place of y.
    type Key = (Exact, Exact, usize);

    fn rough(&self, i: usize, j: usize) -> f64 {
        self.a.unit.squared_apart(i, self.b.unit, j)
    }

    fn slack(&self, rough: f64) -> f64 {
        // Twice the distance times what both ends may be off, and the rounding of its square.
        2.0 * rough.sqrt() * self.off + self.off * self.off + self.off * rough
    }

    fn key(&self, i: usize, j: usize) -> Self::Key {
        let scaled = self.a.rows.exact_product(i, self.b.rows, j);
        let (_, scale) = self.of_a[i].get_or_init(|| square(self.a.rows, i));
        let product = scaled.scaled(*scale).scaled(self.square(j).1);
        (product.times(&product), product, j)
    }

    /// The angle with the larger cosine is the smaller one: where both have one sign, (x·y)² ‖z‖² against (x·z)² ‖y‖² decides.
    fn compare(&self, one: &Self::Key, other: &Self::Key) -> Ordering {
        let signs = (one.1.sign(), other.1.sign());
        if signs.0 != signs.1 {
            return signs.1.cmp(&signs.0);
        }
        let square = |j: usize| &self.square(j).0;
        let by_size = one.0.times(square(other.2)).compare(&other.0.times(square(one.2)));
        match signs.0 {
            Ordering::Less => by_size,
            _ => by_size.reverse(),
        }
    }

    fn are_same(&self, j: usize, other: usize) -> bool {
        self.b.rows.are_same(j, other)
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
    type Key = ();

    fn rough(&self, i: usize, j: usize) -> f64 {
        self.points.squared_apart(i, self.points, j)
    }

    fn slack(&self, rough: f64) -> f64 {
        // Both ends may be off.
        let off = 2.0 * self.off;
        2.0 * rough.sqrt() * off + off * off
    }

    fn key(&self, _: usize, _: usize) {}

    fn compare(&self, (): &(), (): &()) -> Ordering {
        Ordering::Equal
    }

    fn are_same(&self, _: usize, _: usize) -> bool {
        true
    }
}
