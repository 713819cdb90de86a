//! Support: does the evaluation data lie where the pretraining data lies, and the other way round?

use super::eval::{Eval, FromAlike, FromSupport};
use super::inputs::{Balls, Support};
use super::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::uncertainty::ErrorBar;

/// Share of evaluation rows within the ball of any pretraining row.
fn precision(s: &Support) -> f64 {
    s.eval_within as f64 / s.eval as f64
}

/// Share of pretraining rows within the ball of any evaluation row.
fn recall(s: &Support) -> f64 {
    s.pre_within as f64 / s.pre as f64
}

/// Pretraining balls around an evaluation row, over k; the mean over evaluation rows.
fn density(s: &Support) -> f64 {
    s.pairs as f64 / s.k as f64 / s.eval as f64
}

/// Share of pretraining rows whose ball holds an evaluation row.
fn coverage(s: &Support) -> f64 {
    s.pre_reached as f64 / s.pre as f64
}

/// torch-fidelity's balls: k = 3, closed.
const CLOSED: Balls = Balls { k: 3, closed: true };

/// prdc's balls: k = 5, open.
const OPEN: Balls = Balls { k: 5, closed: false };

const fn support(value: fn(&Support) -> f64, balls: Balls, around_eval: bool) -> Eval {
    Eval::Support(FromSupport {
        value,
        balls,
        around_eval,
    })
}

const AT_THIS_N: &str = "the expectation at these numbers of rows: with more rows balls shrink";
const KYNKAANNIEMI: &str = "Kynkäänniemi et al., NeurIPS 2019, arXiv 1904.06991";
const NAEEM: &str = "Naeem et al., ICML 2020, arXiv 2002.09797";

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "support-overlap",
    about: "Does the evaluation data lie where the pretraining data lies?",
    metrics: METRICS,
};

const METRICS: &[Metric] = &[
    Metric {
        id: "precision",
        label: "Precision",
        unit: "",
        better: Better::Higher,
        range: (0.0, 1.0),
        about: "The share of evaluation rows that lie where pretraining rows lie: within reach of one, its reach being the \
                distance to its own k-th nearest neighbour. One far-off row with a wide reach can hold many.",
        caveat: "One outlier among the pretraining rows has a large ball and takes in much: density is steadier. It \
                 needs comparable N on both sides.",
        formula: "share of eval rows x with |x - p| <= r_k(p) for any pre row p, r_k(p) = distance of p to its k-th nearest pre row",
        convention: "k = 3; Euclidean; the row itself is no neighbour; a row at exactly that distance is within; pre is the real \
                     side (torch-fidelity)",
        like: &["torch-fidelity"],
        variants: &[variant(
            "prdc",
            "k = 5; a row at exactly that distance is outside (prdc)",
            support(precision, OPEN, false),
        )
        .like(&["prdc"])],
        reference: KYNKAANNIEMI,
        estimand: AT_THIS_N,
        laws: Law::OF_RATIOS,
        error: ErrorBar::HalfSamples,
        eval: support(precision, CLOSED, false),
    },
    Metric {
        id: "recall",
        label: "Recall",
        unit: "",
        better: Better::Higher,
        range: (0.0, 1.0),
        about: "The share of pretraining rows that lie where evaluation rows lie: how much of what was seen in pretraining the \
                evaluation data has.",
        caveat: "One outlier among the evaluation rows has a large ball and takes in much. It needs comparable N on \
                 both sides.",
        formula: "share of pre rows p with |x - p| <= r_k(x) for any eval row x, r_k(x) = distance of x to its k-th nearest eval row",
        convention: "k = 3; Euclidean; the row itself is no neighbour; a row at exactly that distance is within; pre is the real \
                     side (torch-fidelity)",
        like: &["torch-fidelity"],
        variants: &[variant(
            "prdc",
            "k = 5; a row at exactly that distance is outside (prdc)",
            support(recall, OPEN, true),
        )
        .like(&["prdc"])],
        reference: KYNKAANNIEMI,
        estimand: AT_THIS_N,
        laws: Law::OF_RATIOS,
        error: ErrorBar::HalfSamples,
        eval: support(recall, CLOSED, true),
    },
    Metric {
        id: "density",
        label: "Density",
        unit: "",
        better: Better::Higher,
        range: (0.0, f64::INFINITY),
        about: "How densely pretraining rows lie around evaluation rows, against around themselves: near 1 where both sets are \
                alike, more where the evaluation data keeps to their densest parts.",
        caveat: "It can exceed 1 where evaluation rows crowd in the dense parts of the pretraining data.",
        formula: "1/(k N_eval) sum over eval rows x of #{pre rows p: |x - p| < r_k(p)}",
        convention: "k = 5; Euclidean; the row itself is no neighbour; a row at exactly that distance is outside (prdc)",
        like: &["prdc"],
        variants: &[],
        reference: NAEEM,
        estimand: AT_THIS_N,
        laws: Law::OF_RATIOS,
        error: ErrorBar::HalfSamples,
        eval: support(density, OPEN, false),
    },
    Metric {
        id: "coverage",
        label: "Coverage",
        unit: "",
        better: Better::Higher,
        range: (0.0, 1.0),
        about: "The share of pretraining rows with an evaluation row within their reach. For two samples of one population it \
                comes near 1 - 2^-k.",
        caveat: "Sets of one distribution do not reach 1: expect 1 - 2^-k or so at equal N; it grows with the \
                 number of evaluation rows.",
        formula: "share of pre rows p with |x - p| < r_k(p) for any eval row x",
        convention: "k = 5; Euclidean; the row itself is no neighbour; a row at exactly that distance is outside (prdc)",
        like: &["prdc"],
        variants: &[],
        reference: NAEEM,
        estimand: AT_THIS_N,
        laws: Law::OF_RATIOS,
        error: ErrorBar::HalfSamples,
        eval: support(coverage, OPEN, false),
    },
    Metric {
        id: "overlap",
        label: "Overlap",
        unit: "",
        better: Better::Neither,
        range: (0.0, 1.0),
        about: "The share of evaluation rows that look the same as a pretraining row: images that stand in both data sets, or \
                features that have collapsed.",
        caveat: "The level is a custom: features of deep layers can all have cosines above 0.99 of one another.",
        formula: "share of eval rows x with cos(x, p) > 0.99 for any pre row p",
        convention: "cosine above 0.99; not centred",
        like: &[],
        variants: &[
            variant("0.95", "cosine above 0.95", Eval::Alike(FromAlike { level: 0.95 })),
            variant("0.999", "cosine above 0.999", Eval::Alike(FromAlike { level: 0.999 })),
        ],
        reference: "this project's stated convention",
        estimand: "the expectation at these numbers of rows",
        laws: &[Law::Rotation, Law::Scale, Law::RowOrder, Law::ClassNames],
        error: ErrorBar::None(
            "pairs that look alike are rare, or stand in both sets by design: resampling rows does not see how rare",
        ),
        eval: Eval::Alike(FromAlike { level: 0.99 }),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_their_own_side() {
        let s = Support {
            k: 5,
            pre: 40,
            eval: 20,
            eval_within: 5,
            pre_within: 30,
            pre_reached: 10,
            pairs: 150,
        };
        assert_eq!(
            [precision(&s), recall(&s), density(&s), coverage(&s)],
            [0.25, 0.75, 1.5, 0.25]
        );
    }
}
