//! Folders of Hugging Face's transformers against transformers itself (`fixtures/golden/hugging_face.py`): names, shapes and
//! `config.json` are its own, the weights and images are made by formula on both sides.

#![cfg(feature = "torch")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use featscope::checkpoint::arch::Pooling;
use featscope::checkpoint::{Checkpoint, Options, detect};
use featscope::extract::device::Choice;
use featscope::extract::model::Model;
use featscope::extract::preparation::prepare;
use featscope::images::transform::Preprocess;
use serde::Deserialize;
use serde_json::{Value, json};
use support::{Tensors, add, stream, write_safetensors};
use tch::Tensor;

/// Rows of each case.
const ROWS: i64 = 2;
/// Every how many values of a prepared image are kept.
const STEP: usize = 997;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    processors: Vec<Processor>,
}

#[derive(Clone, Deserialize)]
struct Case {
    id: String,
    side: i64,
    pooling: Option<Pooling>,
    config: Value,
    /// Name with * for a number, shape, first number, how many.
    tensors: Vec<(String, Vec<usize>, usize, usize)>,
}

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

fn rows() -> Checkpoint {
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

    fn images(&self) -> Tensor {
        let count = ROWS * 3 * self.side * self.side;
        let values: Vec<f32> = stream(&format!("images {}", self.side), count as usize);
        Tensor::from_slice(&values).view([ROWS, 3, self.side, self.side])
    }

    /// A folder as transformers publishes it.
    fn folder(&self) -> tempfile::TempDir {
        folder(&self.file(), Some(&self.config))
    }

    fn options(&self) -> Options {
        Options {
            pooling: self.pooling,
            ..Options::default()
        }
    }
}

fn folder(tensors: &Tensors, config: Option<&Value>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_safetensors(&folder.path().join("model.safetensors"), tensors, None);
    if let Some(config) = config {
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    }
    folder
}

/// Every layer of a folder, (B, width) by name.
fn taps(path: &Path, options: &Options, images: &Tensor) -> Vec<(String, Tensor)> {
    let checkpoint = Checkpoint::open(path).unwrap();
    let loading = detect(&checkpoint, options).unwrap();
    let model = Model::load(&checkpoint, &loading, Choice::Cpu.open().unwrap()).unwrap();
    model.forward(images)
}

/// Cosine and largest error as a share of the scale, the worst of all rows.
fn distance(found: &Tensor, shape: &[usize], wanted: &[f32]) -> (f64, f64) {
    let found: Vec<f32> = Vec::try_from(found.contiguous().view([-1])).unwrap();
    assert_eq!(found.len(), wanted.len());
    assert!(found.iter().chain(wanted).all(|v| v.is_finite()));
    let scale = wanted.iter().fold(0.0f64, |m, v| m.max(f64::from(v.abs())));
    let rows = found.chunks(shape[1]).zip(wanted.chunks(shape[1]));
    rows.fold((1.0, 0.0), |(cosine, error), (a, b)| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
        let off = a.iter().zip(b).map(|(x, y)| f64::from((x - y).abs())).fold(0.0, f64::max);
        let alike = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        (f64::min(cosine, alike), f64::max(error, off / scale))
    })
}

/// The bar of quality.md: cosine at least 0.99999 per row, largest error at most 1e-4 of the largest feature of the layer.
#[test]
fn folders_give_transformers_features() {
    let expected = rows();
    let mut left: BTreeMap<&String, ()> = expected
        .tensors()
        .keys()
        .filter(|name| !name.starts_with("processor "))
        .map(|name| (name, ()))
        .collect();
    for case in golden().cases {
        let folder = case.folder();
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        let loading = detect(&checkpoint, &case.options()).unwrap_or_else(|e| panic!("{}: {e}", case.id));
        let audit = &loading.audit;
        assert_eq!((audit.backbone_coverage, &audit.missing), (1.0, &Vec::new()), "{}", case.id);
        assert_eq!(audit.matched.len(), audit.expected, "{}", case.id);
        assert!(audit.matched.iter().all(|name| checkpoint.tensors().contains_key(name)));
        let (mut worst, mut compared) = (0.0f64, 0);
        for (tap, found) in taps(folder.path(), &case.options(), &case.images()) {
            let name = format!("{}/{tap}", case.id);
            // The steps of a head are not all of the library's outputs.
            if tap.contains('.') {
                continue;
            }
            let (shape, wanted) = expected.tensor_f32(&name).unwrap();
            let (cosine, error) = distance(&found, &shape, &wanted);
            assert!(cosine >= 0.99999 && error <= 1e-4, "{name}: cosine {cosine}, error {error:e} of the scale");
            worst = worst.max(error);
            compared += 1;
            left.remove(&name);
        }
        println!(
            "{:28} {:34} {compared} layers, largest error {worst:.1e} of the scale",
            case.id, audit.naming
        );
    }
    assert_eq!(left, BTreeMap::new(), "every layer that transformers gave is compared");
}
