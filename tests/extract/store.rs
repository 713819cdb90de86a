//! What becomes of the store: bytes, manifest, and what is refused.

use featscope::checkpoint::Checkpoint;
use featscope::extract::network;
use featscope::extract::pipeline::OnBadImage;
use featscope::{images, store};

use crate::common::{Job, files, fixture, golden_images, read, small, small_job, vehicles, worst};
use crate::support::{CLASS, write_pth_beside, write_safetensors};

#[test]
fn the_same_plan_gives_the_same_bytes_and_another_batch_size_the_same_features() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = small_job(folder.path());
    let images = vehicles();
    job.plan.batch_size = 64;
    let dirs = ["once", "again"].map(|name| folder.path().join(name));
    for dir in &dirs {
        job.extract(&images, dir).unwrap();
    }
    let bytes = files(&dirs[0]);
    assert!(bytes.contains_key("manifest.json") && bytes == files(&dirs[1]));
    job.plan.batch_size = 37;
    let (a, b) = (read(&dirs[0]), job.features(&images));
    assert_eq!(a["backbone"].len(), images.len());
    assert!(worst(&a, &b) <= 1e-5, "{:e}", worst(&a, &b));
}

#[test]
fn the_run_and_the_step_go_with_the_features() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = small_job(folder.path());
    (job.plan.run, job.plan.step) = (Some("seed1".to_owned()), Some(40));
    let dir = folder.path().join("store");
    job.extract(&golden_images(), &dir).unwrap();
    let sets = store::open(&dir, &store::OpenOptions::default()).unwrap();
    let found = sets[0].subject();
    assert_eq!((found.run.as_deref(), found.step), (Some("seed1"), Some(40)));
}

#[test]
fn the_manifest_says_what_was_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let job = small_job(folder.path());
    let manifest = job
        .extract(&golden_images(), &folder.path().join("store"))
        .unwrap()
        .manifest;
    assert_eq!(
        manifest.model.audit["projector"],
        "Linear 16→16, BatchNorm1d 16, ReLU, Linear 16→6"
    );
    assert_eq!(manifest.model.audit["backbone_coverage"], 1.0);
    let checkpoint = Checkpoint::open(&job.path).unwrap();
    assert_eq!(manifest.model.sha256, checkpoint.sha256().unwrap());
    assert_eq!(manifest.data.classes, ["a", "b"]);
    assert_eq!(manifest.data.fingerprint, golden_images().fingerprint().unwrap());
    assert_eq!(
        manifest
            .layers
            .iter()
            .map(|l| (l.name.clone(), l.width))
            .collect::<Vec<_>>(),
        job.loading().taps()
    );
}

#[test]
fn weights_of_an_unfinished_training_are_said_and_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.pth");
    let beside = serde_json::json!({"epoch": 4, "args": {CLASS: "argparse Namespace", "epochs": 40}});
    write_pth_beside(&path, &small(), Some("state_dict"), &beside);
    let job = Job::new(&path);
    let line = "training   epoch 4 of 40, saved before the training ended (epoch, args.epochs)";
    assert!(job.network().lines().contains(&line.to_owned()));
    let dir = folder.path().join("store");
    let audit = job.extract(&golden_images(), &dir).unwrap().manifest.model.audit;
    assert_eq!(audit["training"]["finished"], false);
    assert!(audit["lines"].as_array().unwrap().contains(&line.into()));
    let training = store::summary(&dir).unwrap().training.unwrap();
    assert_eq!(training, "epoch 4 of 40, saved before the training ended");
}

#[test]
fn features_that_overflow_are_refused_by_layer_and_image() {
    let folder = tempfile::tempdir().unwrap();
    let mut tensors = small();
    tensors.get_mut("stage2.bn2.weight").unwrap().1.fill(3e38);
    let path = folder.path().join("huge.safetensors");
    write_safetensors(&path, &tensors, None);
    let dir = folder.path().join("store");
    let message = Job::new(&path).extract(&golden_images(), &dir).unwrap_err().to_string();
    assert!(message.contains("\"stage2\"") && message.contains("0.png"), "{message}");
    assert!(!dir.exists());
}

