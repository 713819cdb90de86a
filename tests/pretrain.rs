//! Pretraining on tiny made-up images, and the promises of the committed checkpoints.
#![cfg(feature = "torch")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use featscope::checkpoint::arch::{Arch, SmallCnn};
use featscope::checkpoint::{Checkpoint, LoadOptions, detect};
use featscope::error::Error;
use featscope::images::small_views::ViewStrength;
use featscope::pretrain::data::Pixels;
use featscope::pretrain::projector::Projector;
use featscope::pretrain::save::{CheckpointContents, kept_path, lock_path, state_path};
use featscope::pretrain::{METHODS, Trained, TrainingConfig, TrainingEvent, TrainingRun, train};
use tch::{Device, Tensor};

const SIDE: usize = 8;

/// Images of three classes: bright in red, green or blue, with a pattern of their own.
fn pixels(count: usize) -> Pixels {
    let mut bytes = Vec::new();
    for i in 0..count {
        for channel in 0..3 {
            for at in 0..SIDE * SIDE {
                let bright = if channel == i % 3 { 150 } else { 30 };
                bytes.push((bright + (i * 31 + at * 17 + channel * 5) % 90) as u8);
            }
        }
    }
    let labels = (0..count).map(|i| Some(i as u32 % 3)).collect();
    let classes = ["red", "green", "blue"].map(str::to_owned).to_vec();
    Pixels::new(bytes, SIDE, labels, classes, format!("tiny {count}")).unwrap()
}

fn config(method: &str) -> TrainingConfig {
    let entry = featscope::pretrain::method(method).unwrap_or(&METHODS[0]);
    TrainingConfig {
        method: method.to_owned(),
        arch: Arch::SmallCnn(SmallCnn {
            stem: 4,
            stages: vec![8, 8],
        }),
        projector: Projector::parse("8,4", 8, entry.projector).unwrap(),
        augment: None,
        // A run of a few dozen steps is over before a slower second encoder has moved.
        ema: entry.ema.map(|_| 0.9),
        queue: entry.queue.map(|_| 36),
        epochs: 4,
        batch_size: 12,
        lr: 0.1,
        warmup_epochs: 0.5,
        momentum: 0.9,
        weight_decay: 5e-4,
        temperature: entry.temperature.unwrap_or(0.5),
        image_size: SIDE,
        seed: 3,
        limit: None,
    }
}

struct Trial<'a> {
    config: TrainingConfig,
    pixels: &'a Pixels,
    out: &'a Path,
    resume: bool,
    /// Ctrl-C after so many steps.
    stop_after: usize,
}

impl Trial<'_> {
    fn run(&self) -> (Result<Trained, Error>, Vec<f64>) {
        // The same bits are promised for the same number of threads.
        tch::set_num_threads(1);
        let stop = AtomicBool::new(false);
        let run = TrainingRun {
            config: &self.config,
            train: self.pixels,
            held_out: Some(("test", self.pixels)),
            out: self.out,
            device: Device::Cpu,
            checkpoint_every: 3,
            keep_every: Some(4),
            resume: self.resume,
            stop: &stop,
        };
        let (mut losses, mut steps) = (Vec::new(), 0);
        let outcome = train(&run, &mut |event| match event {
            TrainingEvent::Epoch { loss, .. } => losses.push(loss),
            TrainingEvent::Step => {
                steps += 1;
                // The flag is read after this call.
                stop.store(steps == self.stop_after, std::sync::atomic::Ordering::Relaxed);
            }
            _ => {}
        });
        (outcome, losses)
    }
}

fn trial<'a>(method: &str, pixels: &'a Pixels, out: &'a Path) -> Trial<'a> {
    Trial {
        config: config(method),
        pixels,
        out,
        resume: false,
        stop_after: usize::MAX,
    }
}

fn weights(path: &Path) -> BTreeMap<String, Tensor> {
    CheckpointContents::read(path).unwrap().tensors
}

fn message(trial: &Trial) -> String {
    trial.run().0.unwrap_err().to_string()
}

