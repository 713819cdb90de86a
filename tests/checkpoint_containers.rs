//! Real files of every container torch.save writes or wrote, read to the bit as PyTorch reads them, and safetensors in
//! several files. `fixtures/checkpoints/containers/make.py` wrote the former.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use featscope::checkpoint::{Checkpoint, Dtype, Opaque};
use serde::Deserialize;
use serde_json::json;
use support::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/checkpoints/containers");

/// A tensor as torch.load gives it.
#[derive(Deserialize)]
struct Expected {
    dtype: String,
    shape: Vec<usize>,
    /// Absent where they are complex.
    values: Option<Vec<f64>>,
}

fn expected() -> BTreeMap<String, BTreeMap<String, Expected>> {
    serde_json::from_slice(&fs::read(Path::new(FIXTURES).join("expected.json")).unwrap()).unwrap()
}

fn open(name: &str) -> Checkpoint {
    Checkpoint::open(&Path::new(FIXTURES).join(name)).unwrap()
}

#[test]
fn every_container_gives_what_torch_load_gives() {
    let files = expected();
    let there: Vec<String> = fs::read_dir(FIXTURES)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".pth") || name.ends_with(".ckpt"))
        .collect();
    assert_eq!(there.len(), files.len());
    for (file, tensors) in &files {
        let checkpoint = open(file);
        let names: Vec<_> = checkpoint.tensors().keys().collect();
        assert_eq!(names, tensors.keys().collect::<Vec<_>>(), "{file}");
        for (name, tensor) in tensors {
            let info = &checkpoint.tensors()[name];
            assert_eq!(info.shape, tensor.shape, "{file}: {name}");
            let float = match tensor.dtype.as_str() {
                "float64" => Dtype::F64,
                "float32" => Dtype::F32,
                "float16" => Dtype::F16,
                "bfloat16" => Dtype::Bf16,
                _ => Dtype::Other,
            };
            assert_eq!(info.dtype, float, "{file}: {name}");
            let as_floats = checkpoint.tensor_f32(name);
            let as_integers = checkpoint.tensor_i64(name);
            let values = tensor.values.as_deref().unwrap_or_default();
            match tensor.dtype.as_str() {
                _ if float != Dtype::Other => {
                    let wanted: Vec<u32> = values.iter().map(|&v| (v as f32).to_bits()).collect();
                    let found: Vec<u32> = as_floats.unwrap().1.iter().map(|v| v.to_bits()).collect();
                    assert_eq!(found, wanted, "{file}: {name}");
                    assert!(
                        as_integers
                            .unwrap_err()
                            .to_string()
                            .contains("does not hold whole numbers")
                    );
                }
                "int64" | "int32" | "int16" | "int8" | "uint8" | "uint16" | "uint32" | "uint64" | "bool" => {
                    let found: Vec<f64> = as_integers.unwrap().1.iter().map(|&v| v as f64).collect();
                    assert_eq!(found, values, "{file}: {name}");
                    assert!(
                        as_floats
                            .unwrap_err()
                            .to_string()
                            .contains("does not hold floating-point")
                    );
                }
                _ => assert!(as_floats.is_err() && as_integers.is_err(), "{file}: {name}"),
            }
        }
    }
}

#[test]
fn containers_are_called_by_their_names() {
    for (file, container) in [
        ("views.pth", "PyTorch zip"),
        ("deflated.pth", "PyTorch zip"),
        ("views-legacy.pth", "PyTorch legacy"),
        ("protocol1-legacy.pth", "PyTorch legacy"),
        ("protocol5-legacy.pth", "PyTorch legacy"),
        ("tar.pth", "PyTorch tar"),
    ] {
        assert_eq!(open(file).container(), container, "{file}");
    }
}

fn opaque(path: &str, class: &str, tensors: usize) -> Opaque {
    Opaque {
        path: path.into(),
        class: class.into(),
        tensors,
    }
}

#[test]
fn what_is_not_interpreted_is_reported_and_the_rest_loads() {
    for file in ["nested.pth", "nested-legacy.pth"] {
        let checkpoint = open(file);
        let mut found = checkpoint.opaque().to_vec();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        let wanted = [
            opaque("args", "argparse.Namespace", 0),
            opaque("loss.fn", "torch.nn.functional.cross_entropy", 0),
            opaque("loss.make", "functools.partial", 0),
            opaque("rng", "numpy.random._pickle.__randomstate_ctor", 0),
            opaque("sparse", "torch._utils._rebuild_sparse_tensor", 2),
        ];
        assert_eq!(found, wanted, "{file}");
        assert_eq!(
            checkpoint.nests(),
            ["history", "history.1", "model", "model.module", "state_dict", "teacher"],
            "{file}"
        );
        let metadata = checkpoint.metadata();
        assert_eq!(
            (&metadata["epoch"], &metadata["arch"], &metadata["acc"]),
            (&json!(7), &json!("resnet50"), &json!(71.5))
        );
        assert_eq!(
            (&metadata["args.arch"], &metadata["args.lr"]),
            (&json!("vit_small"), &json!(0.1))
        );
    }
    let lightning = open("lightning.ckpt");
    assert_eq!(lightning.opaque(), [opaque("own", "__main__.Callback", 1)]);
    assert_eq!(lightning.metadata()["pytorch-lightning_version"], "2.4.0");
    assert_eq!(lightning.metadata()["hyper_parameters.backbone"], "resnet18");
    assert!(lightning.nests().contains(&"optimizer_states.0.state".to_owned()));
}

