//! RADIO: which tokens are its summary and who says so, what is left alone, what is refused, and damage.

use std::path::Path;

use featscope::checkpoint::arch::{Arch, FinalNorm, Pooling, Positions, Vit};
use featscope::checkpoint::{Checkpoint, LoadOptions, Loading, detect};
use serde_json::{Value, json};

use super::support::damage::{Parts, every_kind};
use super::support::saved::Saved;
use super::support::{CLASS, Tensors, add, write_pth_beside, write_safetensors};
use super::{Case, cases_of};

const CASES: [&str; 5] = [
    "radio",
    "radio-at-its-grid",
    "radio-hub-mean-at-96",
    "radio-one-token",
    "radio-mlp-norm",
];

fn case(id: &str) -> Case {
    cases_of("radio.json").into_iter().find(|c| c.id == id).unwrap()
}

fn vit(loading: &Loading) -> &Vit {
    match &loading.arch {
        Arch::Vit(vit) => vit,
        other => panic!("{other:?}"),
    }
}

fn detected(path: &Path, options: &LoadOptions) -> Result<Loading, String> {
    detect(&Checkpoint::open(path).unwrap(), options).map_err(|e| e.to_string())
}

/// The case with other tensors.
fn holding(case: &Case, tensors: &Tensors) -> Saved {
    case.saved().holding(tensors.clone())
}

/// The case with its `config.json` changed.
fn described(id: &str, change: impl FnOnce(&mut Value)) -> Case {
    let mut case = case(id);
    change(case.beside.get_mut("config.json").unwrap());
    case
}

#[test]
fn a_radio_is_read_as_its_own_code_makes_it() {
    for (id, registers, summary, norm) in [
        ("radio", 8, vec![0, 1, 2], FinalNorm::Absent),
        ("radio-one-token", 8, vec![0], FinalNorm::Tokens),
        ("radio-mlp-norm", 4, vec![0, 1, 2], FinalNorm::Absent),
    ] {
        let loading = case(id).load();
        let net = vit(&loading);
        assert_eq!(
            (net.registers, &net.summary, net.norm),
            (registers, &summary, norm),
            "{id}"
        );
        assert_eq!((net.positions, net.grid, net.patch), (Positions::Cropped, 8, 8), "{id}");
        assert_eq!(loading.arch.width(), 192 * summary.len(), "{id}");
        assert_eq!(loading.audit.naming, "RADIO", "{id}");
        let notes = loading.audit.notes.join("; ");
        assert!(notes.contains("config.json beside it says"), "{id}: {notes}");
        assert!(
            notes.contains(&format!("summary of {} token(s) as features", summary.len())),
            "{id}: {notes}"
        );
    }
    assert!(vit(&case("radio-one-token").load()).layer_scale);
    assert!(vit(&case("radio-mlp-norm").load()).mlp_norm);
    let whole = case("radio");
    for (pooling, width) in [(Pooling::Class, 576), (Pooling::Mean, 192), (Pooling::Both, 768)] {
        let loading = whole.saved().pooled(Some(pooling)).load().unwrap();
        assert_eq!(loading.arch.width(), width, "{pooling:?}");
    }
}

#[test]
fn adaptors_are_counted_and_left_and_the_rest_is_used() {
    let loading = case("radio").load();
    let unused = loading.audit.unused.join("; ");
    assert!(unused.contains("radio_model.adaptors"), "{unused}");
    assert!(!unused.contains("input_conditioner"), "{unused}");
    let heads = (&loading.projector, loading.classifier.is_none());
    assert!(matches!(heads, (None, true)), "{:?}", loading.audit.projector);
    let mut tensors = case("radio").tensors();
    add(&mut tensors, "radio_model.feature_normalizer.mean", &[192]);
    add(&mut tensors, "radio_model.feature_normalizer.tx", &[192, 192]);
    let loading = holding(&case("radio"), &tensors).load().unwrap();
    let notes = loading.audit.notes.join("; ");
    assert!(notes.contains("its feature_normalizer is left alone"), "{notes}");
}