#[test]
fn an_image_that_cannot_be_decoded_stops_or_is_left_out_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = small_job(folder.path());
    let data = folder.path().join("bilder");
    for class in ["a", "b"] {
        std::fs::create_dir_all(data.join(class)).unwrap();
    }
    let whole = std::fs::read(fixture("golden/images/a/0.png")).unwrap();
    for (name, bytes) in [
        ("a/0.png", &whole[..]),
        ("a/1.png", &whole[..200]),
        ("b/2.png", &whole[..]),
    ] {
        std::fs::write(data.join(name), bytes).unwrap();
    }
    let images = images::open(data.to_str().unwrap(), None, None).unwrap();
    let dir = folder.path().join("store");
    let stopped = job.extract(&images, &dir).unwrap_err().to_string();
    assert!(stopped.contains("1.png: not a decodable image"), "{stopped}");
    job.plan.on_bad_image = OnBadImage::Skip;
    let outcome = job.extract(&images, &dir).unwrap();
    let skipped = outcome.manifest.data.skipped.unwrap();
    assert_eq!((skipped.count, skipped.images[0].id.as_str()), (1, "a/1.png"));
    let reason = &skipped.images[0].reason;
    assert!(reason.starts_with("PNG") && !reason.contains('/'), "{reason}");
    // The two that are left are one picture.
    let repeated = outcome.manifest.data.duplicates.unwrap();
    assert_eq!(
        (repeated.count, repeated.examples),
        (1, vec![["a/0.png".into(), "b/2.png".into()]])
    );
    let sets = store::open(&dir, &store::OpenOptions::default()).unwrap();
    assert_eq!(sets[0].ids().unwrap(), ["a/0.png", "b/2.png"]);
    let features = read(&dir);
    assert_eq!(features["backbone"][0], features["backbone"][1]);
}

#[test]
fn layers_are_chosen_by_name_in_network_order() {
    let folder = tempfile::tempdir().unwrap();
    let network = small_job(folder.path()).network();
    let chosen = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        network::choose_layers(&*network, Some(&names)).map(|l| l.into_iter().map(|(n, _)| n).collect::<Vec<_>>())
    };
    assert_eq!(chosen(&["projector.1", "stage1"]).unwrap(), ["stage1", "projector.1"]);
    assert!(
        chosen(&["stage9"])
            .unwrap_err()
            .to_string()
            .contains("no layer \"stage9\"; the layers are stage1, stage2, backbone")
    );
    let default = network::choose_layers(&*network, None).unwrap();
    assert_eq!(default, [("backbone".to_owned(), 16), ("projector".to_owned(), 6)]);
}

#[test]
fn a_store_that_is_there_is_kept_and_one_made_otherwise_replaced_only_by_force() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = small_job(folder.path());
    let (images, dir) = (golden_images(), folder.path().join("store"));
    assert_eq!(job.extract(&images, &dir).unwrap().images, Some(4));
    let before = files(&dir);
    assert_eq!(job.extract(&images, &dir).unwrap().images, None);
    // A lock or journal that a killed writer left behind is swept up.
    std::fs::write(dir.join("lock"), "").unwrap();
    std::fs::write(dir.join("part-00000.json"), "").unwrap();
    assert_eq!(job.extract(&images, &dir).unwrap().images, None);
    assert_eq!(files(&dir), before);

    job.plan.layers.pop();
    let refused = job.extract(&images, &dir).unwrap_err().to_string();
    assert!(
        refused.contains("made otherwise is there (layers)") && refused.contains("--force"),
        "{refused}"
    );
    job.plan.batch_size = 2;
    assert_eq!(files(&dir), before);
    job.plan.force = true;
    assert_eq!(job.extract(&images, &dir).unwrap().images, Some(4));
    assert_ne!(files(&dir), before);
    job.plan.force = false;

    // One whose part was altered is no store to keep.
    let part = dir.join("part-00000.parquet");
    let mut bytes = std::fs::read(&part).unwrap();
    let whole = bytes.clone();
    bytes[100] ^= 1;
    std::fs::write(&part, bytes).unwrap();
    let (outcome, told) = job.told(&images, &dir, usize::MAX);
    let notes = told.notes;
    assert_eq!(outcome.unwrap().images, Some(4));
    assert!(notes.len() == 1 && notes[0].contains("made again"), "{notes:?}");
    assert_eq!(std::fs::read(&part).unwrap(), whole);
}
