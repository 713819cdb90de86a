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
use std::path::{Path, PathBuf};

use featscope::checkpoint::arch::Pooling;
use featscope::checkpoint::{Checkpoint, LoadOptions, Loading, detect};
use serde::Deserialize;
use serde_json::Value;
use support::{Tensors, add, write_safetensors};

/// A network as its code base has it.
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
#[derive(Deserialize)]
struct Case {
    id: String,
    side: i64,
    /// Of so many of its images' rows; `None`: of all.
    rows: Option<i64>,
    pooling: Option<Pooling>,
    /// Name of the file, without its ending.
    file: String,
    /// Descriptions beside it, by name.
    beside: BTreeMap<String, Value>,
    /// Tensors that are not made by formula.
    values: BTreeMap<String, Vec<f32>>,
    /// Name with * for a number, shape, first number, how many.
    tensors: Vec<(String, Vec<usize>, usize, usize)>,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name)
}

fn cases_of(file: &str) -> Vec<Case> {
    serde_json::from_str(&std::fs::read_to_string(fixture(file)).unwrap()).unwrap()
}

fn cases() -> Vec<Case> {
    cases_of("encoders.json")
}

fn case(id: &str) -> Case {
    cases().into_iter().find(|c| c.id == id).unwrap()
}

impl Case {
    fn tensors(&self) -> Tensors {
        let mut tensors = Tensors::new();
        for (name, shape, first, count) in &self.tensors {
            for i in *first..first + count {
                add(&mut tensors, &name.replace('*', &i.to_string()), shape);
            }
        }
        for (name, values) in &self.values {
            tensors.get_mut(name).unwrap().1 = values.clone();
        }
        tensors
    }

    fn options(&self) -> LoadOptions {
        LoadOptions {
            pooling: self.pooling,
            ..LoadOptions::default()
        }
    }

    /// A folder with these tensors under the file's own name, and what lies beside it.
    fn folder(&self, tensors: &Tensors) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("{}.safetensors", self.file));
        write_safetensors(&path, tensors, None);
        for (name, value) in &self.beside {
            std::fs::write(folder.path().join(name), value.to_string()).unwrap();
        }
        (folder, path)
    }

    fn load_by(&self, tensors: &Tensors, options: &LoadOptions) -> Result<Loading, String> {
        let (_folder, path) = self.folder(tensors);
        let checkpoint = Checkpoint::open(&path).map_err(|e| e.to_string())?;
        let shown = path.display().to_string();
        detect(&checkpoint, options).map_err(|e| e.to_string().replace(&shown, "FILE"))
    }

    fn load(&self) -> Loading {
        let loading = self.load_by(&self.tensors(), &self.options());
        loading.unwrap_or_else(|e| panic!("{}: {e}", self.id))
    }

    /// The one sentence of a refusal.
    fn refused(&self, tensors: &Tensors) -> String {
        let sentence = match self.load_by(tensors, &self.options()) {
            Ok(loading) => panic!("{} loads as {:?}", self.id, loading.arch),
            Err(sentence) => sentence,
        };
        assert!(!sentence.contains('\n') && sentence.starts_with("FILE: "), "{sentence}");
        sentence
    }
}
