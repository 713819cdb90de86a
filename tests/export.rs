//! `featscope export`: what is written has every tensor of the backbone under its new name, and Python loads it strictly.
//!
//! The latter runs where Python has torch, torchvision, timm and safetensors: `FEATSCOPE_PYTHON`, or else `python3`.

#![cfg(feature = "analysis")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use featscope::checkpoint::Checkpoint;
use featscope::checkpoint::arch::{Arch, ResNet, ResidualBlock};
use support::*;

/// The smallest ResNet of a block.
fn resnet(block: ResidualBlock) -> Arch {
    let Arch::ResNet(r) = Arch::parse("resnet18").unwrap() else {
        unreachable!("a ResNet")
    };
    Arch::ResNet(ResNet {
        block,
        layers: [1; 4],
        ..r
    })
}

/// A checkpoint as MoCo leaves it: a prefix, a projector, a second branch, counters of the normalisations.
fn moco(folder: &Folder, arch: &Arch) -> (PathBuf, Tensors) {
    let plain = backbone(arch);
    let mut tensors = prefixed(&plain, "module.encoder_q.");
    tensors.extend(prefixed(&plain, "module.encoder_k."));
    let width = arch.width();
    for branch in ["q", "k"] {
        add(
            &mut tensors,
            &format!("module.encoder_{branch}.fc.0.weight"),
            &[8, width],
        );
        add(&mut tensors, &format!("module.encoder_{branch}.fc.2.weight"), &[4, 8]);
    }
    let path = folder.path("moco.pth");
    write_pth(&path, &tensors, Some("state_dict"));
    (path, plain)
}

fn export(model: &Path, naming: &str, output: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_featscope"))
        .args(["export", "--naming", naming, "--model"])
        .arg(model)
        .arg("-o")
        .arg(output)
        .args(more)
        .output()
        .unwrap()
}

fn exported(model: &Path, naming: &str, output: &Path, more: &[&str]) -> String {
    let done = export(model, naming, output, more);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn said(done: &Output) -> String {
    assert_eq!(done.status.code(), Some(2));
    String::from_utf8(done.stderr.clone()).unwrap()
}

#[test]
fn every_tensor_comes_back_under_its_name_in_both_containers() {
    let folder = Folder::new();
    let (model, plain) = moco(&folder, &resnet(ResidualBlock::Basic));
    for naming in ["torchvision", "timm"] {
        for (file, container) in [("e.safetensors", "safetensors"), ("e.pth", "PyTorch zip")] {
            let output = folder.path(&format!("{naming} {file}"));
            exported(&model, naming, &output, &[]);
            let checkpoint = Checkpoint::open(&output).unwrap();
            assert_eq!(checkpoint.container(), container);
            let counters = plain.keys().filter(|n| n.ends_with("running_var")).count();
            assert_eq!(checkpoint.tensors().len(), plain.len() + counters);
            for (name, tensor) in &plain {
                assert_eq!(&checkpoint.tensor_f32(name).unwrap(), tensor, "{name}");
            }
            assert_eq!(
                checkpoint.tensor_i64("bn1.num_batches_tracked").unwrap(),
                (vec![], vec![0])
            );
            assert!(load(&output).unwrap().projector.is_none());
        }
    }
}

#[test]
fn counters_are_those_of_the_file() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checkpoints/containers");
    let state = Checkpoint::open(&fixtures.join("lightning.ckpt")).unwrap();
    assert_eq!(
        state.tensor_i64("state_dict.encoder.1.num_batches_tracked").unwrap(),
        (vec![], vec![0])
    );
    let folder = Folder::new();
    let arch = resnet(ResidualBlock::Basic);
    let path = folder.path("counted.safetensors");
    let floats = backbone(&arch);
    let data: Vec<_> = floats
        .iter()
        .map(|(n, (s, v))| {
            (
                n.clone(),
                s.clone(),
                v.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>(),
            )
        })
        .collect();
    let count = 1234i64.to_le_bytes();
    let view =
        |dtype, shape: &[usize], bytes| safetensors::tensor::TensorView::new(dtype, shape.to_vec(), bytes).unwrap();
    let views = data
        .iter()
        .map(|(n, s, b)| (n.as_str(), view(safetensors::Dtype::F32, s, b.as_slice())))
        .chain([("bn1.num_batches_tracked", view(safetensors::Dtype::I64, &[], &count))]);
    std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    let output = folder.path("out.pt");
    exported(&path, "torchvision", &output, &[]);
    let out = Checkpoint::open(&output).unwrap();
    assert_eq!(out.tensor_i64("bn1.num_batches_tracked").unwrap().1, [1234]);
    assert_eq!(out.tensor_i64("layer1.0.bn1.num_batches_tracked").unwrap().1, [0]);
}

