//! torchvision's networks.

use featscope::checkpoint::arch::Arch;

use super::support::Tensors;
use super::support::damage::{Parts, every_kind};
use super::support::saved::{Saved, golden};
use super::{Case, vgg};

fn cases() -> Vec<Case> {
    golden("cnns.json")
}

fn arch(id: &str) -> Arch {
    Arch::parse(id).unwrap()
}

fn file(id: &str) -> Tensors {
    cases().iter().find(|c| c.id == id).unwrap().file(&arch(id))
}

#[test]
fn every_network_has_torchvisions_names_and_shapes() {
    let cases = cases();
    assert!(cases.len() >= 45, "only {} networks", cases.len());
    for case in cases {
        assert!(case.names_are(&arch(&case.id)), "{}", case.id);
    }
}

#[cfg(feature = "torch")]
#[test]
fn features_are_torchvisions() {
    use super::support::golden_rows::{GoldenRows, images};

    let mut expected = GoldenRows::open("cnns.safetensors");
    for case in cases() {
        let Some(side) = case.side else { continue };
        let (loading, taps) = Saved::file("x", file(&case.id)).run(&images(side));
        assert_eq!(loading.arch, arch(&case.id));
        expected.compare(&case.id, &taps);
    }
    expected.finish();
}

#[test]
#[cfg_attr(feature = "torch", ignore = "runs with the other half, and is the same")]
fn every_damage_is_refused_with_its_reason() {
    for (id, place) in [
        ("mobilenet_v2", ["features.8.", "features.8."]),
        ("mobilenet_v3_small", ["features.4.", "features.4."]),
        ("efficientnet_b0", ["features.3.", "features.3.1."]),
        ("efficientnet_v2_s", ["features.4.", "features.4.1."]),
        (
            "regnet_y_400mf",
            ["trunk_output.block2.", "trunk_output.block2.block2-0."],
        ),
        (
            "densenet121",
            ["features.denseblock2.", "features.denseblock2.denselayer5."],
        ),
        ("convnext_tiny", ["features.3.", "features.3.1."]),
    ] {
        let saved = Saved::file("x", file(id));
        every_kind(id, &saved, &Parts::at(&saved, place));
    }
    every_kind("vgg11_bn", &Saved::file("x", file("vgg11_bn")), &vgg());
}

/// Two networks share all names where one is a cut of the other: the larger is taken, and with a block lost it is damaged, not
/// the smaller.
#[test]
fn a_deeper_network_that_lost_a_tensor_is_not_taken_for_a_shallower_one() {
    let mut tensors = file("efficientnet_b1");
    tensors.remove("features.6.4.block.0.0.weight").unwrap();
    let said = Saved::file("x", tensors).refused();
    assert!(
        said.contains("efficientnet_b1") && said.contains("features.6.4.block.0.0.weight"),
        "{said}"
    );
}

/// torchvision's published DenseNets are older than its names for them.
#[test]
fn densenets_are_known_by_the_names_of_their_published_files_too() {
    let old: Tensors = file("densenet121")
        .into_iter()
        .map(|(name, tensor)| {
            let parts = ["norm1", "norm2", "conv1", "conv2"];
            let part = parts.iter().find(|part| name.contains(&format!(".{part}.")));
            let renamed = part.map(|part| name.replace(part, &format!("{}.{}", &part[..4], &part[4..])));
            (renamed.unwrap_or(name), tensor)
        })
        .collect();
    assert!(old.contains_key("features.denseblock1.denselayer1.norm.1.weight"));
    let loading = Saved::file("x", old).load().unwrap();
    assert_eq!(loading.arch.name(), "densenet121");
    assert!(loading.audit.missing.is_empty() && loading.audit.unexpected.is_empty());
}

#[cfg(feature = "torch")]
#[test]
fn images_are_prepared_as_torchvision_evaluates_the_network() {
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
        let (prepared, _) = Saved::file(name, file(id)).prepared().unwrap();
        assert!(prepared.starts_with(said), "{prepared}");
    }
}
