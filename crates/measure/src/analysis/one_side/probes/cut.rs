//! One probe, fitted on some rows and asked of others.

use ndarray::ArrayView1;
use serde_json::{Value, json};

use crate::analysis::probed::{Classifier, Half, Probed};
use crate::error::{Error, Result};
use crate::probes::logistic::{
    Fitted, LabelledSubset, PenaltyStrength, Scaled, Solver, Tried, Weights, nll_and_chances, scores,
};
use crate::probes::{
    Fitting, Frame, Polled, Prediction, Probe, ScaledRows, Scaling, ScoredRows, Strata, Vote, class_means,
    nearest_mean, refitted_means, ridge,
};
use crate::uncertainty::GROUPS;

/// What is wanted of a probe.
#[derive(Clone, Copy)]
pub struct ProbeNeeds {
    pub probe: Probe,
    pub seed: u64,
    /// The spread over fitting rows.
    pub refitted: bool,
    /// Other numbers of neighbours.
    pub by_k: &'static [usize],
}

/// What one cut gave.
#[derive(Default)]
pub struct FoldResult {
    /// What is said of the rows held out, in their order.
    pub predictions: Vec<Prediction>,
    /// The same without each jackknife group of the fitting rows; empty where that is not wanted.
    pub refitted: Vec<Vec<Prediction>>,
    /// The same for other numbers of neighbours.
    pub by_k: Vec<(usize, Vec<Prediction>)>,
    /// Neighbours that voted.
    pub k: Option<usize>,
    pub beside: Vec<(&'static str, Value)>,
    /// The weights, of a logistic regression.
    pub classifier: Option<Classifier>,
    pub notes: Vec<String>,
}

/// Rows that a probe is asked of.
pub struct Asking<'a> {
    pub probed: &'a Probed,
    pub fitting: &'a Half,
    /// Places of the scored rows.
    pub held: &'a [usize],
    pub seed: u64,
}

/// The classes that some fitting rows have, numbered by themselves: what no row is of cannot be fitted.
struct Present {
    /// The class that each number stands for.
    classes: Vec<usize>,
    /// The class of each fitting row.
    of_row: Vec<u32>,
    /// The class of each scored row, where the fitting rows have it.
    truths: Vec<Option<usize>>,
}

