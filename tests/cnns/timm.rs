//! timm's networks; who says how a network is padded where no tensor does.

use featscope::checkpoint::Loading;
use featscope::checkpoint::arch::{Arch, Cnn, Details};
use serde_json::json;

use super::support::damage::{Parts, every_kind};
use super::support::saved::{Saved, golden};
use super::support::{Tensors, add, prefixed};
use super::{Case, vgg};

fn cases() -> Vec<Case> {
    golden("timm_cnns.json")
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

fn file(id: &str) -> Tensors {
    cases().iter().find(|c| c.id == id).unwrap().file(&arch(id))
}

/// Tensors in a file of that name, beside a `config.json` that calls the network so.
fn called(tensors: Tensors, file: &str, name: Option<&str>) -> Saved {
    let saved = Saved::file(file, tensors);
    match name {
        Some(name) => saved.beside("config.json", json!({"architecture": name})),
        None => saved,
    }
}

fn load(tensors: Tensors, file: &str, name: Option<&str>, arch: &str) -> Result<Loading, String> {
    called(tensors, file, name).named(arch).load()
}

#[test]
fn every_network_has_timms_names_and_shapes() {
    let cases = cases();
    assert!(cases.len() >= 111, "only {} networks", cases.len());
    for case in cases {
        assert!(case.names_are(&arch(&case.id)), "{}", case.id);
    }
}

#[cfg(feature = "torch")]
#[test]
fn features_are_timms() {
    use super::support::golden_rows::{GoldenRows, images};

    let mut expected = GoldenRows::open("timm_cnns.safetensors");
    for case in cases() {
        let Some(side) = case.side else { continue };
        let saved = called(file(&case.id), "model", Some(&format!("{}.in1k", case.id)));
        let (loading, taps) = saved.run(&images(side));
        assert_eq!(loading.arch, arch(&case.id));
        assert!(taps.iter().any(|(name, _)| name == "logits"), "{}", case.id);
        expected.compare(&case.id, &taps);
    }
    expected.finish();
}

/// What pads otherwise gives other features, or its golden cases would prove nothing.
#[cfg(feature = "torch")]
#[test]
fn padding_and_epsilon_show_in_the_features() {
    use super::support::golden_rows::{GoldenRows, images};

    let expected = GoldenRows::open("timm_cnns.safetensors");
    for (id, side, other) in [
        ("tf_efficientnet_b0", 64, "efficientnet_b0"),
        ("tf_mobilenetv3_small_100", 66, "mobilenetv3_small_100"),
    ] {
        let error = expected.off(id, &called(file(id), "x", Some(other)), &images(side));
        assert!(error > 1e-2, "{id} as {other}: {error:e}");
    }
}

#[test]
fn who_says_how_a_network_is_padded_is_told() {
    const B0: &str = "efficientnet_b0";
    for (file_name, called, option, name, says) in [
        (
            "x",
            Some("tf_efficientnet_b0.ns_jft_in1k"),
            "auto",
            "tf_efficientnet_b0",
            "padded as TensorFlow does, epsilon 1e-3",
        ),
        (
            "x",
            Some("efficientnet_b0.ra_in1k"),
            "auto",
            B0,
            "padded alike on all sides, epsilon 1e-5, as the name",
        ),
        (
            "tf_efficientnet_b0_ns-c0e6a31c",
            None,
            "auto",
            "tf_efficientnet_b0",
            "as the name \"tf_efficientnet_b0_ns-",
        ),
        (
            "efficientnet_b0_ra-3dd342df",
            None,
            "auto",
            B0,
            "epsilon 1e-5, as the name",
        ),
        // What the file calls its network counts before its own name.
        (
            "efficientnet_b0",
            Some("tf_efficientnet_b0"),
            "auto",
            "tf_efficientnet_b0",
            "as the name \"tf_efficientnet_b0\"",
        ),
        ("x", None, B0, B0, "epsilon 1e-5, as its name says"),
        (
            "x",
            None,
            "tf_efficientnet_b0",
            "tf_efficientnet_b0",
            "epsilon 1e-3, as its name says",
        ),
    ] {
        let loading = load(file(B0), file_name, called, option).unwrap_or_else(|e| panic!("{file_name}: {e}"));
        assert_eq!(loading.arch, arch(name), "{file_name} {called:?} {option}");
        let notes = loading.audit.notes.join("; ");
        assert!(notes.contains(says), "{file_name} {called:?} {option}: {notes}");
    }
}

#[test]
fn a_network_of_which_nobody_says_how_it_is_padded_is_refused() {
    for id in ["efficientnet_b0", "mobilenetv3_small_075", "efficientnet_lite0"] {
        let tensors = file(id);
        for name in ["x", "my_efficientnet_b0"] {
            let said = load(tensors.clone(), name, None, "auto").unwrap_err();
            let wanted = format!(
                "nothing says which it is; put its config.json beside it, or pass --arch {id} or --arch tf_{id}"
            );
            assert!(said.contains(&wanted), "{said}");
        }
    }
    // The name of another size.
    let said = load(file("efficientnet_b0"), "x", Some("tf_efficientnet_b1"), "auto").unwrap_err();
    assert!(
        said.contains("it calls itself \"tf_efficientnet_b1\", which is neither"),
        "{said}"
    );
}

#[test]
fn what_is_not_computed_is_refused_by_its_name() {
    let b0 = file("efficientnet_b0");
    let mut cut = b0.clone();
    cut.retain(|name, _| !name.contains("running_"));
    for (tensors, name, how) in [
        (&b0, "efficientnet_blur_b0", "blurs before its strides"),
        (&cut, "efficientnet_b0_gn", "normalises by groups of channels"),
        (&b0, "mobilenetv4_conv_small", "has blocks of another kind"),
    ] {
        for (file, called) in [
            (name.to_owned(), None),
            (format!("{name}-1234abcd"), None),
            ("x".to_owned(), Some(format!("{name}.in1k"))),
        ] {
            let said = load(tensors.clone(), &file, called.as_deref(), "auto").unwrap_err();
            assert!(said.contains(how) && said.contains("scripts/trace.py"), "{said}");
            let who = called.unwrap_or(file);
            assert!(said.contains(&who) && !said.contains('\n'), "{said}");
        }
        // Whoever names the architecture has seen to it.
        let loading = load(b0.clone(), name, None, "efficientnet_b0").unwrap();
        assert_eq!(loading.arch, arch("efficientnet_b0"));
    }
    // Without a name, what is missing or of another shape is said, not that nobody named it.
    let said = load(cut, "x", None, "auto").unwrap_err();
    assert!(said.contains("if it has GroupNorm in their place, trace it"), "{said}");
    let mut narrow = b0;
    add(&mut narrow, "blocks.2.1.conv_pw.weight", &[100, 40, 1, 1]);
    let said = load(narrow, "x", None, "auto").unwrap_err();
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
        let loading = load(file("efficientnet_b0"), "x", Some(called), "auto").unwrap();
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
        let loading = load(file(id), "x", None, "auto").unwrap();
        assert_eq!(loading.arch, arch(id));
        assert_eq!(loading.audit.naming, "timm");
    }
}

#[test]
fn below_other_names_they_are_found_too() {
    let moved = prefixed(&file("regnety_002"), "module.backbone.");
    let loading = load(moved, "x", None, "auto").unwrap();
    assert_eq!(
        (loading.arch, loading.audit.prefix.as_str()),
        (arch("regnety_002"), "module.backbone.")
    );
}

#[test]
#[cfg_attr(feature = "torch", ignore = "runs with the other half, and is the same")]
fn every_damage_is_refused_with_its_reason() {
    for (id, place) in [
        ("efficientnet_b0", ["blocks.2.", "blocks.2.1."]),
        ("tf_efficientnetv2_b0", ["blocks.2.", "blocks.2.1."]),
        ("mobilenetv1_100h", ["blocks.2.", "blocks.2.1."]),
        ("mobilenetv2_050", ["blocks.2.", "blocks.2.1."]),
        ("mobilenetv3_small_100", ["blocks.2.", "blocks.2.1."]),
        ("regnety_002", ["s3.", "s3.b2."]),
    ] {
        let saved = Saved::file(id, file(id));
        every_kind(id, &saved, &Parts::at(&saved, place));
    }
    every_kind("vgg11_bn", &Saved::file("vgg11_bn", file("vgg11_bn")), &vgg());
}
