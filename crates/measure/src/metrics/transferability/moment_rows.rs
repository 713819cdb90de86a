//! Rows of the scores that look at first and second moments.

use super::gbc::{gbc, gbc_pca64, gbc_spherical};
use super::h_score::{h_score, h_score_shrunk};
use super::logme::logme;
use super::transrate::transrate;
use crate::error::Result;
use crate::metrics::eval::{Eval, FromScore, Work};
use crate::metrics::labelled::{Labelled, Score};
use crate::metrics::metric::{Better, Law, Metric, variant};
use crate::uncertainty::ErrorBar;

pub(super) const AT_THIS_N: &str = "Its expectation at this number of rows.";

/// A score of all rows.
pub(super) const fn score(value: fn(&Labelled) -> Result<Score>, work: Work) -> Eval {
    drawn(value, usize::MAX, work)
}

pub(super) const fn drawn(value: fn(&Labelled) -> Result<Score>, most: usize, work: Work) -> Eval {
    Eval::Score(FromScore {
        value,
        most,
        work,
        seeded: false,
        logits: false,
    })
}

pub(super) fn eigen(_: f64, d: f64, _: f64) -> f64 {
    10.0 * d * d * d
}

pub(super) fn passes(n: f64, d: f64, c: f64) -> f64 {
    n * d * d + n * d * c + d * d * d
}

fn solve(n: f64, d: f64, _: f64) -> f64 {
    n * d + d * d * d
}

fn pairs_of_classes(n: f64, d: f64, c: f64) -> f64 {
    4.0 * n * d + 10.0 * c * c * d
}

pub(super) const LOGME: Metric = Metric {
    id: "logme",
    label: "LogME",
    unit: "nats per row",
    better: Better::Higher,
    range: (f64::NEG_INFINITY, f64::INFINITY),
    about: "How well a Bayesian linear model explains the classes from the features: the evidence is high where a linear model \
            fits without having to be strong.",
    caveat: "Depends on the number of classes and of rows: compare models on one set only. The fixed point stops after 11 steps or \
             at a relative change of 1e-3, so that the scale of the features leaves a trace.",
    formula: "1/C sum_c 1/N max over α, β of log N(y_c; 0, I/β + F Fᵀ/α), y_c the 0/1 marks of class c",
    convention: "Features not centred; natural logarithm; α and β from 1, 1e-5 added to what they divide by. Directions in which \
                 the features are zero add nothing, which some code gets wrong where N < d.",
    like: &[],
    variants: &[],
    reference: "You et al. 2021, ICML (arXiv 2102.11005); You et al. 2022, JMLR (arXiv 2110.10545)",
    estimand: AT_THIS_N,
    laws: &[Law::Rotation, Law::RowOrder, Law::ClassNames],
    error: ErrorBar::Jackknife,
    eval: score(logme, eigen),
};

pub(super) const H_SCORE: Metric = Metric {
    id: "h_score",
    label: "H-score",
    unit: "",
    better: Better::Higher,
    range: (0.0, f64::INFINITY),
    about: "How much of the features' covariance the class means hold, each direction counted alike.",
    caveat: "At most min(d, C - 1) (found.at_most), and exactly that where N is not well above d: there it says nothing; \
             h_score_shrunk still does.",
    formula: "tr(cov(f)⁺ cov(E[f|y]))",
    convention: "Both covariances with ddof 1, over rows; the pseudoinverse leaves out what is rounding.",
    like: &[],
    variants: &[],
    reference: "Bao et al. 2019, ICIP (arXiv 2212.10082)",
    estimand: AT_THIS_N,
    laws: Law::OF_RATIOS,
    error: ErrorBar::Jackknife,
    eval: score(h_score, solve),
};

pub(super) const H_SCORE_SHRUNK: Metric = Metric {
    id: "h_score_shrunk",
    label: "H-score, shrunk",
    unit: "",
    better: Better::Higher,
    range: (0.0, f64::INFINITY),
    about: "The H-score with a covariance that few rows cannot spoil.",
    caveat: "The shrinkage (found.shrinkage) differs between models, and the score falls with it.",
    formula: "(1 - γ) tr(S_γ⁻¹ cov(E[f|y])), S_γ = (1 - γ) S + γ tr(S)/d I",
    convention: "γ by Ledoit and Wolf on S with ddof 0; cov(E[f|y]) with ddof 1.",
    like: &[],
    variants: &[],
    reference: "Ibrahim et al. 2022, ECML PKDD (arXiv 2110.06893); Ledoit and Wolf 2004; scikit-learn LedoitWolf",
    estimand: AT_THIS_N,
    laws: Law::OF_RATIOS,
    error: ErrorBar::Jackknife,
    eval: score(h_score_shrunk, solve),
};

pub(super) const TRANSRATE: Metric = Metric {
    id: "transrate",
    label: "TransRate",
    unit: "nats",
    better: Better::Higher,
    range: (f64::NEG_INFINITY, f64::INFINITY),
    about: "How many fewer nats code the features of one class than those of all classes together.",
    caveat: "Grows with the scale and the number of channels, and with classes of few rows, which span few directions.",
    formula: "R(Z) - 1/C sum_c R(Z_c), R(Z) = 1/2 log det(I + ZᵀZ / (N ε))",
    convention: "ε = 1e-4; Z less the mean of all rows, and not again less the mean of each class; classes count alike.",
    like: &[],
    variants: &[],
    reference: "Huang et al. 2022, ICML (arXiv 2106.09362)",
    estimand: AT_THIS_N,
    laws: &[Law::Rotation, Law::Translation, Law::RowOrder, Law::ClassNames],
    error: ErrorBar::JackknifeOfDistance,
    eval: score(transrate, passes),
};

pub(super) const GBC: Metric = Metric {
    id: "gbc",
    label: "GBC",
    unit: "",
    better: Better::Higher,
    range: (f64::NEG_INFINITY, 0.0),
    about: "Minus how much Gaussians of the classes overlap, summed over pairs of classes.",
    caveat: "Of many channels all overlaps are next to zero. It lies between -C(C - 1) (found.at_least) and 0. Variances below 1e-4 \
             count as 1e-4, so that the scale of the features matters.",
    formula: "- sum over i ≠ j of exp(-D_ij), D_ij the Bhattacharyya distance of N(m_i, diag v_i) and N(m_j, diag v_j)",
    convention: "Variances with ddof 0, at least 1e-4; both orders of a pair count.",
    like: &[],
    variants: &[
        variant(
            "spherical",
            "One variance a class: the mean of those of its channels. The logarithm of the determinant counts all d of them, \
                    where the paper's code counts one.",
            score(gbc_spherical, pairs_of_classes),
        ),
        variant(
            "pca64",
            "Along the first 64 principal directions, or as many as there are.",
            score(gbc_pca64, eigen),
        ),
    ],
    reference: "Pándy et al. 2022, CVPR (arXiv 2111.12780)",
    estimand: AT_THIS_N,
    laws: &[Law::Translation, Law::RowOrder, Law::ClassNames],
    error: ErrorBar::JackknifeOfDistance,
    eval: score(gbc, pairs_of_classes),
};
