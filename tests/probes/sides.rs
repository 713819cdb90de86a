//! Labelled rows with ids and groups, in any order.

use featscope::error::Result;
use featscope::features::{Batches, FeatureSet, Labels, Matrix, Provenance};
use featscope::stats::generator;
use ndarray::Axis;
use rand::seq::SliceRandom as _;

use super::common::{LabelledFeatures, labels};

/// Rows, their classes, ids and groups.
#[derive(Clone)]
pub struct Side {
    pub data: LabelledFeatures,
    pub ids: Vec<String>,
    pub groups: Option<Vec<String>>,
}

impl Side {
    pub fn new(data: LabelledFeatures) -> Self {
        let ids = (0..data.1.len()).map(|i| format!("{i:04}")).collect();
        Self {
            data,
            ids,
            groups: None,
        }
    }

    /// With the group that each row has by its place.
    pub fn grouped(mut self, group: impl Fn(usize) -> String) -> Self {
        self.groups = Some((0..self.ids.len()).map(group).collect());
        self
    }

    /// The rows at some places, in their order.
    pub fn at(&self, places: &[usize]) -> Self {
        let pick = |all: &Vec<String>| places.iter().map(|&i| all[i].clone()).collect();
        Self {
            data: (
                self.data.0.select(Axis(0), places),
                places.iter().map(|&i| self.data.1[i]).collect(),
            ),
            ids: pick(&self.ids),
            groups: self.groups.as_ref().map(pick),
        }
    }

    pub fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        self.at(&(0..self.ids.len()).filter(|&i| keep(i)).collect::<Vec<_>>())
    }

    pub fn shuffled(&self, seed: u64) -> Self {
        let mut places: Vec<usize> = (0..self.ids.len()).collect();
        places.shuffle(&mut generator(seed, 1));
        self.at(&places)
    }

    /// As a split of a data set.
    pub fn of(self, split: &str) -> Named {
        let labels = labels(&self.data.1);
        let set = Matrix::new("m", "data", self.data.0, Some(labels)).unwrap();
        Named {
            set: set.named(|subject| subject.split = split.to_owned()),
            ids: self.ids,
            groups: self.groups.map(|groups| Labels::from_names(&groups)),
        }
    }
}

pub struct Named {
    set: Matrix,
    ids: Vec<String>,
    groups: Option<Labels>,
}

impl FeatureSet for Named {
    fn provenance(&self) -> &Provenance {
        self.set.provenance()
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

    fn ids(&self) -> Result<Vec<String>> {
        Ok(self.ids.clone())
    }

    fn batches(&self, batch_rows: usize) -> Result<Batches<'_>> {
        self.set.batches(batch_rows)
    }
}