impl Asking<'_> {
    /// Fits on the rows at these places and asks.
    pub fn answer(&self, fit: &[usize], wanted: &ProbeNeeds) -> Result<FoldResult> {
        match wanted.probe {
            Probe::Votes { k: 0, .. } => Err(Error::undefined("k = 0: without a neighbour there is no vote")),
            Probe::Votes { vote, k } => Ok(self.votes(fit, vote, k, wanted)),
            Probe::Means { cosine } => {
                let scored = ScoredRows {
                    rows: &self.probed.scored.rows,
                    places: self.held,
                    truths: &self.probed.truths,
                };
                let fitting = Fitting {
                    rows: &self.fitting.rows,
                    places: fit,
                    classes: &self.fitting.classes,
                    count: self.probed.names.len(),
                };
                let (predictions, refitted) = match wanted.refitted {
                    true => refitted_means(&fitting, &scored, cosine),
                    false => {
                        let means = class_means(fitting.rows, fit, fitting.classes, fitting.count);
                        let found = nearest_mean(scored.rows, self.held, &means, cosine, scored.truths);
                        (found, Vec::new())
                    }
                };
                Ok(FoldResult {
                    refitted,
                    predictions,
                    ..FoldResult::default()
                })
            }
            Probe::Ridge => self.ridge(fit, wanted),
            Probe::Linear { scaling, strength } => self.linear(fit, scaling, strength, wanted),
        }
    }

    /// What `ask` says for the fitting rows without each of their jackknife groups, where that is wanted.
    fn refits(
        &self,
        fit: &[usize],
        wanted: &ProbeNeeds,
        ask: impl Fn(&[usize]) -> Result<Vec<Prediction>>,
    ) -> Result<Vec<Vec<Prediction>>> {
        let groups = if wanted.refitted { GROUPS } else { 0 };
        (0..groups).map(|g| ask(&without(self.fitting, fit, g))).collect()
    }

    fn votes(&self, fit: &[usize], vote: Vote, k: usize, wanted: &ProbeNeeds) -> FoldResult {
        let voters = self.fitting.rows.part(fit);
        let classes: Vec<u32> = fit.iter().map(|&i| self.fitting.classes[i]).collect();
        let truths: Vec<Option<usize>> = self.held.iter().map(|&i| self.probed.truths[i]).collect();
        let count = self.probed.names.len();
        let most = wanted.by_k.iter().copied().fold(k, usize::max);
        let scored = self.probed.scored.rows.part(self.held);
        let polled = match wanted.refitted {
            true => Polled::with_spare(&scored, &voters, vote, k, most),
            false => Polled::new(&scored, &voters, vote, most),
        };
        let (silent, lost) = polled.without_direction(self.held.len(), fit.len());
        let mut notes = Vec::new();
        if silent + lost > 0 {
            notes.push(format!(
                "rows of zeros have no direction: {silent} fitting rows have no vote, {lost} scored rows have no neighbours"
            ));
        }
        let ask = |k: usize, without: Option<usize>| polled.predictions(k, without, &classes, count, &truths);
        let groups = if wanted.refitted { GROUPS } else { 0 };
        FoldResult {
            predictions: ask(k, None),
            refitted: (0..groups).map(|g| ask(k, Some(g))).collect(),
            by_k: wanted.by_k.iter().map(|&k| (k, ask(k, None))).collect(),
            k: Some(k.min(polled.voters())),
            notes,
            ..FoldResult::default()
        }
    }

    fn ridge(&self, fit: &[usize], wanted: &ProbeNeeds) -> Result<FoldResult> {
        let ask = |fit: &[usize]| {
            let frame = Frame::new(&self.fitting.rows, fit, Scaling::Rms);
            let rows = LabelledSubset {
                rows: frame.seen(&self.fitting.rows),
                classes: &self.fitting.classes,
                places: fit,
                count: self.probed.names.len(),
            };
            let found = ridge::fit(&rows, self.fitting.groups.as_deref())?;
            let scored = frame.seen(&self.probed.scored.rows);
            let predictions = asked(scored, self.held, &found.weights, |row, i| {
                Prediction::of_scores(row, self.probed.truths[i])
            });
            Ok((found, predictions))
        };
        let (found, predictions) = ask(fit)?;
        Ok(FoldResult {
            predictions,
            refitted: self.refits(fit, wanted, |fit| Ok(ask(fit)?.1))?,
            beside: vec![
                ("lambda", json!(found.lambda)),
                ("left_out_error", json!(found.left_out)),
            ],
            ..FoldResult::default()
        })
    }

    /// The weights of a logistic regression fitted on the rows at these places.
    pub fn classifier(&self, fit: &[usize], strength: PenaltyStrength) -> Result<Classifier> {
        let frame = Frame::new(&self.fitting.rows, fit, Scaling::Rms);
        let present = Present::new(self, fit);
        let solver = Solver::new(present.scaled(self, &frame), fit)?;
        Ok(present.classifier(&solver.fit(strength, self.seed), strength))
    }

    fn linear(
        &self,
        fit: &[usize],
        scaling: Scaling,
        strength: PenaltyStrength,
        wanted: &ProbeNeeds,
    ) -> Result<FoldResult> {
        let frame = Frame::new(&self.fitting.rows, fit, scaling);
        let present = Present::new(self, fit);
        let solver = Solver::new(present.scaled(self, &frame), fit)?;
        let found = solver.fit(strength, self.seed);
        let scored = frame.seen(&self.probed.scored.rows);
        let ask = |weights: &Weights| present.asked(scored, self.held, weights);
        let refit = |fit: &[usize]| {
            let start = found.optimum.weights.clone();
            Ok(ask(&solver
                .refit(fit, Tried::Lambda(found.lambda), start)
                .optimum
                .weights))
        };
        Ok(FoldResult {
            predictions: ask(&found.optimum.weights),
            refitted: self.refits(fit, wanted, refit)?,
            beside: beside(&found, strength, present.classes.len()),
            classifier: (scaling == Scaling::Rms).then(|| present.classifier(&found, strength)),
            notes: match found.optimum.converged {
                true => Vec::new(),
                false => vec!["the fit did not come to rest: see found.bound".to_owned()],
            },
            ..FoldResult::default()
        })
    }
}