#[test]
fn detectron2_has_the_names_of_its_model_zoo() {
    let folder = Folder::new();
    let path = folder.path("r50.safetensors");
    let plain = backbone(&Arch::parse("resnet50").unwrap());
    write_safetensors(&path, &plain, None);
    let output = folder.path("d2.pth");
    let python = exported(&path, "detectron2", &output, &[]);
    assert!(python.contains("RESNETS.DEPTH = 50") && python.contains("STRIDE_IN_1X1 = False"));
    let checkpoint = Checkpoint::open(&output).unwrap();
    // As in R-50.pkl, written down from Detectron2's modules.
    let mut wanted = BTreeSet::new();
    let mut conv = |name: String| {
        wanted.insert(format!("{name}.weight"));
        for part in ["weight", "bias", "running_mean", "running_var"] {
            wanted.insert(format!("{name}.norm.{part}"));
        }
    };
    conv("stem.conv1".to_owned());
    for (stage, blocks) in [(2, 3), (3, 4), (4, 6), (5, 3)] {
        conv(format!("res{stage}.0.shortcut"));
        for block in 0..blocks {
            (1..=3).for_each(|i| conv(format!("res{stage}.{block}.conv{i}")));
        }
    }
    let names: BTreeSet<String> = checkpoint.tensors().keys().cloned().collect();
    assert_eq!(names, wanted);
    for (theirs, ours) in [
        ("stem.conv1.norm.bias", "bn1.bias"),
        ("res2.0.shortcut.weight", "layer1.0.downsample.0.weight"),
        ("res2.0.shortcut.norm.running_var", "layer1.0.downsample.1.running_var"),
        ("res5.2.conv3.norm.weight", "layer4.2.bn3.weight"),
    ] {
        assert_eq!(checkpoint.tensor_f32(theirs).unwrap(), plain[ours]);
    }
}

#[test]
fn what_cannot_be_exported_is_refused_and_nothing_is_written() {
    let folder = Folder::new();
    let output = folder.path("out.safetensors");
    let small_cnn = folder.safetensors(&whole());
    let vit = folder.path("vit.safetensors");
    // Its width is unusual: nothing in the file tells the heads.
    let arch = "vit_width64_depth2_heads2_patch8_32";
    write_safetensors(&vit, &backbone(&Arch::parse(arch).unwrap()), None);
    let cifar = folder.path("cifar.safetensors");
    write_safetensors(&cifar, &backbone(&Arch::parse("resnet18-cifar").unwrap()), None);
    for (model, naming, reason) in [
        (
            &small_cnn,
            "torchvision",
            "small-cnn cannot be named as in torchvision: it is this project's own network",
        ),
        (
            &vit,
            "detectron2",
            "cannot be named as in detectron2: it has no vision transformer",
        ),
        (
            &cifar,
            "detectron2",
            "resnet18-cifar cannot be named as in detectron2: its ResNets have a stem of 7x7",
        ),
        (&folder.path("gone.pth"), "timm", "gone.pth"),
    ] {
        let more: &[&str] = if model == &vit { &["--arch", arch] } else { &[] };
        let message = said(&export(model, naming, &output, more));
        assert!(message.contains(reason) && message.lines().count() == 1, "{message}");
        assert!(!output.exists());
    }
    let message = said(&export(&cifar, "timm", &folder.path("out.weights"), &[]));
    assert!(
        message.contains("pass --container safetensors or --container pytorch"),
        "{message}"
    );
    std::fs::write(&output, "mine").unwrap();
    let message = said(&export(&cifar, "timm", &output, &[]));
    assert!(message.contains("is there already; pass --force"), "{message}");
    assert_eq!(std::fs::read(&output).unwrap(), b"mine");
    assert!(export(&cifar, "timm", &output, &["--force"]).status.success());
    assert!(Checkpoint::open(&output).is_ok());
    // Nothing is left beside it.
    let temporary = std::fs::read_dir(folder.0.path()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".featscope")
    });
    assert_eq!(temporary.count(), 0);
}

