//! Transfer itself: what classifiers fitted on frozen features do on rows they have not seen.

use super::eval::{Eval, FromEpisodes, FromProbe};
use super::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::probes::logistic::{PenaltyStrength, Protocol};
use crate::probes::{Probe, Scaling, Vote, calibration_error, class_mean, nll, top1, top5};
use crate::uncertainty::ErrorBar;

/// Probes that stand for transfer, the first that was measured before the others.
pub const PROBES: [&str; 4] = ["linear_top1", "ridge_top1", "ncm_top1", "knn_top1"];

/// The id of the mean log-odds of a suite: made of a probe's records, and no metric of a data set.
pub const SUITE_LOG_ODDS: &str = "suite_log_odds";

const GIVEN_THE_FIT: &str =
    "The accuracy on further scored rows, given the fit: the interval says nothing of other fitting rows.";

const LINEAR: &str = "Features less their mean and divided by their root mean square r; λ of least held-out loss, held out being \
                      max(1, n_c/10) rows of each class, seeded, from 45 values between 1 and 1e-8, walked from strong to weak until \
                      the loss has risen three times, extended by up to two decades at an edge; then fitted again on all fitting \
                      rows. ID.C=C fixes scikit-learn's C = 1/(n λ r²), ID.lambda=L fixes λ.";

const EPISODES_CAVEAT: &str = "Episodes of min(5, C) classes: the fewer classes, the easier.";
const EPISODES: &str = "600 seeded episodes of min(5, C) classes, 15 scored rows a class or as many as there are, the same for every \
                        model; Euclidean.";
const GIVEN_THE_EPISODES: &str = "Its mean over further scored rows, given the episodes' fitting rows. found.episode_error is the spread over \
                                  episodes alone, which more episodes would shrink.";

/// The accuracy of a probe.
const fn top1_of(probe: Probe) -> Eval {
    Eval::Probe(FromProbe { probe, value: top1 })
}

const fn votes(vote: Vote, k: usize) -> Eval {
    top1_of(Probe::Votes { vote, k })
}

const fn linear(value: FromProbeValue, scaling: Scaling) -> Eval {
    linear_by(value, scaling, PenaltyStrength::Chosen(Protocol::Own))
}

const fn linear_by(value: FromProbeValue, scaling: Scaling, strength: PenaltyStrength) -> Eval {
    Eval::Probe(FromProbe {
        probe: Probe::Linear { scaling, strength },
        value,
    })
}

const fn published(value: FromProbeValue, scaling: Scaling, protocol: Protocol) -> Eval {
    linear_by(value, scaling, PenaltyStrength::Chosen(protocol))
}

type FromProbeValue = fn(&crate::probes::Predictions, Option<usize>) -> crate::error::Result<f64>;

const STANDARDISED: &str = "Each channel divided by its standard deviation (z-scores); a constant one is left out.";
const NORMALISED: &str = "Each row divided by its l2 norm first.";

const SKLEARN: &str = "C = 1, no choice.";
const DINOV2: &str = "C of the highest accuracy on a random tenth of the fitting rows, from 45 values between 1e-6 and 1e5, the smallest \
                      of equals.";
const DINOV3: &str =
    "C of the highest accuracy on a tenth of each class, from 45 values between 1e-6 and 1e5, the smallest of equals.";
const KORNBLITH: &str = "Penalty of the summed loss of the highest accuracy on a random fifth of the fitting rows, from 45 values between \
                         1e-6 and 1e5 (C its inverse), the weakest of equals.";
const TREX: &str =
    "C of the highest accuracy on a fifth of each class, from 45 values between 1e-5 and 1e6, the smallest of equals.";
const ISLAM12: &str =
    "z-scores; weight decay 1e-4 or 1e-5 beside the mean loss, by the accuracy on a random 30 % of the fitting rows.";

macro_rules! settings {
    ($value:expr) => {
        &[
            variant("standardised", STANDARDISED, linear($value, Scaling::Standardised)),
            variant("normalised", NORMALISED, linear($value, Scaling::Normalised)),
            variant(
                "sklearn",
                SKLEARN,
                linear_by($value, Scaling::Rms, PenaltyStrength::Fixed(1.0)),
            )
            .like(&["sklearn"]),
            variant("dinov2", DINOV2, published($value, Scaling::Rms, Protocol::Dinov2)).like(&["dinov2"]),
            variant("dinov3", DINOV3, published($value, Scaling::Rms, Protocol::Dinov3)).like(&["dinov3"]),
            variant(
                "kornblith",
                KORNBLITH,
                published($value, Scaling::Rms, Protocol::Kornblith),
            )
            .like(&["kornblith"]),
            variant("trex", TREX, published($value, Scaling::Rms, Protocol::Trex)).like(&["trex"]),
            variant(
                "islam12",
                ISLAM12,
                published($value, Scaling::Standardised, Protocol::Islam12),
            )
            .like(&["islam12"]),
        ]
    };
}

