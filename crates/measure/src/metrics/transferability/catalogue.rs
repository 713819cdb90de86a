//! Rows of the scores that fit something, look at pairs of rows, or at a classifier's own classes.

use super::leep::{leep, nce};
use super::moment_rows::{AT_THIS_N, GBC, H_SCORE, H_SCORE_SHRUNK, LOGME, TRANSRATE, drawn, eigen, passes, score};
use super::ncti::{ncti_ncc, ncti_seli, ncti_variability};
use super::nleep::nleep;
use super::parc::parc;
use super::sfda::sfda;
use super::tmi::tmi;
use crate::error::Result;
use crate::metrics::eval::{Eval, FromScore};
use crate::metrics::labelled::{Labelled, Score};
use crate::metrics::metric::{Better, Law, Metric, MetricFamily};
use crate::uncertainty::ErrorBar;

const NCTI: &str = "64 principal directions; a linear discriminant whose covariance within classes is shrunk by exp(-v), v the variance of \
                    the first 32, or not at all where that is below 1e-10 (covariances with ddof 0, as scikit-learn has them \
                    since 1.9; those of the paper had ddof C where nothing is shrunk).";
const NCTI_CAVEAT: &str = "One of three terms: the paper's NCTI is ncti_seli + ncti_ncc - ncti_variability, each first brought to 0..1 over \
                           the models compared. A model alone has no NCTI.";
const NCTI_REFERENCE: &str = "Wang et al. 2023, ICCV, How far pre-trained models are from neural collapse";

const fn of_logits(value: fn(&Labelled) -> Result<Score>) -> Eval {
    Eval::Score(FromScore {
        value,
        most: usize::MAX,
        work: pass,
        seeded: false,
        logits: true,
    })
}

fn pass(n: f64, d: f64, c: f64) -> f64 {
    20.0 * n * d + n * c
}

fn within_classes(n: f64, d: f64, c: f64) -> f64 {
    n * n * d / c
}

const SFDA: Metric = Metric {
    id: "sfda",
    label: "SFDA",
    unit: "",
    better: Better::Higher,
    range: (0.0, 1.0),
    about: "How surely a regularised Fisher discriminant names the classes of rows that were made harder: drawn towards the other \
            classes by how unsure a first discriminant is of them.",
    caveat: "Fitted to the rows that it is asked of, and near 1 where N is not well above d. The shrinkage (found.shrinkage) depends \
             on the scale of the features.",
    formula: "1/N sum_i p_2(y_i | p_i x_i + (1 - p_i) m_i), m_i the mean of the means of the other classes, p_i the softmax of the \
              first discriminant's probabilities",
    convention: "Covariance within classes with ddof 0, shrunk towards its mean variance by max(exp(-5 λ), 1e-10), λ its largest \
                 eigenvalue by three steps of the power iteration; priors are the shares of the classes; no logarithm, as in the \
                 paper's code.",
    like: &[],
    variants: &[],
    reference: "Shao et al. 2022, ECCV (arXiv 2207.03036)",
    estimand: AT_THIS_N,
    laws: &[Law::Translation, Law::RowOrder, Law::ClassNames],
    error: ErrorBar::Jackknife,
    eval: score(sfda, passes),
};

const PARC: Metric = Metric {
    id: "parc",
    label: "PARC",
    unit: "",
    better: Better::Higher,
    range: (-1.0, 1.0),
    about: "Whether rows whose features are alike have the same class.",
    caveat: "Which way a principal direction points changes the correlation of two rows: a rotation of the features leaves a trace.",
    formula: "Spearman's correlation over pairs i < j of 1 - r(z_i, z_j) and 1[y_i ≠ y_j]",
    convention: "z: the first 32 principal coordinates, each divided by its standard deviation, the largest entry of a direction \
                 positive; r: Pearson's correlation over the coordinates; at most 3,000 rows, drawn under the seed. The paper's \
                 code takes an approximate PCA, gives 100 times as much, and ranks pairs of different classes by the rounding \
                 of their equal distances unless C is a power of two.",
    like: &[],
    variants: &[],
    reference: "Bolya et al. 2021, NeurIPS (arXiv 2111.06977)",
    estimand: AT_THIS_N,
    laws: &[Law::Translation, Law::Scale, Law::RowOrder, Law::ClassNames],
    error: ErrorBar::None(
        "the jackknife's is too wide: without some rows a principal direction may point the other way, which changes the value",
    ),
    eval: drawn(parc, 3_000, eigen),
};

