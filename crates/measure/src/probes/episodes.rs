//! Few-shot episodes: class means of one or five rows.

use std::collections::HashSet;

use rand::seq::index::sample;
use rayon::prelude::*;

use super::nearest_mean::{apart, class_means};
use crate::error::{Error, Result};
use crate::stats::{Rows, generator};
use crate::uncertainty::GROUPS;

/// Random stream of the episodes (see [`generator`]).
const EPISODES: u64 = 23;

/// Episodes.
pub const COUNT: usize = 600;

/// Classes of an episode at most.
const WAYS: usize = 5;

/// Scored rows of each class of an episode at most.
const QUERIES: usize = 15;

/// Rows that episodes are drawn from: fitted on, and scored; one set where there is one.
pub struct Drawn<'a> {
    /// Fitting rows.
    pub fit: &'a Rows,
    /// For each class the places of its fitting rows, in the order of their ids.
    pub supports: &'a [Vec<usize>],
    /// Scored rows.
    pub scored: &'a Rows,
    /// The same of the scored rows.
    pub queries: &'a [Vec<usize>],
    /// Jackknife group of each scored row.
    pub groups: &'a [u8],
    /// Whether both are one set: then no row is on both sides of an episode.
    pub one_set: bool,
    /// Group of each row of one set whose rows belong together: then no group is on both sides.
    pub together: Option<&'a [u32]>,
}

/// Scored rows of one episode that are right, and all of them, by their groups.
pub type CorrectByGroup = [(u32, u32); GROUPS];

/// What the episodes gave.
pub struct Played {
    /// The tally of each episode.
    pub tallies: Vec<CorrectByGroup>,
    /// Classes of each.
    pub ways: usize,
    /// Scored rows of a class in each, at most.
    pub queries: usize,
}

/// Plays episodes of `shots` fitting rows a class, the same for every model under a seed.
///
/// # Errors
/// Undefined where fewer than two classes have rows enough.
pub fn play(drawn: &Drawn, shots: usize, seed: u64) -> Result<Played> {
    let enough = |c: &usize| {
        let (supports, queries) = (drawn.supports[*c].len(), drawn.queries[*c].len());
        match drawn.one_set {
            true => supports > shots,
            false => supports >= shots && queries > 0,
        }
    };
    let classes: Vec<usize> = (0..drawn.supports.len()).filter(enough).collect();
    if classes.len() < 2 {
        return Err(Error::undefined(format!(
            "{} classes have {shots} fitting rows and a scored one; an episode needs two classes",
            classes.len()
        )));
    }
    let ways = WAYS.min(classes.len());
    let mut rng = generator(seed, EPISODES + shots as u64);
    let episodes: Vec<Episode> = (0..COUNT)
        .map(|_| {
            let mut chosen = sample(&mut rng, classes.len(), ways).into_vec();
            chosen.sort_unstable();
            let of_class = |place: usize| {
                let c = classes[place];
                let (from, to) = (&drawn.supports[c], &drawn.queries[c]);
                if drawn.one_set {
                    let wanted = match drawn.together {
                        Some(_) => from.len(),
                        None => from.len().min(shots + QUERIES),
                    };
                    let some = sample(&mut rng, from.len(), wanted).into_vec();
                    let rows: Vec<usize> = some.into_iter().map(|i| from[i]).collect();
                    return (rows[..shots].to_vec(), rows[shots..].to_vec());
                }
                let supports = sample(&mut rng, from.len(), shots)
                    .into_iter()
                    .map(|i| from[i])
                    .collect();
                let queries = sample(&mut rng, to.len(), to.len().min(QUERIES)).into_iter();
                (supports, queries.map(|i| to[i]).collect())
            };
            apart_by_group(chosen.into_iter().map(of_class).collect(), drawn.together)
        })
        .collect();
    let tallies = episodes.par_iter().map(|episode| tally(drawn, episode)).collect();
    let most = classes
        .iter()
        .map(|&c| drawn.queries[c].len() - if drawn.one_set { shots } else { 0 });
    Ok(Played {
        tallies,
        ways,
        queries: most.max().unwrap_or(0).min(QUERIES),
    })
}

/// For each class of an episode its fitting rows and its scored ones.
type Episode = Vec<(Vec<usize>, Vec<usize>)>;

/// The episode without scored rows of groups that are fitted on.
fn apart_by_group(mut episode: Episode, together: Option<&[u32]>) -> Episode {
    if let Some(groups) = together {
        let fitted: HashSet<u32> = episode.iter().flat_map(|(fit, _)| fit).map(|&i| groups[i]).collect();
        for (_, queries) in &mut episode {
            queries.retain(|&i| !fitted.contains(&groups[i]));
            queries.truncate(QUERIES);
        }
    }
    episode
}

fn tally(drawn: &Drawn, episode: &[(Vec<usize>, Vec<usize>)]) -> CorrectByGroup {
    let places: Vec<usize> = episode.iter().flat_map(|(supports, _)| supports.clone()).collect();
    let support = drawn.fit.subset(&places);
    let classes: Vec<u32> = (0..).zip(episode).flat_map(|(c, (s, _))| vec![c; s.len()]).collect();
    let all: Vec<usize> = (0..places.len()).collect();
    let means = class_means(&support, &all, &classes, episode.len());
    let mut tally = [(0, 0); GROUPS];
    for (own, (_, queries)) in episode.iter().enumerate() {
        for &query in queries {
            let squared = apart(&drawn.scored.row(query), &means);
            // Equal distances go by class.
            let nearest = (0..squared.len()).fold(0, |best, c| if squared[c] < squared[best] { c } else { best });
            let group = &mut tally[usize::from(drawn.groups[query])];
            group.0 += u32::from(nearest == own);
            group.1 += 1;
        }
    }
    tally
}

impl Played {
    /// The mean over episodes of the share of their scored rows that are right, without those of one jackknife group.
    ///
    /// # Errors
    /// Undefined where no episode has a row left.
    pub fn accuracy(&self, without: Option<usize>) -> Result<f64> {
        let of_episode = |tally: &CorrectByGroup| {
            let kept = tally.iter().enumerate().filter(|(g, _)| Some(*g) != without);
            let (right, all) = kept.fold((0, 0), |sum, (_, one)| (sum.0 + one.0, sum.1 + one.1));
            (all > 0).then(|| f64::from(right) / f64::from(all))
        };
        let shares: Vec<f64> = self.tallies.iter().filter_map(of_episode).collect();
        match shares.len() {
            0 => Err(Error::undefined("no scored row is left in any episode")),
            n => Ok(shares.iter().sum::<f64>() / n as f64),
        }
    }

    /// The standard error of that mean over episodes: what more episodes would shrink.
    pub fn monte_carlo_error(&self) -> f64 {
        let share = |t: &CorrectByGroup| {
            let (right, all) = t.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            f64::from(right) / f64::from(all.max(1))
        };
        let shares: Vec<f64> = self.tallies.iter().map(share).collect();
        let n = shares.len() as f64;
        let mean = shares.iter().sum::<f64>() / n;
        (shares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt()
    }
}
