//! Folders of Hugging Face's transformers against transformers itself (`fixtures/golden/hugging_face.py`): names, shapes and
//! `config.json` are its own, the weights and images are made by formula on both sides.

mod config;
mod damage;
mod export;
#[cfg(feature = "torch")]
mod features;
mod kin;
mod preparation;
#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use featscope::checkpoint::arch::Pooling;
use featscope::checkpoint::{Checkpoint, LoadOptions, Loading, detect};
use serde::Deserialize;
use serde_json::Value;
use support::{Tensors, add, write_safetensors};

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
    /// Name with * for a number, shape, first number, how many.
    tensors: Vec<(String, Vec<usize>, usize, usize)>,
}

/// An image processor, and the shape of what it gives.
#[derive(Deserialize)]
struct Processor {
    id: String,
    description: Value,
    shape: Vec<usize>,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name)
}

fn golden() -> Golden {
    serde_json::from_str(&std::fs::read_to_string(fixture("hugging_face.json")).unwrap()).unwrap()
}

/// What transformers gave.
fn expected() -> Checkpoint {
    Checkpoint::open(&fixture("hugging_face.safetensors")).unwrap()
}

fn case(id: &str) -> Case {
    golden().cases.into_iter().find(|c| c.id == id).unwrap()
}

impl Case {
    fn file(&self) -> Tensors {
        let mut tensors = Tensors::new();
        for (name, shape, first, count) in &self.tensors {
            for i in *first..first + count {
                add(&mut tensors, &name.replace('*', &i.to_string()), shape);
            }
        }
        tensors
    }
}

/// A folder as transformers publishes it.
fn folder(tensors: &Tensors, config: Option<&Value>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_safetensors(&folder.path().join("model.safetensors"), tensors, None);
    if let Some(config) = config {
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    }
    folder
}

fn load_by(tensors: &Tensors, config: Option<&Value>, options: &LoadOptions) -> Result<Loading, String> {
    let folder = folder(tensors, config);
    let checkpoint = Checkpoint::open(folder.path()).map_err(|e| e.to_string())?;
    let shown = folder.path().display().to_string();
    detect(&checkpoint, options).map_err(|e| e.to_string().replace(&shown, "FOLDER"))
}

fn load(tensors: &Tensors, config: Option<&Value>) -> Result<Loading, String> {
    load_by(tensors, config, &LoadOptions::default())
}

/// The one sentence of a refusal.
fn refused(tensors: &Tensors, config: Option<&Value>) -> String {
    let sentence = load(tensors, config).unwrap_err();
    assert!(
        !sentence.contains('\n') && sentence.starts_with("FOLDER: "),
        "{sentence}"
    );
    sentence
}
