//! Every key style against PyTorch (`fixtures/golden/key_styles.py`): one small ResNet under the names that each method's
//! code gives it. The backbone's features are the same in every style; heads are compared layer by layer.

#![cfg(feature = "torch")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use featscope::checkpoint::{Checkpoint, LoadOptions, detect};
use featscope::extract::device::DeviceChoice;
use featscope::extract::model::Model;
use serde::Deserialize;
use support::{Tensors, stream, weights, write_safetensors};
use tch::Tensor;

#[derive(Deserialize)]
struct Case {
    id: String,
    /// Name in the file, shape, and the name that seeds its values.
    tensors: Vec<(String, Vec<usize>, String)>,
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name)
}

fn cases() -> Vec<Case> {
    serde_json::from_str(&std::fs::read_to_string(golden("key_styles.json")).unwrap()).unwrap()
}

/// What is expected of a style: id, `--branch`, and style, branch and projector as the audit has them.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const MLP: &str = "Linear 512→24, BatchNorm1d 24, ReLU, Linear 24→16";
const MLP_NORMALISED: &str = "Linear 512→24, BatchNorm1d 24, ReLU, Linear 24→16, L2-normalise";
const MLP_WITHOUT_BIAS: &str = "Linear 512→24 (no bias), BatchNorm1d 24, ReLU, Linear 24→16 (no bias), L2-normalise";
const TWO_LAYERS: &str = "Linear 512→24, ReLU, Linear 24→16";
const TWO_LAYERS_NORMALISED: &str = "Linear 512→24, ReLU, Linear 24→16, L2-normalise";
const MOCO_V3: &str =
    "Linear 512→24 (no bias), BatchNorm1d 24, ReLU, Linear 24→16 (no bias), BatchNorm1d 16 (no weights)";
const SIMSIAM: &str = "Linear 512→512 (no bias), BatchNorm1d 512, ReLU, Linear 512→512 (no bias), BatchNorm1d 512, ReLU, \
                       Linear 512→16, BatchNorm1d 16 (no weights)";
const DINO: &str = "Linear 512→24, GELU, Linear 24→24, GELU, Linear 24→16, L2-normalise";
const LIGHTLY_BYOL: &str = "Linear 512→24 (no bias), BatchNorm1d 24, ReLU, Linear 24→16";
const LIGHTLY_SIMCLR: &str = "Linear 512→24 (no bias), BatchNorm1d 24, ReLU, Linear 24→16 (no bias), BatchNorm1d 16";
const LIGHTLY_SWAV: &str = "Linear 512→24 (no bias), BatchNorm1d 24, ReLU, Linear 24→16, L2-normalise";

const ROWS: &[Row] = &[
    ("torchvision", "auto", "torchvision", "only", ""),
    ("torchvision, compiled and parallel", "auto", "torchvision", "only", ""),
    ("torchvision, parallel and compiled", "auto", "torchvision", "only", ""),
    ("MoCo v1", "auto", "MoCo v1", "query", "Linear 512→16, L2-normalise"),
    ("MoCo v2", "query", "MoCo v2", "query", TWO_LAYERS_NORMALISED),
    (
        "MoCo v2, as published",
        "auto",
        "MoCo v2",
        "query",
        TWO_LAYERS_NORMALISED,
    ),
    ("MoCo v3", "auto", "MoCo v3", "base", MOCO_V3),
    (
        "SimCLR, head in fc",
        "auto",
        "SimCLR (head in backbone.fc)",
        "only",
        TWO_LAYERS,
    ),
    (
        "SimCLR, encoder and projector",
        "auto",
        "SimCLR (encoder, projector)",
        "only",
        MLP,
    ),
    ("SimCLR, f and g", "auto", "SimCLR (f, g)", "only", MLP_WITHOUT_BIAS),
    ("SupContrast", "auto", "SupContrast", "only", TWO_LAYERS_NORMALISED),
    ("SimSiam", "auto", "SimSiam", "only", SIMSIAM),
    ("BYOL, byol-pytorch", "auto", "BYOL", "online", MLP),
    ("BYOL, another port", "online", "BYOL", "online", MLP),
    ("SwAV", "auto", "SwAV", "only", MLP_NORMALISED),
    ("Barlow Twins", "auto", "Barlow Twins", "only", MLP),
    ("VICReg", "auto", "VICReg and others", "only", MLP),
    ("DINO", "auto", "DINO", "teacher", DINO),
    ("solo-learn", "auto", "solo-learn", "only", MLP),
    ("solo-learn, momentum", "momentum", "solo-learn", "momentum", MLP),
    ("lightly, BYOL", "auto", "lightly", "only", LIGHTLY_BYOL),
    ("lightly, SwAV", "auto", "lightly (SwAV)", "only", LIGHTLY_SWAV),
    ("lightly, DINO", "auto", "lightly (DINO)", "teacher", DINO),
    ("lightly, its own ResNet", "auto", "lightly", "only", LIGHTLY_SIMCLR),
    ("MMSelfSup, SimCLR", "auto", "MMSelfSup", "only", MLP),
    ("MMSelfSup, SwAV", "auto", "MMSelfSup (SwAV)", "only", MLP_NORMALISED),
    ("MMSelfSup, MoCo", "auto", "MMSelfSup", "query", TWO_LAYERS_NORMALISED),
    ("MMSelfSup, BYOL", "auto", "MMSelfSup", "online", MLP),
    ("mmpretrain", "auto", "mmpretrain", "only", ""),
    ("Detectron2", "auto", "detectron2", "only", ""),
];

