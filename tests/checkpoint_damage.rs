//! Damaged networks in sound files: refused, each with the right reason.

mod support;

use featscope::checkpoint::arch::Arch;
use support::damage::{Parts, every_kind};
use support::saved::{Saved, golden};
use support::*;

type Damage = (&'static str, fn(&mut Tensors), &'static str);

/// What happens to the network's head, or to both, and the reason it must be refused with.
const DAMAGES: &[Damage] = &[
    (
        "a lost last stage",
        |t| t.retain(|n, _| !n.starts_with("backbone.stage2")),
        "the projector projector takes width 8, the backbone gives 6; pass --projector none",
    ),
    (
        "a half-sized projector",
        |t| projector(t, "projector", [4, 8, 5]),
        "the projector projector takes width 4, the backbone gives 8; pass --projector none",
    ),
    (
        "a projector with a NaN",
        |t| t.get_mut("projector.3.bias").unwrap().1[0] = f32::NAN,
        "projector.3.bias holds NaN",
    ),
    (
        "a projector without statistics",
        |t| drop(t.remove("projector.1.running_mean")),
        "running statistics of BatchNorm projector.1 is missing",
    ),
];

#[test]
fn every_damage_is_refused_with_its_reason() {
    let saved = Saved::file("x", whole());
    every_kind("small-cnn", &saved, &Parts::at(&saved, ["stage1.", "stage1."]));
    for (what, damage, reason) in DAMAGES {
        let mut tensors = whole();
        damage(&mut tensors);
        let message = refused(&tensors);
        assert!(message.contains(reason), "{what}: {message}");
    }
}

/// A style of each way to name a ResNet and of each kind of branch (`fixtures/golden/key_styles.py`).
const STYLES: [&str; 9] = [
    "MoCo v2",
    "SimCLR, f and g",
    "SupContrast",
    "BYOL, another port",
    "DINO",
    "solo-learn",
    "lightly, its own ResNet",
    "MMSelfSup, BYOL",
    "Detectron2",
];

#[test]
fn every_damage_to_every_style_is_refused_with_its_reason() {
    #[derive(serde::Deserialize)]
    struct Style {
        id: String,
        /// Name in the file, shape, and the name that seeds its values.
        tensors: Vec<(String, Vec<usize>, String)>,
    }
    let styles = golden::<Vec<Style>>("key_styles.json");
    for id in STYLES {
        let style = styles.iter().find(|style| style.id == id).unwrap();
        let one =
            |(name, shape, seed): &(String, Vec<usize>, String)| (name.clone(), (shape.clone(), weights(seed, shape)));
        let mut saved = Saved::file("x", style.tensors.iter().map(one).collect());
        // Its other side would be taken where one is not whole.
        saved.options.branch = saved.load().unwrap().audit.prefix;
        every_kind(id, &saved, &Parts::found(&saved));
    }
}

#[test]
fn a_half_sized_head_of_a_self_supervised_method_is_no_missing_head() {
    let arch = Arch::parse("resnet18").unwrap();
    for (layer, reason) in [
        ("fc.0", "encoder_q.fc takes width 256, the backbone gives 512"),
        ("fc.2", "encoder_q.fc.2 takes width 256, the layer before it gives 512"),
    ] {
        let mut tensors = prefixed(&backbone(&arch), "module.encoder_q.");
        for (name, outputs) in [("fc.0", 512), ("fc.2", 128)] {
            let inputs = if name == layer { 256 } else { 512 };
            add(
                &mut tensors,
                &format!("module.encoder_q.{name}.weight"),
                &[outputs, inputs],
            );
            add(&mut tensors, &format!("module.encoder_q.{name}.bias"), &[outputs]);
        }
        let message = refused(&tensors);
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn integers_are_never_taken_for_weights() {
    let folder = Folder::new();
    let path = folder.path("i32.safetensors");
    let tensors = backbone(&small());
    write_safetensors(&path, &tensors, None);
    let bytes = std::fs::read(&path).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let text = String::from_utf8(bytes[8..8 + header].to_vec())
        .unwrap()
        .replace("\"F32\"", "\"I32\"");
    std::fs::write(&path, [&bytes[..8], text.as_bytes(), &bytes[8 + header..]].concat()).unwrap();
    assert!(
        load(&path)
            .unwrap_err()
            .to_string()
            .contains("does not hold floating-point numbers")
    );
}
