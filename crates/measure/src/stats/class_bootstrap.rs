//! Bootstrap of the jackknife groups within each class: for step functions of class means, which leaving out a tenth of the rows
//! hardly moves.

use super::class_moments::ClassMoments;
use super::random::generator;
use super::summary::Summary;
use crate::error::{Error, Result};
use crate::uncertainty::bootstrap_draws;

/// The random streams, one for each resample (see [`generator`]).
const STREAM: u64 = 1_000;

/// Products that all resamples may cost together: a few seconds. There are a thousand resamples for few classes, and a hundred at
/// least.
const AFFORDABLE: f64 = 2e11;

/// How many resamples of `means` class means of width `d` there are, where each looks at all pairs of them.
pub fn resamples(means: usize, d: usize) -> u64 {
    let (m, d) = (means as f64, d as f64);
    (AFFORDABLE / (m * m * d)).clamp(100.0, 1000.0) as u64
}

/// Checks that every class has groups enough to be drawn from.
///
/// # Errors
/// Names the first class that has too few.
pub fn can_resample(summary: &Summary, names: &[String]) -> Result<()> {
    match (0..names.len()).find(|&c| members(summary, c).count() < 3) {
        Some(c) => Err(Error::undefined(format!(
            "class {} has too few rows to resample",
            names[c]
        ))),
        None => Ok(()),
    }
}

/// The class moments of each set on one resample, drawn one after the other.
pub fn resampled<const SETS: usize>(sets: [&Summary; SETS], seed: u64, resample: u64) -> [ClassMoments; SETS] {
    let mut rng = generator(seed, STREAM + resample);
    sets.map(|summary| {
        let classes = summary.parts[0].classes.classes();
        let mut drawn = ClassMoments::new(classes, summary.width);
        for c in 0..classes {
            let groups: Vec<&ClassMoments> = members(summary, c).collect();
            for (group, times) in groups.iter().zip(bootstrap_draws(&mut rng, groups.len())) {
                (0..times).for_each(|_| drawn.merge_class(c, group));
            }
        }
        drawn
    })
}

/// The groups that hold rows of class `c`.
fn members(summary: &Summary, c: usize) -> impl Iterator<Item = &ClassMoments> {
    let groups = summary.parts.iter().map(|part| &part.classes);
    groups.filter(move |classes| classes.counts()[c] > 0)
}
