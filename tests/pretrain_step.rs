//! Three training steps of every method against PyTorch's: losses, weights, following encoders and the queue.
#![cfg(feature = "torch")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use featscope::checkpoint::arch::{Arch, SmallCnn};
use featscope::extract::nets::{Backbone, store};
use featscope::pretrain::checkpoint_files::CheckpointContents;
use featscope::pretrain::projector::Projector;
use featscope::pretrain::sgd::Sgd;
use featscope::pretrain::{METHODS, TrainingConfig};
use tch::{Tensor, no_grad};

const STEPS: usize = 3;
const IMAGES: usize = 6;
const SIDE: usize = 8;

/// What `fixtures/golden/pretrain_step.py` has too.
fn config(entry: &featscope::pretrain::MethodEntry) -> TrainingConfig {
    let arch = Arch::SmallCnn(SmallCnn {
        stem: 4,
        stages: vec![8, 8],
    });
    TrainingConfig {
        method: entry.id.to_owned(),
        projector: Projector::parse("10,5", arch.width(), entry.projector).unwrap(),
        arch,
        augment: None,
        ema: entry.ema.map(|_| 0.9),
        queue: entry.queue.map(|_| 8),
        epochs: 1,
        batch_size: IMAGES,
        lr: 0.1,
        warmup_epochs: 0.0,
        momentum: 0.9,
        weight_decay: 5e-4,
        temperature: entry.temperature.unwrap_or(0.5),
        image_size: SIDE,
        seed: 0,
        limit: None,
    }
}

fn tensor(values: &[f32], shape: &[i64]) -> Tensor {
    Tensor::from_slice(values).view(shape)
}

#[test]
fn three_steps_of_every_method_are_pytorchs() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden");
    let losses = std::fs::read(golden.join("pretrain_step.json")).unwrap();
    let losses: BTreeMap<String, Vec<f64>> = serde_json::from_slice(&losses).unwrap();
    let expected = CheckpointContents::read(&golden.join("pretrain_step.safetensors"))
        .unwrap()
        .tensors;
    assert_eq!(losses.len(), METHODS.len());
    for entry in &METHODS {
        let (vs, config) = (store(), config(entry));
        let first = entry.branch().map_or_else(|| vs.root(), |branch| vs.root() / branch);
        let backbone = Backbone::new(&(first / "backbone"), &config.arch).unwrap();
        let mut method = (entry.build)(&vs.root(), &config, 3).unwrap();
        let folder = entry.branch().map_or_else(String::new, |branch| format!("{branch}."));
        for (name, mut variable) in vs.variables() {
            let shape: Vec<usize> = variable.size().iter().map(|&n| n as usize).collect();
            let values = support::weights(name.strip_prefix(&folder).unwrap_or(&name), &shape);
            // The row the queue goes on with is no weight.
            if name != "queue_ptr" {
                no_grad(|| variable.copy_(&tensor(&values, &variable.size())));
            }
        }
        no_grad(|| method.start(&vs));
        let mut sgd = Sgd::new(&vs, config.momentum, config.weight_decay);
        let labels = Tensor::arange(IMAGES as i64, (tch::Kind::Int64, tch::Device::Cpu)).remainder(3);
        for (i, &expected) in losses[entry.id].iter().enumerate() {
            let views: Vec<Tensor> = (0..entry.views)
                .map(|view| {
                    let values = support::stream(&format!("views.{i}.{view}"), IMAGES * 3 * SIDE * SIDE);
                    tensor(&values, &[IMAGES as i64, 3, SIDE as i64, SIDE as i64])
                })
                .collect();
            let loss = method.loss(&backbone, &views, &labels);
            sgd.step(&loss, config.lr);
            no_grad(|| method.after_step((i + 1) as f64 / STEPS as f64));
            let loss = loss.double_value(&[]);
            assert!(
                (loss - expected).abs() < 2e-5 * expected,
                "{} step {i}: {loss}, not {expected}",
                entry.id
            );
        }
        let mine = vs.variables();
        let theirs = expected
            .iter()
            .filter_map(|(name, t)| Some((name.strip_prefix(&format!("{}/", entry.id))?, t)));
        let mut compared = 0;
        for (name, theirs) in theirs {
            let mine = mine.get(name).unwrap_or_else(|| panic!("{}: no {name}", entry.id));
            let (scale, error) = (
                theirs.abs().max().double_value(&[]),
                (mine - theirs).abs().max().double_value(&[]),
            );
            assert!(
                error < 1e-4 * scale.max(0.1),
                "{} {name}: {error:e} of {scale}",
                entry.id
            );
            compared += 1;
        }
        assert_eq!(compared, mine.len(), "{}", entry.id);
    }
}
