//! One probe, fitted and asked: on another split, or fold by fold.

use ndarray::Array2;
use serde_json::{Value, json};

use super::super::super::probed::{Half, Probed};
use crate::error::{Error, Result};
use crate::probes::logistic::{Labelled, Scaled, Strength, fit, nll_and_chances, scores};
use crate::probes::{
    CROSS, Cut, Frame, Polled, Prediction, Predictions, Probe, Scaling, class_means, folds, nearest_mean, ridge,
};
use crate::stats::Rows;

/// What a probe says of the scored rows, and how it came about.
pub struct Found {
    pub predictions: Predictions,
    /// Neighbours that voted.
    pub k: Option<usize>,
    /// What is found beside the value.
    pub said: Vec<(&'static str, Value)>,
    pub notes: Vec<String>,
}

/// What one cut gave: predictions of the rows held out, in their order.
struct OfCut {
    predictions: Vec<Prediction>,
    k: Option<usize>,
    said: Vec<(&'static str, Value)>,
    notes: Vec<String>,
}

/// Fits a probe and asks it of every scored row.
pub fn fitted(probed: &Probed, probe: Probe, seed: u64) -> Result<Found> {
    let (fitting, count) = (probed.fitting(), probed.names.len());
    let places: Vec<usize> = (0..fitting.classes.len()).collect();
    let cuts = match &probed.fit {
        Some(_) => vec![Cut {
            fit: places,
            held: (0..probed.truths.len()).collect(),
        }],
        None => folds(&places, &fitting.classes, count, CROSS, seed),
    };
    let mut all: Vec<Option<Prediction>> = vec![None; probed.truths.len()];
    let mut made = Vec::with_capacity(cuts.len());
    for cut in cuts.iter().filter(|cut| !cut.held.is_empty()) {
        let mut of_cut = of_cut(probed, fitting, cut, probe, count, seed)?;
        for (&place, prediction) in cut.held.iter().zip(std::mem::take(&mut of_cut.predictions)) {
            all[place] = Some(prediction);
        }
        made.push(of_cut);
    }
    let all: Option<Vec<Prediction>> = all.into_iter().collect();
    let all = all.ok_or_else(|| Error::undefined("a row is in no fold"))?;
    let mut notes: Vec<String> = made.iter().flat_map(|cut| cut.notes.clone()).collect();
    notes.dedup();
    Ok(Found {
        predictions: Predictions {
            all,
            classes: probed.scored.classes.clone(),
            groups: probed.scored.rows.groups().to_vec(),
            known: count,
        },
        k: made.iter().filter_map(|cut| cut.k).min(),
        said: together(&made),
        notes,
    })
}

/// What all cuts found: a number of one, a list of several.
fn together(made: &[OfCut]) -> Vec<(&'static str, Value)> {
    let [first, rest @ ..] = made else { return Vec::new() };
    if rest.is_empty() {
        return first.said.clone();
    }
    let list = |(i, (name, _)): (usize, &(&'static str, Value))| {
        let values: Vec<Value> = made.iter().map(|cut| cut.said[i].1.clone()).collect();
        (*name, Value::Array(values))
    };
    first.said.iter().enumerate().map(list).collect()
}

fn of_cut(probed: &Probed, fitting: &Half, cut: &Cut, probe: Probe, count: usize, seed: u64) -> Result<OfCut> {
    let truths: Vec<Option<usize>> = cut.held.iter().map(|&i| probed.truths[i]).collect();
    let plain = |predictions| OfCut {
        predictions,
        k: None,
        said: Vec::new(),
        notes: Vec::new(),
    };
    match probe {
        Probe::Votes { vote, k } => {
            let voters = fitting.rows.subset(&cut.fit);
            let classes: Vec<u32> = cut.fit.iter().map(|&i| fitting.classes[i]).collect();
            let polled = Polled::new(&probed.scored.rows.subset(&cut.held), &voters, vote, k);
            let (silent, lost) = polled.without_direction(cut.held.len(), cut.fit.len());
            let mut notes = Vec::new();
            if silent + lost > 0 {
                notes.push(format!(
                    "rows of zeros have no direction: {silent} fitting rows have no vote, {lost} scored rows are near to nobody"
                ));
            }
            Ok(OfCut {
                k: Some(polled.k()),
                notes,
                ..plain(polled.predictions(k, &classes, count, &truths))
            })
        }
        Probe::Means { cosine } => {
            let means = class_means(&fitting.rows, &cut.fit, &fitting.classes, count);
            let scored = &probed.scored.rows;
            Ok(plain(nearest_mean(scored, &cut.held, &means, cosine, &probed.truths)))
        }
        Probe::Ridge => {
            let (frame, mut rows) = (Frame::new(&fitting.rows, &cut.fit, Scaling::Rms), None);
            let scaled = scaled(&frame, &fitting.rows, &mut rows);
            let found = ridge::fit(&Labelled {
                rows: scaled.view(),
                classes: &fitting.classes,
                places: &cut.fit,
                count,
            })?;
            let mut held = None;
            let held = match probed.fit {
                Some(_) => self::scaled(&frame, &probed.scored.rows, &mut held),
                None => scaled,
            };
            let predictions = scores(held.view(), &cut.held, &found.weights, |block, scores| {
                let of_row = |(row, &i): (ndarray::ArrayView1<f64>, &usize)| {
                    Prediction::of_scores(&row.to_vec(), probed.truths[i])
                };
                scores.outer_iter().zip(block).map(of_row).collect::<Vec<_>>()
            });
            let said = vec![
                ("lambda", json!(found.lambda)),
                ("left_out_error", json!(found.left_out)),
            ];
            Ok(OfCut {
                said,
                ..plain(predictions.into_iter().flatten().collect())
            })
        }
        Probe::Linear { scaling, strength } => {
            let (frame, mut rows) = (Frame::new(&fitting.rows, &cut.fit, scaling), None);
            let scaled = scaled(&frame, &fitting.rows, &mut rows);
            let rows = Scaled {
                rows: scaled.view(),
                classes: &fitting.classes,
                count,
                rms: frame.rms,
            };
            let found = fit(&rows, &cut.fit, strength, seed)?;
            let mut held = None;
            let held = match probed.fit {
                Some(_) => self::scaled(&frame, &probed.scored.rows, &mut held),
                None => scaled,
            };
            let predictions = scores(held.view(), &cut.held, &found.optimum.weights, |block, scores| {
                let of_row = |(row, &i): (ndarray::ArrayView1<f64>, &usize)| {
                    let truth = probed.truths[i];
                    let mut chances = row.to_vec();
                    let prediction = Prediction::of_scores(&chances, truth);
                    let nll = nll_and_chances(&mut chances, truth.unwrap_or(0));
                    prediction.with_chances(&chances, truth, nll)
                };
                scores.outer_iter().zip(block).map(of_row).collect::<Vec<_>>()
            });
            let best = &found.optimum;
            let mut said = vec![
                ("lambda", json!(found.lambda)),
                ("C", json!(found.strength)),
                ("r", json!(found.rms)),
                ("loss", json!(best.loss)),
                ("relative_gradient", json!(best.relative_gradient)),
                ("bound", json!(best.bound)),
                ("passes", json!(found.passes)),
            ];
            if count == 2 {
                said.push(("C_binomial", json!(2.0 * found.strength)));
            }
            if strength == Strength::Chosen {
                said.push(("held_out_loss", json!(found.held_out.filter(|loss| loss.is_finite()))));
                said.push(("lambdas_tried", json!(found.tried)));
            }
            let notes = match best.converged {
                true => Vec::new(),
                false => vec!["the fit did not come to rest: see found.bound".to_owned()],
            };
            Ok(OfCut {
                said,
                notes,
                ..plain(predictions.into_iter().flatten().collect())
            })
        }
    }
}

/// Rows as a frame sees them, kept where the caller says.
fn scaled<'r>(frame: &Frame, rows: &Rows, room: &'r mut Option<Array2<f32>>) -> &'r Array2<f32> {
    room.insert(frame.seen(rows))
}
