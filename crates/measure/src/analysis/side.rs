//! One data set of one (model, layer), read once.

use std::sync::OnceLock;
use std::time::Instant;

use super::batches::each_batch;
use super::first_pass;
use super::group::LayerGroup;
use super::head::head;
use super::image_views::{Viewed, is_viewed};
use super::piece::Extent;
use super::plan::Plan;
use super::probed::Probed;
use super::second_pass::{second_pass, spectra_of_classes};
use super::subject::{labels, record};
use crate::error::{Error, Result};
use crate::features::{FeatureSet, Labels, Role};
use crate::metrics::Sides;
use crate::results::Record;
use crate::stats::{LinearMap, Neighbours, Rows, SecondPass, Spectrum, Summariser, Summary, generator, nearest};
use crate::uncertainty::groups_within_classes;

/// Multiplications (N² d) up to which metrics of pairs of rows look at all rows: about two minutes of two processors.
const MOST_PRODUCTS: f64 = 6e12;

/// The random stream that picks the rows where there are more (see [`generator`]).
const ROWS_STREAM: u64 = 3;

/// One data set of one (model, layer), summarised.
pub struct Side<'a> {
    pub set: &'a dyn FeatureSet,
    role: Option<Role>,
    pub summary: Summary,
    /// The rows themselves, or a random choice of them, where a metric looks at rows; else empty.
    pub rows: Rows,
    /// Their nearest neighbours among themselves, once they are asked for.
    neighbours: OnceLock<Neighbours>,
    /// Rows around the means of their classes, where a metric wants them.
    pub second_pass: Option<SecondPass>,
    /// The split of the same data that is fitted on where this one is scored, if a metric wants one.
    pub fitted: Option<&'a dyn FeatureSet>,
    /// The labelled rows that probes look at, where a metric wants one.
    pub probed: Option<Probed>,
    /// The model's own classifier of the rows that are fitted on, where its logits of them are there and a metric wants it.
    pub head: Option<Result<LinearMap>>,
    /// The rows as views of images, where they are some and a metric wants them.
    pub views: Option<Viewed>,
    /// The spectrum of each class, where a metric wants it; else empty.
    pub spectra: Vec<Result<Spectrum>>,
    /// Seconds the passes took.
    pub seconds: f64,
}

impl Side<'_> {
    pub fn labels(&self) -> Option<&Labels> {
        labels(self.set)
    }

    /// The names of its classes; none without labels.
    pub fn class_names(&self) -> &[String] {
        self.labels().map(|l| l.names()).unwrap_or_default()
    }

    /// The number of classes, 0 without labels.
    pub fn classes(&self) -> u64 {
        self.labels().map_or(0, |l| l.classes() as u64)
    }

    /// The data set and split that were fitted on.
    pub fn fitted_split(&self) -> Option<(String, String)> {
        let subject = self.fitted?.subject();
        Some((subject.dataset.clone(), subject.split.clone()))
    }

    /// The start of a record of this side.
    pub fn record(&self) -> Record {
        Record {
            role: self.role,
            ..record(self.set.subject())
        }
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

    /// Makes the passes after the first that the plan's metrics of one set need; `groups` has the jackknife group of each row.
    fn read_again(
        &mut self,
        group: &LayerGroup,
        place: usize,
        plan: &Plan,
        groups: Vec<u8>,
        read: &(dyn Fn(u64) + Sync),
    ) -> Result<()> {
        let set = self.set;
        if group.is_probed(place, plan) {
            self.probed = Probed::read(set, self.fitted, read)?;
        }
        if let Some((features, logits)) = group.head_of(place, plan) {
            self.head = match head(features, logits, read) {
                Err(error) if !matches!(error, Error::Undefined(_)) => return Err(error),
                found => Some(found),
            };
        }
        if let Some(most) = plan.most_views().filter(|_| is_viewed(set)) {
            self.views = Some(Viewed::read(set, most, plan.seed, read)?);
        }
        let wanted = plan.second_pass_needs(set);
        if wanted.any() {
            self.second_pass = Some(second_pass(set, &self.summary, groups, self.fitted, wanted, read)?);
        }
        if plan.spectra_of_classes(set) {
            self.spectra = spectra_of_classes(set, self.summary.measurable(), read)?;
        }
        Ok(())
    }

    /// Keeps what metrics of pairs need, and nothing else.
    pub fn keep_for_pairs(&mut self, plan: &Plan) {
        let pairs = plan.paired() && plan.needs().any(|n| n.sides == Sides::Pair && n.scatter);
        self.summary.drop_scatter(pairs);
        if !plan.pairs_look_at_rows(self.set) {
            self.rows = Rows::default();
            self.neighbours = OnceLock::new();
        }
        self.second_pass = None;
        self.probed = None;
        self.views = None;
        self.head = None;
        self.spectra = Vec::new();
    }
}

/// Reads the set at a place of its group and keeps what the plan's metrics need of this part of it, beside what a first pass over
/// it has `given`; `read` is told the number of rows read, as they are read.
pub fn summarise<'a>(
    group: &LayerGroup<'a>,
    place: usize,
    plan: &Plan,
    part: Extent,
    given: Option<Summary>,
    read: &(dyn Fn(u64) + Sync),
) -> Result<Side<'a>> {
    let start = Instant::now();
    let set = group.sets[place];
    let of_set = labels(set);
    let groups = groups_of(of_set, set.rows());
    let alone = part == Extent::Whole;
    let of_one = || plan.needs().any(|n| n.sides == Sides::One && n.rows);
    let looks_at_rows = alone && of_one() || plan.pairs_look_at_rows(set);
    let mut rows = match looks_at_rows {
        true => Rows::choose(chosen(set, plan), &groups, of_set, set.width()),
        false => Rows::default(),
    };
    let mut summariser = match &given {
        Some(summary) => {
            first_pass::check(summary, set, plan)?;
            None
        }
        None => Some(Summariser::new(set.rows(), set.width(), of_set, plan.wanted(set))),
    };
    if summariser.is_some() || looks_at_rows {
        each_batch(set, read, |batch| {
            if let Some(summariser) = &mut summariser {
                summariser.push(batch);
            }
            rows.push(batch);
        })?;
    }
    let summary = match (given, summariser) {
        (_, Some(summariser)) => summariser.finish(),
        (given, None) => given.expect("it was given, or is made here"),
    };
    let mut side = Side {
        set,
        role: group.roles[place],
        summary,
        rows,
        neighbours: OnceLock::new(),
        second_pass: None,
        fitted: group.fitted_of(place, plan),
        probed: None,
        head: None,
        views: None,
        spectra: Vec::new(),
        seconds: 0.0,
    };
    if alone {
        side.read_again(group, place, plan, groups, read)?;
    }
    side.seconds = start.elapsed().as_secs_f64();
    Ok(side)
}

/// The jackknife group of each row of a set.
pub fn groups_of(labels: Option<&Labels>, rows: usize) -> Vec<u8> {
    match labels {
        Some(labels) => groups_within_classes(labels.class_of(), labels.classes()),
        None => groups_within_classes(&vec![None; rows], 0),
    }
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
