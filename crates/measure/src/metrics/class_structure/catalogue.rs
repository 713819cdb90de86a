//! The catalogue's rows on class structure.

use super::means::{
    calinski_harabasz, cdnv, equiangle_deviation, equinorm_unbiased, fisher_by_rows, fisher_ratio, nc1_by_rows,
    nc1_quotient, nc1_share, nc2_equiangle, nc2_equinorm, silhouette_of,
};
use super::residuals::{davies_bouldin, nc1, nc4_ncc_agreement, vci};
use crate::error::Result;
use crate::metrics::eval::{Eval, FromClassDistances, FromEachClass, FromResiduals};
use crate::metrics::geometry::directed;
use crate::metrics::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::metrics::spectrum::{effective_rank, matrix_entropy_rank};
use crate::metrics::variation::classes;
use crate::stats::{Residuals, SecondPassNeeds};
use crate::uncertainty::ErrorBar;

/// A metric of rows around the means of their classes, which has no interval unless so much of their distances is resolved.
const fn residuals(value: fn(&Residuals) -> Result<f64>, needs: SecondPassNeeds, rows: u64, resolved: f64) -> Eval {
    Eval::Residuals(FromResiduals {
        value,
        needs,
        resolved,
        rows,
    })
}

const fn silhouette(cosine: bool, value: fn(f64) -> Result<f64>) -> Eval {
    Eval::ByClass(FromClassDistances {
        cosine,
        row: silhouette_of,
        value,
    })
}

const NOTHING: SecondPassNeeds = SecondPassNeeds {
    scatter: false,
    distances: false,
    nearest: false,
    resamples: false,
};
const SCATTER: SecondPassNeeds = SecondPassNeeds {
    scatter: true,
    ..NOTHING
};
const DISTANCES: SecondPassNeeds = SecondPassNeeds {
    distances: true,
    ..NOTHING
};
const NEAREST: SecondPassNeeds = SecondPassNeeds {
    nearest: true,
    ..NOTHING
};
const UNMEASURED: &str = "where classes are weak, one by resampling misses the population's value in simulations";
const AT_THIS_N: &str = "the expectation at these numbers of rows, for these classes";
const POPULATION: &str = "the value of the populations, for these classes";

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "class-structure",
    about: "How tight and how regularly placed are the classes?",
    metrics: METRICS,
};