#[test]
fn every_method_lowers_its_loss_and_separates_the_classes() {
    let (dir, pixels) = (tempfile::tempdir().unwrap(), pixels(60));
    for entry in &METHODS {
        let out = dir.path().join(format!("{}.safetensors", entry.id));
        let mut trial = trial(entry.id, &pixels, &out);
        trial.config.epochs = 8;
        // What is aimed at moves too where there are two encoders: gentle steps.
        if entry.branches.is_some() {
            (trial.config.lr, trial.config.ema) = (0.03, Some(0.99));
        }
        // Sixty images of three kinds are few to be told apart one by one: a queue of other batches.
        let is_moco = entry.id == "moco-v2";
        if is_moco {
            trial.config.queue = Some(24);
            trial.config.projector = Projector::parse("16,16", 8, entry.projector).unwrap();
        }
        let (outcome, losses) = trial.run();
        let outcome = outcome.unwrap();
        // The first keys in MoCo's queue are drawn at random and easily told from images; those of images come later.
        let first = losses[usize::from(is_moco)];
        assert!(losses.last() < Some(&first), "{}: {losses:?}", entry.id);
        let accuracy = outcome.held_out.unwrap();
        assert_eq!(accuracy.images, 60);
        assert_eq!(accuracy.classifier.is_some(), entry.labels);
        // Three classes told apart by colour alone; SimCLR's colour jitter and grey hide some of it, chance is 1/3.
        let floor = if entry.labels { 0.9 } else { 0.5 };
        assert!(accuracy.nearest_class_mean > floor, "{}: {accuracy:?}", entry.id);
        assert!(!state_path(&out).exists());
        let kept = [4, 8].map(|epoch| kept_path(&out, epoch));
        let differs = |path: &Path| weights(path) != weights(&out);
        assert!(differs(&kept[0]) && !differs(&kept[1]), "{}", entry.id);
    }
}

#[test]
fn the_same_seed_gives_the_same_file_and_another_seed_another() {
    let (dir, pixels) = (tempfile::tempdir().unwrap(), pixels(30));
    for entry in &METHODS {
        let [a, b, c] = ["a", "b", "c"].map(|n| dir.path().join(format!("{}-{n}.safetensors", entry.id)));
        trial(entry.id, &pixels, &a).run().0.unwrap();
        trial(entry.id, &pixels, &b).run().0.unwrap();
        let mut other = trial(entry.id, &pixels, &c);
        other.config.seed = 4;
        other.run().0.unwrap();
        let bytes = |path: &Path| std::fs::read(path).unwrap();
        assert!(bytes(&a) == bytes(&b), "{}: not the same bytes", entry.id);
        assert_ne!(weights(&a), weights(&c));
    }
}

#[test]
fn a_run_stopped_anywhere_and_resumed_ends_as_an_uninterrupted_one() {
    let (dir, pixels) = (tempfile::tempdir().unwrap(), pixels(30));
    for entry in &METHODS {
        let whole = dir.path().join(format!("{}-whole.safetensors", entry.id));
        let expected = trial(entry.id, &pixels, &whole).run().0.unwrap();
        // Two steps an epoch: in the middle of one, at the end of one, at a checkpoint, after the last.
        for stop_after in [1, 2, 5, 6, 8] {
            let out = dir.path().join(format!("{}-{stop_after}.safetensors", entry.id));
            let mut stopped = trial(entry.id, &pixels, &out);
            stopped.stop_after = stop_after;
            assert!(matches!(stopped.run().0, Err(Error::Interrupted)));
            assert!(
                !weights(&out).is_empty(),
                "an interrupted run leaves a whole checkpoint"
            );
            stopped.resume = true;
            stopped.stop_after = usize::MAX;
            assert_eq!(stopped.run().0.unwrap(), expected);
            assert!(
                std::fs::read(&out).unwrap() == std::fs::read(&whole).unwrap(),
                "{} {stop_after}",
                entry.id
            );
            let kept = [&out, &whole].map(|path| std::fs::read(kept_path(path, 4)).unwrap());
            assert!(kept[0] == kept[1], "{} {stop_after}: the kept one", entry.id);
            // A third time there is nothing left to do, and the answer is the same.
            assert_eq!(stopped.run().0.unwrap(), expected);
        }
    }
}

