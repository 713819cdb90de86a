//! What a training gives: a loss that falls, the same bytes again, and a file that says what it is.

use std::path::Path;

use featscope::images::small_views::ViewStrength;
use featscope::pretrain::METHODS;
use featscope::pretrain::checkpoint_files::{CheckpointContents, kept_path, state_path};
use featscope::pretrain::projector::Projector;

use super::{own, pixels, trial, weights};

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
    let own = own(&out);
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

        let own = own(&path);
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
fn views_may_be_strong_for_supervised_methods_and_the_file_says_so() {
    let (dir, tiny) = (tempfile::tempdir().unwrap(), pixels(30));
    let trained = |augment| {
        let out = dir.path().join(format!("{augment:?}.safetensors"));
        let mut trial = trial("sl", &tiny, &out);
        trial.config.augment = augment;
        trial.run().0.unwrap();
        let own = own(&out);
        (weights(&out), own["augment"].as_str().unwrap().to_owned())
    };
    let (weak, strong) = (trained(None), trained(Some(ViewStrength::Strong)));
    assert_eq!((weak.1.as_str(), strong.1.as_str()), ("weak", "strong"));
    assert!(weak.0 != strong.0);
}