const METRICS: &[Metric] = &[
    Metric {
        id: "cdnv",
        label: "Class-distance normalised variance",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "The spread of two classes against the distance of their means, averaged over pairs: it falls towards 0 as \
                classes collapse, and small values on new classes go with few-shot transfer.",
        caveat: "Two classes with nearly the same mean make it explode, and noise in the means biases it: its \
                 interval was tried and failed.",
        formula: "mean over i < j of (v_i + v_j) / (2 |mu_i - mu_j|^2), v_c = 1/n_c sum |x - mu_c|^2",
        convention: "squared Euclidean distances; over the classes with at least two rows; each pair counts the same",
        like: &[],
        variants: &[],
        reference: "Galanti et al., ICLR 2022, arXiv 2112.15121",
        estimand: POPULATION,
        laws: Law::OF_RATIOS,
        error: ErrorBar::InverseOfExcess,
        eval: classes(cdnv, 2),
    },
    Metric {
        id: "nc1_quotient",
        label: "Within over between variance",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "The variance inside the classes over that of the class means: 0 where classes have collapsed to points.",
        caveat: "It explodes where class means hardly differ. It is not tr(S_W S_B^+)/C, which also goes by the \
                 name NC1.",
        formula: "tr S_W / tr S_B",
        convention: "S_W the mean class covariance (ddof 0), S_B that of the class means around their unweighted mean; both \
                     over the classes with at least two rows",
        like: &[],
        variants: &[
            variant(
                "by-rows",
                "sums of squares in which each row counts the same, around the mean of all rows",
                classes(nc1_by_rows, 2),
            ),
            variant(
                "share",
                "tr S_W / (tr S_W + tr S_B): the share of the whole variance, from 0 to 1",
                classes(nc1_share, 2),
            ),
        ],
        reference: "after Papyan et al., PNAS 2020, arXiv 2008.08186",
        estimand: POPULATION,
        laws: Law::OF_RATIOS,
        error: ErrorBar::InverseOfExcess,
        eval: classes(nc1_quotient, 2),
    },
    Metric {
        id: "nc1",
        label: "Within-class collapse",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "The variance inside the classes in units of that of the class means, direction by direction: 0 where \
                classes have collapsed to points, large where some direction between classes is weaker than the noise.",
        caveat: "The pseudo-inverse takes in C - 1 directions at most; noise in class means of small classes adds \
                 to S_B and lowers it.",
        formula: "tr(S_W S_B^+) / C",
        convention: "S_W, S_B as in nc1_quotient; eigenvalues of S_B below max(C, d) eps of the largest are zero, and at most \
                     C - 1 are not",
        like: &[],
        variants: &[],
        reference: "Papyan et al., PNAS 2020, arXiv 2008.08186",
        estimand: POPULATION,
        laws: Law::OF_RATIOS,
        error: ErrorBar::None(UNMEASURED),
        eval: residuals(nc1, SCATTER, 2, 0.0),
    },
    Metric {
        id: "vci",
        label: "Variability collapse index",
        unit: "",
        better: Better::Neither,
        range: (0.0, 1.0),
        about: "One minus the share of the whole variance that lies between classes, each direction counting the same: 0 \
                in full collapse, 1 where class means coincide. It does not change under linear maps, and with few rows for \
                the width it is near 0 whatever the features.",
        caveat: "At few rows a class it comes out too small: with N near d every class is separable.",
        formula: "1 - tr(S_T^+ S_B) / min(d, C-1)",
        convention: "S_T = S_W + S_B, each class counting the same, over the classes with at least two rows; pseudoinverse \
                     from the pivoted Cholesky factor, cut at d eps of the largest variance; divided by min(d, C-1), the rank \
                     of S_B in general position",
        like: &[],
        variants: &[],
        reference: "Xu and Liu, ICML 2023, arXiv 2306.03440",
        estimand: AT_THIS_N,
        laws: Law::OF_RATIOS,
        error: ErrorBar::Jackknife,
        eval: residuals(vci, SCATTER, 2, 0.7),
    },
    Metric {
        id: "fisher_ratio",
        label: "Fisher ratio",
        unit: "",
        better: Better::LowerOnPreHigherOnEval,
        range: (0.0, f64::INFINITY),
        about: "The variance of the class means over that inside the classes: the inverse of nc1_quotient.",
        caveat: "The ratio of traces, not of the matrices: strong channels decide it.",
        formula: "tr S_B / tr S_W",
        convention: "as nc1_quotient",
        like: &[],
        variants: &[variant(
            "by-rows",
            "sums of squares in which each row counts the same, around the mean of all rows",
            classes(fisher_by_rows, 2),
        )],
        reference: "Fisher, Annals of Eugenics 1936",
        estimand: POPULATION,
        laws: Law::OF_RATIOS,
        error: ErrorBar::JackknifeOfExcess,
        eval: classes(fisher_ratio, 2),
    },
    Metric {
        id: "nc2_equinorm",
        label: "Unequal distance of class means",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "How unequally far the class means lie from their mean: 0 where they lie on a sphere, as in full collapse.",
        caveat: "Noise in class means pushes it up where classes are small or weak; compare at equal numbers of \
                 rows.",
        formula: "std / mean of |mu_c - mu_bar| over classes",
        convention: "mu_bar unweighted; standard deviation with ddof 0",
        like: &[],
        variants: &[variant(
            "ddof-1",
            "standard deviation with ddof 1 (torch.std, in the authors' code)",
            classes(equinorm_unbiased, 1),
        )],
        reference: "Papyan et al., PNAS 2020, arXiv 2008.08186",
        estimand: POPULATION,
        laws: Law::OF_RATIOS,
        error: ErrorBar::None(
            "a deviation of norms, which noise pushes up: a jackknife covered 81 to 96 % (simulated)",
        ),
        eval: classes(nc2_equinorm, 1),
    },
    Metric {
        id: "nc2_equiangle",
        label: "Unequal angles of class means",
        unit: "",
        better: Better::Neither,
        range: (0.0, 2.0),
        about: "How far the angles between centred class means are from those of a simplex: 0 where all pairs are equally \
                far apart, as in full collapse.",
        caveat: "0 is reached only where d is at least C - 1. A mean of absolute values: noise in class means \
                 pushes it up.",
        formula: "mean over i < j of |cos(mu_i - mu_bar, mu_j - mu_bar) + 1/(C-1)|",
        convention: "mu_bar unweighted; all pairs of classes count the same",
        like: &[],
        variants: &[variant(
            "deviation",
            "the standard deviation of the cosines over pairs: equal angles whatever they are (Papyan et al., figure 3)",
            classes(equiangle_deviation, 1),
        )],
        reference: "Papyan et al., PNAS 2020, arXiv 2008.08186",
        estimand: "the expectation at these numbers of rows, for these classes (a mean of absolute values)",
        laws: Law::OF_RATIOS,
        error: ErrorBar::Bootstrap,
        eval: classes(nc2_equiangle, 1),
    },
    Metric {
        id: "silhouette",
        label: "Silhouette",
        unit: "",
        better: Better::Neither,
        range: (-1.0, 1.0),
        about: "Whether a row lies nearer to its own class than to the nearest other one: 1 where classes are tight and \
                apart, 0 where they touch, negative where rows lie among another class.",
        caveat: "Euclidean distances in hundreds of dimensions are alike for all pairs: values near 0 do not mean \
                 that a classifier fails.",
        formula: "mean over rows of (b - a) / max(a, b), a = mean distance to its class, b = to the nearest other class",
        convention: "Euclidean distance; the row itself left out of a; 0 for the only row of a class (scikit-learn)",
        like: &["sklearn"],
        variants: &[variant(
            "cosine",
            "cosine distance, 1 - cos (scikit-learn's metric='cosine'); not unchanged by translation",
            silhouette(true, directed),
        )],
        reference: "Rousseeuw, J. Comput. Appl. Math. 1987",
        estimand: AT_THIS_N,
        laws: Law::OF_RATIOS,
        error: ErrorBar::HalfSamples,
        eval: silhouette(false, Ok),
    },
    Metric {
        id: "calinski_harabasz",
        label: "Calinski-Harabasz index",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "The variance between classes over that within, as an F statistic: it grows with the number of rows, so \
                compare it at equal N only.",
        caveat: "It grows with N and falls with the number of classes: only comparable at equal N and C.",
        formula: "(sum_c n_c |mu_c - mu|^2 / (C-1)) / (sum_c sum_{i in c} |x_i - mu_c|^2 / (N-C))",
        convention: "each row counts the same (scikit-learn)",
        like: &["sklearn"],
        variants: &[],
        reference: "Calinski and Harabasz, Communications in Statistics 1974",
        estimand: AT_THIS_N,
        laws: Law::OF_RATIOS,
        error: ErrorBar::None(
            "it grows with the number of rows, so that resamples of fewer rows say nothing of its spread",
        ),
        eval: classes(calinski_harabasz, 1),
    },
    Metric {
        id: "davies_bouldin",
        label: "Davies-Bouldin index",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "How close each class comes to the one it is most easily taken for: 0 where classes are points, above 1 where \
                their spreads overlap.",
        caveat: "The worst neighbour of each class decides; it looks at distances to centres, so long thin classes \
                 look bad.",
        formula: "mean over i of max over j of (s_i + s_j) / |mu_i - mu_j|, s_c = 1/n_c sum |x - mu_c|",
        convention: "distances not squared; each class counts the same (scikit-learn)",
        like: &["sklearn"],
        variants: &[],
        reference: "Davies and Bouldin, IEEE TPAMI 1979",
        estimand: AT_THIS_N,
        laws: Law::OF_RATIOS,
        error: ErrorBar::Jackknife,
        eval: residuals(davies_bouldin, DISTANCES, 1, 0.8),
    },
    super::duality::NC3,
    Metric {
        id: "nc4_ncc_agreement",
        label: "Nearest class centre",
        unit: "",
        better: Better::HigherOnEval,
        range: (0.0, 1.0),
        about: "The share of rows that lie nearest to the centre of their own class, none being part of it: what the \
                nearest-class-centre rule gets right, 1 in collapse.",
        caveat: "It is the accuracy of a nearest-centre classifier, not the agreement with a network's own \
                 classifier, which features alone do not tell.",
        formula: "mean over rows of [y_i = argmin_c |x_i - mu_c|]",
        convention: "Euclidean; centres are the class means of the train split of the same data set where it is analysed \
                     too, else of the set itself, each row left out of its own; a tie is wrong; each row counts the same",
        like: &[],
        variants: &[],
        reference: "Papyan et al., PNAS 2020, arXiv 2008.08186 (NC4, with labels in place of the network's decisions)",
        estimand: "the accuracy on new rows of centres from as many rows, for these classes in these proportions",
        laws: Law::OF_RATIOS,
        error: ErrorBar::HeldOut(
            "without a train split the centres vary with the rows: a jackknife covered 82 to 99.7 %, half-samples 82 to 98 %",
        ),
        eval: residuals(nc4_ncc_agreement, NEAREST, 1, 0.0),
    },
    Metric {
        id: "class_effective_rank",
        label: "Effective rank within classes",
        unit: "dimensions",
        better: Better::Neither,
        range: (1.0, f64::INFINITY),
        about: "The number of directions rows vary in within their class, averaged over classes. It is computed only where \
                it is asked for by name: each class has a spectrum of its own.",
        caveat: "It cannot exceed the rows of a class: compare at equal rows a class.",
        formula: "mean over c of exp H(sigma / sum sigma), sigma the singular values of the rows of class c around mu_c",
        convention: "as effective_rank, of each class with at least two rows that are not all the same; each class counts the \
                     same",
        like: &[],
        variants: &[variant(
            "squared",
            "shares of squared singular values: the mean matrix entropy rank",
            Eval::EachClass(FromEachClass {
                value: matrix_entropy_rank,
            }),
        )],
        reference: "Roy and Vetterli, EUSIPCO 2007, class by class",
        estimand: "the expectation at these numbers of rows: the ranks of samples grow with their size",
        laws: Law::OF_RATIOS,
        error: ErrorBar::None(
            "resamples would cost ten times as much, and say little of classes with few rows for their width",
        ),
        eval: Eval::EachClass(FromEachClass { value: effective_rank }),
    },
];
