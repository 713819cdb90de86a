//! torchvision's convolutional networks (`fixtures/golden/cnns.py`): the names and shapes of all of them, and the features of
//! one or two of each family; what is damaged is refused.

#![cfg(feature = "torch")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use featscope::checkpoint::arch::Arch;
use featscope::checkpoint::{Checkpoint, Options, detect};
use featscope::extract::device::Choice;
use featscope::extract::model::Model;
use featscope::extract::preparation::prepare;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use support::damage::{Parts, every_kind};
use support::golden_rows::{images, worst_error};
use support::{Tensors, add, refused, write_safetensors};

#[derive(Deserialize)]
struct Case {
    id: String,
    side: Option<i64>,
    /// Factor of the normalisations' weights.
    gain: f32,
    names: String,
    classifier: BTreeMap<String, Vec<usize>>,
}

fn golden(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name)
}

fn cases() -> Vec<Case> {
    serde_json::from_str(&std::fs::read_to_string(golden("cnns.json")).unwrap()).unwrap()
}

/// The file that torchvision would save, by the names that [`every_network_has_torchvisions_names_and_shapes`] holds true.
fn file(case: &Case) -> Tensors {
    let mut tensors = Tensors::new();
    for expected in Arch::parse(&case.id).unwrap().tensors() {
        add(&mut tensors, &expected.name, &expected.shape);
        if expected.name.ends_with(".weight") && expected.shape.len() == 1 {
            let (_, values) = tensors.get_mut(&expected.name).unwrap();
            values.iter_mut().for_each(|value| *value *= case.gain);
        }
    }
    for (name, shape) in &case.classifier {
        add(&mut tensors, name, shape);
    }
    tensors
}

#[test]
fn every_network_has_torchvisions_names_and_shapes() {
    let cases = cases();
    assert!(cases.len() >= 45, "only {} networks", cases.len());
    for case in cases {
        let tensors = Arch::parse(&case.id).unwrap().tensors();
        let mut lines: Vec<String> = tensors
            .iter()
            .map(|t| {
                let shape: Vec<String> = t.shape.iter().map(usize::to_string).collect();
                format!("{} {}", t.name, shape.join("x"))
            })
            .collect();
        lines.sort_unstable();
        let digest = Sha256::digest(lines.join("\n").as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, case.names, "{}", case.id);
    }
}

#[test]
fn features_are_torchvisions() {
    let expected = Checkpoint::open(&golden("cnns.safetensors")).unwrap();
    let mut tried = 0;
    for case in cases() {
        let Some(side) = case.side else { continue };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        write_safetensors(&path, &file(&case), None);
        let checkpoint = Checkpoint::open(&path).unwrap();
        let loading = detect(&checkpoint, &Options::default()).unwrap();
        assert_eq!(loading.arch.name(), case.id);
        assert_eq!(loading.audit.backbone_coverage, 1.0);
        assert!(loading.audit.unexpected.is_empty(), "{:?}", loading.audit.unexpected);
        let model = Model::load(&checkpoint, &loading, Choice::Cpu.open().unwrap()).unwrap();
        let taps = model.forward(&images(side));
        let mut names: Vec<_> = loading.arch.taps().into_iter().map(|(name, _)| name).collect();
        names.push("logits".to_owned());
        let found: Vec<_> = taps.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(found, names, "{}", case.id);
        let worst = worst_error(&case.id, &taps, &expected);
        println!(
            "{:20} {} layers, largest error {worst:.1e} of the scale",
            case.id,
            names.len()
        );
        tried += taps.len();
    }
    assert_eq!(
        tried,
        expected.tensors().len(),
        "every layer that torchvision gave is compared"
    );
}

