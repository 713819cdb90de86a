//! What a few labels are worth: probes of class means and of logistic regression from 1, 2, 4… rows a class.

use rand::seq::index::sample;
use rayon::prelude::*;

use super::cut::{Asking, ProbeNeeds};
use super::fits::cuts;
use crate::analysis::probed::Probed;
use crate::analysis::side::Side;
use crate::analysis::tables::of_subject;
use crate::error::Result;
use crate::probes::logistic::{PenaltyStrength, Protocol};
use crate::probes::{Prediction, Probe, Scaling};
use crate::results::Table;
use crate::stats::generator;

/// Fitting rows of each class.
const BUDGETS: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// Draws of each budget.
const DRAWS: u64 = 5;

/// Random stream of the draws (see [`generator`]).
const DRAWN: u64 = 40;

/// Numbers n d C that a logistic regression is fitted to at most: a minute or so of two processors for each budget.
const MOST: usize = 1 << 30;

/// One draw.
struct Point {
    probe: &'static str,
    budget: usize,
    draw: u64,
    rows: usize,
    accuracy: f64,
    lambda: Option<f64>,
}

/// `label_efficiency`: the accuracy of those of the probes asked for that a few rows can fit. Under cross-validation the rows of the
/// first fold are scored.
pub fn table(side: &Side, probed: &Probed, asked: impl Iterator<Item = Probe>, seed: u64) -> Result<Table> {
    let mut probes: Vec<Probe> = Vec::new();
    for probe in asked {
        let few = match probe {
            Probe::Means { .. } => Probe::Means { cosine: false },
            Probe::Linear { .. } => Probe::Linear {
                scaling: Scaling::Rms,
                strength: PenaltyStrength::Chosen(Protocol::Few),
            },
            Probe::Votes { .. } | Probe::Ridge => continue,
        };
        if !probes.contains(&few) {
            probes.push(few);
        }
    }
    let mut points = Vec::new();
    let (fitting, count) = (probed.fitting(), probed.names.len());
    if let Some(cut) = cuts(probed, seed).into_iter().find(|cut| !cut.held.is_empty()) {
        let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); count];
        cut.fit
            .iter()
            .for_each(|&i| of_class[fitting.classes[i] as usize].push(i));
        let asking = Asking {
            probed,
            fitting,
            held: &cut.held,
            seed,
        };
        let most = of_class.iter().map(Vec::len).max().unwrap_or(0);
        let whole = BUDGETS.iter().filter(|&&budget| budget <= most);
        let draws: Vec<(usize, u64)> = whole
            .flat_map(|&budget| (0..DRAWS).map(move |draw| (budget, draw)))
            .collect();
        let of_draw = |&(budget, draw): &(usize, u64)| -> Result<Vec<Point>> {
            let places = drawn(&of_class, budget, draw, seed);
            let numbers = places.len() * fitting.rows.width() * count;
            let affordable = |probe: &&Probe| !matches!(probe, Probe::Linear { .. }) || numbers <= MOST;
            let point = |probe: &Probe| {
                let wanted = ProbeNeeds {
                    probe: *probe,
                    seed: seed ^ (draw << 32),
                    refitted: false,
                    by_k: &[],
                };
                let answer = asking.answer(&places, &wanted)?;
                let right = answer.predictions.iter().filter(|p: &&Prediction| p.right).count();
                let lambda = answer.beside.iter().find(|(name, _)| *name == "lambda");
                Ok(Point {
                    probe: probe.name(),
                    budget,
                    draw,
                    rows: places.len(),
                    accuracy: right as f64 / answer.predictions.len() as f64,
                    lambda: lambda.and_then(|(_, value)| value.as_f64()),
                })
            };
            probes.iter().filter(affordable).map(point).collect()
        };
        let found: Vec<Vec<Point>> = draws.par_iter().map(of_draw).collect::<Result<_>>()?;
        points = found.into_iter().flatten().collect();
    }
    Ok(of_subject("label_efficiency", &points, side.set.subject())
        .text("probe", |point| point.probe)
        .count("rows_per_class", |point| point.budget as u64)
        .count("draw", |point| point.draw)
        .count("fitting_rows", |point| point.rows as u64)
        .float("accuracy", |point| point.accuracy)
        .float("lambda", |point| point.lambda)
        .finish())
}

/// So many rows of each class, or all of a smaller one, in order. A larger budget of one draw holds the smaller ones.
fn drawn(of_class: &[Vec<usize>], budget: usize, draw: u64, seed: u64) -> Vec<usize> {
    let mut rng = generator(seed, DRAWN + draw);
    let mut places: Vec<usize> = Vec::new();
    for members in of_class {
        let order = sample(&mut rng, members.len(), members.len());
        places.extend(order.iter().take(budget).map(|i| members[i]));
    }
    places.sort_unstable();
    places
}
