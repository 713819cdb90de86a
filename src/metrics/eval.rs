//! What a metric needs: the kinds of function a catalogue row can hold, and what they are given.

use ndarray::Array2;

use crate::error::Result;
use crate::stats::{ClassMoments, Correlation, Neighbours};

/// How a metric is computed; the variant declares its needs, and the analysis computes the union of them once.
#[derive(Clone, Copy)]
pub enum Eval {
    /// From the class moments of one data set.
    Classes {
        /// The value.
        value: fn(&ClassMoments) -> Result<f64>,
        /// What it gives where labels mean nothing.
        null: Option<fn(&ClassMoments) -> f64>,
        /// Rows a class needs to take part (1 or 2).
        rows: u64,
        /// Whether the rows are l2-normalised first.
        normalised: bool,
    },
    /// From the correlations between the channels of one data set.
    Channels {
        /// The value.
        value: fn(&Correlation) -> Result<f64>,
        /// What it gives for independent channels.
        null: fn(&Correlation) -> f64,
    },
    /// From the class means of the pretraining and the evaluation data, pooled.
    Means {
        /// The value.
        value: fn(&ClassMeans, Mixing) -> Result<f64>,
        /// What it gives where domain labels mean nothing.
        null: fn(&ClassMeans, Mixing) -> Result<f64>,
        /// The convention.
        mixing: Mixing,
        /// Whether a permutation test of the domain labels goes with it.
        tested: bool,
    },
    /// From the nearest neighbours among samples of both data sets.
    Samples {
        /// The value, without the rows of one jackknife group if one is named.
        value: fn(&SamplePair, k: usize, without: Option<u8>) -> Result<f64>,
        /// What it gives for fully mixed sets.
        null: f64,
        /// Neighbours looked at where the user sets no other number.
        k: usize,
    },
}

/// Conventions of feature mixtureness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mixing {
    /// Neighbours looked at; `None` for min(5, min(C_pre, C_eval) - 1).
    pub k: Option<usize>,
    /// Cosine distance instead of Euclidean.
    pub cosine: bool,
    /// Expected share among the *other* means, (C_eval - \[i is eval\]) / (M - 1), instead of C_eval / M.
    pub others_only: bool,
}

/// The class means of two data sets, pooled: those of the pretraining data first.
pub struct ClassMeans {
    /// (M, d).
    pub means: Array2<f64>,
    /// Whether each is of the evaluation data.
    pub is_eval: Vec<bool>,
    /// Each mean's nearest other means, Euclidean.
    pub euclidean: Neighbours,
    /// The same by cosine.
    pub cosine: Neighbours,
}

impl ClassMeans {
    /// Classes of the pretraining and of the evaluation data.
    pub fn sizes(&self) -> (usize, usize) {
        let eval = self.is_eval.iter().filter(|e| **e).count();
        (self.is_eval.len() - eval, eval)
    }
}

/// Samples of two data sets, equally many of each, with their nearest neighbours.
pub struct SamplePair {
    /// Whether each row is of the evaluation data.
    pub is_eval: Vec<bool>,
    /// Jackknife group of each row.
    pub groups: Vec<u8>,
    /// Whether squared distances between the samples are ordinary numbers.
    pub measurable: bool,
    /// Neighbours, with some to spare for those a resample takes away.
    pub neighbours: Neighbours,
}
