//! What is refused, and the program on the command line.

use std::path::Path;
use std::process::Command;

use featscope::checkpoint::arch::{Arch, SmallCnn};
use featscope::pretrain::TrainingConfig;
use featscope::pretrain::pixels::Pixels;

use super::{SIDE, message, own, pixels, trial, weights};

#[test]
fn bad_input_is_refused_in_one_sentence() {
    let (dir, tiny) = (tempfile::tempdir().unwrap(), pixels(30));
    let out = dir.path().join("a.safetensors");
    let with = |change: &dyn Fn(&mut TrainingConfig)| {
        let mut trial = trial("sl", &tiny, &out);
        change(&mut trial.config);
        message(&trial)
    };
    assert!(with(&|c| c.method = "mae".into()).contains("expected sl, sl-mlp, simclr, moco-v2, byol"));
    assert!(with(&|c| c.lr = f64::NAN).contains("--lr is NaN"));
    assert!(with(&|c| c.epochs = 0).contains("--epochs is 0"));
    assert!(with(&|c| c.batch_size = 31).contains("there are only 30 images"));
    assert!(with(&|c| c.batch_size = 1).contains("at least 2 images"));
    assert!(with(&|c| c.momentum = 1.0).contains("--momentum is 1"));
    assert!(with(&|c| c.image_size = 16).contains("the images are 8 px, not 16"));
    assert!(
        with(&|c| c.arch = Arch::SmallCnn(SmallCnn {
            stem: 0,
            stages: vec![4]
        }))
        .contains("widths")
    );
    assert!(
        with(&|c| c.lr = 1e30).contains("the loss is no longer a number in epoch"),
        "{}",
        with(&|c| c.lr = 1e30)
    );

    let mut labels = tiny.labels().to_vec();
    labels[7] = None;
    let unlabelled = Pixels::new(
        vec![9; 30 * 3 * 64],
        SIDE,
        labels,
        tiny.classes().to_vec(),
        String::new(),
    )
    .unwrap();
    assert!(message(&trial("sl", &unlabelled, &out)).contains("image 7 has no label; SL needs one"));
    assert!(!out.exists(), "a refused run writes nothing");
    assert!(message(&trial("sl", &tiny, Path::new("a.pth"))).contains("ends in .safetensors"));
}

/// Exit code and sentences of a short training by the program.
fn command(dir: &Path, more: &[&str]) -> (Option<i32>, String) {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/images/vehicles-train.parquet");
    let words = "pretrain --method sl --widths 4,4 --epochs 1 --batch-size 8 --threads 1 --device cpu";
    let mut command = Command::new(env!("CARGO_BIN_EXE_featscope-extract"));
    command.current_dir(dir).args(words.split(' ')).args(["--data", data]);
    let out = command.args(more).output().unwrap();
    (out.status.code(), String::from_utf8(out.stderr).unwrap())
}

#[test]
fn the_limit_counts_the_images_of_each_class() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("few.safetensors");
    let out_name = out.to_str().unwrap();
    let pretrain = |limit: &str| command(dir.path(), &["--limit", limit, "--out", out_name]);
    let (code, said) = pretrain("6");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("on 24 images of 800, --limit 6 (classes: 4;"), "{said}");
    let own = own(&out);
    assert_eq!(
        (&own["data"]["images"], &own["hyperparameters"]["limit"]),
        (&24.into(), &6.into())
    );
    assert_eq!(pretrain("0").0, Some(2));
}

#[test]
fn several_seeds_are_trained_by_one_command_that_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let pretrain = |more: &[&str]| command(dir.path(), &[&["--limit", "6"], more].concat());
    let (code, said) = pretrain(&["--seed", "1", "--out", "m-{seed}.safetensors"]);
    assert_eq!(code, Some(0), "{said}");
    let first = std::fs::read(dir.path().join("m-1.safetensors")).unwrap();
    let (code, said) = pretrain(&[
        "--seed",
        "1,7",
        "--out",
        "m-{seed}.safetensors",
        "--projector",
        "fc-bn",
        "--resume",
    ]);
    assert!(
        code == Some(2) && said.contains("projector none, not fc-bn:4"),
        "{said}"
    );
    let (code, said) = pretrain(&["--seed", "1,7", "--out", "m-{seed}.safetensors", "--resume"]);
    assert!(code == Some(0) && said.contains("seed 7: m-7.safetensors"), "{said}");
    assert_eq!(std::fs::read(dir.path().join("m-1.safetensors")).unwrap(), first);
    assert!(weights(&dir.path().join("m-7.safetensors")) != weights(&dir.path().join("m-1.safetensors")));
    for (more, expected) in [
        (["--seed", "1,7", "--out", "m.safetensors"], "put {seed} into --out"),
        (
            ["--seed", "2,2", "--out", "m-{seed}.safetensors"],
            "--seed names 2 twice",
        ),
    ] {
        let (code, said) = pretrain(&more);
        assert!(code == Some(2) && said.contains(expected), "{said}");
    }
}
