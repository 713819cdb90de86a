//! Sets of features under names, and in groups, of the user's own.

use super::findings::StoreShard;
use super::options::OpenOptions;
use crate::error::Result;
use crate::features::{Batches, FeatureSet, IdColumn, Interpretation, Labels, Provenance, Subject};

/// A set under another name, or with groups.
struct Renamed {
    set: Box<dyn FeatureSet>,
    provenance: Provenance,
    groups: Option<Labels>,
    interpretation: Interpretation,
}

/// The sets under the names of `options`, where it has some, and in the groups given. A shard says so whatever its split is called.
pub(super) fn renamed(
    sets: Vec<Box<dyn FeatureSet>>,
    options: &OpenOptions,
    shard: Option<StoreShard>,
    groups: Option<(Labels, String)>,
) -> Vec<Box<dyn FeatureSet>> {
    if (&options.model, &options.dataset, &options.split) == (&None, &None, &None) && groups.is_none() {
        return sets;
    }
    let split = options.split.as_ref().map(|split| match shard {
        Some(shard) => format!("{split} {shard}"),
        None => split.clone(),
    });
    let renamed = |set: Box<dyn FeatureSet>| {
        let mut provenance = set.provenance().clone();
        let own = provenance.subject;
        provenance.subject = Subject {
            model: options.model.clone().unwrap_or(own.model),
            dataset: options.dataset.clone().unwrap_or(own.dataset),
            split: split.clone().unwrap_or(own.split),
            ..own
        };
        let mut interpretation = set.interpretation().clone();
        interpretation
            .labels
            .extend(groups.as_ref().map(|(_, sentence)| sentence.clone()));
        let groups = groups.as_ref().map(|(groups, _)| groups.clone());
        Box::new(Renamed {
            set,
            provenance,
            groups,
            interpretation,
        }) as Box<dyn FeatureSet>
    };
    sets.into_iter().map(renamed).collect()
}

impl FeatureSet for Renamed {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn rows(&self) -> usize {
        self.set.rows()
    }

    fn width(&self) -> usize {
        self.set.width()
    }

    fn labels(&self) -> Option<&Labels> {
        self.set.labels()
    }

    fn groups(&self) -> Option<&Labels> {
        self.groups.as_ref()
    }

    fn audit(&self) -> Option<&serde_json::Value> {
        self.set.audit()
    }

    fn ids(&self) -> Result<Vec<String>> {
        self.set.ids()
    }

    fn has_ids(&self) -> bool {
        self.set.has_ids()
    }

    fn id_columns(&self) -> Result<Vec<IdColumn>> {
        self.set.id_columns()
    }

    fn channels(&self) -> Option<Vec<String>> {
        self.set.channels()
    }

    fn interpretation(&self) -> &Interpretation {
        &self.interpretation
    }

    fn batches(&self, batch_rows: usize) -> Result<Batches<'_>> {
        self.set.batches(batch_rows)
    }
}
