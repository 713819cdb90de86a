//! One data set of one (model, layer), read once.

use std::sync::OnceLock;
use std::time::Instant;

use super::kinds::{Chosen, MOST_NEIGHBOURS, with_spare_for_halves};
use super::{Plan, SAMPLES, WIDEST, again, is_named};
use crate::error::Result;
use crate::features::{FeatureSet, Labels};
use crate::metrics::{ErrorBar, Eval, Metric, Variant};
use crate::stats::{Neighbours, Rows, SecondPass, Spectrum, Summariser, Summary, Wanted, generator, nearest};

/// Multiplications (N² d) up to which metrics of pairs of rows look at all rows: about two minutes of two processors.
const MOST_PRODUCTS: f64 = 6e12;

/// The random stream that picks the rows where there are more (see [`generator`]).
const ROWS_STREAM: u64 = 3;

/// One data set of one (model, layer), summarised.
pub struct Side<'a> {
    pub set: &'a dyn FeatureSet,
    pub summary: Summary,
    /// The rows themselves, or a random choice of them, where a metric looks at rows; else empty.
    pub rows: Rows,
    /// Their nearest neighbours among themselves, once they are asked for.
    neighbours: OnceLock<Neighbours>,
    /// Rows around the means of their classes, where a metric wants them.
    pub again: Option<SecondPass>,
    /// The split that gave the centres of classes, where it is another one.
    pub train: Option<String>,
    /// The spectrum of each class, where a metric wants it; else empty.
    pub spectra: Vec<Result<Spectrum>>,
    /// Seconds the passes took.
    pub seconds: f64,
}

impl Side<'_> {
    pub fn labels(&self) -> Option<&Labels> {
        super::labels(self.set)
    }

    /// The nearest neighbours of its rows among themselves: as many as the plan's metrics look at, and some to spare.
    pub fn neighbours(&self, plan: &Plan) -> &Neighbours {
        self.neighbours.get_or_init(|| match self.rows.measurable() {
            true => nearest(&self.rows, plan.neighbours()),
            false => Neighbours::default(),
        })
    }

    /// The neighbours of its rows where a metric has asked for them.
    pub fn known_neighbours(&self) -> Option<&Neighbours> {
        self.neighbours.get().filter(|table| table.k() > 0)
    }

    /// Lets go of what only one-sided metrics need.
    pub fn let_go(&mut self, plan: &Plan) {
        let pairs = plan.paired() && plan.evals().any(|e| e.needs_scatter_of_pairs());
        self.summary.drop_scatter(pairs);
        if !plan.pairs_look_at_rows(self.set) {
            self.rows = Rows::default();
            self.neighbours = OnceLock::new();
        }
        self.again = None;
        self.spectra = Vec::new();
    }
}

impl Plan {
    /// The metrics of the plan, once for each convention wanted, `None` being the default.
    pub fn ways(&self) -> impl Iterator<Item = (&'static Metric, Option<&'static Variant>)> {
        self.metrics
            .iter()
            .flat_map(|&m| self.conventions.of(m).map(move |variant| (m, variant)))
    }

    /// The same, each as it is computed.
    pub fn chosen(&self) -> impl Iterator<Item = Chosen> {
        self.ways()
            .map(|(m, variant)| (m, self.conventions.eval_by(m, variant)))
    }

    /// How each metric of the plan is computed.
    pub fn evals(&self) -> impl Iterator<Item = Eval> {
        self.chosen().map(|(_, eval)| eval)
    }

    /// Whether there are pairs of pretraining and evaluation data.
    pub fn paired(&self) -> bool {
        !self.pre.is_empty() && !self.eval.is_empty()
    }

    /// Whether a metric of pairs looks at the rows of this set.
    fn pairs_look_at_rows(&self, set: &dyn FeatureSet) -> bool {
        let mut names = self.pre.iter().chain(&self.eval);
        self.paired() && self.evals().any(|e| e.needs_rows_of_pairs()) && names.any(|name| is_named(set, name))
    }

    /// The neighbours of each row that a table holds.
    pub fn neighbours(&self) -> usize {
        let asked = self.chosen().filter_map(|(metric, eval)| {
            let k = eval.neighbours().filter(|k| *k <= MOST_NEIGHBOURS)?;
            Some(match metric.error {
                ErrorBar::HalfSamples => with_spare_for_halves(k),
                // The one after says whether the last is told apart.
                _ => k + 1,
            })
        });
        let of_tables = if self.tables { super::tables::FOREIGN_AMONG } else { 0 };
        asked.max().unwrap_or(0).max(of_tables)
    }
}

/// Reads a set and keeps what the plan's metrics need of it; `group` holds all sets of its (model, layer), and `read` is told
/// the number of rows read, as they are read.
pub fn summarise<'a>(
    set: &'a dyn FeatureSet,
    group: &[&'a dyn FeatureSet],
    plan: &Plan,
    read: &(dyn Fn(u64) + Sync),
) -> Result<Side<'a>> {
    let start = Instant::now();
    let any = |needs: fn(&Eval) -> bool| plan.evals().any(|e| needs(&e));
    let wanted = Wanted {
        scatter: set.width() <= WIDEST
            && (plan.tables || any(Eval::needs_scatter) || (plan.paired() && any(Eval::needs_scatter_of_pairs))),
        unit_scatter: set.width() <= WIDEST && any(Eval::needs_unit_scatter),
        normalised: any(|e| matches!(e, Eval::Classes { normalised: true, .. })),
        sample: if plan.paired() && any(|e| matches!(e, Eval::Samples { .. })) {
            SAMPLES
        } else {
            0
        },
        seed: plan.seed,
    };
    let mut summariser = Summariser::new(set.rows(), set.width(), super::labels(set), wanted);
    let mut rows = if any(Eval::needs_rows) || plan.pairs_look_at_rows(set) {
        Rows::choose(chosen(set, plan), summariser.groups(), super::labels(set), set.width())
    } else {
        Rows::default()
    };
    for batch in set.batches(Summariser::batch_rows(set.width()))? {
        let batch = batch?;
        summariser.push(batch.view());
        rows.push(batch.view());
        read(batch.nrows() as u64);
    }
    let wanted = plan.again(set);
    let train = again::train_of(set, group).filter(|_| wanted.nearest);
    let groups = summariser.groups().to_vec();
    let summary = summariser.finish();
    let second = if wanted.any() {
        Some(again::second_pass(set, &summary, groups, train, wanted, read)?)
    } else {
        None
    };
    let spectra = if plan.spectra_of_classes(set) {
        again::spectra_of_classes(set, summary.measurable(), read)?
    } else {
        Vec::new()
    };
    Ok(Side {
        set,
        summary,
        rows,
        neighbours: OnceLock::new(),
        again: second,
        train: train.map(|t| t.provenance().split.clone()),
        spectra,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// The rows that metrics of pairs of rows look at, in order: all, or a random choice.
pub fn chosen(set: &dyn FeatureSet, plan: &Plan) -> Vec<usize> {
    let affordable = (MOST_PRODUCTS / set.width() as f64).sqrt() as usize;
    let most = plan.rows.unwrap_or(affordable);
    if most >= set.rows() {
        return (0..set.rows()).collect();
    }
    let mut rng = generator(plan.seed, ROWS_STREAM);
    let mut drawn = rand::seq::index::sample(&mut rng, set.rows(), most).into_vec();
    drawn.sort_unstable();
    drawn
}
