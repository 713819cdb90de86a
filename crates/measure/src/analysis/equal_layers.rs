//! Layers of a model that are one and the same: measured once.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::subject::by_layer;
use crate::error::Result;
use crate::features::FeatureSet;

/// Layers that mean something by their names, and stay when they equal another.
const KEPT: [&str; 3] = ["backbone", "projector", "logits"];

/// Rows of a batch: so few that layers that differ cost next to nothing.
const ROWS: usize = 256;

/// A layer whose features are another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Same {
    /// Model.
    pub model: String,
    /// Run of it.
    pub run: Option<String>,
    /// Step of that.
    pub step: Option<u64>,
    /// The layer.
    pub layer: String,
    /// The one that it equals.
    pub other: String,
}

impl Same {
    /// Whether a set is of the layer.
    pub fn is_of(&self, set: &dyn FeatureSet) -> bool {
        let s = set.subject();
        (&s.model, &s.run, s.step, &s.layer) == (&self.model, &self.run, self.step, &self.layer)
    }
}

/// The layers that are byte for byte another layer of the same model, run and step, on every set given, and do not bear one of the
/// names that mean something. Of equals that one stays, else the first.
///
/// # Errors
/// For sets that cannot be read.
pub fn equal_layers(sets: &[Box<dyn FeatureSet>]) -> Result<Vec<Same>> {
    let layers = by_layer(sets);
    let model = |at: usize| {
        let s = layers[at][0].subject();
        (&s.model, &s.run, s.step, layers[at][0].width())
    };
    let heads: Vec<u64> = (0..layers.len())
        .map(|i| match (0..layers.len()).any(|j| i != j && model(i) == model(j)) {
            true => head(layers[i][0]),
            false => Ok(0),
        })
        .collect::<Result<_>>()?;
    let mut found = Vec::new();
    let mut gone = vec![false; layers.len()];
    for i in 0..layers.len() {
        for j in i + 1..layers.len() {
            if gone[i] || gone[j] || model(i) != model(j) || heads[i] != heads[j] {
                continue;
            }
            let named = |at: usize| KEPT.contains(&layers[at][0].subject().layer.as_str());
            let (kept, dropped) = match (named(i), named(j)) {
                (true, true) => continue,
                (false, true) => (j, i),
                _ => (i, j),
            };
            if !are_equal(&layers[i], &layers[j])? {
                continue;
            }
            gone[dropped] = true;
            let (s, other) = (layers[dropped][0].subject(), layers[kept][0].subject());
            found.push(Same {
                model: s.model.clone(),
                run: s.run.clone(),
                step: s.step,
                layer: s.layer.clone(),
                other: other.layer.clone(),
            });
        }
    }
    // What equals a layer that is gone itself equals the one that stays.
    for at in 0..found.len() {
        while let Some(next) = found.iter().find(|same| {
            (&same.model, &same.run, same.step, &same.layer)
                == (&found[at].model, &found[at].run, found[at].step, &found[at].other)
        }) {
            found[at].other = next.other.clone();
        }
    }
    Ok(found)
}

/// A number that tells the first rows of a set from most others.
fn head(set: &dyn FeatureSet) -> Result<u64> {
    let mut hash = DefaultHasher::new();
    if let Some(rows) = set.batches(ROWS)?.next() {
        let rows = rows?;
        rows.dim().hash(&mut hash);
        rows.iter().for_each(|x| x.to_bits().hash(&mut hash));
    }
    Ok(hash.finish())
}

/// Whether two layers of a model have the same features of the same files.
fn are_equal(a: &[&dyn FeatureSet], b: &[&dyn FeatureSet]) -> Result<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    let mut pairs = Vec::with_capacity(a.len());
    for one in a {
        let (p, s) = (one.provenance(), one.subject());
        let beside = b.iter().find(|other| {
            let (q, o) = (other.provenance(), other.subject());
            (&s.dataset, &s.split, &p.path) == (&o.dataset, &o.split, &q.path)
        });
        match beside {
            Some(other) if (one.rows(), one.width()) == (other.rows(), other.width()) => pairs.push((*one, *other)),
            _ => return Ok(false),
        }
    }
    for (one, other) in &pairs {
        if one.channels() != other.channels() || one.labels() != other.labels() {
            return Ok(false);
        }
        let (mine, theirs) = (one.batches(ROWS)?, other.batches(ROWS)?);
        for (x, y) in mine.zip(theirs) {
            let (x, y) = (x?, y?);
            if x.dim() != y.dim() || x.iter().zip(&y).any(|(x, y)| x.to_bits() != y.to_bits()) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
