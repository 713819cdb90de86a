//! What a file tells of its training.

use featscope::checkpoint::summary;
use serde_json::json;

use super::support::*;

#[test]
fn weights_of_an_unfinished_training_say_so() {
    let folder = Folder::new();
    let path = folder.path("net.pth");
    let said = |beside: serde_json::Value| {
        write_pth_beside(&path, &backbone(&small()), Some("state_dict"), &beside);
        let audit = load(&path).unwrap().audit;
        let training = audit.training.clone().expect("a counter");
        let line = format!("{:<10} {}", "training", training.describe());
        assert!(audit.lines().contains(&line), "{line}");
        assert_eq!(audit.to_json()["training"]["progress"], training.progress.as_str());
        assert_eq!(summary(&path).unwrap().training.as_ref(), Some(&training));
        (training.describe(), training.finished)
    };
    let namespace = |epochs: i64| json!({CLASS: "argparse Namespace", "epochs": epochs, "start_epoch": 0, "epoch": 3});
    assert_eq!(
        said(json!({"epoch": 4, "args": namespace(40)})),
        (
            "epoch 4 of 40, saved before the training ended (epoch, args.epochs)".to_owned(),
            Some(false)
        )
    );
    assert_eq!(
        said(json!({"epoch": 4, "args": {"train": {"epochs": 40}}})).1,
        Some(false)
    );
    let lightning = json!({"epoch": 4, "global_step": 800, "hyper_parameters": {"max_epochs": 200}});
    assert_eq!(
        said(lightning).0,
        "epoch 4 of 200, step 800, saved before the training ended (epoch, hyper_parameters.max_epochs; global_step)"
    );
    for finished in [39, 40] {
        let (line, at_end) = said(json!({"epoch": finished, "args": namespace(40)}));
        assert!(
            at_end == Some(true) && line.contains("at the end of the training"),
            "{line}"
        );
    }
    assert_eq!(
        said(json!({"epoch": 7})),
        ("epoch 7, of how many is not told (epoch)".to_owned(), None)
    );
    // A file without a counter, and one whose network is not known.
    let silent = folder.safetensors(&whole());
    assert_eq!(load(&silent).unwrap().audit.training, None);
    assert!(
        !load(&silent)
            .unwrap()
            .audit
            .to_json()
            .as_object()
            .unwrap()
            .contains_key("training")
    );
    let mut unknown = Tensors::new();
    add(&mut unknown, "weight", &[2, 2]);
    write_pth_beside(&path, &unknown, Some("model"), &json!({"epoch": 4, "epochs": 40}));
    assert_eq!(summary(&path).unwrap().training.unwrap().finished, Some(false));
}

#[test]
fn a_training_is_told_by_texts_and_by_what_lies_beside_the_weights() {
    let folder = Folder::new();
    let path = folder.path("model.safetensors");
    let metadata = [("epoch", "12"), ("training_args", r#"{"optim": {"epochs": 90}}"#)];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
    write_safetensors(&path, &whole(), Some(metadata.into()));
    let said = || load(&path).unwrap().audit.training.map(|t| t.describe());
    assert_eq!(
        said().as_deref(),
        Some("epoch 12 of 90, saved before the training ended (epoch, training_args.optim.epochs)")
    );
    write_safetensors(&path, &whole(), None);
    assert_eq!(said(), None);
    let state = json!({"epoch": 3.5, "num_train_epochs": 100, "global_step": 70, "max_steps": 2000, "log_history": [{"epoch": 99}]});
    std::fs::write(folder.path("trainer_state.json"), state.to_string()).unwrap();
    let beside = said().unwrap();
    assert!(
        beside.starts_with("epoch 3 of 100, step 70 of 2000, saved before the training ended (epoch, num_train_epochs in the trainer_state.json"),
        "{beside}"
    );
}