#[test]
fn the_hubs_files_say_their_summary_in_their_args() {
    let hub = case("radio-hub-mean-at-96");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("radio.pth.tar");
    let teachers = json!([{"name": "clip"}, {"name": "sam", "use_summary": false}, {"name": "dino"}, {"name": "clip"}]);
    let with = |args: Value| {
        let mut args = args;
        args[CLASS] = json!("argparse Namespace");
        write_pth_beside(&path, &hub.tensors(), Some("state_dict"), &json!({ "args": args }));
        detected(&path, &LoadOptions::default())
    };
    let loading = with(json!({ "teachers": teachers })).unwrap();
    assert_eq!(vit(&loading).summary, [0, 2]);
    let notes = loading.audit.notes.join("; ");
    assert!(notes.contains("as the file's args says"), "{notes}");
    let loading = with(json!({"teachers": teachers, "cls_token_per_teacher": false})).unwrap();
    assert_eq!(vit(&loading).summary, [0]);
    let sentence = with(json!({"teachers": teachers, "model_norm": true})).unwrap_err();
    assert!(sentence.contains("base_model.norm.weight"), "{sentence}");
    let sentence = with(json!({"epochs": 3})).unwrap_err();
    assert!(sentence.contains("pass --pooling mean"), "{sentence}");
}

#[test]
fn a_tensor_that_numbers_the_summary_comes_first() {
    let case = case("radio");
    let numbered = |tokens: &[i64]| {
        let (folder, path) = case.saved().write();
        let bytes = std::fs::read(&path).unwrap();
        let whole = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let numbers: Vec<u8> = tokens.iter().flat_map(|n| n.to_le_bytes()).collect();
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::I64, vec![tokens.len()], &numbers).unwrap();
        let mut all = whole.tensors();
        all.push(("radio_model.summary_idxs".to_owned(), view));
        std::fs::write(&path, safetensors::serialize(all, None).unwrap()).unwrap();
        let found = detected(&path, &LoadOptions::default());
        drop(folder);
        found
    };
    let loading = numbered(&[1, 3]).unwrap();
    assert_eq!(vit(&loading).summary, [1, 3]);
    assert!(!loading.audit.unused.join(" ").contains("summary_idxs"));
    let sentence = numbered(&[0, 8]).unwrap_err();
    assert!(
        sentence.contains("summary_idxs counts token 9 to its summary"),
        "{sentence}"
    );
    // Not numbers of tokens: what config.json says is left.
    for number in [-1, 64, 1 << 62] {
        assert_eq!(vit(&numbered(&[number]).unwrap()).summary, [0, 1, 2], "{number}");
    }
}

#[test]
fn without_anyone_who_says_the_summary_only_the_mean_is_taken() {
    let mut case = case("radio");
    case.beside.clear();
    let sentence = case.saved().refused();
    assert!(
        sentence.contains("nothing says which of its tokens are its summary"),
        "{sentence}"
    );
    case.pooling = Some(Pooling::Mean);
    assert_eq!(case.load().arch.width(), 192);
    case.pooling = Some(Pooling::Both);
    case.saved().refused();
}

#[test]
fn what_is_not_computed_is_refused() {
    let case = described("radio", |config| {
        config["args"]["model_kwargs"]["scaled_ln"] = json!(true)
    });
    let sentence = case.saved().refused();
    assert!(sentence.contains("scripts/trace.py"), "{sentence}");
    let case = self::case("radio");
    let mut tensors = case.tensors();
    let name = "radio_model.model.blocks.3.attn.qkv";
    let matrix = tensors.remove(&format!("{name}.weight")).unwrap();
    tensors.insert(format!("{name}.parametrizations.weight.original"), matrix);
    let sentence = holding(&case, &tensors).refused();
    assert!(sentence.contains("kept in parts (parametrizations)"), "{sentence}");
}

