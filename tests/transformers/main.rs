//! Folders of Hugging Face's transformers against transformers itself (`fixtures/golden/hugging_face.py`): names, shapes and
//! `config.json` are its own, the weights and images are made by formula on both sides.

mod config;
mod contradictions;
mod damage;
mod export;
#[cfg(feature = "torch")]
mod features;
mod kin;
mod preparation;
#[path = "../support/mod.rs"]
mod support;

use featscope::checkpoint::Loading;
use featscope::checkpoint::arch::Pooling;
use serde::Deserialize;
use serde_json::Value;
use support::Tensors;
use support::saved::{Numbered, Saved, numbered};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    processors: Vec<Processor>,
}

/// A network as transformers has it.
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
#[derive(Deserialize)]
struct Case {
    id: String,
    side: i64,
    pooling: Option<Pooling>,
    config: Value,
    tensors: Vec<Numbered>,
}

/// An image processor, and the shape of what it gives.
#[derive(Deserialize)]
struct Processor {
    id: String,
    description: Value,
    shape: Vec<usize>,
}

fn golden() -> Golden {
    support::saved::golden("hugging_face.json")
}

fn case(id: &str) -> Case {
    golden().cases.into_iter().find(|c| c.id == id).unwrap()
}

impl Case {
    fn file(&self) -> Tensors {
        numbered(&self.tensors)
    }

    /// Its folder as transformers publishes it.
    fn saved(&self) -> Saved {
        Saved::folder(self.file(), Some(&self.config))
    }

    fn load(&self) -> Loading {
        self.saved().load().unwrap_or_else(|e| panic!("{}: {e}", self.id))
    }
}