const TMI: Metric = Metric {
    id: "tmi",
    label: "TMI",
    unit: "nats",
    better: Better::Higher,
    range: (f64::NEG_INFINITY, f64::INFINITY),
    about: "The entropy of the features within classes: what varies within a class is what a new task can still tell apart.",
    caveat: "Distances below 1 count as 1 (found.share_cut says how many): of features of small scale, such as l2-normalised ones, \
             it says nothing and is null. Grows with the number of channels.",
    formula: "1/C sum_c N_c/N (ψ(N_c) - ψ(3) + d/N_c sum_i log(2 max(1, ρ_i))), ρ_i the largest difference of a channel to the third \
              nearest row of the class",
    convention: "Natural logarithm; the mean over classes, as in the paper's code, where H(f|y) has the sum; classes of at most three \
                 rows are left out (the paper's code counts a class of one row as zero); at most 10,000 rows, drawn under the seed.",
    like: &[],
    variants: &[],
    reference: "Xu and Kang 2023, ICCV (arXiv 2308.05986); Kozachenko and Leonenko 1987",
    estimand: AT_THIS_N,
    laws: &[Law::Translation, Law::RowOrder, Law::ClassNames],
    error: ErrorBar::Jackknife,
    eval: drawn(tmi, 10_000, within_classes),
};

const NCTI_SELI: Metric = Metric {
    id: "ncti_seli",
    label: "NCTI: separation",
    unit: "",
    better: Better::Higher,
    range: (0.0, f64::INFINITY),
    about: "How far the classes spread along the discriminant directions.",
    caveat: NCTI_CAVEAT,
    formula: "‖(X - m) A‖_*, A the discriminant directions, at most C - 1",
    convention: NCTI,
    like: &[],
    variants: &[],
    reference: NCTI_REFERENCE,
    estimand: AT_THIS_N,
    laws: &[Law::Rotation, Law::Translation, Law::RowOrder, Law::ClassNames],
    error: ErrorBar::Jackknife,
    eval: score(ncti_seli, eigen),
};

const NCTI_NCC: Metric = Metric {
    id: "ncti_ncc",
    label: "NCTI: nearest centre",
    unit: "",
    better: Better::Higher,
    range: (0.0, 1.0),
    about: "How surely the discriminant names the classes of the rows that it was fitted to.",
    caveat: NCTI_CAVEAT,
    formula: "1/N sum_i p(y_i | x_i)",
    convention: NCTI,
    like: &[],
    variants: &[],
    reference: NCTI_REFERENCE,
    estimand: AT_THIS_N,
    laws: &[Law::Rotation, Law::Translation, Law::RowOrder, Law::ClassNames],
    error: ErrorBar::Jackknife,
    eval: score(ncti_ncc, eigen),
};

const NCTI_VARIABILITY: Metric = Metric {
    id: "ncti_variability",
    label: "NCTI: variability",
    unit: "nats",
    better: Better::Lower,
    range: (f64::NEG_INFINITY, f64::INFINITY),
    about: "How many directions the probabilities of the rows of a class take: least where they all say the same.",
    caveat: NCTI_CAVEAT,
    formula: "log sum_c ‖P_c‖_*, P_c (N_c, C) the probabilities of the rows of class c",
    convention: NCTI,
    like: &[],
    variants: &[],
    reference: NCTI_REFERENCE,
    estimand: AT_THIS_N,
    laws: &[Law::Rotation, Law::Translation, Law::RowOrder, Law::ClassNames],
    error: ErrorBar::Jackknife,
    eval: score(ncti_variability, eigen),
};