/// The names of its own code, a few of each.
#[test]
fn networks_that_are_known_and_not_computed_are_called_by_their_name() {
    const CAPI: [&str; 5] = [
        "encoder.blocks.0.residual1.norm.weight",
        "encoder.blocks.0.residual1.fn.q_proj.weight",
        "encoder.blocks.0.residual1.fn.rope.freqs",
        "encoder.blocks.0.residual2.fn.fc1.weight",
        "patch_embed.weight",
    ];
    const E_RADIO: [&str; 4] = [
        "patch_embed.conv_down.0.conv.weight",
        "levels.0.blocks.cv1.conv.weight",
        "levels.3.blocks.0.attention_blocks.0.norm1.weight",
        "levels.3.blocks.0.attention_blocks.0.attn.pos_emb_funct.relative_bias",
    ];
    for (prefix, names, says) in [
        ("backbone.", &CAPI[..], "a CAPI, "),
        ("base_model.", &E_RADIO[..], "an E-RADIO, "),
    ] {
        let mut tensors = Tensors::new();
        for name in names {
            add(&mut tensors, &format!("{prefix}{name}"), &[4, 4]);
        }
        let sentence = holding(&case("radio"), &tensors).refused();
        let whole = sentence.starts_with(&format!("FILE: {says}")) && sentence.contains("scripts/trace.py");
        assert!(whole, "{sentence}");
        // Without what it alone has, it is nobody's.
        tensors
            .remove(&format!("{prefix}{}", names[2.min(names.len() - 1)]))
            .unwrap();
        tensors.remove(&format!("{prefix}{}", names[0])).unwrap();
        let sentence = holding(&case("radio"), &tensors).refused();
        assert!(sentence.contains("no known network"), "{sentence}");
    }
}

