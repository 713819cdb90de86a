//! Rows of the family of similarity.

use super::canonical::{pwcca, pwcca_of_smaller, svcca, svcca_squared};
use super::kernels::{cka_of_kernels, unrelated_cka_of_kernels};
use super::moments::{cka, cka_debiased, disparity, procrustes, procrustes_angle, procrustes_distance, unrelated_cka};
use super::shared_neighbours::{cycle_knn, mutual_knn, spearman, unrelated_cycle, unrelated_mutual};
use crate::error::Result;
use crate::metrics::eval::{
    Eval, FromCanonical, FromMatchedKernels, FromMatchedMoments, FromMatchedNeighbours, FromMatchedRanks,
};
use crate::metrics::inputs::{Between, Canonical, MatchedMoments};
use crate::metrics::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::uncertainty::ErrorBar;

const fn moments(value: fn(&MatchedMoments) -> Result<f64>, null: Option<fn(&MatchedMoments) -> f64>) -> Eval {
    Eval::MatchedMoments(FromMatchedMoments { value, null })
}

const fn canonical(value: fn(&Canonical) -> Result<f64>, share: f64) -> Eval {
    Eval::Canonical(FromCanonical { value, share })
}

const fn ranks(between: Between) -> Eval {
    Eval::MatchedRanks(FromMatchedRanks {
        value: spearman,
        between,
    })
}

const fn mutual(between: Between) -> Eval {
    Eval::MatchedNeighbours(FromMatchedNeighbours {
        value: mutual_knn,
        null: unrelated_mutual,
        between,
        k: 10,
    })
}

const fn cycle(between: Between) -> Eval {
    Eval::MatchedNeighbours(FromMatchedNeighbours {
        value: cycle_knn,
        null: unrelated_cycle,
        between,
        k: 10,
    })
}

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "similarity",
    about: "Do two layers or models see the same images alike? (`featscope similarity`)",
    metrics: METRICS,
};

/// Share of the variance that SVCCA keeps.
const KEPT: f64 = 0.99;

const AT_THIS_N: &str = "the expectation at this number of rows: few rows make unrelated representations look alike";
const AT_THIS_K: &str = "the expectation at this k and number of rows; the interval is on the wide side (it held it in 98 to 100 % of \
                         simulations), as neighbours change by steps";
const POPULATION: &str = "the population's value";
const SIDES: &[Law] = &[
    Law::Rotation,
    Law::Translation,
    Law::Scale,
    Law::RowOrder,
    Law::Symmetry,
];
const UNCENTRED: &[Law] = &[Law::Rotation, Law::Scale, Law::RowOrder, Law::Symmetry];

