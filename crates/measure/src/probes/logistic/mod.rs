//! Multinomial logistic regression with an l2 penalty on the weights and a free intercept: 1/n Σ nll + λ/2 ‖W‖² on features
//! less their mean and divided by their root mean square r.
//!
//! L-BFGS from a warm start, preconditioned by M = w̄_c S + λ I in the eigenbasis of the covariance S, w̄_c the mean of p(1 - p)
//! of class c where the fit stands. Products in 32 bits; softmax, sums and steps in 64.

mod basis;
mod lbfgs;
mod objective;
mod protocol;
mod solver;

pub use basis::Basis;
pub use lbfgs::{Optimum, first_gradient, minimise};
pub use objective::{LabelledSubset, Weights, nll_and_chances, scores};
pub use protocol::{GRID, Protocol, Tried, of_grid};
pub use solver::{Fitted, PenaltyStrength, Scaled, Solver, UNTRIED};

#[cfg(test)]
mod tests;