const LINEAR_CAVEAT: &str =
    "The choice of λ is made anew for each model. Two classes: softmax at C is scikit-learn's binomial at 2C.";

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "probes",
    about: "Does it transfer: what do classifiers on the frozen features do on rows they have not seen? Fitted on the train split \
            and scored on the other (--fit, --score); with one split by 5-fold cross-validation. On pretraining data only where named.",
    metrics: &[
        Metric {
            id: "knn_top1",
            label: "k-NN accuracy",
            unit: "",
            better: Better::Higher,
            range: (0.0, 1.0),
            about: "The share of scored rows whose class wins the vote of their nearest fitting rows. Nothing is fitted and nothing is \
                    chosen, so it says what the geometry of the features holds as it is.",
            caveat: "It uses distances alone: features whose classes differ in a few weak channels look worse here than to a linear probe.",
            formula: "argmax_c sum over the k nearest fitting rows j of class c of exp(cos(x, x_j) / T)",
            convention: "k = 20, T = 0.07, cosine of features that are not centred; equal votes go to the class first in the order of \
                         names, equal angles to the smaller id.",
            like: &["dinov2", "dinov3"],
            variants: &[
                variant(
                    "uniform",
                    "The 5 nearest by distance, one vote each.",
                    votes(Vote::Uniform, 5),
                )
                .like(&["sklearn"]),
                variant(
                    "euclidean",
                    "The k nearest by distance, each with vote 1/(distance + 1e-5).",
                    votes(Vote::Distance, 20),
                ),
                variant(
                    "softmax-200",
                    "The 200 at the smallest angle vote, by the softmax of cos / T.",
                    votes(Vote::Cosine, 200),
                ),
            ],
            reference: "Wu et al. 2018, CVPR (arXiv 1805.01978); Caron et al. 2021, ICCV (arXiv 2104.14294)",
            estimand: GIVEN_THE_FIT,
            laws: &[Law::Rotation, Law::Scale],
            error: ErrorBar::Share,
            eval: votes(Vote::Cosine, 20),
        },
        Metric {
            id: "ncm_top1",
            label: "Nearest-mean accuracy",
            unit: "",
            better: Better::Higher,
            range: (0.0, 1.0),
            about: "The share of scored rows that lie nearest to the mean of their own class, the means being those of the fitting rows. \
                    No choice is made.",
            caveat: "Classes of more than one cluster, or of unlike spread, look worse here than to a linear probe.",
            formula: "argmin_c ‖x - mu_c‖",
            convention: "Euclidean; equal distances go to the class first in the order of names.",
            like: &["sklearn"],
            variants: &[variant(
                "cosine",
                "The mean at the smallest angle.",
                top1_of(Probe::Means { cosine: true }),
            )],
            reference: "Mensink et al. 2013, TPAMI; scikit-learn NearestCentroid",
            estimand: GIVEN_THE_FIT,
            laws: &[Law::Rotation, Law::Translation, Law::Scale],
            error: ErrorBar::Share,
            eval: top1_of(Probe::Means { cosine: false }),
        },
        Metric {
            id: "ridge_top1",
            label: "Ridge accuracy",
            unit: "",
            better: Better::Higher,
            range: (0.0, 1.0),
            about: "The share of scored rows that ridge regression on one-hot targets puts into their class: a linear probe in closed form.",
            caveat: "Squared errors punish scores that are too right; a logistic probe usually does better.",
            formula: "argmax_c of x W_c + b_c; W, b least 1/n ‖Y - XW - b‖² + λ ‖W‖²",
            convention: "Features less their mean and divided by their root mean square; λ from 45 values between 1 and 1e-8 by exact \
                         leave-one-out squared error on the fitting rows, equal errors go to the stronger.",
            like: &[],
            variants: &[],
            reference: "Allen 1974, Technometrics; scikit-learn RidgeCV",
            estimand: GIVEN_THE_FIT,
            laws: &[Law::Rotation, Law::Translation, Law::Scale],
            error: ErrorBar::Share,
            eval: top1_of(Probe::Ridge),
        },
        Metric {
            id: "linear_top1",
            label: "Linear probe accuracy",
            unit: "",
            better: Better::Higher,
            range: (0.0, 1.0),
            about: "The share of scored rows that multinomial logistic regression on the frozen features puts into their class: the \
                    field's usual measure of transfer.",
            caveat: LINEAR_CAVEAT,
            formula: "argmax_c of x W_c + b_c; W, b least 1/n sum_i nll_i + λ/2 ‖W‖², b free",
            convention: LINEAR,
            like: &[],
            variants: settings!(top1),
            reference: "Kornblith et al. 2019, CVPR (arXiv 1805.08974); scikit-learn LogisticRegression",
            estimand: GIVEN_THE_FIT,
            laws: &[Law::Rotation, Law::Translation, Law::Scale],
            error: ErrorBar::Share,
            eval: linear(top1, Scaling::Rms),
        },
        Metric {
            id: "linear_top5",
            label: "Linear probe top-5 accuracy",
            unit: "",
            better: Better::Higher,
            range: (0.0, 1.0),
            about: "The share of scored rows whose class is among the five to which the linear probe gives the highest scores.",
            caveat: "Of five classes or fewer it would always be 1, and is not given.",
            formula: "share of rows whose class is among the five largest x W_c + b_c",
            convention: LINEAR,
            like: &[],
            variants: settings!(top5),
            reference: "Russakovsky et al. 2015, IJCV; scikit-learn top_k_accuracy_score",
            estimand: GIVEN_THE_FIT,
            laws: &[Law::Rotation, Law::Translation, Law::Scale],
            error: ErrorBar::Share,
            eval: linear(top5, Scaling::Rms),
        },
        Metric {
            id: "linear_class_mean",
            label: "Linear probe mean class accuracy",
            unit: "",
            better: Better::Higher,
            range: (0.0, 1.0),
            about: "The mean over classes of the linear probe's accuracy on the class: large classes do not drown small ones.",
            caveat: "A class of few scored rows counts as much as any other, and makes the interval wide.",
            formula: "1/C sum_c share of the rows of class c that are predicted right",
            convention: LINEAR,
            like: &[],
            variants: settings!(class_mean),
            reference: "scikit-learn balanced_accuracy_score",
            estimand: GIVEN_THE_FIT,
            laws: &[Law::Rotation, Law::Translation, Law::Scale],
            error: ErrorBar::Jackknife,
            eval: linear(class_mean, Scaling::Rms),
        },
        Metric {
            id: "linear_nll",
            label: "Linear probe log-loss",
            unit: "nats",
            better: Better::Lower,
            range: (0.0, f64::INFINITY),
            about: "The mean over scored rows of minus the logarithm of the probability that the linear probe gives to their class.",
            caveat: "One row that is surely wrong can outweigh many that are right.",
            formula: "- 1/n sum_i log p(y_i | x_i)",
            convention: LINEAR,
            like: &[],
            variants: settings!(nll),
            reference: "scikit-learn log_loss",
            estimand: "Its mean over further scored rows, given the fit.",
            laws: &[Law::Rotation, Law::Translation, Law::Scale],
            error: ErrorBar::Jackknife,
            eval: linear(nll, Scaling::Rms),
        },
        Metric {
            id: "linear_ece",
            label: "Linear probe calibration error",
            unit: "",
            better: Better::Lower,
            range: (0.0, 1.0),
            about: "How far the linear probe's confidence in its top class is from the share of rows that it gets right.",
            caveat: "Even a perfectly calibrated probe has an error above zero at any number of rows: compare at equal N only.",
            formula: "sum over bins of n_b/n |share right - mean confidence|",
            convention: "15 bins of equal mass by the confidence of the top class, equal confidences never parted. The probe: as linear_top1.",
            like: &[],
            variants: settings!(calibration_error),
            reference: "Naeini et al. 2015, AAAI; Nixon et al. 2019 (arXiv 1904.01685); scikit-learn calibration_curve",
            estimand: "Its expectation at this number of scored rows, given the fit.",
            laws: &[Law::Rotation, Law::Translation, Law::Scale],
            error: ErrorBar::None(
                "the calibration error is biased upwards at any number of rows, and no interval has been shown by simulation to hold",
            ),
            eval: linear(calibration_error, Scaling::Rms),
        },
        Metric {
            id: "fewshot_1",
            label: "1-shot accuracy",
            unit: "",
            better: Better::Higher,
            range: (0.0, 1.0),
            about: "The accuracy of class means made of one fitting row a class, over many small draws of classes and rows: what can be \
                    learned from next to nothing.",
            caveat: EPISODES_CAVEAT,
            formula: "mean over episodes of the share of scored rows nearest to the fitting row of their class",
            convention: EPISODES,
            like: &[],
            variants: &[],
            reference: "Snell et al. 2017, NeurIPS (arXiv 1703.05175)",
            estimand: GIVEN_THE_EPISODES,
            laws: &[Law::Rotation, Law::Translation, Law::Scale],
            error: ErrorBar::Jackknife,
            eval: Eval::Episodes(FromEpisodes { shots: 1 }),
        },
        Metric {
            id: "fewshot_5",
            label: "5-shot accuracy",
            unit: "",
            better: Better::Higher,
            range: (0.0, 1.0),
            about: "The accuracy of class means made of five fitting rows a class, over many small draws of classes and rows.",
            caveat: EPISODES_CAVEAT,
            formula: "mean over episodes of the share of scored rows nearest to the mean of five fitting rows of their class",
            convention: EPISODES,
            like: &[],
            variants: &[],
            reference: "Snell et al. 2017, NeurIPS (arXiv 1703.05175)",
            estimand: GIVEN_THE_EPISODES,
            laws: &[Law::Rotation, Law::Translation, Law::Scale],
            error: ErrorBar::Jackknife,
            eval: Eval::Episodes(FromEpisodes { shots: 5 }),
        },
    ],
};