#[test]
fn twelve_kinds_of_damage_are_refused_with_their_reasons() {
    let cases = cases();
    for (id, norm, matrix, stem, stage) in [
        (
            "vgg11_bn",
            "features.12.weight",
            "features.8.weight",
            "features.0.weight",
            ["features.11.", "features.11."],
        ),
        (
            "mobilenet_v2",
            "features.8.conv.1.1.weight",
            "features.8.conv.0.0.weight",
            "features.0.0.weight",
            ["features.8.", "features.8."],
        ),
        (
            "mobilenet_v3_small",
            "features.4.block.1.1.weight",
            "features.4.block.2.fc1.weight",
            "features.0.0.weight",
            ["features.4.", "features.4."],
        ),
        (
            "efficientnet_b0",
            "features.3.1.block.1.1.weight",
            "features.3.1.block.0.0.weight",
            "features.0.0.weight",
            ["features.3.", "features.3.1."],
        ),
        (
            "efficientnet_v2_s",
            "features.4.1.block.1.1.weight",
            "features.4.1.block.0.0.weight",
            "features.0.0.weight",
            ["features.4.", "features.4.1."],
        ),
        (
            "regnet_y_400mf",
            "trunk_output.block2.block2-0.proj.1.weight",
            "trunk_output.block2.block2-0.proj.0.weight",
            "stem.0.weight",
            ["trunk_output.block2.", "trunk_output.block2.block2-0."],
        ),
        (
            "densenet121",
            "features.denseblock2.denselayer5.norm1.weight",
            "features.denseblock2.denselayer5.conv2.weight",
            "features.conv0.weight",
            ["features.denseblock2.", "features.denseblock2.denselayer5."],
        ),
        (
            "convnext_tiny",
            "features.3.1.block.2.weight",
            "features.3.1.block.3.weight",
            "features.0.0.weight",
            ["features.3.", "features.3.1."],
        ),
    ] {
        let whole = file(cases.iter().find(|c| c.id == id).unwrap());
        every_kind(id, &whole, &Parts::convolutions(norm, matrix, stem, stage), &refused);
    }
}

/// Two networks share all names where one is a cut of the other: the larger is taken, and with a block lost it is damaged, not
/// the smaller.
#[test]
fn a_deeper_network_that_lost_a_tensor_is_not_taken_for_a_shallower_one() {
    let cases = cases();
    let mut tensors = file(cases.iter().find(|c| c.id == "efficientnet_b1").unwrap());
    tensors.remove("features.6.4.block.0.0.weight").unwrap();
    let said = refused(&tensors);
    assert!(
        said.contains("efficientnet_b1") && said.contains("features.6.4.block.0.0.weight"),
        "{said}"
    );
}

/// torchvision's published DenseNets are older than its names for them.
#[test]
fn densenets_are_known_by_the_names_of_their_published_files_too() {
    let cases = cases();
    let tensors = file(cases.iter().find(|c| c.id == "densenet121").unwrap());
    let old: Tensors = tensors
        .into_iter()
        .map(|(name, tensor)| {
            let parts = ["norm1", "norm2", "conv1", "conv2"];
            let part = parts.iter().find(|part| name.contains(&format!(".{part}.")));
            let renamed = part.map(|part| name.replace(part, &format!("{}.{}", &part[..4], &part[4..])));
            (renamed.unwrap_or(name), tensor)
        })
        .collect();
    assert!(old.contains_key("features.denseblock1.denselayer1.norm.1.weight"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    write_safetensors(&path, &old, None);
    let loading = detect(&Checkpoint::open(&path).unwrap(), &Options::default()).unwrap();
    assert_eq!(loading.arch.name(), "densenet121");
    assert!(loading.audit.missing.is_empty() && loading.audit.unexpected.is_empty());
}

#[test]
fn images_are_prepared_as_torchvision_evaluates_the_network() {
    let cases = cases();
    for (id, name, said) in [
        (
            "efficientnet_b3",
            "x",
            "shorter side to 320 (bicubic), centre 300 x 300",
        ),
        ("mobilenet_v2", "x", "shorter side to 256 (bilinear), centre 224 x 224"),
        // Later weights of the same network, and those of which the name says nothing else.
        (
            "mobilenet_v2",
            "mobilenet_v2-7ebf99e0",
            "shorter side to 232 (bilinear), centre 224 x 224",
        ),
        (
            "mobilenet_v2",
            "mobilenet_v2-b0353104",
            "shorter side to 256 (bilinear), centre 224 x 224",
        ),
        (
            "convnext_tiny",
            "convnext_tiny-983f1562",
            "shorter side to 236 (bilinear), centre 224 x 224",
        ),
        (
            "convnext_tiny",
            "convnext_tiny",
            "shorter side to 256 (bilinear), centre 224 x 224",
        ),
        ("regnet_y_400mf", "regnet_y_400mf-e6988f5f", "shorter side to 232"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("{name}.safetensors"));
        write_safetensors(&path, &file(cases.iter().find(|c| c.id == id).unwrap()), None);
        let checkpoint = Checkpoint::open(&path).unwrap();
        let loading = detect(&checkpoint, &Options::default()).unwrap();
        let prepared = prepare(&checkpoint, &loading).unwrap().preprocess.to_string();
        assert!(prepared.starts_with(said), "{prepared}");
    }
}