#[test]
fn a_stack_without_tensors_is_resumed_as_itself() {
    let (dir, pixels) = (tempfile::tempdir().unwrap(), pixels(30));
    let out = dir.path().join("a.safetensors");
    let mut stopped = trial("sl-mlp", &pixels, &out);
    stopped.config.projector = Projector::parse("relu", 8, "none").unwrap();
    stopped.stop_after = 3;
    assert!(matches!(stopped.run().0, Err(Error::Interrupted)));
    (stopped.resume, stopped.stop_after) = (true, usize::MAX);
    stopped.run().0.unwrap();
    stopped.config.projector = Projector::default();
    assert!(message(&stopped).contains("projector relu, not none"));
}

#[test]
fn methods_start_from_the_same_backbone() {
    let (dir, pixels) = (tempfile::tempdir().unwrap(), pixels(30));
    let first = |id: &str| {
        let out = dir.path().join(format!("{id}.safetensors"));
        let mut trial = trial(id, &pixels, &out);
        // A step too small to move an f32 weight leaves the first weights.
        trial.config.lr = 1e-30;
        trial.config.epochs = 1;
        trial.run().0.unwrap();
        weights(&out)["backbone.stage2.conv2.weight"].shallow_clone()
    };
    let sl = first("sl");
    assert_eq!(sl, first("sl-mlp"));
    assert_eq!(sl, first("simclr"));
}

#[test]
fn a_checkpoint_says_what_it_is() {
    let (dir, pixels) = (tempfile::tempdir().unwrap(), pixels(30));
    let out = dir.path().join("ein Ordner/sl-mlp.safetensors");
    trial("sl-mlp", &pixels, &out).run().0.unwrap();
    let contents = CheckpointContents::read(&out).unwrap();
    let own: serde_json::Value = serde_json::from_str(&contents.metadata["featscope"]).unwrap();
    assert_eq!(own["schema"], "featscope/checkpoint/1");
    assert_eq!(own["method"], "sl-mlp");
    assert_eq!(own["arch"]["stages"], serde_json::json!([8, 8]));
    assert_eq!(own["projector"].as_array().unwrap().len(), 4);
    assert_eq!(own["classifier"]["input"], "projector");
    assert_eq!(
        own["classifier"]["classes"],
        serde_json::json!(["red", "green", "blue"])
    );
    assert_eq!((&own["epoch"], &own["seed"]), (&4.into(), &3.into()));
    assert_eq!(own["data"]["fingerprint"], "tiny 30");
    assert!(own["held_out"]["accuracy"]["classifier"].is_f64());
    let heads: Vec<_> = contents
        .tensors
        .keys()
        .filter(|name| !name.starts_with("backbone."))
        .cloned()
        .collect();
    let expected = "classifier.0.bias classifier.0.weight projector.0.bias projector.0.weight projector.1.bias \
                    projector.1.running_mean projector.1.running_var projector.1.weight projector.3.bias projector.3.weight";
    assert_eq!(heads.join(" "), expected);
}

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

#[test]
fn files_that_are_there_are_neither_overwritten_nor_mixed_up() {
    let (dir, tiny) = (tempfile::tempdir().unwrap(), pixels(30));
    let out = dir.path().join("a.safetensors");
    let mut stopped = trial("sl", &tiny, &out);
    stopped.stop_after = 3;
    stopped.run().0.unwrap_err();
    assert!(message(&trial("sl", &tiny, &out)).contains("is there already; pass --resume"));
    // Another configuration, or other images, cannot continue it: neither before it is finished nor after.
    for _ in 0..2 {
        let mut other = trial("sl", &tiny, &out);
        other.resume = true;
        other.config.lr = 0.2;
        let refused = message(&other);
        assert!(refused.contains("lr 0.1, not 0.2"), "{refused}");
        let more = pixels(33);
        let mut other = trial("sl", &more, &out);
        other.resume = true;
        assert!(message(&other).contains("saw other images"));
        stopped.resume = true;
        stopped.stop_after = usize::MAX;
        stopped.run().0.unwrap();
    }
}

