//! Features: every layer of every case.

use std::collections::BTreeSet;

use featscope::checkpoint::{Checkpoint, detect};
use featscope::extract::device::DeviceChoice;
use featscope::extract::model::Model;
use tch::Tensor;

use super::support::golden_rows::{distance, images};
use super::{Case, case, cases, fixture, folder};

/// Every layer of a case, (B, width) by name.
fn taps(case: &Case) -> Vec<(String, Tensor)> {
    let folder = folder(&case.file(), case.config.as_ref());
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let loading = detect(&checkpoint, &case.options()).unwrap_or_else(|e| panic!("{}: {e}", case.id));
    let audit = &loading.audit;
    assert_eq!((audit.backbone_coverage, audit.missing.len()), (1.0, 0), "{}", case.id);
    assert!(audit.unexpected.is_empty(), "{}: {:?}", case.id, audit.unexpected);
    let family = audit.arch.split('_').next();
    assert_eq!(family, case.id.split(' ').next(), "{}", case.id);
    println!("{:36} {} by {}", case.id, audit.arch, audit.naming);
    let model = Model::load(&checkpoint, &loading, DeviceChoice::Cpu.open().unwrap()).unwrap();
    let taps = model.forward(&images(case.side));
    let found: Vec<_> = taps
        .iter()
        .map(|(name, t)| (name.clone(), t.size()[1] as usize))
        .collect();
    assert_eq!(found, loading.taps(), "{}", case.id);
    taps
}

/// The bar of quality.md: cosine at least 0.99999 per row, largest error at most 1e-4 of the largest feature of the layer.
#[test]
fn every_layout_gives_its_librarys_features() {
    let expected = Checkpoint::open(&fixture("hierarchies.safetensors")).unwrap();
    let mut left: BTreeSet<String> = expected.tensors().keys().cloned().collect();
    for case in cases() {
        let (mut worst, mut compared) = (0.0f64, 0);
        for (tap, found) in taps(&case) {
            // The heads of a method are compared where heads are.
            if ["projector", "predictor"].iter().any(|head| tap.starts_with(head)) {
                continue;
            }
            let name = format!("{}/{tap}", case.id);
            let (shape, wanted) = expected.tensor_f32(&name).unwrap();
            let (cosine, error) = distance(&found, &shape, &wanted);
            assert!(
                cosine >= 0.99999 && error <= 1e-4,
                "{name}: cosine {cosine}, error {error:e} of the scale"
            );
            worst = worst.max(error);
            compared += 1;
            left.remove(&name);
        }
        assert!(compared >= 5, "{}", case.id);
        println!(
            "{:36} {compared} layers, largest error {worst:.1e} of the scale",
            case.id
        );
    }
    assert_eq!(left, BTreeSet::new(), "every layer that the libraries gave is compared");
}

/// The largest error of the backbone under this `config.json` against what the library gave under its own.
fn off(id: &str, key: &str, value: serde_json::Value) -> f64 {
    let mut case = case(id);
    case.config.as_mut().unwrap()[key] = value;
    let taps = taps(&case);
    let expected = Checkpoint::open(&fixture("hierarchies.safetensors")).unwrap();
    let (shape, wanted) = expected.tensor_f32(&format!("{id}/backbone")).unwrap();
    let (_, found) = taps.iter().find(|(tap, _)| tap == "backbone").unwrap();
    distance(found, &shape, &wanted).1
}

#[test]
fn what_no_tensor_shows_shows_in_the_features() {
    for (id, key, value) in [
        ("convnext transformers", "hidden_act", "quick_gelu".into()),
        ("convnext transformers-unusual", "hidden_act", "gelu".into()),
        ("swin transformers", "hidden_act", "quick_gelu".into()),
        ("swin transformers-unusual", "layer_norm_eps", 1e-5.into()),
        ("swinv2 transformers-unusual", "layer_norm_eps", 1e-5.into()),
        (
            "swinv2 transformers-classifier",
            "pretrained_window_sizes",
            vec![0, 0, 0, 0].into(),
        ),
        ("convnextv2 transformers-classifier", "layer_norm_eps", 1e-12.into()),
    ] {
        let right = case(id).config.unwrap()[key].clone();
        let (right, wrong) = (off(id, key, right), off(id, key, value));
        assert!(
            right <= 1e-4 && wrong > 1e-4,
            "{id} {key}: {right:e} as it says, {wrong:e} otherwise"
        );
    }
}
