use ndarray::Array2;
use rand::Rng as _;

use super::basis::Basis;
use super::lbfgs::{first_gradient, minimise};
use super::objective::{LabelledSubset, Weights, nll_and_chances};
use super::protocol::Protocol;
use super::solver::{Fitted, PenaltyStrength, Scaled, Solver, UNTRIED};
use crate::probes::folds::Strata;
use crate::probes::scaled::{Frame, ScaledRows, Scaling};
use crate::stats::{Rows, generator};

/// Rows with the frame that they are seen in.
struct Framed {
    rows: Rows,
    frame: Frame,
    places: Vec<usize>,
}

impl Framed {
    fn new(x: &Array2<f32>) -> Self {
        let rows = Rows::of(x.mapv(f64::from));
        let places: Vec<usize> = (0..x.nrows()).collect();
        let frame = Frame::new(&rows, &places, Scaling::Rms);
        Self { rows, frame, places }
    }

    fn seen(&self) -> ScaledRows<'_> {
        self.frame.seen(&self.rows)
    }

    fn scaled<'a>(&'a self, classes: &'a [u32], count: usize) -> Scaled<'a> {
        Scaled {
            rows: self.seen(),
            strata: Strata {
                classes,
                count,
                groups: None,
            },
        }
    }

    fn fit(&self, classes: &[u32], count: usize, strength: PenaltyStrength, seed: u64) -> Fitted {
        Solver::new(self.scaled(classes, count), &self.places)
            .unwrap()
            .fit(strength, seed)
    }
}

/// Rows of classes that lie apart, with a share of labels drawn anew.
fn rows(n: usize, d: usize, count: usize, apart: f64, wrong: f64) -> (Array2<f32>, Vec<u32>) {
    let mut rng = generator(5, 0);
    let means = Array2::from_shape_fn((count, d), |_| apart * (rng.random::<f64>() - 0.5));
    let mut classes: Vec<u32> = (0..n).map(|i| (i % count) as u32).collect();
    let x = Array2::from_shape_fn((n, d), |(i, j)| {
        let noise = (0..4).map(|_| rng.random::<f64>()).sum::<f64>() - 2.0;
        (means[[classes[i] as usize, j]] + noise * 0.5 / (j + 1) as f64) as f32
    });
    for class in &mut classes {
        if rng.random::<f64>() < wrong {
            *class = rng.random_range(0..count as u32);
        }
    }
    (x, classes)
}

/// The least of the objective by Newton's method with all second derivatives, in 64 bits.
fn by_newton(x: &Array2<f64>, classes: &[u32], count: usize, lambda: f64) -> f64 {
    let (n, d) = x.dim();
    let k = count * (d + 1);
    let mut w = ndarray::Array1::<f64>::zeros(k);
    let scores = |w: &ndarray::Array1<f64>, row: ndarray::ArrayView1<f64>| -> Vec<f64> {
        let of_class = |own: ndarray::ArrayView1<f64>| own.slice(ndarray::s![..d]).dot(&row) + own[d];
        w.exact_chunks(d + 1).into_iter().map(of_class).collect()
    };
    let value = |w: &ndarray::Array1<f64>| {
        let mut total = 0.0;
        for (row, &class) in x.outer_iter().zip(classes) {
            let mut scores = scores(w, row);
            total += nll_and_chances(&mut scores, class as usize);
        }
        let squares: f64 = (0..k).filter(|i| i % (d + 1) != d).map(|i| w[i] * w[i]).sum();
        total / n as f64 + lambda / 2.0 * squares
    };
    for _ in 0..200 {
        let mut gradient = ndarray::Array1::<f64>::zeros(k);
        let mut hessian = Array2::<f64>::zeros((k, k));
        for (row, &class) in x.outer_iter().zip(classes) {
            let mut p = scores(&w, row);
            nll_and_chances(&mut p, class as usize);
            let one = |j: usize| if j < d { row[j] } else { 1.0 };
            for a in 0..count {
                let residual = p[a] - f64::from(u8::from(class as usize == a));
                for i in 0..=d {
                    gradient[a * (d + 1) + i] += residual * one(i) / n as f64;
                    for b in 0..count {
                        let weight = p[a] * (f64::from(u8::from(a == b)) - p[b]);
                        for j in 0..=d {
                            hessian[[a * (d + 1) + i, b * (d + 1) + j]] += weight * one(i) * one(j) / n as f64;
                        }
                    }
                }
            }
        }
        for i in 0..k {
            if i % (d + 1) != d {
                gradient[i] += lambda * w[i];
                hessian[[i, i]] += lambda;
            } else {
                // The intercepts are free up to a number they share.
                hessian[[i, i]] += 1e-12;
            }
        }
        let step = crate::linalg::solve_definite(hessian, gradient.clone()).unwrap();
        let (before, slope) = (value(&w), gradient.dot(&step));
        let mut length = 1.0;
        while value(&(&w - &(&step * length))) > before - 1e-4 * length * slope && length > 1e-10 {
            length /= 2.0;
        }
        w = &w - &(&step * length);
        if slope < 1e-15 * before {
            break;
        }
    }
    value(&w)
}