#[test]
fn a_limited_model_says_so_and_is_continued_with_its_own_limit_alone() {
    let (dir, tiny) = (tempfile::tempdir().unwrap(), pixels(30));
    let out = dir.path().join("a.safetensors");
    let training = |path: &Path| {
        let loading = detect(&Checkpoint::open(path).unwrap(), &LoadOptions::default()).unwrap();
        loading.audit.training.unwrap().progress
    };
    let mut limited = trial("sl", &tiny, &out);
    limited.config.limit = Some(10);
    limited.stop_after = 3;
    limited.run().0.unwrap_err();
    for path in [out.clone(), state_path(&out)] {
        assert_eq!(training(&path), "epoch 1 of 4 with --limit 10", "{}", path.display());
    }
    // Neither before it is finished nor after.
    for _ in 0..2 {
        for (limit, said) in [(None, "limit 10, not none"), (Some(9), "limit 10, not 9")] {
            let mut other = trial("sl", &tiny, &out);
            other.resume = true;
            other.config.limit = limit;
            assert!(message(&other).contains(said), "{}", message(&other));
        }
        limited.resume = true;
        limited.stop_after = usize::MAX;
        limited.run().0.unwrap();
    }
    assert_eq!(training(&out), "epoch 4 of 4 with --limit 10");
    let own: serde_json::Value =
        serde_json::from_str(&CheckpointContents::read(&out).unwrap().metadata["featscope"]).unwrap();
    assert_eq!(own["hyperparameters"]["limit"], 10);

    // A whole one is not continued as a limited one, and its file has no word of a limit.
    let whole = dir.path().join("b.safetensors");
    trial("sl", &tiny, &whole).run().0.unwrap();
    let mut other = trial("sl", &tiny, &whole);
    (other.resume, other.config.limit) = (true, Some(10));
    assert!(message(&other).contains("limit none, not 10"), "{}", message(&other));
    assert!(!CheckpointContents::read(&whole).unwrap().metadata["featscope"].contains("limit"));
}

#[test]
fn the_limit_counts_the_images_of_each_class() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("few.safetensors");
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/images/vehicles-train.parquet");
    let pretrain = |limit: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_featscope-extract"));
        command.args([
            "pretrain",
            "--method",
            "sl",
            "--widths",
            "4,4",
            "--epochs",
            "1",
            "--batch-size",
            "8",
        ]);
        command.args([
            "--threads",
            "1",
            "--device",
            "cpu",
            "--limit",
            limit,
            "--data",
            data,
            "--out",
        ]);
        let out = command.arg(&out).output().unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let (code, said) = pretrain("6");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("on 24 images of 800, --limit 6 (classes: 4;"), "{said}");
    let own: serde_json::Value =
        serde_json::from_str(&CheckpointContents::read(&out).unwrap().metadata["featscope"]).unwrap();
    assert_eq!(
        (&own["data"]["images"], &own["hyperparameters"]["limit"]),
        (&24.into(), &6.into())
    );
    assert_eq!(pretrain("0").0, Some(2));
}

#[test]
fn a_second_run_into_one_file_is_told_who_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("model.safetensors");
    let pixels = pixels(32);
    let lock = featscope::files::Lock::hold(&lock_path(&out), &out).unwrap();
    let said = message(&trial("sl", &pixels, &out));
    let pid = std::process::id();
    assert!(
        said.contains("another process is writing") && said.contains(&format!("model.safetensors (pid {pid})")),
        "{said}"
    );
    drop(lock);
    assert!(trial("sl", &pixels, &out).run().0.is_ok());
    let left: BTreeSet<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(
        left,
        BTreeSet::from(["model-epoch-4.safetensors".into(), "model.safetensors".into()])
    );
}

#[test]
fn a_run_that_was_stopped_is_not_taken_for_a_finished_one() {
    let (dir, tiny) = (tempfile::tempdir().unwrap(), pixels(30));
    let out = dir.path().join("a.safetensors");
    let training = |path: &Path| {
        let checkpoint = Checkpoint::open(path).unwrap();
        let training = detect(&checkpoint, &LoadOptions::default())
            .unwrap()
            .audit
            .training
            .unwrap();
        (training.progress, training.finished)
    };
    let mut stopped = trial("sl", &tiny, &out);
    // Two steps an epoch: in the last one.
    stopped.stop_after = 7;
    stopped.run().0.unwrap_err();
    for path in [out.clone(), state_path(&out)] {
        assert_eq!(training(&path), ("epoch 3 of 4".to_owned(), Some(false)));
    }
    let state = std::fs::read(state_path(&out)).unwrap();
    std::fs::remove_file(state_path(&out)).unwrap();
    stopped.resume = true;
    stopped.stop_after = usize::MAX;
    let refused = message(&stopped);
    assert!(
        refused.contains("its training stopped at epoch 3 of 4, and the ")
            && refused.contains("is gone; remove it to start again"),
        "{refused}"
    );
    std::fs::write(state_path(&out), state).unwrap();
    stopped.run().0.unwrap();
    assert_eq!(training(&out), ("epoch 4 of 4".to_owned(), Some(true)));
}

