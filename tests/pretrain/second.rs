//! Methods with a second encoder.

use featscope::checkpoint::{Checkpoint, LoadOptions, detect};
use featscope::pretrain::TrainingConfig;
use featscope::pretrain::projector::Projector;

use super::{message, pixels, trial, weights};

#[test]
fn both_sides_of_a_method_with_two_encoders_are_found() {
    let (dir, tiny) = (tempfile::tempdir().unwrap(), pixels(60));
    for (id, branches, names) in [
        ("byol", ["online", "target"], ["online", "target"]),
        ("moco-v2", ["query", "key"], ["encoder_q", "encoder_k"]),
    ] {
        let out = dir.path().join(format!("{id}.safetensors"));
        trial(id, &tiny, &out).run().0.unwrap();
        let checkpoint = Checkpoint::open(&out).unwrap();
        let load = |branch: &str| {
            let branch = branch.to_owned();
            detect(
                &checkpoint,
                &LoadOptions {
                    branch,
                    ..LoadOptions::default()
                },
            )
            .unwrap()
        };
        assert_eq!(load("auto").audit.branch, branches[0]);
        for (branch, name) in branches.into_iter().zip(names) {
            let loading = load(branch);
            assert_eq!(loading.audit.branch, branch);
            assert_eq!(loading.audit.projector_path, Some(format!("{name}.projector")), "{id}");
            assert!(
                loading
                    .backbone
                    .iter()
                    .all(|(_, n)| n.starts_with(&format!("{name}.backbone.")))
            );
            let is_first = branch == branches[0];
            // Only BYOL's online side predicts.
            let last = if id == "byol" && is_first {
                "predictor"
            } else {
                "projector"
            };
            assert_eq!(loading.taps().last().unwrap(), &(last.to_owned(), 4), "{id} {branch}");
            assert!(loading.audit.missing.is_empty() && loading.audit.unexpected.is_empty());
        }
        let weights = weights(&out);
        let differ = |name: &str| weights[&format!("{}.{name}", names[0])] != weights[&format!("{}.{name}", names[1])];
        assert!(differ("backbone.conv1.weight") && differ("projector.0.weight"), "{id}");
        if id == "moco-v2" {
            // 4 epochs of 5 batches of 12 images: 240 keys in a queue of 36.
            assert_eq!(weights["queue_ptr"].double_value(&[0]), 24.0);
            let lengths = weights["queue"].norm_scalaropt_dim(2.0, [1i64].as_slice(), false);
            assert!((lengths - 1.0).abs().max().double_value(&[]) < 1e-5);
        }
    }
}

#[test]
fn what_belongs_to_a_second_encoder_is_asked_of_methods_that_have_one() {
    let (dir, tiny) = (tempfile::tempdir().unwrap(), pixels(30));
    let out = dir.path().join("a.safetensors");
    let refused = |id: &str, change: &dyn Fn(&mut TrainingConfig)| {
        let mut trial = trial(id, &tiny, &out);
        change(&mut trial.config);
        message(&trial)
    };
    assert!(refused("sl", &|c| c.ema = Some(0.9)).contains("--ema has no meaning for SL; leave it out"));
    assert!(refused("byol", &|c| c.queue = Some(64)).contains("--queue has no meaning for BYOL"));
    assert!(refused("byol", &|c| c.ema = Some(1.0)).contains("--ema is 1; expected 0 or more, below 1"));
    assert!(refused("moco-v2", &|c| c.queue = Some(11)).contains("--queue is 11; expected from one batch (12)"));
    assert!(refused("byol", &|c| c.projector = Projector::default()).contains("--projector none"));
    assert!(!out.exists());
}
