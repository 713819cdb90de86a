//! Similarity of layers and models that saw the same images.

mod kernels;
mod layer;
mod matched_pair;
mod matched_source;
mod matching;
mod pair;
mod plan_needs;
mod ranks;
mod shared_neighbours;

use layer::LayerRows;
use matching::Matching;

use super::inputs::inputs;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::features::FeatureSet;
use crate::results::Results;

/// All layers of `a` against all layers of `b`, or against the later layers of `a` where there is no `b`. The sets of a side
/// are layers of one store; rows are matched by id, or by position where neither side has ids. `read` is told the number of
/// rows read, as they are read.
///
/// # Errors
/// For sets that cannot be read, have no rows in common, or cannot be told apart.
pub fn similarity(
    a: &[Box<dyn FeatureSet>],
    b: Option<&[Box<dyn FeatureSet>]>,
    plan: &Plan,
    read: &(dyn Fn(u64) + Sync),
) -> Result<Results> {
    let (Some(first), Some(other)) = (a.first(), b.unwrap_or(a).first()) else {
        return Err(Error::input("nothing to compare: name a feature store or an array"));
    };
    if b.is_none() && a.len() < 2 {
        return Err(Error::input(format!(
            "{}: a single layer ({}) has nothing to be compared with; name a second store of the same images",
            first.provenance().path,
            first.subject().layer
        )));
    }
    if let Some(b) = b {
        told_apart(a, b)?;
    }
    let matching = Matching::new(first.as_ref(), b.map(|_| other.as_ref()), plan)?;
    let mut results = Results::new(plan.command.clone(), plan.seed);
    results.inputs = inputs(a.iter().chain(b.unwrap_or_default()));
    let layer = |set, side| LayerRows::new(set, &matching, side, plan, read);
    let x: Vec<LayerRows> = a.iter().map(|set| layer(set.as_ref(), 0)).collect::<Result<_>>()?;
    let y: Vec<LayerRows> = b
        .unwrap_or_default()
        .iter()
        .map(|set| layer(set.as_ref(), 1))
        .collect::<Result<_>>()?;
    for (i, first) in x.iter().enumerate() {
        let others = if b.is_some() { &y[..] } else { &x[i + 1..] };
        for second in others {
            results
                .records
                .extend(pair::records(first, second, &matching, plan, read)?);
        }
    }
    Ok(results)
}

/// Refuses sides whose records would bear the same names.
fn told_apart(a: &[Box<dyn FeatureSet>], b: &[Box<dyn FeatureSet>]) -> Result<()> {
    let same = a.iter().find(|x| b.iter().any(|y| x.subject() == y.subject()));
    match same.map(|set| set.subject()) {
        Some(p) => Err(Error::input(format!(
            "both sides are called model {}, layer {}, data set {}; name two different stores, or tell arrays apart with \
             --name A --name B",
            p.model, p.layer, p.dataset
        ))),
        None => Ok(()),
    }
}
