//! Which rows of two sets are the same image.

use std::collections::HashMap;

use super::plan_needs::rows_ranked;
use crate::analysis::limits::SAMPLES;
use crate::analysis::plan::Plan;
use crate::error::{Error, Result};
use crate::features::{FeatureSet, common};
use crate::stats::generator;
use crate::uncertainty::groups_within_classes;

/// The random stream that draws the rows for metrics of pairs of rows (see [`generator`]).
const DRAW_STREAM: u64 = 5;

/// The rows that both sides have, in the order of the first side.
pub struct Matching {
    /// Each row's place among the rows of the first and of the second side.
    pub places: [Vec<usize>; 2],
    /// Jackknife group of each matched row.
    pub groups: Vec<u8>,
    /// Matched rows drawn for metrics of pairs of rows, ascending.
    pub drawn: Vec<usize>,
    /// The places among `drawn` of the rows whose distances are held or ranked.
    pub ranked: Vec<usize>,
    /// The jackknife groups of the two rows of each ranked pair.
    pub pair_groups: Vec<[u8; 2]>,
    /// Rows of each side that the other lacks.
    pub left_out: [usize; 2],
}

impl Matching {
    /// Matches two sets, or one with itself. Groups and draws go by the ids, not by the order of rows.
    ///
    /// # Errors
    /// When no row is matched, when only one side has ids, when sides without ids differ in length, and when ids cannot be read.
    pub fn new(a: &dyn FeatureSet, b: Option<&dyn FeatureSet>, plan: &Plan) -> Result<Self> {
        let ids = a.ids()?;
        let (places, left_out) = match b {
            None => ([(0..ids.len()).collect(), (0..ids.len()).collect()], [0, 0]),
            Some(b) => matched(a, b)?,
        };
        let rows = places[0].len();
        let mut by_id: Vec<usize> = (0..rows).collect();
        by_id.sort_by_key(|&row| &ids[places[0][row]]);
        let classes = a.labels();
        let class_of: Vec<Option<u32>> = by_id
            .iter()
            .map(|&row| classes.and_then(|c| c.class_of()[places[0][row]]))
            .collect();
        let mut groups = vec![0; rows];
        let dealt = groups_within_classes(&class_of, classes.map_or(0, |c| c.classes()));
        by_id.iter().zip(dealt).for_each(|(&row, group)| groups[row] = group);
        let most = plan.rows.unwrap_or(SAMPLES).min(rows);
        let mut rng = generator(plan.seed, DRAW_STREAM);
        // The first of a draw are a smaller draw.
        let draw: Vec<usize> = rand::seq::index::sample(&mut rng, rows, most)
            .into_iter()
            .map(|i| by_id[i])
            .collect();
        let mut first = draw[..rows_ranked(plan).min(draw.len())].to_vec();
        first.sort_unstable();
        let mut drawn = draw;
        drawn.sort_unstable();
        let ranked: Vec<usize> = (0..drawn.len())
            .filter(|&i| first.binary_search(&drawn[i]).is_ok())
            .collect();
        let pair_groups = (0..first.len())
            .flat_map(|i| (i + 1..first.len()).map(move |j| (i, j)))
            .map(|(i, j)| [groups[first[i]], groups[first[j]]])
            .collect();
        Ok(Self {
            places,
            groups,
            drawn,
            ranked,
            pair_groups,
            left_out,
        })
    }

    /// The number of matched rows.
    pub fn rows(&self) -> usize {
        self.groups.len()
    }
}

/// The places of the matched rows on both sides, and how many rows of each have no match.
fn matched(a: &dyn FeatureSet, b: &dyn FeatureSet) -> Result<([Vec<usize>; 2], [usize; 2])> {
    let (p, q) = (&a.provenance().path, &b.provenance().path);
    let (of_a, of_b) = (a.id_columns()?, b.id_columns()?);
    let Some((own, other)) = common((p, &of_a), (q, &of_b))? else {
        if a.rows() == b.rows() {
            let all: Vec<usize> = (0..a.rows()).collect();
            return Ok(([all.clone(), all], [0, 0]));
        }
        return Err(Error::input(format!(
            "{p} has {} rows and {q} has {}, and they have no ids in common; rows are then matched by position, so their \
             numbers must agree",
            a.rows(),
            b.rows()
        )));
    };
    let (ids, others) = (&own.ids, &other.ids);
    let place: HashMap<&str, usize> = others.iter().enumerate().map(|(i, id)| (id.as_str(), i)).collect();
    let (mine, theirs): (Vec<usize>, Vec<usize>) = ids
        .iter()
        .enumerate()
        .filter_map(|(i, id)| Some((i, *place.get(id.as_str())?)))
        .unzip();
    let left_out = [ids.len() - mine.len(), others.len() - mine.len()];
    Ok(([mine, theirs], left_out))
}
