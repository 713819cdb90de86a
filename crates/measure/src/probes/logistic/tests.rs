use ndarray::{Array2, Axis};
use rand::Rng as _;

use super::super::{Frame, Scaling};
use super::*;
use crate::stats::{Rows, generator};

fn framed(x: &mut Array2<f32>) -> f64 {
    let rows = Rows::of(x.mapv(f64::from));
    let places: Vec<usize> = (0..x.nrows()).collect();
    let frame = Frame::new(&rows, &places, Scaling::Rms);
    *x = frame.seen(&rows);
    frame.rms
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
    let value = |w: &ndarray::Array1<f64>| {
        let mut total = 0.0;
        for (row, &class) in x.outer_iter().zip(classes) {
            let mut scores: Vec<f64> = (0..count)
                .map(|c| {
                    let own = w.slice(ndarray::s![c * (d + 1)..(c + 1) * (d + 1)]);
                    own.slice(ndarray::s![..d]).dot(&row) + own[d]
                })
                .collect();
            total += nll_and_chances(&mut scores, class as usize);
        }
        let squares: f64 = (0..k).filter(|i| i % (d + 1) != d).map(|i| w[i] * w[i]).sum();
        total / n as f64 + lambda / 2.0 * squares
    };
    for _ in 0..200 {
        let mut gradient = ndarray::Array1::<f64>::zeros(k);
        let mut hessian = Array2::<f64>::zeros((k, k));
        for (row, &class) in x.outer_iter().zip(classes) {
            let mut p: Vec<f64> = (0..count)
                .map(|c| {
                    let own = w.slice(ndarray::s![c * (d + 1)..(c + 1) * (d + 1)]);
                    own.slice(ndarray::s![..d]).dot(&row) + own[d]
                })
                .collect();
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

fn checked(mut x: Array2<f32>, classes: &[u32], count: usize, lambdas: &[f64]) {
    let places: Vec<usize> = (0..x.nrows()).collect();
    framed(&mut x);
    let double = x.mapv(f64::from);
    let rows = Labelled {
        rows: x.view(),
        classes,
        places: &places,
        count,
    };
    let basis = Basis::new(x.view(), &places).unwrap();
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
    let places: Vec<usize> = (0..150).collect();
    let fitted = |mut x: Array2<f32>| {
        let rms = framed(&mut x);
        let scaled = Scaled {
            rows: x.view(),
            classes: &classes,
            count: 3,
            rms,
        };
        fit(&scaled, &places, Strength::Chosen, 0).unwrap()
    };
    // Eighths, so that moving them by 64 is exact in 32 bits.
    let x = x.mapv(|v| (v * 512.0).round() / 512.0);
    let (near, far) = (fitted(x.clone()), fitted(x + 64.0));
    assert_eq!(near.lambda, far.lambda);
    assert!((near.optimum.loss / far.optimum.loss - 1.0).abs() < 1e-7);
}

#[test]
fn the_grid_goes_down_eight_decades() {
    assert_eq!(of_grid(0), 1.0);
    assert!((of_grid(GRID as i32 - 1) / 1e-8 - 1.0).abs() < 1e-12);
}

#[test]
fn a_chosen_penalty_has_the_least_held_out_loss_of_the_grid() {
    let (mut x, classes) = rows(200, 8, 4, 1.0, 0.2);
    let places: Vec<usize> = (0..200).collect();
    let rms = framed(&mut x);
    let scaled = Scaled {
        rows: x.view(),
        classes: &classes,
        count: 4,
        rms,
    };
    let found = fit(&scaled, &places, Strength::Chosen, 3).unwrap();
    let cut = super::super::hold_out(&places, &classes, 4, 3);
    let inner = x.select(Axis(0), &cut.fit);
    let means = inner.mean_axis(Axis(0)).unwrap();
    let square = (&inner - &means).mapv(|v| f64::from(v).powi(2)).mean().unwrap();
    let part = |places| Labelled {
        rows: x.view(),
        classes: &classes,
        places,
        count: 4,
    };
    let basis = Basis::new(x.view(), &cut.fit).unwrap();
    let loss = |place: i32| {
        let at = Weights::zeros(4, 8);
        let fitted = minimise(&part(&cut.fit), &basis, of_grid(place) * square, at, 1.0);
        part(&cut.held).nll(&fitted.weights)
    };
    let best = (0..GRID as i32).map(loss).fold(f64::INFINITY, f64::min);
    assert!((found.held_out.unwrap() / best - 1.0).abs() < 1e-4, "{found:?} {best}");
    // A penalty fixed at the C that was chosen gives the same fit.
    let fixed = fit(&scaled, &places, Strength::Fixed(found.strength), 3).unwrap();
    assert!((fixed.optimum.loss / found.optimum.loss - 1.0).abs() < 1e-7);
}