fn checked(x: Array2<f32>, classes: &[u32], count: usize, lambdas: &[f64]) {
    let framed = Framed::new(&x);
    let mut room = Array2::zeros((0, 0));
    let double = framed.seen().block(&framed.places, &mut room).mapv(f64::from);
    let rows = LabelledSubset {
        rows: framed.seen(),
        classes,
        places: &framed.places,
        count,
    };
    let basis = Basis::new(framed.seen(), &framed.places).unwrap();
    let scale = first_gradient(&rows);
    let mut at = Weights::zeros(count, x.ncols());
    for &lambda in lambdas {
        let found = minimise(&rows, &basis, lambda, at, scale);
        let truth = by_newton(&double, classes, count, lambda);
        let gap = (found.loss - truth) / truth;
        assert!(
            found.converged && gap.abs() < 1e-6,
            "{lambda}: {} {truth}, {gap:e}",
            found.loss
        );
        at = found.weights;
    }
}

const LAMBDAS: [f64; 4] = [1.0, 1e-2, 1e-4, 1e-6];

#[test]
fn the_least_is_newtons_where_classes_lie_apart_and_where_labels_are_wrong() {
    for wrong in [0.0, 0.3] {
        let (x, classes) = rows(240, 6, 4, 4.0, wrong);
        checked(x, &classes, 4, &LAMBDAS);
    }
}

#[test]
fn dead_and_twin_channels_few_rows_two_classes_and_one_channel_are_no_trouble() {
    let (mut x, classes) = rows(120, 6, 3, 1.0, 0.2);
    x.column_mut(1).fill(7.0);
    let twin = x.column(2).to_owned();
    x.column_mut(3).assign(&twin);
    checked(x, &classes, 3, &LAMBDAS);
    // Fewer rows than channels.
    let (x, classes) = rows(12, 16, 3, 1.0, 0.2);
    checked(x, &classes, 3, &LAMBDAS);
    let (x, classes) = rows(90, 5, 2, 1.0, 0.3);
    checked(x, &classes, 2, &LAMBDAS);
    let (x, classes) = rows(60, 1, 3, 3.0, 0.3);
    checked(x, &classes, 3, &LAMBDAS);
    // A class of one row.
    let (x, mut classes) = rows(61, 4, 2, 1.0, 0.2);
    classes[60] = 2;
    checked(x, &classes, 3, &LAMBDAS);
}

