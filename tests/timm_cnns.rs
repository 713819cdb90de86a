//! timm's convolutional networks (`fixtures/golden/timm_cnns.py`): the names and shapes of all of them, the features of some of each
//! family; who says how a network is padded where no tensor does; what is damaged is refused.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use featscope::checkpoint::arch::{Arch, Cnn, Details};
use featscope::checkpoint::{Checkpoint, LoadOptions, Loading, detect};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use support::damage::{Parts, every_kind};
use support::{Tensors, add, write_safetensors};

#[cfg_attr(not(feature = "torch"), allow(dead_code))]
#[derive(Deserialize)]
struct Case {
    id: String,
    names: String,
    side: Option<i64>,
    /// Factor of the normalisations' weights.
    gain: Option<f32>,
    #[serde(default)]
    classifier: BTreeMap<String, Vec<usize>>,
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name)
}

fn cases() -> Vec<Case> {
    serde_json::from_str(&std::fs::read_to_string(golden("timm_cnns.json")).unwrap()).unwrap()
}

fn case(id: &str) -> Case {
    cases().into_iter().find(|c| c.id == id).unwrap()
}

/// As timm builds it; its DenseNets are torchvision's.
fn arch(id: &str) -> Arch {
    let details = Details {
        timm: !id.starts_with("densenet"),
        ..Details::default()
    };
    Arch::Cnn(Cnn {
        name: id.to_owned(),
        details,
    })
}

/// The file that timm would save, by the names that [`every_network_has_timms_names_and_shapes`] holds true.
fn file(id: &str) -> Tensors {
    let case = case(id);
    let mut tensors = Tensors::new();
    for expected in arch(id).tensors() {
        add(&mut tensors, &expected.name, &expected.shape);
        if expected.name.ends_with(".weight") && expected.shape.len() == 1 {
            let (_, values) = tensors.get_mut(&expected.name).unwrap();
            values.iter_mut().for_each(|value| *value *= case.gain.unwrap_or(1.0));
        }
    }
    for (name, shape) in &case.classifier {
        add(&mut tensors, name, shape);
    }
    tensors
}

/// A folder with these tensors under a name, and what `config.json` beside them calls the network.
fn folder(tensors: &Tensors, file: &str, called: Option<&str>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    write_safetensors(&path, tensors, None);
    if let Some(name) = called {
        std::fs::write(
            folder.path().join("config.json"),
            json!({"architecture": name}).to_string(),
        )
        .unwrap();
    }
    (folder, path)
}

fn load(tensors: &Tensors, file: &str, called: Option<&str>, arch: &str) -> Result<Loading, String> {
    let (_folder, path) = folder(tensors, file, called);
    let options = LoadOptions {
        arch: arch.to_owned(),
        ..LoadOptions::default()
    };
    detect(&Checkpoint::open(&path).unwrap(), &options).map_err(|e| e.to_string())
}

