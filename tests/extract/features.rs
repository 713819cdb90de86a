//! Features against PyTorch's.

use std::collections::BTreeSet;

use featscope::checkpoint::Checkpoint;
use featscope::checkpoint::arch::Arch;

use crate::common::{Job, assert_close, expected, fixture, golden_images, mlp, small};
use crate::support::{Tensors, add, backbone, prefixed, write_pth, write_safetensors};

fn resnet18() -> Tensors {
    let mut tensors = backbone(&Arch::parse("resnet18").unwrap());
    mlp(&mut tensors, [512, 64, 32]);
    add(&mut tensors, "fc.weight", &[10, 512]);
    add(&mut tensors, "fc.bias", &[10]);
    tensors
}

#[test]
fn resnet18_gives_pytorchs_features_in_both_containers_and_under_every_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.safetensors");
    write_safetensors(&plain, &resnet18(), None);
    let images = golden_images();
    let features = Job::new(&plain).features(&images);
    assert_close("resnet18", &features, &expected("resnet18"));
    for (prefix, wrapper) in [
        ("", None),
        ("module.", Some("state_dict")),
        ("module.net.", Some("model")),
    ] {
        let path = folder.path().join("wrapped ü.pth");
        write_pth(&path, &prefixed(&resnet18(), prefix), wrapper);
        assert_eq!(Job::new(&path).features(&images), features, "{prefix} {wrapper:?}");
    }
}

#[test]
fn resnet50_with_a_moco_head_gives_pytorchs_features() {
    let mut tensors = backbone(&Arch::parse("resnet50").unwrap());
    add(&mut tensors, "fc.0.weight", &[64, 2048]);
    add(&mut tensors, "fc.0.bias", &[64]);
    add(&mut tensors, "fc.2.weight", &[32, 64]);
    add(&mut tensors, "fc.2.bias", &[32]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("moco.safetensors");
    write_safetensors(&path, &prefixed(&tensors, "module.encoder_q."), None);
    let job = Job::new(&path);
    assert_eq!(job.loading().audit.branch, "query");
    // MoCo compares l2-normalised outputs: the last step, and so what the projector gives.
    let mut expected = expected("resnet50");
    let mut normalised = expected["projector"].clone();
    for row in &mut normalised {
        let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        row.iter_mut().for_each(|v| *v /= norm);
    }
    expected.insert("projector.3".into(), normalised.clone());
    expected.insert("projector".into(), normalised);
    assert_close("resnet50", &job.features(&golden_images()), &expected);
}

#[test]
fn the_small_network_gives_pytorchs_features() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    write_safetensors(&path, &small(), None);
    assert_close("small", &Job::new(&path).features(&golden_images()), &expected("small"));
}

#[test]
fn the_committed_checkpoints_give_pytorchs_features() {
    let golden = Checkpoint::open(&fixture("golden/features.safetensors")).unwrap();
    let made_by_formula = ["resnet18", "resnet50", "small"];
    let models: BTreeSet<_> = golden.tensors().keys().map(|n| n.split('/').next().unwrap()).collect();
    let committed: Vec<_> = models.into_iter().filter(|m| !made_by_formula.contains(m)).collect();
    assert_eq!(committed, ["simclr", "sl", "sl-mlp"]);
    for model in committed {
        let job = Job::new(&fixture(&format!("checkpoints/{model}.safetensors")));
        assert!(job.loading().own.is_some(), "{model} describes itself");
        assert_close(model, &job.features(&golden_images()), &expected(model));
    }
}