const NLEEP: Metric = Metric {
    id: "nleep",
    label: "N-LEEP",
    unit: "nats",
    better: Better::Higher,
    range: (f64::NEG_INFINITY, 0.0),
    about: "How much the component of a Gaussian mixture that a row falls into says of its class.",
    caveat: "Five components a class: of few rows each holds rows of one class by chance. Other starts give other mixtures \
             (found.start_sd). The code of SFDA's paper leaves the logarithm out.",
    formula: "1/N sum_i log sum_z P(y_i|z) P(z|x_i)",
    convention: "5 C Gaussians of full covariance (1e-6 added to variances) in the principal directions that hold 80 % of the \
                 variance; expectation-maximisation from k-means, at most 100 steps, to a change of 1e-3; the mean over three \
                 seeded starts.",
    like: &[],
    variants: &[],
    reference: "Li et al. 2021, CVPR (arXiv 2011.11200); Nguyen et al. 2020, ICML (arXiv 2002.12462)",
    estimand: AT_THIS_N,
    laws: &[Law::Rotation, Law::Translation],
    error: ErrorBar::None(
        "a mixture fitted without some rows may be another mixture: its starts differ by more than rows do",
    ),
    eval: Eval::Score(FromScore {
        value: nleep,
        most: usize::MAX,
        work: eigen,
        seeded: true,
        logits: false,
    }),
};

const LEEP: Metric = Metric {
    id: "leep",
    label: "LEEP",
    unit: "nats",
    better: Better::Higher,
    range: (f64::NEG_INFINITY, 0.0),
    about: "How well the classes that a model was trained on foretell the target classes: the log-likelihood of a predictor that goes \
            through them.",
    caveat: "Of the layer logits alone: anywhere else there is no record, or a null one where it is named. Some code leaves the \
             logarithm out.",
    formula: "1/N sum_i log sum_z P(y_i|z) θ_z(x_i), P(y, z) the mean over rows of class y of θ_z",
    convention: "θ the softmax of the logits at temperature 1; natural logarithm.",
    like: &[],
    variants: &[],
    reference: "Nguyen et al. 2020, ICML (arXiv 2002.12462)",
    estimand: AT_THIS_N,
    laws: &[Law::RowOrder, Law::ClassNames],
    error: ErrorBar::Jackknife,
    eval: of_logits(leep),
};

const NCE: Metric = Metric {
    id: "nce",
    label: "NCE",
    unit: "nats",
    better: Better::Higher,
    range: (f64::NEG_INFINITY, 0.0),
    about: "Minus the entropy of the target classes given the class that a model takes a row for.",
    caveat: "Of the layer logits alone: anywhere else there is no record, or a null one where it is named. Of few rows for the classes \
             of the source it is too high.",
    formula: "- H(Y|Z) = 1/N sum over z, y of N_zy log(N_zy / N_z)",
    convention: "Z the largest logit, the first of equal ones; natural logarithm; counts as they are.",
    like: &[],
    variants: &[],
    reference: "Tran et al. 2019, ICCV (arXiv 1908.08142)",
    estimand: AT_THIS_N,
    laws: &[Law::Scale, Law::RowOrder, Law::ClassNames],
    error: ErrorBar::JackknifeOfDistance,
    eval: of_logits(nce),
};

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "transferability",
    about: "What do features and labels say of transfer before anything is trained? Scores from the literature, of the fitting rows of \
            the evaluation data (--fit). On pretraining data only where named.",
    metrics: &[
        LOGME,
        H_SCORE,
        H_SCORE_SHRUNK,
        TRANSRATE,
        GBC,
        SFDA,
        PARC,
        TMI,
        NCTI_SELI,
        NCTI_NCC,
        NCTI_VARIABILITY,
        NLEEP,
        LEEP,
        NCE,
    ],
};

#[cfg(test)]
mod tests {
    use super::super::test_rows::{of_base, some_rows};
    use super::*;

    #[test]
    fn an_empty_class_is_no_class() {
        let (x, mut classes) = some_rows(24, 4, 3);
        let values = |classes: &[u32]| {
            let out = std::cell::RefCell::new(Vec::new());
            of_base(&x, classes, |rows| {
                for metric in FAMILY.metrics {
                    if let Eval::Score(e) = metric.eval {
                        out.borrow_mut().push((e.value)(rows).map(|s| s.value).unwrap());
                    }
                }
            });
            out.into_inner()
        };
        let before = values(&classes);
        classes.iter_mut().for_each(|c| *c = 2 * *c + 1);
        assert_eq!(before, values(&classes));
    }
}
