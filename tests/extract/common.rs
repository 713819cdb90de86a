//! What these tests share: a small network, jobs, and reading stores back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use featscope::checkpoint::arch::{Arch, SmallCnn};
use featscope::checkpoint::{Checkpoint, LoadOptions, Loading, detect};
use featscope::error::{Error, Result};
use featscope::extract::device::DeviceChoice;
use featscope::extract::network::{self, Loaded, Network};
use featscope::extract::pipeline::{self, ExtractEvent, ExtractPlan, Extracted, OnBadImage};
use featscope::extract::precision::Precision;
use featscope::extract::preparation::{cifar, prepare};
use featscope::extract::torchscript::{self, ScriptModule, Trusted};
use featscope::images::transform::Preprocess;
use featscope::images::{self, ImageSet};
use featscope::store;

use crate::support::{Tensors, add, backbone, write_safetensors};

/// Rows by layer.
pub type Features = BTreeMap<String, Vec<Vec<f64>>>;

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

pub fn golden_images() -> ImageSet {
    images::open(fixture("golden/images").to_str().unwrap(), None, None).unwrap()
}

/// What an extraction told on its way.
#[derive(Debug, Default)]
pub struct Told {
    /// Images that were done when it began.
    pub start: usize,
    pub notes: Vec<String>,
}

/// A network and how to extract with it.
pub struct Job {
    pub path: PathBuf,
    pub plan: ExtractPlan,
}

impl Job {
    /// Every layer, in batches of 3, with the preparation the network asks for.
    pub fn new(path: &Path) -> Self {
        let network = network_of(path, &cifar());
        let plan = ExtractPlan {
            model: "m".into(),
            run: None,
            step: None,
            dataset: "d".into(),
            layers: network::choose_layers(&*network, Some(&["all".to_owned()])).unwrap(),
            preprocess: match torchscript::is_script(path) {
                true => cifar(),
                false => {
                    let checkpoint = Checkpoint::open(path).unwrap();
                    prepare(&checkpoint, &loading_of(&checkpoint)).unwrap().preprocess
                }
            },
            views: None,
            precision: Precision::F32,
            shard: None,
            batch_size: 3,
            on_bad_image: OnBadImage::Error,
            resume: false,
            force: false,
        };
        let path = path.to_path_buf();
        Self { path, plan }
    }

    pub fn network(&self) -> Box<dyn Network> {
        network_of(&self.path, &self.plan.preprocess)
    }

    pub fn loading(&self) -> Loading {
        loading_of(&Checkpoint::open(&self.path).unwrap())
    }

    /// Extracts, stopping when `most` images are done; what was told on the way comes beside the outcome.
    pub fn told(&self, images: &ImageSet, dir: &Path, most: usize) -> (Result<Extracted>, Told) {
        let stop = AtomicBool::new(false);
        let mut told = Told::default();
        let mut tell = |event: ExtractEvent| match event {
            ExtractEvent::Start(done, _) => told.start = done,
            ExtractEvent::Done(done) if done >= most => stop.store(true, Ordering::SeqCst),
            ExtractEvent::Note(note) => told.notes.push(note),
            _ => {}
        };
        let outcome = pipeline::extract(&mut *self.network(), images, &self.plan, dir, &stop, &mut tell);
        (outcome, told)
    }

    pub fn extract(&self, images: &ImageSet, dir: &Path) -> Result<Extracted> {
        self.told(images, dir, usize::MAX).0
    }

    /// Extracts until `most` images are done, and is stopped there; the images that were done when it began.
    pub fn cut_off(&self, images: &ImageSet, dir: &Path, most: usize) -> usize {
        let (outcome, told) = self.told(images, dir, most);
        assert!(matches!(outcome, Err(Error::Interrupted)), "{outcome:?}");
        assert!(!dir.exists());
        told.start
    }

    pub fn features(&self, images: &ImageSet) -> Features {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("store");
        self.extract(images, &dir).unwrap();
        read(&dir)
    }
}

pub fn loading_of(checkpoint: &Checkpoint) -> Loading {
    detect(checkpoint, &LoadOptions::default()).unwrap()
}

pub fn trusted(path: &Path) -> Trusted {
    Trusted::by_user(true, path).unwrap()
}

fn network_of(path: &Path, preprocess: &Preprocess) -> Box<dyn Network> {
    if torchscript::is_script(path) {
        return Box::new(
            ScriptModule::load(path, trusted(path), DeviceChoice::Cpu.open().unwrap(), preprocess).unwrap(),
        );
    }
    let checkpoint = Checkpoint::open(path).unwrap();
    let loading = loading_of(&checkpoint);
    Box::new(Loaded::new(&checkpoint, loading, DeviceChoice::Cpu.open().unwrap()).unwrap())
}

