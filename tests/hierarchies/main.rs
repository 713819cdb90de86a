//! Hierarchical encoders in every layout against the libraries that read them (`fixtures/golden/hierarchies.py`): names, shapes
//! and `config.json` are theirs, the weights and images are made by formula on both sides.

mod config;
mod damage;
#[cfg(feature = "torch")]
mod features;
#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use featscope::checkpoint::{Checkpoint, LoadOptions, Loading, detect};
use serde::Deserialize;
use serde_json::Value;
use support::{Tensors, add, write_safetensors};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

/// A network as a code base keeps it.
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
#[derive(Clone, Deserialize)]
struct Case {
    id: String,
    side: i64,
    config: Option<Value>,
    tensors: Vec<(String, Vec<usize>)>,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name)
}

fn cases() -> Vec<Case> {
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(fixture("hierarchies.json")).unwrap()).unwrap();
    golden.cases
}

fn case(id: &str) -> Case {
    cases()
        .into_iter()
        .find(|c| c.id == id)
        .unwrap_or_else(|| panic!("no case {id}"))
}

impl Case {
    fn file(&self) -> Tensors {
        let mut tensors = Tensors::new();
        for (name, shape) in &self.tensors {
            add(&mut tensors, name, shape);
            if name.ends_with("relative_coords_table") {
                let stage = name.split('.').find_map(|part| part.parse::<usize>().ok()).unwrap();
                let window = shape[1].div_ceil(2);
                let pretrained = if self.id.contains("pretrained") {
                    [6, 6, 6, 3][stage]
                } else {
                    window
                };
                tensors.get_mut(name).unwrap().1 = coordinates(window as i64, pretrained as f64);
            }
        }
        tensors
    }

    fn options(&self) -> LoadOptions {
        let arch = match self.id.as_str() {
            "swinv2 timm" => "swinv2_width8_depths2-2-2-1_heads1-2-2-4_window4_128",
            "swinv2 timm-pretrained" => "swinv2_width8_depths2-2-2-1_heads1-2-2-4_window6to4_96to128",
            _ => "auto",
        };
        LoadOptions {
            arch: arch.to_owned(),
            ..LoadOptions::default()
        }
    }
}

/// The distances in a window, as the authors' files of the second Swin keep them.
fn coordinates(window: i64, pretrained: f64) -> Vec<f32> {
    let scaled = |d: i64| {
        let d = 8.0 * d as f64 / (pretrained - 1.0);
        (if d == 0.0 { 0.0 } else { d.signum() } * (d.abs() + 1.0).log2() / 3.0) as f32
    };
    let side = 1 - window..window;
    side.clone()
        .flat_map(|y| side.clone().flat_map(move |x| [scaled(y), scaled(x)]))
        .collect()
}

/// A folder as a library publishes it.
fn folder(tensors: &Tensors, config: Option<&Value>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_safetensors(&folder.path().join("model.safetensors"), tensors, None);
    if let Some(config) = config {
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    }
    folder
}

fn load(tensors: &Tensors, config: Option<&Value>, options: &LoadOptions) -> Result<Loading, String> {
    let folder = folder(tensors, config);
    let checkpoint = Checkpoint::open(folder.path()).map_err(|e| e.to_string())?;
    let shown = folder.path().display().to_string();
    detect(&checkpoint, options).map_err(|e| e.to_string().replace(&shown, "FOLDER"))
}

/// The one sentence of a refusal.
fn refused(tensors: &Tensors, config: Option<&Value>, options: &LoadOptions) -> String {
    let sentence = match load(tensors, config, options) {
        Ok(loading) => panic!("loaded as {}: {:?}", loading.audit.arch, loading.audit.lines()),
        Err(sentence) => sentence,
    };
    assert!(
        !sentence.contains('\n') && sentence.starts_with("FOLDER: "),
        "{sentence}"
    );
    sentence
}