#[test]
fn features_far_from_zero_lose_nothing() {
    let (x, classes) = rows(150, 5, 3, 1.0, 0.2);
    let fitted = |x: Array2<f32>| Framed::new(&x).fit(&classes, 3, PenaltyStrength::Chosen(Protocol::Own), 0);
    // Eighths, so that moving them by 64 is exact in 32 bits.
    let x = x.mapv(|v| (v * 512.0).round() / 512.0);
    let (near, far) = (fitted(x.clone()), fitted(x + 64.0));
    assert_eq!(near.lambda, far.lambda);
    assert!((near.optimum.loss / far.optimum.loss - 1.0).abs() < 1e-7);
}

/// What is held out of a cold fit at each value of a protocol's grid.
fn held_out(framed: &Framed, classes: &[u32], count: usize, protocol: Protocol, seed: u64) -> Vec<f64> {
    let scaled = framed.scaled(classes, count);
    let cuts = protocol.cuts(&scaled.strata, &framed.places, seed);
    let part = |places| LabelledSubset {
        rows: framed.seen(),
        classes,
        places,
        count,
    };
    let of_value = |place: i32| {
        let (mut sum, mut rows) = (0.0, 0.0);
        for cut in &cuts {
            let square = framed.seen().mean_square(&cut.fit);
            let basis = Basis::new(framed.seen(), &cut.fit).unwrap();
            let lambda = protocol
                .at(place)
                .lambda(cut.fit.len() as f64, framed.frame.rms * square.sqrt());
            let at = Weights::zeros(count, framed.seen().width());
            let fitted = minimise(&part(&cut.fit), &basis, lambda * square, at, 1.0).weights;
            let n = cut.held.len() as f64;
            rows += n;
            sum += n * match protocol.by_accuracy() {
                true => part(&cut.held).share_wrong(&fitted),
                false => part(&cut.held).nll(&fitted),
            };
        }
        sum / rows
    };
    (0..protocol.values()).map(of_value).collect()
}

#[test]
fn a_chosen_penalty_is_the_best_held_out_of_its_grid() {
    let (x, classes) = rows(200, 8, 4, 1.0, 0.2);
    let framed = Framed::new(&x);
    for protocol in [
        Protocol::Own,
        Protocol::Few,
        Protocol::Dinov2,
        Protocol::Dinov3,
        Protocol::Kornblith,
        Protocol::Trex,
        Protocol::Islam12,
    ] {
        let found = framed.fit(&classes, 4, PenaltyStrength::Chosen(protocol), 3);
        let all = held_out(&framed, &classes, 4, protocol, 3);
        let best = all.iter().copied().fold(f64::INFINITY, f64::min);
        let near = if protocol.is_rough() { 2e-2 } else { 1e-4 };
        assert!(
            (found.held_out.unwrap() / best - 1.0).abs() < near,
            "{protocol:?} {found:?} {best}"
        );
        // The first of equals is taken, from the end that the protocol prefers.
        let places = 0..protocol.values();
        let is_best = |place: &i32| all[*place as usize] <= best * (1.0 + 1e-6);
        let place = match protocol.prefers_strong() {
            true => places.clone().find(is_best),
            false => places.clone().rev().find(is_best),
        };
        if protocol.by_accuracy() {
            let expected = protocol.at(place.unwrap()).lambda(200.0, found.rms);
            assert!(
                (found.lambda / expected - 1.0).abs() < 1e-9,
                "{protocol:?} {} {expected}",
                found.lambda
            );
        }
        // A penalty fixed at the C that was chosen gives the same fit.
        let fixed = framed.fit(&classes, 4, PenaltyStrength::Fixed(found.strength), 3);
        assert!((fixed.optimum.loss / found.optimum.loss - 1.0).abs() < 1e-7);
    }
}

#[test]
fn one_row_of_each_class_takes_the_strength_that_needs_no_choice() {
    let (x, classes) = rows(4, 3, 4, 4.0, 0.0);
    let found = Framed::new(&x).fit(&classes, 4, PenaltyStrength::Chosen(Protocol::Own), 0);
    assert_eq!((found.lambda, found.tried), (UNTRIED, 0));
}