pub fn read(dir: &Path) -> Features {
    let sets = store::open(dir, &store::OpenOptions::default()).unwrap();
    sets.iter()
        .map(|set| {
            let rows = set
                .batches(100)
                .unwrap()
                .flat_map(|b| b.unwrap().rows().into_iter().map(|r| r.to_vec()).collect::<Vec<_>>());
            (set.subject().layer.clone(), rows.collect())
        })
        .collect()
}

/// The expected rows of every layer of one model.
pub fn expected(model: &str) -> Features {
    expected_in("golden/features.safetensors", model)
}

/// As [`expected`], of another file of golden rows.
pub fn expected_in(file: &str, model: &str) -> Features {
    let golden = Checkpoint::open(&fixture(file)).unwrap();
    let names: Vec<_> = golden
        .tensors()
        .keys()
        .filter_map(|n| n.strip_prefix(model)?.strip_prefix('/'))
        .collect();
    let rows = |layer: &str| {
        let (shape, values) = golden.tensor_f32(&format!("{model}/{layer}")).unwrap();
        values
            .chunks(shape[1])
            .map(|row| row.iter().map(|v| f64::from(*v)).collect())
            .collect()
    };
    names.into_iter().map(|layer| (layer.to_owned(), rows(layer))).collect()
}

/// The bar of quality.md: cosine at least 0.99999 per row, largest error at most 1e-4 of the largest feature of the layer.
pub fn assert_close(model: &str, found: &Features, expected: &Features) {
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "{model}"
    );
    for (layer, rows) in expected {
        let scale = rows.iter().flatten().fold(0.0f64, |m, v| m.max(v.abs()));
        assert_eq!(found[layer].len(), rows.len());
        for (i, (a, b)) in found[layer].iter().zip(rows).enumerate() {
            assert_eq!(a.len(), b.len());
            let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(p, q)| p * q).sum::<f64>();
            let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
            let worst = a.iter().zip(b).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max) / scale;
            println!(
                "{model} {layer} row {i}: cosine 1 - {:.1e}, error {worst:.1e} of the scale",
                1.0 - cosine
            );
            assert!(
                cosine >= 0.99999 && worst <= 1e-4,
                "{model} {layer} row {i}: cosine {cosine}, error {worst:e} of the scale"
            );
        }
    }
}

pub fn mlp(tensors: &mut Tensors, [inputs, hidden, outputs]: [usize; 3]) {
    add(tensors, "projector.0.weight", &[hidden, inputs]);
    add(tensors, "projector.0.bias", &[hidden]);
    for name in ["weight", "bias", "running_mean", "running_var"] {
        add(tensors, &format!("projector.1.{name}"), &[hidden]);
    }
    add(tensors, "projector.3.weight", &[outputs, hidden]);
    add(tensors, "projector.3.bias", &[outputs]);
}

pub fn small() -> Tensors {
    let mut tensors = backbone(&Arch::SmallCnn(SmallCnn {
        stem: 8,
        stages: vec![12, 16],
    }));
    mlp(&mut tensors, [16, 16, 6]);
    add(&mut tensors, "classifier.weight", &[3, 6]);
    add(&mut tensors, "classifier.bias", &[3]);
    tensors
}

/// Every file below a folder.
pub fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries
        .map(|p| {
            (
                p.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&p).unwrap(),
            )
        })
        .collect()
}

pub fn small_job(folder: &Path) -> Job {
    let path = folder.join("small.safetensors");
    write_safetensors(&path, &small(), None);
    Job::new(&path)
}

/// Vehicles of the fixture: 800 images of 32 px.
pub fn vehicles() -> ImageSet {
    images::open(fixture("images/vehicles-test.parquet").to_str().unwrap(), None, None).unwrap()
}

/// The largest difference of any layer, as a share of the layer's largest value.
pub fn worst(a: &Features, b: &Features) -> f64 {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    let of_layer = |(layer, rows): (&String, &Vec<Vec<f64>>)| {
        let scale = rows.iter().flatten().fold(0.0f64, |m, v| m.max(v.abs()));
        let (x, y) = (rows.iter().flatten(), b[layer].iter().flatten());
        assert_eq!(rows.len(), b[layer].len());
        x.zip(y).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) / scale
    };
    a.iter().map(of_layer).fold(0.0, f64::max)
}