#[test]
fn every_network_has_timms_names_and_shapes() {
    let cases = cases();
    assert_eq!(cases.len(), 111);
    for case in cases {
        let mut lines: Vec<String> = arch(&case.id)
            .tensors()
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

#[cfg(feature = "torch")]
#[test]
fn features_are_timms() {
    use featscope::extract::device::DeviceChoice;
    use featscope::extract::model::Model;
    use support::golden_rows::{images, worst_error};

    let expected = Checkpoint::open(&golden("timm_cnns.safetensors")).unwrap();
    let mut compared = 0;
    for case in cases() {
        let Some(side) = case.side else { continue };
        let (_folder, path) = folder(&file(&case.id), "model.safetensors", Some(&format!("{}.in1k", case.id)));
        let checkpoint = Checkpoint::open(&path).unwrap();
        let loading = detect(&checkpoint, &LoadOptions::default()).unwrap();
        assert_eq!((&loading.arch, loading.audit.backbone_coverage), (&arch(&case.id), 1.0));
        assert!(loading.audit.unexpected.is_empty(), "{:?}", loading.audit.unexpected);
        let model = Model::load(&checkpoint, &loading, DeviceChoice::Cpu.open().unwrap()).unwrap();
        let taps = model.forward(&images(side));
        let widths: Vec<_> = taps
            .iter()
            .map(|(name, t)| (name.clone(), t.size()[1] as usize))
            .collect();
        assert_eq!(widths, loading.taps());
        assert!(taps.iter().any(|(name, _)| name == "logits"), "{}", case.id);
        let worst = worst_error(&case.id, &taps, &expected);
        compared += taps.len();
        println!(
            "{:34} {} layers, largest error {worst:.1e} of the scale",
            case.id,
            taps.len()
        );
    }
    assert_eq!(
        compared,
        expected.tensors().len(),
        "every layer that timm gave is compared"
    );
}

/// What pads otherwise gives other features, or its golden cases would prove nothing.
#[cfg(feature = "torch")]
#[test]
fn padding_and_epsilon_show_in_the_features() {
    use featscope::extract::device::DeviceChoice;
    use featscope::extract::model::Model;
    use support::golden_rows::{distance, images};

    let expected = Checkpoint::open(&golden("timm_cnns.safetensors")).unwrap();
    for (id, other) in [
        ("tf_efficientnet_b0", "efficientnet_b0"),
        ("tf_mobilenetv3_small_100", "mobilenetv3_small_100"),
    ] {
        let (_folder, path) = folder(&file(id), "x.safetensors", Some(other));
        let checkpoint = Checkpoint::open(&path).unwrap();
        let loading = detect(&checkpoint, &LoadOptions::default()).unwrap();
        let model = Model::load(&checkpoint, &loading, DeviceChoice::Cpu.open().unwrap()).unwrap();
        let taps = model.forward(&images(case(id).side.unwrap()));
        let (_, found) = taps.iter().find(|(tap, _)| tap == "backbone").unwrap();
        let (shape, wanted) = expected.tensor_f32(&format!("{id}/backbone")).unwrap();
        let (_, error) = distance(found, &shape, &wanted);
        assert!(error > 1e-2, "{id} as {other}: {error:e}");
    }
}

#[test]
fn who_says_how_a_network_is_padded_is_told() {
    const B0: &str = "efficientnet_b0";
    for (file_name, called, option, name, says) in [
        (
            "x.safetensors",
            Some("tf_efficientnet_b0.ns_jft_in1k"),
            "auto",
            "tf_efficientnet_b0",
            "padded as TensorFlow does, epsilon 1e-3",
        ),
        (
            "x.safetensors",
            Some("efficientnet_b0.ra_in1k"),
            "auto",
            B0,
            "padded alike on all sides, epsilon 1e-5, as the name",
        ),
        (
            "tf_efficientnet_b0_ns-c0e6a31c.safetensors",
            None,
            "auto",
            "tf_efficientnet_b0",
            "as the name \"tf_efficientnet_b0_ns-",
        ),
        (
            "efficientnet_b0_ra-3dd342df.safetensors",
            None,
            "auto",
            B0,
            "epsilon 1e-5, as the name",
        ),
        // What the file calls its network counts before its own name.
        (
            "efficientnet_b0.safetensors",
            Some("tf_efficientnet_b0"),
            "auto",
            "tf_efficientnet_b0",
            "as the name \"tf_efficientnet_b0\"",
        ),
        ("x.safetensors", None, B0, B0, "epsilon 1e-5, as its name says"),
        (
            "x.safetensors",
            None,
            "tf_efficientnet_b0",
            "tf_efficientnet_b0",
            "epsilon 1e-3, as its name says",
        ),
    ] {
        let loading = load(&file(B0), file_name, called, option).unwrap_or_else(|e| panic!("{file_name}: {e}"));
        assert_eq!(loading.arch, arch(name), "{file_name} {called:?} {option}");
        let notes = loading.audit.notes.join("; ");
        assert!(notes.contains(says), "{file_name} {called:?} {option}: {notes}");
    }
}

#[test]
fn a_network_of_which_nobody_says_how_it_is_padded_is_refused() {
    for id in ["efficientnet_b0", "mobilenetv3_small_075", "efficientnet_lite0"] {
        let tensors = file(id);
        for name in ["x.safetensors", "my_efficientnet_b0.safetensors"] {
            let said = load(&tensors, name, None, "auto").unwrap_err();
            let wanted = format!(
                "nothing says which it is; put its config.json beside it, or pass --arch {id} or --arch tf_{id}"
            );
            assert!(said.contains(&wanted), "{said}");
        }
    }
    // The name of another size.
    let said = load(
        &file("efficientnet_b0"),
        "x.safetensors",
        Some("tf_efficientnet_b1"),
        "auto",
    )
    .unwrap_err();
    assert!(
        said.contains("it calls itself \"tf_efficientnet_b1\", which is neither"),
        "{said}"
    );
}

#[test]
fn what_is_not_computed_is_refused_by_its_name() {
    let b0 = file("efficientnet_b0");
    let cut: Tensors = b0
        .clone()
        .into_iter()
        .filter(|(name, _)| !name.contains("running_"))
        .collect();
    for (tensors, name, how) in [
        (&b0, "efficientnet_blur_b0", "blurs before its strides"),
        (&cut, "efficientnet_b0_gn", "normalises by groups of channels"),
        (&b0, "mobilenetv4_conv_small", "has blocks of another kind"),
    ] {
        for (file, called) in [
            (format!("{name}.safetensors"), None),
            (format!("{name}-1234abcd.safetensors"), None),
            ("x.safetensors".to_owned(), Some(format!("{name}.in1k"))),
        ] {
            let said = load(tensors, &file, called.as_deref(), "auto").unwrap_err();
            assert!(said.contains(how) && said.contains("scripts/trace.py"), "{said}");
            let who = called.unwrap_or(file);
            assert!(said.contains(&who) && !said.contains('\n'), "{said}");
        }
        // Whoever names the architecture has seen to it.
        assert_eq!(
            load(&b0, &format!("{name}.safetensors"), None, "efficientnet_b0")
                .unwrap()
                .arch,
            arch("efficientnet_b0")
        );
    }
    // Without a name, what is missing or of another shape is said, not that nobody named it.
    let said = load(&cut, "x.safetensors", None, "auto").unwrap_err();
    assert!(said.contains("if it has GroupNorm in their place, trace it"), "{said}");
    let mut narrow = b0.clone();
    add(&mut narrow, "blocks.2.1.conv_pw.weight", &[100, 40, 1, 1]);
    let said = load(&narrow, "x.safetensors", None, "auto").unwrap_err();
    assert!(
        said.contains("blocks.2.1.conv_pw.weight has shape [100, 40, 1, 1]"),
        "{said}"
    );
}

#[test]
fn what_stands_behind_a_name_does_not_hide_it() {
    for (called, id) in [
        ("tf_efficientnet_b0_ns", "tf_efficientnet_b0"),
        ("efficientnet_b0.ra_in1k", "efficientnet_b0"),
    ] {
        let loading = load(&file("efficientnet_b0"), "x.safetensors", Some(called), "auto").unwrap();
        assert_eq!(loading.arch, arch(id), "{called}");
    }
}

#[test]
fn networks_that_timm_has_once_need_no_name() {
    for id in [
        "mobilenetv1_100",
        "mobilenetv1_100h",
        "mobilenetv1_125",
        "mobilenetv2_050",
        "regnety_002",
        "tf_efficientnetv2_b0",
        "efficientnetv2_rw_t",
        "tf_mobilenetv3_large_minimal_100",
    ] {
        let loading = load(&file(id), "x.safetensors", None, "auto").unwrap();
        assert_eq!(loading.arch, arch(id));
        assert_eq!(loading.audit.naming, "timm");
    }
}

#[test]
fn below_other_names_they_are_found_too() {
    let moved = support::prefixed(&file("regnety_002"), "module.backbone.");
    let loading = load(&moved, "x.safetensors", None, "auto").unwrap();
    assert_eq!(
        (loading.arch, loading.audit.prefix.as_str()),
        (arch("regnety_002"), "module.backbone.")
    );
}

#[test]
fn twelve_kinds_of_damage_are_refused_with_their_reasons() {
    for (id, norm, matrix, stem, stage) in [
        (
            "efficientnet_b0",
            "blocks.2.1.bn2.weight",
            "blocks.2.1.conv_pw.weight",
            "conv_stem.weight",
            ["blocks.2.", "blocks.2.1."],
        ),
        (
            "tf_efficientnetv2_b0",
            "blocks.2.1.bn1.weight",
            "blocks.2.1.conv_pwl.weight",
            "conv_stem.weight",
            ["blocks.2.", "blocks.2.1."],
        ),
        (
            "mobilenetv1_100h",
            "blocks.2.1.bn2.weight",
            "blocks.2.0.conv_pw.weight",
            "conv_stem.weight",
            ["blocks.2.", "blocks.2.1."],
        ),
        (
            "mobilenetv2_050",
            "blocks.2.1.bn2.weight",
            "blocks.2.1.conv_pw.weight",
            "conv_stem.weight",
            ["blocks.2.", "blocks.2.1."],
        ),
        (
            "mobilenetv3_small_100",
            "blocks.2.1.bn2.weight",
            "blocks.2.1.conv_pw.weight",
            "conv_stem.weight",
            ["blocks.2.", "blocks.2.1."],
        ),
        (
            "regnety_002",
            "s3.b2.conv2.bn.weight",
            "s3.b2.conv2.conv.weight",
            "stem.conv.weight",
            ["s3.", "s3.b2."],
        ),
    ] {
        let parts = Parts::convolutions(norm, matrix, stem, stage);
        let name = format!("{id}.safetensors");
        every_kind(
            id,
            &file(id),
            &parts,
            &|tensors| match load(tensors, &name, None, "auto") {
                Ok(loading) => panic!("{id} loads: {:?}", loading.audit.lines()),
                Err(said) => said,
            },
        );
    }
}
