//! L-BFGS with an adaptive preconditioner (Nocedal & Wright 2006, chapters 3 and 7).

use std::collections::VecDeque;

use super::basis::Basis;
use super::objective::{Evaluated, LabelledSubset, Weights};

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 12;

/// Passes over the rows after which a fit is given up.
const MOST_PASSES: usize = 2_000;

/// Where a fit stops, as shares of the objective.
struct Shares {
    /// The gain that the step's own forecast still promises.
    enough: f64,
    /// The gain that the bound still allows.
    bounded: f64,
    /// A change that may be rounding.
    rounding: f64,
    /// The gain still promised where the products no longer tell which way is down.
    blurred: f64,
    /// How many forecasts of so little in a row are believed: the first knows too little of the way. The bound is believed at once.
    believed: usize,
}

/// For products in 32 bits.
const SINGLE: Shares = Shares {
    enough: 1e-8,
    bounded: 3e-8,
    rounding: 1e-9,
    blurred: 3e-7,
    believed: 3,
};

/// For products in 64 bits: a pass over few rows costs nothing, and there the forecast may know little of a flat way.
const DOUBLE: Shares = Shares {
    enough: 1e-12,
    bounded: 1e-12,
    rounding: 1e-14,
    blurred: 1e-9,
    believed: 3,
};

/// For a start.
const NEAR: Shares = Shares {
    enough: 1e-2,
    bounded: 1e-2,
    rounding: 1e-9,
    blurred: 1e-2,
    believed: 1,
};

/// For a strength that is tried on few rows.
const ROUGH: Shares = Shares {
    enough: 1e-4,
    bounded: 1e-4,
    ..NEAR
};

/// The λ that starts come from, and how much weaker each is than the one before.
const DECADE: f64 = 0.1;

/// Share of the forecast gain that a step must bring (Armijo), and of the slope that it may leave (Wolfe).
const GAIN: f64 = 1e-4;
const SLOPE: f64 = 0.9;

/// Points tried along one direction.
const TRIES: usize = 8;

/// Weights at the least of the objective, and how sure that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// The weights, on scaled features.
    pub weights: Weights,
    /// λ.
    pub lambda: f64,
    /// Mean negative log-likelihood plus λ/2 ‖W‖².
    pub loss: f64,
    /// ‖gradient‖ over its norm at W = 0.
    pub relative_gradient: f64,
    /// ‖gradient of W‖² / (2λ): the loss is at most so far above its least (the intercepts being at theirs).
    pub bound: f64,
    /// Passes over the rows.
    pub passes: usize,
    /// Whether nothing worth while was left to gain.
    pub converged: bool,
}

/// The norm of the gradient at W = 0, b = 0: no weights, all classes alike.
pub fn first_gradient(rows: &LabelledSubset) -> f64 {
    let at = Weights::zeros(rows.count, rows.rows.width());
    let found = rows.evaluate(&at, 0.0);
    found.gradient.dot(&found.gradient).sqrt()
}

/// Minimises the objective at `lambda` from `start`; `scale` is [`first_gradient`].
pub fn minimise(rows: &LabelledSubset, basis: &Basis, lambda: f64, start: Weights, scale: f64) -> Optimum {
    let shares = if rows.in_double() { &DOUBLE } else { &SINGLE };
    minimise_to(rows, basis, lambda, start, scale, shares)
}

/// The same, to a ten thousandth: near enough to tell strengths apart.
pub fn minimise_roughly(rows: &LabelledSubset, basis: &Basis, lambda: f64, start: Weights, scale: f64) -> Optimum {
    minimise_to(rows, basis, lambda, start, scale, &ROUGH)
}

/// Where to start at a weak `lambda`: near the optima of stronger ones, decade by decade. From nowhere, half of all passes would be
/// spent far away. Says how many passes that took.
pub fn from_strong(rows: &LabelledSubset, basis: &Basis, lambda: f64, scale: f64) -> (Weights, usize) {
    let (mut at, mut passes) = (Weights::zeros(rows.count, rows.rows.width()), 0);
    let mut stronger = DECADE;
    while stronger > lambda {
        let found = minimise_to(rows, basis, stronger, at, scale, &NEAR);
        passes += found.passes;
        at = found.weights;
        stronger *= DECADE;
    }
    (at, passes)
}

