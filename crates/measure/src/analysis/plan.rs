//! What to compute, and what that needs.

use super::benchmark::{Suite, Together};
use super::limits::{FOREIGN_AMONG, MOST_NEIGHBOURS, SAMPLES, WIDEST};
use super::planned_metric::PlannedMetric;
use super::subject::is_named;
use crate::error::{Error, Result};
use crate::features::FeatureSet;
use crate::metrics::{Conventions, Eval, FAMILIES, Metric, Needs, Sides};
use crate::stats::SummaryNeeds;
use crate::uncertainty::{ErrorBar, with_spare_for_halves};

/// What to compute.
#[derive(Default)]
pub struct Plan {
    /// Metrics, in order.
    pub metrics: Vec<&'static Metric>,
    /// The user's words for metrics: those named by id or family get a record even where they cannot apply.
    pub named: Vec<String>,
    /// Conventions.
    pub conventions: Conventions,
    /// Pretraining data sets, by name or `NAME/SPLIT`.
    pub pre: Vec<String>,
    /// Evaluation data sets.
    pub eval: Vec<String>,
    /// Which splits and layers belong together.
    pub together: Together,
    /// Evaluation data sets that are one benchmark.
    pub suites: Vec<Suite>,
    /// Seed of every random draw.
    pub seed: u64,
    /// Rows of each set that metrics of pairs of rows look at: `None` for all, up to a cost of minutes.
    pub rows: Option<usize>,
    /// Whether the spread over fitting rows is wanted of costly probes, too.
    pub fit_sd: bool,
    /// Whether the arrays behind the pictures are wanted.
    pub tables: bool,
    /// Whether values against the number of rows are wanted.
    pub convergence: bool,
    /// The command line, for the record.
    pub command: String,
}

impl Plan {
    /// The metrics of the plan, once for each convention wanted.
    pub fn asked(&self) -> impl Iterator<Item = PlannedMetric<Eval>> {
        let ways = self
            .metrics
            .iter()
            .flat_map(|&metric| self.conventions.of(metric).map(move |variant| (metric, variant)));
        ways.enumerate().map(|(place, (metric, variant))| PlannedMetric {
            place,
            metric,
            variant,
            eval: self.conventions.eval_by(metric, variant),
        })
    }

    /// What each of them needs.
    pub fn needs(&self) -> impl Iterator<Item = Needs> {
        self.asked().map(|asked| asked.eval.needs())
    }

    /// Whether there are pairs of pretraining and evaluation data.
    pub fn paired(&self) -> bool {
        !self.pre.is_empty() && !self.eval.is_empty()
    }

    /// Whether a metric of pairs looks at the rows of this set.
    pub(super) fn pairs_look_at_rows(&self, set: &dyn FeatureSet) -> bool {
        let mut names = self.pre.iter().chain(&self.eval);
        self.paired() && self.needs().any(|n| n.rows_of_pairs()) && names.any(|name| is_named(set, name))
    }

    /// The neighbours of each row that a table holds.
    pub fn neighbours(&self) -> usize {
        let asked = self.asked().filter_map(|asked| {
            let k = asked.eval.needs().neighbours.filter(|k| *k <= MOST_NEIGHBOURS)?;
            Some(match asked.metric.error {
                ErrorBar::HalfSamples => with_spare_for_halves(k),
                // The one after says whether the last is told apart.
                _ => k + 1,
            })
        });
        let of_tables = if self.tables { FOREIGN_AMONG } else { 0 };
        asked.max().unwrap_or(0).max(of_tables)
    }

    /// What the first pass over a set collects.
    pub fn wanted(&self, set: &dyn FeatureSet) -> SummaryNeeds {
        let narrow = set.width() <= WIDEST;
        let any = |wanted: fn(&Needs) -> bool| {
            let applies = |n: &Needs| n.sides == Sides::One || n.sides == Sides::Pair && self.paired();
            self.needs().any(|n| applies(&n) && wanted(&n))
        };
        SummaryNeeds {
            scatter: narrow && (self.tables || any(|n| n.scatter)),
            unit_scatter: narrow && any(|n| n.unit_scatter),
            normalised: any(|n| n.unit_classes),
            sample: if any(|n| n.sample) { SAMPLES } else { 0 },
            seed: self.seed,
        }
    }

    /// Checks what the user asked for against what the user named.
    ///
    /// # Errors
    /// For words that name metrics of pairs alone where no pair is named.
    pub fn check(&self) -> Result<()> {
        let missing = match (self.pre.is_empty(), self.eval.is_empty()) {
            (false, false) => return Ok(()),
            (true, true) => "name both, with --pre NAME and --eval NAME",
            (true, false) => "name the first, with --pre NAME",
            (false, true) => "name the second, with --eval NAME",
        };
        for word in &self.named {
            let mut named = self
                .metrics
                .iter()
                .filter(|metric| names_metric(metric, word))
                .peekable();
            if named.peek().is_some() && named.all(|metric| metric.eval.needs().sides == Sides::Pair) {
                return Err(Error::input(format!(
                    "{word} compares a pretraining with an evaluation data set; {missing} (in an experiment: a data \
                     set of each role)"
                )));
            }
        }
        Ok(())
    }

    /// Whether the user named a metric or its family, and not just all: it gets a record even where it cannot apply.
    pub fn names(&self, metric: &Metric) -> bool {
        self.named.iter().any(|word| names_metric(metric, word))
    }

    /// The most rows that a metric of views looks at, where there is one.
    pub fn most_views(&self) -> Option<usize> {
        self.needs().filter_map(|needs| needs.views).max()
    }
}

/// Whether a word of the user's names a metric, or its family.
fn names_metric(metric: &Metric, word: &str) -> bool {
    let family = || FAMILIES.iter().find(|family| family.id == word);
    metric.id == word || family().is_some_and(|family| family.metrics.iter().any(|m| m.id == metric.id))
}