const METRICS: &[Metric] = &[
    Metric {
        id: "cka",
        label: "CKA",
        unit: "",
        better: Better::Neither,
        range: (0.0, 1.0),
        about: "Linear centred kernel alignment: how alike the similarities between images are in both representations. 1 \
                where one is the other rotated and scaled. Biased upwards where rows are few against channels: the null \
                value is what unrelated rows give; `cka_debiased` has no such floor.",
        caveat: "Biased upwards where rows are not many times the channels: unrelated features of N < d rows look \
                 alike. A few strong directions decide it.",
        formula: "|X'Y|_F^2 / (|X'X|_F |Y'Y|_F), X and Y centred; of kernel matrices K and L: <HKH, HLH> / (|HKH|_F |HLH|_F)",
        convention: "linear kernel, biased HSIC; through channels, or where rows are fewer through rows: the same number",
        like: &["thingsvision"],
        variants: &[variant(
            "rbf",
            "Gaussian kernel exp(-|x_i - x_j|^2 / (2 s^2)), s on each side the median distance times a fraction (1, or \
                    `--convention cka.bandwidth=F`: the paper tries 0.2, 0.4 and 0.8); s^2 from the median of all N^2 squared \
                    distances, each row's to itself too, as in the authors' code; biased HSIC; at most 2,000 rows, drawn under the \
                    seed (--rows, up to 10,000). A small fraction makes every two sides alike: see the null value",
            Eval::MatchedKernels(FromMatchedKernels {
                value: cka_of_kernels,
                null: unrelated_cka_of_kernels,
                bandwidth: 1.0,
            }),
        )],
        reference: "Kornblith et al., ICML 2019, arXiv 1905.00414",
        estimand: AT_THIS_N,
        laws: SIDES,
        error: ErrorBar::JackknifeOfDistance,
        eval: moments(cka, Some(unrelated_cka)),
    },
    Metric {
        id: "cka_debiased",
        label: "Debiased CKA",
        unit: "",
        better: Better::Neither,
        range: (-1.0, 1.0),
        about: "CKA from the unbiased HSIC: 1 on itself, and 0 on average for unrelated rows however few they are.",
        caveat: "A few strong directions decide it still; it can be below 0.",
        formula: "HSIC_1(X, Y) / sqrt(HSIC_1(X, X) HSIC_1(Y, Y)), HSIC_1 of XX' and YY' with their diagonals left out",
        convention: "linear kernel; unbiased HSIC in all three places",
        like: &[],
        variants: &[],
        reference: "Song et al., JMLR 2012; Nguyen et al., ICLR 2021, arXiv 2010.15327",
        estimand: POPULATION,
        laws: SIDES,
        error: ErrorBar::JackknifeOfExcess,
        eval: moments(cka_debiased, Some(|_| 0.0)),
    },
    Metric {
        id: "svcca",
        label: "SVCCA",
        unit: "",
        better: Better::Neither,
        range: (0.0, 1.0),
        about: "The mean canonical correlation between the principal directions of both sides that hold 99 % of their \
                variance. Directions count alike, however much variance they hold.",
        caveat: "Biased upwards at few rows: with N near the number of directions kept everything correlates.",
        formula: "mean_i rho_i, i = 1..min(k1, k2), k the fewest directions that together hold 99 % of a side's variance",
        convention: "centred; the cut is by cumulative variance (squared singular values)",
        like: &[],
        variants: &[variant(
            "squared",
            "mean of the squared correlations (R^2 of CCA, Kornblith et al. 2019)",
            canonical(svcca_squared, KEPT),
        )],
        reference: "Raghu et al., NeurIPS 2017, arXiv 1706.05806",
        estimand: AT_THIS_N,
        laws: SIDES,
        error: ErrorBar::None("the number of directions kept jumps: a jackknife covered 42 to 100 % in simulations"),
        eval: canonical(svcca, KEPT),
    },
    Metric {
        id: "pwcca",
        label: "PWCCA",
        unit: "",
        better: Better::Neither,
        range: (0.0, 1.0),
        about: "The mean canonical correlation, weighted by how much of the first side's channels each canonical direction \
                accounts for. Not symmetric, and not unchanged when the first side is rotated.",
        caveat: "Biased upwards at few rows. Not symmetric: the first side's channels give the weights.",
        formula: "sum_i a_i rho_i / sum_i a_i, a_i = sum_j |<h_i, x_j>|, h_i the first side's canonical variates, x_j its channels",
        convention: "centred; weights of the first side; all directions that are not rounding; needs more rows than the \
                     directions of both sides",
        like: &[],
        variants: &[variant(
            "smaller",
            "weights of the side with fewer directions (the authors' published code)",
            canonical(pwcca_of_smaller, 1.0),
        )],
        reference: "Morcos et al., NeurIPS 2018, arXiv 1806.05759",
        estimand: AT_THIS_N,
        laws: &[Law::Translation, Law::Scale, Law::RowOrder],
        error: ErrorBar::None(
            "neither a jackknife (98 to 99 %) nor half-samples (90 to 96 %) covered 95 % in simulations",
        ),
        eval: canonical(pwcca, 1.0),
    },
    Metric {
        id: "procrustes",
        label: "Procrustes similarity",
        unit: "",
        better: Better::Neither,
        range: (0.0, 2.0),
        about: "How well one side can be rotated onto the other: the inner product after the best rotation, both sides \
                centred and of Frobenius norm 1. 1 where one is the other rotated and scaled; its variants are distances, \
                0 there.",
        caveat: "Biased upwards at few rows. Widths may differ: the narrower side is then padded with zeros.",
        formula: "|X'Y|_* / (|X|_F |Y|_F), X and Y centred, |.|_* the sum of singular values",
        convention: "a similarity, at most 1",
        like: &[],
        variants: &[
            variant(
                "distance",
                "2 - 2 s, the squared distance after the best rotation (Ding et al. 2021)",
                moments(procrustes_distance, None),
            ),
            variant(
                "angle",
                "arccos s, the angular distance in radians (Williams et al. 2021)",
                moments(procrustes_angle, None),
            ),
            variant(
                "disparity",
                "1 - s^2, where one side may also be scaled (scipy.spatial.procrustes)",
                moments(disparity, None),
            ),
        ],
        reference: "Williams et al., NeurIPS 2021, arXiv 2110.14739; Ding et al., NeurIPS 2021, arXiv 2108.01661",
        estimand: AT_THIS_N,
        laws: SIDES,
        error: ErrorBar::JackknifeOfDistance,
        eval: moments(procrustes, None),
    },
    Metric {
        id: "rsa",
        label: "RSA",
        unit: "",
        better: Better::Neither,
        range: (-1.0, 1.0),
        about: "Representational similarity analysis: the rank correlation between the distances of all pairs of images in \
                both representations.",
        caveat: "Ranks of distances: that of rotated, scaled features is the same, and a monotone change of all \
                 distances is not seen.",
        formula: "Spearman's rho of |x_i - x_j| and |y_i - y_j| over i < j, equal distances sharing their mean rank",
        convention: "Euclidean distances; at most 2,000 rows, drawn with the seed",
        like: &[],
        variants: &[
            variant(
                "correlation",
                "distance 1 - Pearson's r across channels (Kriegeskorte et al. 2008); rotation changes it",
                ranks(Between::Correlation),
            ),
            variant("cosine", "distance 1 - cos, not centred", ranks(Between::Cosine)),
        ],
        reference: "Kriegeskorte et al., Frontiers in Systems Neuroscience 2008",
        estimand: POPULATION,
        laws: SIDES,
        error: ErrorBar::JackknifeCorrected,
        eval: ranks(Between::Euclidean),
    },
    Metric {
        id: "mutual_knn",
        label: "Mutual k-NN",
        unit: "",
        better: Better::Neither,
        range: (0.0, 1.0),
        about: "The share of an image's k nearest neighbours in one representation that are also among its k nearest in \
                the other.",
        caveat: "The value of unrelated sides is k/(N-1), and it falls with N at the same k: compare at equal N.",
        formula: "mean_i |N_X(i) and N_Y(i)| / k",
        convention: "k = 10; cosine neighbours, not centred, equal ones by row; at most 5,000 rows, drawn with the seed: the value \
                     falls as rows grow",
        like: &[],
        variants: &[variant("euclidean", "Euclidean neighbours", mutual(Between::Euclidean))],
        reference: "Huh et al., ICML 2024, arXiv 2405.07987",
        estimand: AT_THIS_K,
        laws: UNCENTRED,
        error: ErrorBar::HalfSamples,
        eval: mutual(Between::Cosine),
    },
    Metric {
        id: "cycle_knn",
        label: "Cycle k-NN",
        unit: "",
        better: Better::Neither,
        range: (0.0, 1.0),
        about: "The share of images that come back to themselves: one of the image's k nearest neighbours on the second \
                side has the image among its own k nearest on the first. Not symmetric; on itself it is the share of \
                images with a mutual neighbour, which may be below 1.",
        caveat: "Large even for weak alignment, since any of k ways back counts: read it beside mutual_knn.",
        formula: "mean_i [i in union of N_X(j) over j in N_Y(i)]",
        convention: "k = 10; cosine neighbours, not centred, equal ones by row; at most 5,000 rows, drawn with the seed",
        like: &[],
        variants: &[variant("euclidean", "Euclidean neighbours", cycle(Between::Euclidean))],
        reference: "the authors' code of Huh et al., ICML 2024, arXiv 2405.07987 (metrics.py)",
        estimand: AT_THIS_K,
        laws: &[Law::Rotation, Law::Scale, Law::RowOrder],
        error: ErrorBar::None("neither a jackknife (99 %) nor half-samples (77 to 97 %) covered 95 % in simulations"),
        eval: cycle(Between::Cosine),
    },
];
