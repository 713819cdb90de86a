//! Transferability scores: what the features and labels of a data set alone say of how well a model will do on it.
//!
//! Each is computed from the fitting rows of the evaluation data: no row that probes are scored on is seen, where there is another
//! split.

mod between;
mod bhattacharyya;
mod coding;
mod collapse;
mod correlation;
mod entropy;
mod evidence;
mod fisher;
mod labelled;
mod mixture;
mod sources;

use super::{Better, Eval, Family, FromScore, Law, Metric, Variant, Work};
use crate::uncertainty::ErrorBar;
use between::{h_score, h_score_shrunk};
use bhattacharyya::{gbc, gbc_pca64, gbc_spherical};
use coding::transrate;
use collapse::{ncti_ncc, ncti_seli, ncti_variability};
use correlation::parc;
use entropy::tmi;
use evidence::logme;
use fisher::sfda;
use mixture::nleep;
use sources::{leep, nce};

pub use labelled::{Base, Labelled, Moments, Principal, Score};

const AT_THIS_N: &str = "Its expectation at this number of rows.";

/// The work of one value: products, from rows, channels and classes.
const fn score(value: fn(&Labelled) -> crate::error::Result<Score>, work: Work) -> Eval {
    drawn(value, usize::MAX, work)
}

const fn drawn(value: fn(&Labelled) -> crate::error::Result<Score>, most: usize, work: Work) -> Eval {
    Eval::Score(FromScore {
        value,
        most,
        work,
        seeded: false,
        logits: false,
    })
}

const NCTI: &str = "64 principal directions; a linear discriminant whose covariance within classes is shrunk by exp(-v), v the variance of \
                    the first 32, or not at all where that is below 1e-10 (covariances with ddof 0, as scikit-learn has them \
                    since 1.9; those of the paper had ddof C where nothing is shrunk).";
const NCTI_CAVEAT: &str = "One of three terms: the paper's NCTI is ncti_seli + ncti_ncc - ncti_variability, each first brought to 0..1 over \
                           the models compared. A model alone has no NCTI.";
const NCTI_REFERENCE: &str = "Wang et al. 2023, ICCV, How far pre-trained models are from neural collapse";

const fn of_logits(value: fn(&Labelled) -> crate::error::Result<Score>) -> Eval {
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

fn eigen(_: f64, d: f64, _: f64) -> f64 {
    10.0 * d * d * d
}

fn solve(n: f64, d: f64, _: f64) -> f64 {
    n * d + d * d * d
}

fn passes(n: f64, d: f64, c: f64) -> f64 {
    n * d * d + n * d * c + d * d * d
}

fn pairs_of_classes(n: f64, d: f64, c: f64) -> f64 {
    4.0 * n * d + 10.0 * c * c * d
}

fn within_classes(n: f64, d: f64, c: f64) -> f64 {
    n * n * d / c
}

/// The family.
pub const FAMILY: Family = Family {
    id: "transferability",
    about: "What do features and labels say of transfer before anything is trained? Scores from the literature, of the fitting rows of \
            the evaluation data (--fit). On pretraining data only where named.",
    metrics: &[
        Metric {
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
        },
        Metric {
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
            laws: &[
                Law::Rotation,
                Law::Translation,
                Law::Scale,
                Law::RowOrder,
                Law::ClassNames,
            ],
            error: ErrorBar::Jackknife,
            eval: score(h_score, solve),
        },
        Metric {
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
            laws: &[
                Law::Rotation,
                Law::Translation,
                Law::Scale,
                Law::RowOrder,
                Law::ClassNames,
            ],
            error: ErrorBar::Jackknife,
            eval: score(h_score_shrunk, solve),
        },
        Metric {
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
        },
        Metric {
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
                Variant {
                    id: "spherical",
                    about: "One variance a class: the mean of those of its channels. The logarithm of the determinant counts all d of them, \
                            where the paper's code counts one.",
                    like: &[],
                    eval: score(gbc_spherical, pairs_of_classes),
                },
                Variant {
                    id: "pca64",
                    about: "Along the first 64 principal directions, or as many as there are.",
                    like: &[],
                    eval: score(gbc_pca64, eigen),
                },
            ],
            reference: "Pándy et al. 2022, CVPR (arXiv 2111.12780)",
            estimand: AT_THIS_N,
            laws: &[Law::Translation, Law::RowOrder, Law::ClassNames],
            error: ErrorBar::JackknifeOfDistance,
            eval: score(gbc, pairs_of_classes),
        },
        Metric {
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
        },
        Metric {
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
        },
        Metric {
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
        },
        Metric {
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
        },
        Metric {
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
        },
        Metric {
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
        },
        Metric {
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
        },
        Metric {
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
        },
        Metric {
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
        },
    ],
};

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::stats::Rows;

    /// Rows of `count` classes in turn, each class around a point of its own.
    pub fn some_rows(n: usize, d: usize, count: u32) -> (Array2<f64>, Vec<u32>) {
        let classes: Vec<u32> = (0..n as u32).map(|i| i % count).collect();
        let hash = |a: u64, b: u64| {
            let x = (a * 0x9E37_79B9 + b + 1).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let x = (x ^ (x >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (x >> 11) as f64 * 2f64.powi(-53) - 0.5
        };
        let rows = Array2::from_shape_fn((n, d), |(i, j)| {
            let class = u64::from(classes[i]);
            3.0 * hash(i as u64, j as u64) + 1.5 * hash(1_000_000 + class, j as u64) + 0.3
        });
        (rows, classes)
    }

    /// Looks at all rows.
    pub fn of_base(x: &Array2<f64>, classes: &[u32], look: impl Fn(&Labelled)) {
        let rows = Rows::of(x.clone());
        let names = classes.iter().max().map_or(0, |c| *c as usize + 1);
        let base = Base::new(&rows, classes, names, (0..classes.len()).collect(), 0);
        look(&Labelled::new(&base, None).unwrap());
    }

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
