//! A row of the catalogue: everything about a metric but its code, and its code.

use super::eval::Eval;
use super::needs::Sides;
use crate::uncertainty::ErrorBar;

/// One metric: everything about it but its code, and its code.
pub struct Metric {
    /// Its id, which never changes its meaning.
    pub id: &'static str,
    /// Its name in tables and plots.
    pub label: &'static str,
    /// Unit of the value; empty for pure numbers.
    pub unit: &'static str,
    /// Which direction goes with good transfer.
    pub better: Better,
    /// Smallest and largest possible value.
    pub range: (f64, f64),
    /// What it tells, in a sentence or two.
    pub about: &'static str,
    /// What to beware of when reading it.
    pub caveat: &'static str,
    /// The formula, in plain text.
    pub formula: &'static str,
    /// The convention the default variant is computed with.
    pub convention: &'static str,
    /// The [`LIBRARIES`] that compute exactly the default, where no option is set.
    pub like: &'static [&'static str],
    /// Other conventions, selected by `--convention ID=VARIANT`.
    pub variants: &'static [Variant],
    /// Where it comes from.
    pub reference: &'static str,
    /// What the interval is an interval for.
    pub estimand: &'static str,
    /// What must leave it unchanged.
    pub laws: &'static [Law],
    /// How its interval is made.
    pub error: ErrorBar,
    /// What it needs and how it is computed.
    pub eval: Eval,
}

impl Metric {
    /// Whether `all` and its family leave it out, because it costs far more than they do.
    pub fn only_by_name(&self) -> bool {
        self.eval.needs().class_spectra
    }

    /// Whether it compares two layers or models on the same images: `featscope similarity` computes it, an analysis does not.
    pub fn is_matched(&self) -> bool {
        self.eval.needs().sides == Sides::Matched
    }

    /// How a convention of it computes: a variant's, or the default's where there is no such variant.
    pub fn about_variant(&self, id: &str) -> &'static str {
        let variant = self.variants.iter().find(|v| v.id == id);
        variant.map_or(self.convention, |v| v.about)
    }
}

/// Another convention of a metric.
pub struct Variant {
    /// Its id.
    pub id: &'static str,
    /// How it differs.
    pub about: &'static str,
    /// The [`LIBRARIES`] that compute exactly this, where no option is set.
    pub like: &'static [&'static str],
    /// How it is computed.
    pub eval: Eval,
}

/// A convention that is not that of any library.
pub(super) const fn variant(id: &'static str, about: &'static str, eval: Eval) -> Variant {
    Variant {
        id,
        about,
        like: &[],
        eval,
    }
}

impl Variant {
    /// Names the libraries that compute exactly this.
    pub(super) const fn like(self, like: &'static [&'static str]) -> Self {
        Self { like, ..self }
    }
}

/// The libraries whose conventions `--like` knows.
pub const LIBRARIES: &[&str] = &[
    "torch-fidelity",
    "prdc",
    "scikit-dimension",
    "sklearn",
    "thingsvision",
    "stable-pretraining",
    "dinov2",
    "dinov3",
    "kornblith",
    "trex",
    "islam12",
];

/// Which direction goes with good transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Larger.
    Higher,
    /// Smaller.
    Lower,
    /// Smaller on the pretraining data (variation is kept), larger on the evaluation data (classes are apart).
    LowerOnPreHigherOnEval,
    /// Larger on the evaluation data; on the pretraining data it says how well these are told apart, which need not transfer.
    HigherOnEval,
    /// Depends on what is compared: a scale, not a score.
    Neither,
}

impl Better {
    /// What it means, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Higher => "higher goes with better transfer",
            Self::Lower => "lower goes with better transfer",
            Self::LowerOnPreHigherOnEval => {
                "lower on the pretraining data and higher on the evaluation data go with better transfer"
            }
            Self::HigherOnEval => {
                "higher on the evaluation data goes with better transfer; on the pretraining data it has no direction"
            }
            Self::Neither => "no direction of its own: it has the scale of the features",
        }
    }
}

/// A change of the data that must leave a value unchanged, or a choice of data that fixes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// A rotation of feature space.
    Rotation,
    /// Adding one vector to all features.
    Translation,
    /// Multiplying all features by one number.
    Scale,
    /// Multiplying each channel by a number of its own (not zero).
    ChannelScale,
    /// Another order of the rows.
    RowOrder,
    /// Other names for the classes.
    ClassNames,
    /// Swapping the two sides: pretraining and evaluation data, or two layers.
    Symmetry,
    /// Two equal data sets: the value is zero.
    ZeroOnItself,
}

impl Law {
    /// The laws of a ratio of distances between labelled rows.
    pub const OF_RATIOS: &'static [Self] = &[
        Self::Rotation,
        Self::Translation,
        Self::Scale,
        Self::RowOrder,
        Self::ClassNames,
    ];

    /// Its name.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Translation => "translation",
            Self::Scale => "scale",
            Self::ChannelScale => "scale of each channel",
            Self::RowOrder => "order of rows",
            Self::ClassNames => "names of classes",
            Self::Symmetry => "swapping the two sides",
            Self::ZeroOnItself => "zero for two equal data sets",
        }
    }
}

/// A family: metrics that answer one question.
pub struct MetricFamily {
    /// Its id, which `--metrics` takes.
    pub id: &'static str,
    /// The question.
    pub about: &'static str,
    /// Its rows.
    pub metrics: &'static [Metric],
}