impl Present {
    fn new(asking: &Asking, fit: &[usize]) -> Self {
        let mut has = vec![false; asking.probed.names.len()];
        fit.iter().for_each(|&i| has[asking.fitting.classes[i] as usize] = true);
        let classes: Vec<usize> = (0..has.len()).filter(|&c| has[c]).collect();
        let mut own = vec![None; has.len()];
        (0..).zip(&classes).for_each(|(i, &c)| own[c] = Some(i));
        // Rows of absent classes are not fitted on, whatever number they have.
        let of_row = |&c: &u32| own[c as usize].unwrap_or(0);
        Self {
            of_row: asking.fitting.classes.iter().map(of_row).collect(),
            truths: asking
                .probed
                .truths
                .iter()
                .map(|truth| truth.and_then(|c| own[c]).map(|c| c as usize))
                .collect(),
            classes,
        }
    }

    /// The fitting rows as a frame sees them, with their classes.
    fn scaled<'s>(&'s self, asking: &'s Asking, frame: &'s Frame) -> Scaled<'s> {
        Scaled {
            rows: frame.seen(&asking.fitting.rows),
            strata: Strata {
                classes: &self.of_row,
                count: self.classes.len(),
                groups: asking.fitting.groups.as_deref(),
            },
        }
    }

    /// The weights of a fit on features that were divided by one number.
    fn classifier(&self, found: &Fitted, strength: PenaltyStrength) -> Classifier {
        Classifier {
            matrix: found.optimum.weights.matrix.clone(),
            classes: self.classes.clone(),
            beside: beside(found, strength, self.classes.len()),
            converged: found.optimum.converged,
        }
    }

    /// What a linear probe says of the rows at these places.
    fn asked(&self, scored: ScaledRows, held: &[usize], weights: &Weights) -> Vec<Prediction> {
        asked(scored, held, weights, |row, i| {
            let truth = self.truths[i];
            let mut chances = row.to_vec();
            let prediction = Prediction::of_scores(&chances, truth);
            let nll = nll_and_chances(&mut chances, truth.unwrap_or(0));
            let found = prediction.with_chances(&chances, truth, nll);
            Prediction {
                class: self.classes[found.class as usize] as u32,
                ..found
            }
        })
    }
}

/// The places of fitting rows outside a jackknife group.
pub fn without(fitting: &Half, places: &[usize], group: usize) -> Vec<usize> {
    let groups = fitting.rows.groups();
    let is_kept = |place: &&usize| usize::from(groups[**place]) != group;
    places.iter().filter(is_kept).copied().collect()
}

/// What is made of the scores of each of some rows, and its place.
fn asked(
    scored: ScaledRows,
    held: &[usize],
    weights: &Weights,
    made: impl Fn(&[f64], usize) -> Prediction + Sync,
) -> Vec<Prediction> {
    let blocks = scores(scored, held, weights, |block, scores| {
        let of_row = |(row, &i): (ArrayView1<f64>, &usize)| made(&row.to_vec(), i);
        scores.outer_iter().zip(block).map(of_row).collect::<Vec<_>>()
    });
    blocks.into_iter().flatten().collect()
}

/// What is found of a logistic regression beside its value.
fn beside(found: &Fitted, strength: PenaltyStrength, classes: usize) -> Vec<(&'static str, Value)> {
    let best = &found.optimum;
    let mut beside = vec![
        ("lambda", json!(found.lambda)),
        ("C", json!(found.strength)),
        ("r", json!(found.rms)),
        ("loss", json!(best.loss)),
        ("relative_gradient", json!(best.relative_gradient)),
        ("bound", json!(best.bound)),
        ("passes", json!(found.passes)),
    ];
    if classes == 2 {
        beside.push(("C_binomial", json!(2.0 * found.strength)));
    }
    if let PenaltyStrength::Chosen(protocol) = strength {
        let held_out = found.held_out.filter(|loss| loss.is_finite());
        beside.push((protocol.criterion(), json!(held_out)));
        beside.push(("lambdas_tried", json!(found.tried)));
    }
    beside
}
