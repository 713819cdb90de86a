//! Damage: every tensor that is missing, of another shape or not finite is refused by its own name, and so is what is one too many.

use super::support::Tensors;
use super::support::damage::{Parts, every_kind};
use super::{Case, case};

/// A case of each family and naming.
const FAMILIES: [&str; 14] = [
    "openai",
    "open-clip",
    "clipa",
    "timm-clip",
    "timm-siglip",
    "timm-beit3",
    "timm-dinov3",
    "timm-dinov3-biases-mean",
    "dinov3",
    "dinov3-swiglu",
    "timm-eva02-apart",
    "eva02-clip",
    "beit",
    "beit-pretraining",
];

/// The tensors that its features are made of, those of the first and a later block alone.
fn telling(case: &Case) -> Vec<String> {
    let matched = case.load().audit.matched;
    let kept = |name: &String| {
        let number = |part: &&str| part.parse::<usize>().is_ok();
        name.split('.').find(number).is_none_or(|n| n == "0" || n == "3")
    };
    matched.into_iter().filter(kept).collect()
}

fn with(case: &Case, damage: impl FnOnce(&mut Tensors)) -> Tensors {
    let mut tensors = case.tensors();
    damage(&mut tensors);
    tensors
}

fn check(id: &str, what: &str, name: &str, sentence: &str) {
    assert!(sentence.contains(name), "{id}, {name} {what}: {sentence}");
}

#[test]
fn every_tensor_that_is_missing_is_named() {
    let mut unnamed = Vec::new();
    for case in FAMILIES.map(case) {
        for name in telling(&case) {
            // A BEiT has position embeddings or has none, and nothing else shows it.
            if case.id == "beit-pretraining" && name == "pos_embed" {
                continue;
            }
            let sentence = case.refused(&with(&case, |t| drop(t.remove(&name).unwrap())));
            if !sentence.contains(&name) {
                unnamed.push(format!("{}, {name} missing: {sentence}", case.id));
            }
        }
    }
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
}

#[test]
fn every_tensor_of_another_shape_is_named() {
    for case in FAMILIES.map(case) {
        for name in telling(&case) {
            // Those tell the width, the patches, the grid, the heads: with another one it is another network, and refused as that.
            let tells = [
                "norm1.weight",
                "ln_1.weight",
                "ln1.weight",
                "pos",
                "conv1",
                "patch_embed",
                "periods",
                "table",
                "fc2",
                "c_proj",
            ];
            let sentence = case.refused(&with(&case, |t| {
                let (shape, values) = t.get_mut(&name).unwrap();
                shape[0] += 1;
                *values = vec![0.1; shape.iter().product()];
            }));
            if !tells.iter().any(|part| name.contains(part)) {
                check(&case.id, "of another shape", &name, &sentence);
            }
        }
    }
}

#[test]
fn every_tensor_that_is_not_finite_is_named() {
    for case in FAMILIES.map(case) {
        for name in telling(&case) {
            let sentence = case.refused(&with(&case, |t| {
                *t.get_mut(&name).unwrap().1.last_mut().unwrap() = f32::NAN
            }));
            check(&case.id, "not finite", &name, &sentence);
            assert!(sentence.contains("NaN"), "{sentence}");
        }
    }
}

#[test]
fn a_renamed_tensor_and_one_too_many_are_named() {
    for case in FAMILIES.map(case) {
        let names = telling(&case);
        let inside = names.iter().find(|name| name.contains(".3.")).unwrap();
        let other = format!("{inside}_copy");
        let sentence = case.refused(&with(&case, |t| {
            let tensor = t.remove(inside).unwrap();
            t.insert(other.clone(), tensor);
        }));
        check(&case.id, "renamed", inside, &sentence);
        let sentence = case.refused(&with(&case, |t| drop(t.insert(other.clone(), (vec![3], vec![0.1; 3])))));
        check(&case.id, "twice", &other, &sentence);
    }
}

#[test]
fn a_lost_block_and_a_network_in_two_places_are_refused() {
    for case in FAMILIES.map(case) {
        let sentence = case.refused(&with(&case, |t| t.retain(|name, _| !name.contains(".0."))));
        assert!(
            sentence.contains("missing") || sentence.contains("no known network"),
            "{}: {sentence}",
            case.id
        );
        let sentence = case.refused(&with(&case, |t| {
            let moved: Vec<String> = t.keys().filter(|name| name.contains(".1.")).cloned().collect();
            for name in moved {
                let tensor = t.remove(&name).unwrap();
                t.insert(format!("elsewhere.{name}"), tensor);
            }
        }));
        assert!(
            sentence.contains("missing") || sentence.contains("no known network"),
            "{}: {sentence}",
            case.id
        );
    }
}

#[test]
fn a_projection_of_another_width_is_none() {
    for (id, name) in [("openai", "visual.proj"), ("eva02-clip", "visual.head.weight")] {
        let case = case(id);
        let whole = case.load();
        assert_eq!(whole.projector.map(|p| p.width(0)), Some(24), "{id}");
        let sentence = case.refused(&with(&case, |t| t.get_mut(name).unwrap().1[5] = f32::INFINITY));
        check(id, "not finite", name, &sentence);
        let narrow = with(&case, |t| {
            let (shape, values) = t.get_mut(name).unwrap();
            shape.iter_mut().filter(|n| **n == 128).for_each(|n| *n = 64);
            values.truncate(24 * 64);
        });
        match case.load_by(&narrow, &case.options()) {
            Ok(loading) => assert!(loading.projector.is_none(), "{id}"),
            Err(sentence) => check(id, "narrow", name, &sentence),
        }
    }
}

#[test]
fn twelve_kinds_of_damage_to_a_resnet_of_clip_are_refused_with_their_reasons() {
    let case = case("open-clip-resnet");
    let parts = Parts::convolutions(
        "visual.layer2.0.bn2.weight",
        "visual.layer2.0.conv1.weight",
        "visual.conv1.weight",
        ["visual.layer2.", "visual.layer2.0."],
    );
    every_kind(&case.id, &case.tensors(), &parts, &|tensors| case.refused(tensors));
    let parts = Parts {
        matrix: "visual.layer3.1.conv3.weight".to_owned(),
        bias: "visual.attnpool.v_proj.bias".to_owned(),
        norm: "visual.bn3.weight".to_owned(),
        stem: "visual.conv3.weight".to_owned(),
        stage: "visual.layer1.".to_owned(),
        block: "visual.layer3.0.".to_owned(),
    };
    every_kind(&case.id, &case.tensors(), &parts, &|tensors| case.refused(tensors));
    for name in telling(&case) {
        let sentence = case.refused(&with(&case, |t| drop(t.remove(&name).unwrap())));
        check(&case.id, "missing", &name, &sentence);
    }
    for name in ["visual.attnpool.c_proj.weight", "visual.attnpool.c_proj.bias"] {
        let sentence = case.refused(&with(&case, |t| drop(t.remove(name).unwrap())));
        check(&case.id, "missing", name, &sentence);
    }
}