fn minimise_to(
    rows: &LabelledSubset,
    basis: &Basis,
    lambda: f64,
    start: Weights,
    scale: f64,
    shares: &Shares,
) -> Optimum {
    let mut at = start;
    let mut found = rows.evaluate(&at, lambda);
    let mut passes = 1;
    let mut memory: VecDeque<Pair> = VecDeque::new();
    let (mut converged, mut little) = (false, 0);
    while passes < MOST_PASSES {
        let mut step = direction(&found, basis, lambda, &memory);
        let mut slope = found.gradient.dot(&step);
        if slope >= 0.0 && !memory.is_empty() {
            memory.clear();
            step = direction(&found, basis, lambda, &memory);
            slope = found.gradient.dot(&step);
        }
        little = if -slope / 2.0 <= shares.enough * found.value {
            little + 1
        } else {
            0
        };
        let of_intercepts = found
            .gradient
            .intercepts
            .iter()
            .zip(&found.spread)
            .map(|(g, w)| g * g / w / 2.0);
        let bounded = bound(&found, lambda) + of_intercepts.sum::<f64>() <= shares.bounded * found.value;
        if little == shares.believed || bounded || slope >= 0.0 {
            converged = true;
            break;
        }
        let Some((next, reached)) = search(rows, lambda, &at, &found, (&step, slope), shares.rounding, &mut passes)
        else {
            let blurred = -slope / 2.0 <= shares.blurred * found.value;
            if memory.is_empty() || blurred {
                converged = blurred;
                break;
            }
            memory.clear();
            continue;
        };
        let mut moved = next.clone();
        moved.add(-1.0, &at);
        let mut change = reached.gradient.clone();
        change.add(-1.0, &found.gradient);
        let product = moved.dot(&change);
        if product > 1e-14 * (moved.dot(&moved) * change.dot(&change)).sqrt() {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Pair { moved, change, product });
        }
        (at, found) = (next, reached);
    }
    let norm = found.gradient.dot(&found.gradient).sqrt();
    Optimum {
        bound: bound(&found, lambda),
        weights: at,
        lambda,
        loss: found.value,
        relative_gradient: if scale > 0.0 { norm / scale } else { norm },
        passes,
        converged,
    }
}

/// How far the objective may be above its least, the intercepts being at theirs: it curves by λ at least.
fn bound(found: &Evaluated, lambda: f64) -> f64 {
    found.gradient.matrix.iter().map(|g| g * g).sum::<f64>() / (2.0 * lambda)
}

/// A step and what it changed of the gradient.
struct Pair {
    moved: Weights,
    change: Weights,
    product: f64,
}

/// Where to go: minus the gradient, by the inverse Hessian that the memory tells of.
fn direction(found: &Evaluated, basis: &Basis, lambda: f64, memory: &VecDeque<Pair>) -> Weights {
    let mut q = found.gradient.clone();
    let mut shares = Vec::with_capacity(memory.len());
    for pair in memory.iter().rev() {
        let share = pair.moved.dot(&q) / pair.product;
        q.add(-share, &pair.change);
        shares.push(share);
    }
    let mut r = basis.solve(&q, &found.spread, lambda);
    if let Some(last) = memory.back() {
        // How far off M is along the last step.
        let scale = last.product / last.change.dot(&basis.solve(&last.change, &found.spread, lambda));
        if scale.is_finite() && scale > 0.0 {
            r.scale(scale);
        }
    }
    for (pair, share) in memory.iter().zip(shares.iter().rev()) {
        let back = pair.change.dot(&r) / pair.product;
        r.add(share - back, &pair.moved);
    }
    r.scale(-1.0);
    r
}

/// A point along a direction that fulfils the conditions of Wolfe; `None` where none is found.
fn search(
    rows: &LabelledSubset,
    lambda: f64,
    at: &Weights,
    found: &Evaluated,
    (step, slope): (&Weights, f64),
    rounding: f64,
    passes: &mut usize,
) -> Option<(Weights, Evaluated)> {
    let slack = rounding * found.value.abs();
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let (mut value_low, mut slope_low) = (found.value, slope);
    let mut length = 1.0;
    let mut best: Option<(Weights, Evaluated)> = None;
    for _ in 0..TRIES {
        let mut next = at.clone();
        next.add(length, step);
        let reached = rows.evaluate(&next, lambda);
        *passes += 1;
        let along = reached.gradient.dot(step);
        let falls = reached.value <= found.value + GAIN * length * slope + slack;
        if !falls || !reached.value.is_finite() {
            high = length;
            length = cubic(low, value_low, slope_low, length, reached.value, along);
        } else if along.abs() <= -SLOPE * slope {
            return Some((next, reached));
        } else {
            let forward = along < 0.0;
            if forward {
                (low, value_low, slope_low) = (length, reached.value, along);
                length = if high.is_finite() {
                    (low + high) / 2.0
                } else {
                    2.0 * length
                };
            } else {
                high = length;
                length = cubic(low, value_low, slope_low, length, reached.value, along);
            }
            if best.as_ref().is_none_or(|(_, b)| reached.value < b.value) {
                best = Some((next, reached));
            }
        }
        if high - low < 1e-12 * high {
            break;
        }
    }
    best.filter(|(_, b)| b.value < found.value)
}

/// The least of the cubic through two points with their slopes, well between them.
fn cubic(a: f64, value_a: f64, slope_a: f64, b: f64, value_b: f64, slope_b: f64) -> f64 {
    let d = slope_a + slope_b - 3.0 * (value_a - value_b) / (a - b);
    let root = (d * d - slope_a * slope_b).sqrt();
    let least = b - (b - a) * (slope_b + root - d) / (slope_b - slope_a + 2.0 * root);
    let (near, far) = (a + 0.1 * (b - a), a + 0.9 * (b - a));
    match least.is_finite() {
        true => least.clamp(near.min(far), near.max(far)),
        false => (a + b) / 2.0,
    }
}