#[test]
fn what_torch_save_writes_calls_nothing_unknown_but_classes_of_the_users_own() {
    for file in expected().keys() {
        let checkpoint = open(file);
        let names: Vec<_> = checkpoint.calls().calls.iter().map(|call| call.name.as_str()).collect();
        let own: &[&str] = if file == "lightning.ckpt" {
            &["__main__.Callback"]
        } else {
            &[]
        };
        assert_eq!(names, own, "{file}");
    }
}

#[test]
fn a_model_that_was_saved_whole_is_its_state_dict() {
    let whole = open("whole.pth");
    assert!(whole.tensors().contains_key("kept") && !whole.tensors().contains_key("dropped"));
    assert_eq!(
        whole.tensor_f32("twice.weight").unwrap(),
        whole.tensor_f32("0.weight").unwrap()
    );
    assert!(whole.nests().is_empty() && whole.opaque().is_empty());
}

/// The small network in two shards with their index, as transformers writes it.
fn shards(folder: &Folder) -> (PathBuf, Tensors) {
    shards_called(folder, shard)
}

/// As [`shards`], by these names.
fn shards_called(folder: &Folder, shard: impl Fn(usize) -> String) -> (PathBuf, Tensors) {
    let tensors = backbone(&small());
    let mut parts = [Tensors::new(), Tensors::new()];
    let mut weight_map = serde_json::Map::new();
    for (i, (name, tensor)) in tensors.iter().enumerate() {
        parts[i % 2].insert(name.clone(), tensor.clone());
        weight_map.insert(name.clone(), shard(i % 2).into());
    }
    for (i, part) in parts.iter().enumerate() {
        write_safetensors(&folder.path(&shard(i)), part, None);
    }
    let index = folder.path("model.safetensors.index.json");
    let json = json!({"metadata": {"total_size": 1}, "weight_map": weight_map});
    fs::write(&index, json.to_string()).unwrap();
    (index, tensors)
}

fn shard(i: usize) -> String {
    format!("model-{:05}-of-00002.safetensors", i + 1)
}

#[test]
fn shards_are_one_checkpoint() {
    use sha2::{Digest, Sha256};
    let folder = Folder::new();
    let (index, tensors) = shards(&folder);
    let mut hash = Sha256::new();
    for path in [index.clone(), folder.path(&shard(0)), folder.path(&shard(1))] {
        hash.update(fs::read(path).unwrap());
    }
    let sha256 = format!("{:x}", hash.finalize());
    for path in [index.as_path(), folder.0.path()] {
        let checkpoint = Checkpoint::open(path).unwrap();
        assert_eq!(checkpoint.container(), "safetensors in shards");
        assert_eq!(checkpoint.sha256().unwrap(), sha256);
        for (name, tensor) in &tensors {
            assert_eq!(&checkpoint.tensor_f32(name).unwrap(), tensor);
        }
        assert_eq!(load(path).unwrap().arch, small());
    }
}

#[test]
fn shards_may_have_any_names() {
    for names in [
        ["part_a.safetensors", "part_b.safetensors"],
        ["model-1.safetensors", "model-2.safetensors"],
        ["backbone", "Kopf ü.safetensors"],
        ["model-00001-of-00002.safetensors", "rest.safetensors"],
    ] {
        let folder = Folder::new();
        let (index, tensors) = shards_called(&folder, |i| names[i].to_owned());
        // What else lies there belongs to somebody else.
        for other in [
            "config.json",
            "model-3.safetensors",
            "optimizer.pt",
            "README",
            "other-00001-of-00001.safetensors",
        ] {
            fs::write(folder.path(other), "{}").unwrap();
        }
        for path in [index.as_path(), folder.0.path()] {
            let checkpoint = Checkpoint::open(path).unwrap();
            assert_eq!(checkpoint.tensors().len(), tensors.len(), "{names:?}");
            assert_eq!(load(path).unwrap().arch, small());
        }
        assert_eq!(
            featscope::kind::kind(folder.0.path()).unwrap(),
            featscope::kind::PathKind::Checkpoint
        );
        fs::remove_file(folder.path(names[1])).unwrap();
        let missing = Checkpoint::open(&index).unwrap_err().to_string();
        assert!(
            missing.contains(&format!("its shard {} is missing", names[1])),
            "{missing}"
        );
    }
}

