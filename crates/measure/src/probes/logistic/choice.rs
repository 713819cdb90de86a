//! How strong the penalty is: fixed, or chosen on fitting rows that are held out.

use ndarray::ArrayView2;

use super::super::cuts::{Cut, hold_out};
use super::basis::Basis;
use super::lbfgs::{Optimum, first_gradient, minimise};
use super::objective::{Labelled, Weights};
use crate::error::Result;

/// λ of the grid, from strong to weak.
pub const GRID: usize = 45;
const STRONGEST: f64 = 1.0;
const DECADES: f64 = 8.0;

/// Values that the grid is extended by at an edge: two decades.
const BEYOND: usize = 11;

/// Rises of the held-out loss in a row after which the walk ends.
const RISES: usize = 3;

/// How λ is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strength {
    /// The least held-out loss wins.
    Chosen,
    /// scikit-learn's C, on features as they are: λ = 1 / (n C r²).
    Fixed(f64),
    /// λ itself, on scaled features.
    Penalty(f64),
}

/// λ at a place of the grid, which may lie beyond either end.
pub fn of_grid(place: i32) -> f64 {
    STRONGEST * 10f64.powf(-DECADES * f64::from(place) / (GRID - 1) as f64)
}

/// A fit and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The fit on all rows.
    pub optimum: Optimum,
    /// λ that the user or the held-out rows chose, as a share of the mean square of the rows fitted on.
    pub lambda: f64,
    /// r, the root mean square of the rows fitted on.
    pub rms: f64,
    /// scikit-learn's C of the same objective, on features as they are.
    pub strength: f64,
    /// The held-out loss, where λ was chosen.
    pub held_out: Option<f64>,
    /// Values of λ tried.
    pub tried: usize,
    /// Passes over the rows, of all fits.
    pub passes: usize,
}

/// Rows that are all scaled alike, with the number they were divided by.
#[derive(Clone, Copy)]
pub struct Scaled<'a> {
    /// Scaled features (N, d).
    pub rows: ArrayView2<'a, f32>,
    /// Class of each row.
    pub classes: &'a [u32],
    /// C.
    pub count: usize,
    /// r by which they were scaled.
    pub rms: f64,
}

impl Scaled<'_> {
    fn at<'s>(&'s self, places: &'s [usize]) -> Labelled<'s> {
        Labelled {
            rows: self.rows.view(),
            classes: self.classes,
            places,
            count: self.count,
        }
    }

    /// The mean square of some rows about their mean, on the scale they have here.
    fn square(&self, places: &[usize]) -> f64 {
        let (n, d) = (places.len() as f64, self.rows.ncols());
        let (mut sums, mut squares) = (vec![0.0; d], 0.0);
        for &i in places {
            for (sum, &x) in sums.iter_mut().zip(self.rows.row(i)) {
                *sum += f64::from(x);
                squares += f64::from(x).powi(2);
            }
        }
        let means: f64 = sums.iter().map(|s| (s / n).powi(2)).sum();
        let square = (squares / n - means) / d.max(1) as f64;
        if square > 0.0 { square } else { 1.0 }
    }
}

/// Fits on the rows at these places. λ counts on rows divided by their own root mean square, whichever rows are left in.
///
/// # Errors
/// When the eigenvalue iteration does not converge.
pub fn fit(rows: &Scaled, places: &[usize], strength: Strength, seed: u64) -> Result<Fitted> {
    let basis = Basis::new(rows.rows, places)?;
    let all = rows.at(places);
    let square = rows.square(places);
    let rms = rows.rms * square.sqrt();
    let n = places.len() as f64;
    let zero = || Weights::zeros(rows.count, rows.rows.ncols());
    let (lambda, start, walked) = match strength {
        Strength::Fixed(c) => (1.0 / (n * c * rms * rms), zero(), None),
        Strength::Penalty(lambda) => (lambda, zero(), None),
        Strength::Chosen => {
            let walked = walk(rows, &hold_out(places, rows.classes, rows.count, seed), &basis);
            (walked.lambda, walked.weights.clone(), Some(walked))
        }
    };
    let optimum = minimise(&all, &basis, lambda * square, start, first_gradient(&all));
    let (held_out, tried, passes) = walked.map_or((None, 0, 0), |w| (Some(w.loss), w.tried, w.passes));
    Ok(Fitted {
        lambda,
        rms,
        strength: 1.0 / (n * lambda * rms * rms),
        held_out,
        tried,
        passes: passes + optimum.passes + 1,
        optimum,
    })
}

/// Where the walk along the grid ended.
struct Walked {
    lambda: f64,
    loss: f64,
    weights: Weights,
    tried: usize,
    passes: usize,
}

/// Walks from strong to weak, each fit started at the last, until the held-out loss has risen three times in a row; beyond an
/// end of the grid by at most two decades where the best is there. Equal losses go to the stronger λ.
fn walk(rows: &Scaled, cut: &Cut, basis: &Basis) -> Walked {
    let (inner, held) = (rows.at(&cut.fit), rows.at(&cut.held));
    let square = rows.square(&cut.fit);
    let scale = first_gradient(&inner);
    let zero = Weights::zeros(rows.count, rows.rows.ncols());
    let mut best = Walked {
        lambda: of_grid(0),
        loss: f64::INFINITY,
        weights: zero.clone(),
        tried: 0,
        passes: 1,
    };
    if cut.held.is_empty() || cut.fit.is_empty() {
        // Classes of one row each: nothing can be held out.
        return Walked {
            lambda: UNTRIED,
            loss: f64::NAN,
            ..best
        };
    }
    let mut place_of_best = 0;
    let try_at = |place: i32, start: Weights, best: &mut Walked, place_of_best: &mut i32| -> (Weights, f64) {
        let found = minimise(&inner, basis, of_grid(place) * square, start, scale);
        let loss = held.nll(&found.weights);
        best.tried += 1;
        best.passes += found.passes;
        if loss < best.loss || (loss == best.loss && place < *place_of_best) {
            best.lambda = of_grid(place);
            best.loss = loss;
            best.weights = found.weights.clone();
            *place_of_best = place;
        }
        (found.weights, loss)
    };
    let (mut at, mut rises, mut last) = (zero, 0, f64::INFINITY);
    let mut first = None;
    let most = (GRID + BEYOND) as i32;
    for place in 0..most {
        // Beyond the weak end only as long as the best is the last one tried.
        if place >= GRID as i32 && place_of_best != place - 1 {
            break;
        }
        let (weights, loss) = try_at(place, at, &mut best, &mut place_of_best);
        first.get_or_insert_with(|| weights.clone());
        rises = if loss > last { rises + 1 } else { 0 };
        (at, last) = (weights, loss);
        if rises == RISES {
            break;
        }
    }
    if let (0, Some(mut at)) = (place_of_best, first) {
        for place in 1..=BEYOND as i32 {
            (at, _) = try_at(-place, at, &mut best, &mut place_of_best);
            if place_of_best != -place {
                break;
            }
        }
    }
    best
}

/// λ where no row can be held out to choose it.
pub const UNTRIED: f64 = 1e-2;
