//! A run that was stopped: it goes on where it was, or is refused.

use std::collections::BTreeSet;
use std::path::Path;

use featscope::checkpoint::{Checkpoint, LoadOptions, detect};
use featscope::error::Error;
use featscope::pretrain::METHODS;
use featscope::pretrain::checkpoint_files::{CheckpointContents, kept_path, lock_path, state_path};
use featscope::pretrain::projector::Projector;

use super::{message, own, pixels, trial, weights};

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
    let own = own(&out);
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