/// A Python that has what the test needs.
fn python() -> Option<String> {
    let python = std::env::var("FEATSCOPE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let imports = "import torch, torchvision, timm, safetensors.torch";
    let works = Command::new(&python).args(["-c", imports]).output();
    works.is_ok_and(|done| done.status.success()).then_some(python)
}

#[test]
fn python_loads_what_is_exported_strictly() {
    let Some(python) = python() else {
        println!("skipped: no Python with torch, torchvision, timm and safetensors (set FEATSCOPE_PYTHON)");
        return;
    };
    let folder = Folder::new();
    let Arch::Vit(vit) = Arch::parse("vit_width64_depth2_heads2_patch8_32").unwrap() else {
        unreachable!("a transformer")
    };
    let mut registers = vit.clone();
    registers.registers = 4;
    registers.layer_scale = true;
    registers.swiglu = true;
    registers.hidden = 100;
    let Arch::ResNet(mut cifar) = resnet(ResidualBlock::Basic) else {
        unreachable!("a ResNet")
    };
    cifar.cifar_stem = true;
    let mut script = String::new();
    let mut runs = 0;
    for (name, arch, namings) in [
        ("basic", resnet(ResidualBlock::Basic), &["torchvision", "timm"][..]),
        (
            "bottleneck",
            resnet(ResidualBlock::Bottleneck),
            &["torchvision", "timm"],
        ),
        ("cifar", Arch::ResNet(cifar), &["torchvision", "timm"]),
        ("vit", Arch::Vit(vit), &["torchvision", "timm"]),
        ("registers", Arch::Vit(registers), &["timm"]),
    ] {
        let model = folder.path(&format!("{name}.safetensors"));
        let plain = backbone(&arch);
        write_safetensors(&model, &plain, None);
        // What a Python program of its own reads of the source, to be compared with what the network holds.
        let heaviest = plain.iter().max_by_key(|(_, (_, values))| values.len()).unwrap().0;
        for naming in namings {
            for ending in ["safetensors", "pth"] {
                let output = folder.path(&format!("{name} ü \"{naming}\".{ending}"));
                // Nothing in the file tells the heads of a transformer this small.
                let named = arch.name();
                let more: &[&str] = match arch {
                    Arch::Vit(_) => &["--arch", &named],
                    _ => &[],
                };
                script += &exported(&model, naming, &output, more);
                script += &format!(
                    "from safetensors.torch import load_file\n\
                     source = load_file({:?})[{heaviest:?}]\n\
                     assert any(t.shape == source.shape and torch.equal(t, source) for t in model.state_dict().values())\n\
                     assert model.eval()(torch.zeros(1, 3, 32, 32)).isfinite().all()\n",
                    model.display().to_string()
                );
                runs += 1;
            }
        }
    }
    assert_eq!(runs, 18);
    script += "print('loaded all')\n";
    let path = folder.path("load.py");
    std::fs::write(&path, script).unwrap();
    let done = Command::new(python).arg(&path).output().unwrap();
    assert!(
        done.status.success() && String::from_utf8_lossy(&done.stdout).contains("loaded all"),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}
