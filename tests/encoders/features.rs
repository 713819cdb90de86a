//! Features: every layer of every case.

use std::collections::BTreeSet;

use featscope::checkpoint::{Checkpoint, detect};
use featscope::extract::device::DeviceChoice;
use featscope::extract::model::Model;
use featscope::extract::preparation::prepare;
use tch::Tensor;

use super::support::golden_rows::{distance, images};
use super::{Case, cases_of, fixture};

/// Channels kept of the layers before the backbone's end.
const KEPT: usize = 16;
/// Layers that are kept in full.
const WHOLE: [&str; 3] = ["backbone", "pooler", "projector"];

impl Case {
    /// Every layer, (B, width) by name, how its tensors are named, and the style.
    fn taps(&self) -> (Vec<(String, Tensor)>, String, String) {
        let (_folder, path) = self.folder(&self.tensors());
        let checkpoint = Checkpoint::open(&path).unwrap();
        let loading = detect(&checkpoint, &self.options()).unwrap_or_else(|e| panic!("{}: {e}", self.id));
        let audit = &loading.audit;
        assert_eq!(
            (audit.backbone_coverage, &audit.missing),
            (1.0, &Vec::new()),
            "{}",
            self.id
        );
        assert_eq!(audit.matched.len(), audit.expected, "{}", self.id);
        assert!(audit.unexpected.is_empty(), "{}", self.id);
        let model = Model::load(&checkpoint, &loading, DeviceChoice::Cpu.open().unwrap()).unwrap();
        let taps = model.forward(&images(self.side).narrow(2, 0, self.rows.unwrap_or(self.side)));
        let widths: Vec<_> = taps
            .iter()
            .map(|(tap, rows)| (tap.clone(), rows.size()[1] as usize))
            .collect();
        assert_eq!(widths, loading.taps(), "{}", self.id);
        (taps, audit.naming.clone(), audit.style.clone())
    }
}

#[test]
fn encoders_give_their_librarys_features() {
    compare("encoders");
}

#[test]
fn radio_gives_the_features_of_its_own_code() {
    compare("radio");
}

/// The bar of quality.md: cosine at least 0.99999 per row, largest error at most 1e-4 of the largest feature of the layer.
fn compare(golden: &str) {
    let expected = Checkpoint::open(&fixture(&format!("{golden}.safetensors"))).unwrap();
    let mut left: BTreeSet<&String> = expected.tensors().keys().collect();
    let mut wrong = Vec::new();
    for case in cases_of(&format!("{golden}.json")) {
        let (taps, naming, style) = case.taps();
        let (mut worst, mut compared) = (0.0f64, 0);
        for (tap, found) in taps.iter().filter(|(tap, _)| !tap.contains('.')) {
            let name = format!("{}/{tap}", case.id);
            // What a method trains after the network is compared elsewhere.
            if ["iBOT", "MSN"].contains(&style.as_str()) && !expected.tensors().contains_key(&name) {
                continue;
            }
            let (shape, wanted) = expected.tensor_f32(&name).unwrap_or_else(|e| panic!("{e}"));
            let step = match WHOLE.contains(&tap.as_str()) {
                true => 1,
                false => (found.size()[1] as usize / KEPT).max(1),
            };
            let (cosine, error) = distance(&found.slice(1, None, None, step as i64), &shape, &wanted);
            if cosine < 0.99999 || error > 1e-4 {
                wrong.push(format!("{name}: cosine {cosine}, error {error:e} of the scale"));
            }
            worst = worst.max(error);
            compared += 1;
            left.remove(&name);
        }
        println!(
            "{:28} {naming:34} {compared} layers, largest error {worst:.1e} of the scale",
            case.id
        );
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(left, BTreeSet::new(), "every layer that the libraries gave is compared");
}

#[test]
fn openclips_description_prepares_the_images() {
    let prepared = |said: serde_json::Value| {
        let mut case = super::case("open-clip");
        let config = case.beside.get_mut("open_clip_config.json").unwrap();
        config["preprocess_cfg"] = said;
        let (_folder, path) = case.folder(&case.tensors());
        let checkpoint = Checkpoint::open(&path).unwrap();
        let loading = detect(&checkpoint, &case.options()).unwrap();
        prepare(&checkpoint, &loading).map_err(|e| e.to_string())
    };
    let found = prepared(serde_json::json!({
        "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4], "interpolation": "bilinear", "resize_mode": "squash"
    }));
    let found = found.unwrap();
    assert_eq!(found.from, "open_clip_config.json says so");
    let shown = found.preprocess.to_string();
    assert!(
        shown.starts_with("resized to 32 x 32 (bilinear), centre 32 x 32, mean [0.5, 0.4, 0.3]"),
        "{shown}"
    );
    let usual = prepared(serde_json::json!({})).unwrap().preprocess.to_string();
    assert!(
        usual.starts_with("shorter side to 32 (bicubic), centre 32 x 32, mean [0.48"),
        "{usual}"
    );
    for (key, value) in [("interpolation", "random"), ("resize_mode", "longest"), ("mean", "0.5")] {
        let sentence = prepared(serde_json::json!({key: value})).unwrap_err();
        assert!(
            sentence.contains(&format!(
                "open_clip_config.json beside it says {key} \"{value}\"; expected"
            )),
            "{sentence}"
        );
    }
}
