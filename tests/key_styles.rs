//! Every key style against PyTorch (`fixtures/golden/key_styles.py`): one small ResNet under the names that each method's
//! code gives it. The backbone's features are the same in every style; heads are compared layer by layer.

#![cfg(feature = "torch")]

mod support;

use std::collections::BTreeSet;

use serde::Deserialize;
use support::golden_rows::{GoldenRows, images};
use support::saved::{Saved, golden};
use support::{Tensors, weights};

#[derive(Deserialize)]
struct Case {
    id: String,
    /// Name in the file, shape, and the name that seeds its values.
    tensors: Vec<(String, Vec<usize>, String)>,
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

#[test]
fn every_style_gives_pytorchs_features() {
    let expected = GoldenRows::open("key_styles.safetensors");
    let cases: Vec<Case> = golden("key_styles.json");
    let ids = |all: &mut dyn Iterator<Item = &str>| all.map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(
        ids(&mut cases.iter().map(|c| c.id.as_str())),
        ids(&mut ROWS.iter().map(|r| r.0))
    );
    let mut same: Option<Vec<f32>> = None;
    for &(id, branch, style, found_branch, projector) in ROWS {
        let case = cases.iter().find(|c| c.id == id).unwrap();
        let (loading, taps) = Saved::file("x", file(case)).branch(branch).run(&images(32));
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
        let mut worst = 0.0f64;
        for layer in ["backbone", "projector", "predictor", "prototypes"] {
            let there = taps.iter().find(|(tap, _)| tap == layer);
            assert_eq!(there.is_some(), expected.has(id, layer), "{id}/{layer}");
            let Some((_, rows)) = there else { continue };
            let (_, error) = expected.distance(id, layer, rows);
            assert!(error <= 1e-5, "{id}/{layer}: error {error:e} of the scale");
            let found: Vec<f32> = Vec::try_from(rows.contiguous().view([-1])).unwrap();
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
