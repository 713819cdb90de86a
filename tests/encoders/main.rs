//! Encoders by the names of their code bases against the libraries (`fixtures/golden/encoders.py`): names, shapes and descriptions are
//! their own, weights and images are made by formula on both sides.

mod config;
mod damage;
#[cfg(feature = "torch")]
mod features;
mod radio;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use featscope::checkpoint::Loading;
use featscope::checkpoint::arch::Pooling;
use serde::Deserialize;
use serde_json::Value;
use support::Tensors;
use support::saved::{Numbered, Saved, golden, numbered};

/// A network as its code base has it.
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
#[derive(Deserialize)]
struct Case {
    id: String,
    side: i64,
    /// How many rows of its images are looked at; `None`: all.
    rows: Option<i64>,
    pooling: Option<Pooling>,
    /// Name of the file, without its ending.
    file: String,
    /// Descriptions beside it, by name.
    beside: BTreeMap<String, Value>,
    /// Tensors that are not made by formula.
    values: BTreeMap<String, Vec<f32>>,
    tensors: Vec<Numbered>,
}

fn cases_of(file: &str) -> Vec<Case> {
    golden(file)
}

fn cases() -> Vec<Case> {
    cases_of("encoders.json")
}

fn case(id: &str) -> Case {
    cases().into_iter().find(|c| c.id == id).unwrap()
}

impl Case {
    fn tensors(&self) -> Tensors {
        let mut tensors = numbered(&self.tensors);
        for (name, values) in &self.values {
            tensors.get_mut(name).unwrap().1 = values.clone();
        }
        tensors
    }

    fn saved(&self) -> Saved {
        Saved {
            tensors: self.tensors(),
            file: Some(self.file.clone()),
            beside: self.beside.clone(),
            ..Saved::file("", Tensors::new()).pooled(self.pooling)
        }
    }

    fn load(&self) -> Loading {
        self.saved().load().unwrap_or_else(|e| panic!("{}: {e}", self.id))
    }
}