/// What a whole network loses without leaving a gap is missed where its config.json tells of it.
#[test]
fn near_twins_are_told_apart_by_what_is_said() {
    for (id, part) in [
        ("radio-one-token", "model.norm."),
        ("radio-one-token", ".grandma"),
        ("radio-mlp-norm", ".mlp.norm."),
    ] {
        let case = case(id);
        let mut tensors = case.tensors();
        tensors.retain(|name, _| !name.contains(part));
        assert_ne!(tensors, case.tensors());
        let sentence = holding(&case, &tensors).refused();
        assert!(sentence.contains("missing"), "{id} without {part}: {sentence}");
    }
    // A transformer by timm's names with the same blocks is none, nor is a RADIO one of timm's.
    let radio = case("radio-at-its-grid");
    let mut plain = Tensors::new();
    for (name, tensor) in radio.tensors() {
        let name = name.trim_start_matches("radio_model.model.").to_owned();
        match name.as_str() {
            "patch_generator.cls_token.token" => {
                drop(plain.insert("cls_token".to_owned(), (vec![1, 1, 192], vec![0.1; 192])))
            }
            "patch_generator.embedder.weight" => {
                drop(plain.insert("patch_embed.proj.weight".to_owned(), (vec![192, 3, 8, 8], tensor.1)))
            }
            "patch_generator.pos_embed" => {}
            _ => drop(plain.insert(name, tensor)),
        }
    }
    for (name, shape) in [
        ("patch_embed.proj.bias", vec![192]),
        ("pos_embed", vec![1, 65, 192]),
        ("norm.weight", vec![192]),
        ("norm.bias", vec![192]),
    ] {
        add(&mut plain, name, &shape);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    write_safetensors(&path, &plain, None);
    let loading = detected(&path, &LoadOptions::default()).unwrap();
    assert_eq!(
        (loading.audit.naming.as_str(), vit(&loading).summary.len()),
        ("timm", 0)
    );
}

#[test]
#[cfg_attr(feature = "torch", ignore = "runs with the other half, and is the same")]
fn twelve_kinds_of_damage_are_refused_with_their_reasons() {
    for id in CASES {
        let case = case(id);
        let model = match id.contains("hub") {
            true => "base_model",
            false => "radio_model.model",
        };
        let parts = Parts {
            matrix: format!("{model}.blocks.3.attn.qkv.weight"),
            bias: format!("{model}.blocks.3.attn.proj.bias"),
            norm: format!("{model}.blocks.3.norm1.weight"),
            stem: format!("{model}.patch_generator.embedder.weight"),
            stage: format!("{model}.blocks.3."),
            block: format!("{model}.blocks.4."),
            statistics: Vec::new(),
        };
        every_kind(id, &case.saved(), &parts);
    }
}

#[test]
#[cfg_attr(feature = "torch", ignore = "runs with the other half, and is the same")]
fn every_tensor_is_named_where_it_is_missing_or_not_finite() {
    for id in ["radio", "radio-one-token", "radio-mlp-norm"] {
        let case = case(id);
        let whole = case.tensors();
        let number = |part: &&str| part.parse::<usize>().is_ok();
        let telling = |name: &&String| name.split('.').find(number).is_none_or(|n| n == "0" || n == "3");
        for name in case.load().audit.matched.iter().filter(telling) {
            let mut missing = whole.clone();
            missing.remove(name).unwrap();
            let sentence = holding(&case, &missing).refused();
            assert!(
                sentence.contains(name.as_str()) && sentence.contains("missing"),
                "{id}, {name}: {sentence}"
            );
            let mut damaged = whole.clone();
            *damaged.get_mut(name).unwrap().1.last_mut().unwrap() = f32::NAN;
            let sentence = holding(&case, &damaged).refused();
            assert!(
                sentence.contains(name.as_str()) && sentence.contains("NaN"),
                "{id}, {name}: {sentence}"
            );
        }
    }
}

#[cfg(feature = "torch")]
#[test]
fn what_the_network_normalises_itself_is_part_of_the_preparation() {
    use featscope::extract::preparation::prepare;
    let prepared = |case: &Case, tensors: &Tensors| {
        let (_folder, path) = holding(case, tensors).write();
        let checkpoint = Checkpoint::open(&path).unwrap();
        let loading = detect(&checkpoint, &case.saved().options).unwrap();
        prepare(&checkpoint, &loading).map_err(|e| e.to_string().replace(&path.display().to_string(), "FILE"))
    };
    let mut case = case("radio");
    let mut tensors = case.tensors();
    let mean = "radio_model.input_conditioner.norm_mean";
    tensors.get_mut(mean).unwrap().1 = vec![0.5, 0.25, 0.125];
    let found = prepared(&case, &tensors).unwrap();
    assert!(
        found
            .from
            .starts_with("preprocessor_config.json says so, and its own input_conditioner"),
        "{}",
        found.from
    );
    assert_eq!(
        (found.preprocess.mean, found.preprocess.crop),
        ([0.5, 0.25, 0.125], (56, 56))
    );
    // What was normalised before is normalised again, as its own code would.
    let processor = case.beside.get_mut("preprocessor_config.json").unwrap();
    processor["do_normalize"] = json!(true);
    processor["image_mean"] = json!([0.5, 0.5, 0.5]);
    processor["image_std"] = json!([0.5, 0.5, 0.5]);
    let found = prepared(&case, &tensors).unwrap();
    assert_eq!(found.preprocess.mean, [0.75, 0.625, 0.5625]);
    case.beside.remove("preprocessor_config.json");
    let found = prepared(&case, &tensors).unwrap();
    assert_eq!(
        (found.preprocess.mean, found.preprocess.crop),
        ([0.5, 0.25, 0.125], (48, 48))
    );
    // Without the tensors, as its own code makes them.
    let mut without = tensors.clone();
    without.retain(|name, _| !name.contains("input_conditioner"));
    let found = prepared(&case, &without).unwrap();
    assert_eq!(found.preprocess.mean[0], 0.48145466);
    tensors.remove(mean).unwrap();
    let sentence = prepared(&case, &tensors).unwrap_err();
    assert!(sentence.contains(&format!("there is no tensor {mean}")), "{sentence}");
    add(&mut tensors, mean, &[4]);
    let sentence = prepared(&case, &tensors).unwrap_err();
    assert!(sentence.contains("has 4 numbers; expected 3"), "{sentence}");
    add(&mut tensors, mean, &[3]);
    tensors.get_mut("radio_model.input_conditioner.norm_std").unwrap().1 = vec![0.0; 3];
    let sentence = prepared(&case, &tensors).unwrap_err();
    assert!(
        sentence.contains("its input_conditioner") && !sentence.contains('\n'),
        "{sentence}"
    );
}