#[test]
fn a_damaged_state_is_refused() {
    let (dir, tiny) = (tempfile::tempdir().unwrap(), pixels(30));
    let out = dir.path().join("a.safetensors");
    let mut stopped = trial("simclr", &tiny, &out);
    stopped.stop_after = 3;
    stopped.run().0.unwrap_err();
    stopped.resume = true;
    let (state, mut contents) = (state_path(&out), CheckpointContents::read(&state_path(&out)).unwrap());
    let bytes = std::fs::read(&state).unwrap();
    for cut in [0, 7, 100, bytes.len() - 5] {
        std::fs::write(&state, &bytes[..cut]).unwrap();
        assert!(message(&stopped).contains("damaged"), "cut at {cut}");
    }
    let momentum = contents.tensors.remove("momentum.backbone.conv1.weight").unwrap();
    contents.write(&state).unwrap();
    assert!(message(&stopped).contains("no momentum for backbone.conv1.weight"));
    contents.metadata.insert("epoch".to_owned(), "99".to_owned());
    contents
        .tensors
        .insert("momentum.backbone.conv1.weight".to_owned(), momentum);
    contents.write(&state).unwrap();
    assert!(message(&stopped).contains("epoch 99"));
}

/// At most 0.45 M parameters with heads, and 2 MB, so that the repository stays small; long enough trained to have
/// learned something: chance is 1/6.
#[test]
fn committed_checkpoints_are_small_and_have_learned() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checkpoints");
    for id in ["sl", "sl-mlp", "simclr"] {
        let entry = featscope::pretrain::method(id).unwrap();
        let path = folder.join(format!("{id}.safetensors"));
        let contents = CheckpointContents::read(&path).unwrap();
        let trained = contents.tensors.iter().filter(|(name, _)| !name.contains(".running_"));
        let count: usize = trained.map(|(_, tensor)| tensor.numel()).sum();
        assert!((100_000..=450_000).contains(&count), "{}: {count} parameters", entry.id);
        assert!(std::fs::metadata(&path).unwrap().len() <= 2_000_000);

        let own: serde_json::Value = serde_json::from_str(&contents.metadata["featscope"]).unwrap();
        let accuracy = &own["held_out"]["accuracy"];
        assert_eq!(
            (&own["method"], &own["epoch"]),
            (&entry.id.into(), &own["hyperparameters"]["epochs"])
        );
        assert_eq!(accuracy["images"], 6000);
        let share = |key: &str| accuracy[key].as_f64().unwrap_or(0.0);
        assert!(share("nearest_class_mean") > 0.4, "{}: {accuracy}", entry.id);
        assert!(!entry.labels || share("classifier") > 0.75, "{}: {accuracy}", entry.id);
    }
}

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

#[test]
fn several_seeds_are_trained_by_one_command_that_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/images/vehicles-train.parquet");
    let pretrain = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_featscope-extract"));
        command.current_dir(dir.path());
        command.args(
            "pretrain --method sl --widths 4,4 --epochs 1 --batch-size 8 --limit 6 --threads 1 --device cpu".split(' '),
        );
        let out = command.args(["--data", data]).args(more).output().unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
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

#[test]
fn views_may_be_strong_for_supervised_methods_and_the_file_says_so() {
    let (dir, tiny) = (tempfile::tempdir().unwrap(), pixels(30));
    let trained = |augment| {
        let out = dir.path().join(format!("{augment:?}.safetensors"));
        let mut trial = trial("sl", &tiny, &out);
        trial.config.augment = augment;
        trial.run().0.unwrap();
        let own: serde_json::Value =
            serde_json::from_str(&CheckpointContents::read(&out).unwrap().metadata["featscope"]).unwrap();
        (weights(&out), own["augment"].as_str().unwrap().to_owned())
    };
    let (weak, strong) = (trained(None), trained(Some(ViewStrength::Strong)));
    assert_eq!((weak.1.as_str(), strong.1.as_str()), ("weak", "strong"));
    assert!(weak.0 != strong.0);
}
