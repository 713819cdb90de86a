//! The catalogue: every metric is a plain function and one row that says all there is to say about it. The command
//! line, the help, the reference pages and the report are made from the rows: adding a metric edits one file.

pub mod axes;
pub mod class_structure;
mod convention;
pub mod distance;
pub mod domain_classifier;
mod eval;
pub mod geometry;
mod inputs;
pub mod mixing;
mod needs;
pub mod probes;
pub mod redundancy;
pub mod sample_distance;
pub mod similarity;
pub mod spectrum;
pub mod support;
pub mod transferability;
pub mod variation;
pub mod words;

pub use convention::{Conventions, Followed};
// A new kind brings a payload: no list of them here.
pub use eval::*;
pub use inputs::{
    Balls, Between, Canonical, ClassMeans, DomainScores, FromCentre, KernelScale, Lie, MatchedMoments,
    MatchedNeighbours, Mixing, NearRows, PairSums, RowView, SamplePair, Shares, Support,
};
pub use needs::{MatchedNeeds, Needs, Sides};

use crate::error::{Error, Result};
use crate::uncertainty::ErrorBar;
use words::{is_group_of, names_metric, why_unknown};

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
    /// In words.
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
    /// In words.
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
pub struct Family {
    /// Its id, which `--metrics` takes.
    pub id: &'static str,
    /// The question.
    pub about: &'static str,
    /// Its rows.
    pub metrics: &'static [Metric],
}

/// Every family, in the order of reports.
pub const FAMILIES: &[Family] = &[
    variation::FAMILY,
    class_structure::FAMILY,
    mixing::FAMILY,
    distance::FAMILY,
    sample_distance::FAMILY,
    support::FAMILY,
    redundancy::FAMILY,
    spectrum::FAMILY,
    geometry::FAMILY,
    probes::FAMILY,
    transferability::FAMILY,
    similarity::FAMILY,
];

/// Every metric, in the order of reports.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    FAMILIES.iter().flat_map(|family| family.metrics)
}

/// The metric `id`.
pub fn find(id: &str) -> Option<&'static Metric> {
    all().find(|metric| metric.id == id)
}

/// The metrics that an analysis is asked for: `all`, `axes`, families, ids.
///
/// # Errors
/// For an unknown word, naming the nearest known one, and for metrics of two layers or models on the same images.
pub fn select(words: &[String]) -> Result<Vec<&'static Metric>> {
    select_where(words, |metric| !metric.is_matched())
}

/// The metrics of two layers or models on the same images that `featscope similarity` is asked for.
///
/// # Errors
/// For an unknown word, naming the nearest known one, and for metrics that an analysis computes.
pub fn select_matched(words: &[String]) -> Result<Vec<&'static Metric>> {
    select_where(words, |metric| metric.is_matched())
}

fn select_where(words: &[String], fits: fn(&Metric) -> bool) -> Result<Vec<&'static Metric>> {
    let rows: Vec<(&str, &'static Metric)> = FAMILIES
        .iter()
        .flat_map(|f| f.metrics.iter().map(|m| (f.id, m)))
        .collect();
    for word in words.iter().filter(|word| *word != "all") {
        match rows
            .iter()
            .find(|row| names_metric(word, row.0, row.1))
            .map(|row| row.1)
        {
            None => return Err(Error::input(format!("--metrics {word}: {}", why_unknown(word)))),
            Some(metric) if !fits(metric) => {
                let (what, command) = if metric.is_matched() {
                    ("two layers or models on the same images", "similarity")
                } else {
                    ("one or two data sets", "analyze")
                };
                return Err(Error::input(format!(
                    "--metrics {word}: that is about {what}; ask `featscope {command}` for it"
                )));
            }
            Some(_) => {}
        }
    }
    let wanted = |row: &(&str, &'static Metric)| {
        let of_many = |word: &str| !row.1.only_by_name() && (word == "all" || is_group_of(word, row.0, row.1));
        words.iter().any(|word| of_many(word) || word == row.1.id)
    };
    Ok(rows
        .iter()
        .filter(|row| fits(row.1) && wanted(row))
        .map(|row| row.1)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_complete_and_unique() {
        let mut ids: Vec<&str> = Vec::new();
        for m in all() {
            assert!(!ids.contains(&m.id), "{} twice", m.id);
            assert!(FAMILIES.iter().all(|f| f.id != m.id), "{} is a family too", m.id);
            ids.push(m.id);
            for (field, text) in [
                ("label", m.label),
                ("about", m.about),
                ("caveat", m.caveat),
                ("formula", m.formula),
                ("convention", m.convention),
                ("reference", m.reference),
                ("estimand", m.estimand),
                ("error bar", m.error.describe()),
            ] {
                assert!(!text.contains("reports/"), "{}: an installed user has no {text}", m.id);
                assert!(!text.is_empty(), "{}: no {field}", m.id);
            }
            assert!(m.range.0 < m.range.1, "{}: empty range", m.id);
            assert!(!m.laws.is_empty(), "{}: no law", m.id);
        }
    }

    #[test]
    fn a_misspelt_metric_is_answered_with_the_nearest_one() {
        let error = select(&["discriminative_ration".to_owned()])
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean discriminative_ratio?"), "{error}");
    }

    #[test]
    fn axes_select_the_metrics_of_the_three_axes() {
        let ids: Vec<&str> = select(&["axes".to_owned()]).unwrap().iter().map(|m| m.id).collect();
        assert_eq!(ids.len(), 9);
        for id in ["discriminative_ratio", "sample_mixing", "redundancy_excess"] {
            assert!(ids.contains(&id), "{id}");
        }
        assert!(select_matched(&["axes".to_owned()]).is_err());
    }

    #[test]
    fn a_record_of_suites_is_explained() {
        let error = select(&["suite_log_odds".to_owned()])
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("a record of a suite") && !error.contains("did you mean"),
            "{error}"
        );
    }
}
