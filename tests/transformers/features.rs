//! Features: every layer of every case, and networks that differ from one of them in what no tensor shows.

use std::collections::BTreeSet;
use std::path::Path;

use featscope::checkpoint::{Checkpoint, LoadOptions, detect};
use featscope::extract::device::DeviceChoice;
use featscope::extract::model::Model;
use tch::Tensor;

use super::support::golden_rows::distance;
use super::support::stream;
use super::{Case, case, expected, folder, golden};

/// Channels kept of the stages of a ResNet.
const KEPT: i64 = 16;
/// Rows of each case.
const ROWS: i64 = 2;

impl Case {
    fn images(&self) -> Tensor {
        let count = ROWS * 3 * self.side * self.side;
        let values: Vec<f32> = stream(&format!("images {}", self.side), count as usize);
        Tensor::from_slice(&values).view([ROWS, 3, self.side, self.side])
    }

    fn options(&self) -> LoadOptions {
        LoadOptions {
            pooling: self.pooling,
            ..LoadOptions::default()
        }
    }
}

/// Every layer of a folder, (B, width) by name.
fn taps(path: &Path, options: &LoadOptions, images: &Tensor) -> Vec<(String, Tensor)> {
    let checkpoint = Checkpoint::open(path).unwrap();
    let loading = detect(&checkpoint, options).unwrap();
    let model = Model::load(&checkpoint, &loading, DeviceChoice::Cpu.open().unwrap()).unwrap();
    model.forward(images)
}

/// The bar of quality.md: cosine at least 0.99999 per row, largest error at most 1e-4 of the largest feature of the layer.
#[test]
fn folders_give_transformers_features() {
    let expected = expected();
    let layers = expected.tensors().keys().filter(|name| !name.starts_with("processor "));
    let mut left: BTreeSet<&String> = layers.collect();
    for case in golden().cases {
        let folder = folder(&case.file(), Some(&case.config));
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        let loading = detect(&checkpoint, &case.options()).unwrap_or_else(|e| panic!("{}: {e}", case.id));
        let audit = &loading.audit;
        assert_eq!(
            (audit.backbone_coverage, &audit.missing),
            (1.0, &Vec::new()),
            "{}",
            case.id
        );
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
            let step = match tap.starts_with("stage") {
                true => (found.size()[1] / KEPT).max(1),
                false => 1,
            };
            let found = found.slice(1, None, None, step);
            let (cosine, error) = distance(&found, &shape, &wanted);
            assert!(
                cosine >= 0.99999 && error <= 1e-4,
                "{name}: cosine {cosine}, error {error:e} of the scale"
            );
            worst = worst.max(error);
            compared += 1;
            left.remove(&name);
        }
        println!(
            "{:28} {:34} {compared} layers, largest error {worst:.1e} of the scale",
            case.id, audit.naming
        );
    }
    assert_eq!(left, BTreeSet::new(), "every layer that transformers gave is compared");
}

/// The largest error of the backbone under this `config.json` against what transformers gave under its own.
fn off(id: &str, key: &str, value: serde_json::Value) -> f64 {
    let case = case(id);
    let mut config = case.config.clone();
    config[key] = value;
    let folder = folder(&case.file(), Some(&config));
    let taps = taps(folder.path(), &case.options(), &case.images());
    let (shape, wanted) = expected().tensor_f32(&format!("{id}/backbone")).unwrap();
    let (_, found) = taps.iter().find(|(tap, _)| tap == "backbone").unwrap();
    distance(found, &shape, &wanted).1
}

#[test]
fn what_no_tensor_shows_shows_in_the_features() {
    for (id, key, value) in [
        ("clip-vision", "hidden_act", "gelu".into()),
        ("clip-vision-gelu", "hidden_act", "quick_gelu".into()),
        ("vit", "hidden_act", "quick_gelu".into()),
        ("vit-unusual", "layer_norm_eps", 1e-12.into()),
        ("vit", "num_attention_heads", 2.into()),
        ("siglip-vision", "hidden_act", "gelu".into()),
    ] {
        let (right, wrong) = (off(id, key, case(id).config[key].clone()), off(id, key, value));
        assert!(
            right <= 1e-4 && wrong > 1e-4,
            "{id} {key}: {right:e} as it says, {wrong:e} otherwise"
        );
    }
}