#[test]
fn what_describes_shards_lies_in_their_folder() {
    let folder = Folder::new();
    let inner = folder.path("model");
    fs::create_dir(&inner).unwrap();
    let (index, _) = shards(&folder);
    for file in [index.clone(), folder.path(&shard(0)), folder.path(&shard(1))] {
        fs::rename(&file, inner.join(file.file_name().unwrap())).unwrap();
    }
    // That of another model, one folder up.
    fs::write(folder.path("config.json"), r#"{"architecture": "resnetaa50"}"#).unwrap();
    fs::write(
        inner.join("trainer_state.json"),
        r#"{"epoch": 2, "num_train_epochs": 9}"#,
    )
    .unwrap();
    for path in [inner.clone(), inner.join(index.file_name().unwrap())] {
        let audit = load(&path).unwrap().audit;
        assert_eq!((audit.lookalike, audit.training.unwrap().finished), (None, Some(false)));
    }
}

#[test]
fn indices_shards_and_old_names_are_taken_for_checkpoints() {
    use featscope::kind::{PathKind, kind};
    let folder = Folder::new();
    let (index, _) = shards(&folder);
    assert_eq!(kind(&index).unwrap(), PathKind::Checkpoint);
    assert_eq!(kind(folder.0.path()).unwrap(), PathKind::Checkpoint);
    for name in ["moco.pth.tar", "model.pyth", "vissl.torch"] {
        let path = folder.path(name);
        fs::write(&path, b"").unwrap();
        assert_eq!(kind(&path).unwrap(), PathKind::Checkpoint, "{name}");
    }
}

/// What befalls shards, and the reason they must be refused with.
type ShardDamage = (fn(&Folder, &mut serde_json::Value), &'static str);

#[test]
fn shards_that_do_not_fit_their_index_are_refused() {
    let damages: &[ShardDamage] = &[
        (
            |folder, _| fs::remove_file(folder.path(&shard(1))).unwrap(),
            "its shard model-00002-of-00002.safetensors is missing",
        ),
        (
            |folder, _| {
                assert!(fs::copy(folder.path(&shard(1)), folder.path("model-00003-of-00003.safetensors")).is_ok())
            },
            "the shard model-00003-of-00003.safetensors lies beside it and is not in its weight_map",
        ),
        (
            |_, index| drop(index["weight_map"].as_object_mut().unwrap().remove("bn1.bias")),
            "holds the tensor bn1.bias, which its weight_map does not place there",
        ),
        (
            |_, index| index["weight_map"]["more.weight"] = shard(0).into(),
            "tensor more.weight is not in model-00001-of-00002.safetensors, where",
        ),
        (
            |_, index| index["weight_map"]["bn1.bias"] = "../secret.safetensors".into(),
            "it names the shard \"../secret.safetensors\", which is not a file beside it",
        ),
        (
            |_, index| index["weight_map"]["bn1.bias"] = "/etc/passwd".into(),
            "it names the shard \"/etc/passwd\", which is not a file beside it",
        ),
        (
            |folder, _| fs::rename(folder.path(&shard(1)), folder.path("Model-00002-of-00002.safetensors")).unwrap(),
            "its shard model-00002-of-00002.safetensors is called Model-00002-of-00002.safetensors here",
        ),
        (
            // One file under two names: both would have to hold what is in the other.
            |folder, index| {
                fs::copy(folder.path(&shard(0)), folder.path("again.safetensors")).unwrap();
                index["weight_map"]["bn1.bias"] = "again.safetensors".into();
            },
            ", which its weight_map does not place there",
        ),
        (
            |_, index| index["weight_map"]["bn1.bias"] = format!("./{}", shard(0)).into(),
            "which is not a file beside it",
        ),
        (
            |_, index| index["weight_map"] = json!({}),
            "its weight_map names no tensor",
        ),
        (
            |_, index| drop(index.as_object_mut().unwrap().remove("weight_map")),
            "no index of shards (missing field `weight_map`",
        ),
        (
            |folder, _| fs::write(folder.path(&shard(0)), b"\x10\0\0").unwrap(),
            "model-00001-of-00002.safetensors: damaged safetensors file",
        ),
        (
            |folder, index| fs::write(folder.path("other.safetensors.index.json"), index.to_string()).unwrap(),
            "a folder with several indices of shards",
        ),
    ];
    for (damage, reason) in damages {
        let folder = Folder::new();
        let (path, _) = shards(&folder);
        let mut index = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        damage(&folder, &mut index);
        fs::write(&path, index.to_string()).unwrap();
        let message = Checkpoint::open(folder.0.path()).unwrap_err().to_string();
        assert!(message.contains(reason), "{reason}: {message}");
    }
    let twice = Folder::new();
    fs::write(
        twice.path("m.index.json"),
        r#"{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}"#,
    )
    .unwrap();
    let message = Checkpoint::open(twice.0.path()).unwrap_err().to_string();
    assert!(message.contains("two tensors are named a"), "{message}");
}