fn file(case: &Case) -> Tensors {
    let tensor =
        |(name, shape, seed): &(String, Vec<usize>, String)| (name.clone(), (shape.clone(), weights(seed, shape)));
    case.tensors.iter().map(tensor).collect()
}

fn images() -> Tensor {
    Tensor::from_slice(&stream("images 32", 2 * 3 * 32 * 32)).view([2, 3, 32, 32])
}

#[test]
fn every_style_gives_pytorchs_features() {
    let expected = Checkpoint::open(&golden("key_styles.safetensors")).unwrap();
    let cases = cases();
    let ids = |all: &mut dyn Iterator<Item = &str>| all.map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(
        ids(&mut cases.iter().map(|c| c.id.as_str())),
        ids(&mut ROWS.iter().map(|r| r.0))
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    let mut same: Option<Vec<f32>> = None;
    for &(id, branch, style, found_branch, projector) in ROWS {
        let case = cases.iter().find(|c| c.id == id).unwrap();
        write_safetensors(&path, &file(case), None);
        let checkpoint = Checkpoint::open(&path).unwrap();
        let options = LoadOptions {
            branch: branch.to_owned(),
            ..LoadOptions::default()
        };
        let loading = detect(&checkpoint, &options).unwrap_or_else(|e| panic!("{id}: {e}"));
        let audit = &loading.audit;
        assert_eq!(
            (
                audit.style.as_str(),
                audit.branch.as_str(),
                audit.projector.as_deref().unwrap_or("")
            ),
            (style, found_branch, projector),
            "{id}"
        );
        assert_eq!((audit.backbone_coverage, audit.unexpected.len()), (1.0, 0), "{id}");
        let model = Model::load(&checkpoint, &loading, DeviceChoice::Cpu.open().unwrap()).unwrap();
        let taps = model.forward(&images());
        assert_eq!(
            taps.iter()
                .map(|(n, t)| (n.clone(), t.size()[1] as usize))
                .collect::<Vec<_>>(),
            loading.taps(),
            "{id}"
        );
        let mut worst = 0.0f32;
        for layer in ["backbone", "projector", "predictor", "prototypes"] {
            let name = format!("{id}/{layer}");
            let there = taps.iter().find(|(tap, _)| tap == layer);
            assert_eq!(there.is_some(), expected.tensors().contains_key(&name), "{name}");
            let Some((_, rows)) = there else { continue };
            let found: Vec<f32> = Vec::try_from(rows.contiguous().view([-1])).unwrap();
            let (_, wanted) = expected.tensor_f32(&name).unwrap();
            let scale = wanted.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            let error = found
                .iter()
                .zip(&wanted)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max)
                / scale;
            assert!(error <= 1e-5, "{name}: error {error:e} of the scale");
            worst = worst.max(error);
            // solo-learn's stem pads by 2, and none of lightly's has an activation: other networks.
            if layer == "backbone" && !id.starts_with("solo") && id != "lightly, its own ResNet" {
                assert!(
                    *same.get_or_insert_with(|| found.clone()) == found,
                    "{id}: another style, other features"
                );
            }
        }
        println!("{id:36} largest error {worst:.1e} of the scale");
    }
}
