//! The program itself, killed in the middle: what it then takes up becomes the very same store.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{files, small};
use crate::faults::{VIEWS, torn_images};
use crate::support::write_safetensors;

/// Rounds of killing; each kills the program up to twice.
const ROUNDS: usize = 3;

/// `featscope-extract` on the torn images, into `DIR/NAME`.
fn program(folder: &Path, out: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_featscope-extract"));
    let preprocess = r#"{"resize":{"exact":[8,8]},"crop":[8,8],"mean":[0.5,0.5,0.5],"std":[0.25,0.25,0.25]}"#;
    command
        .current_dir(folder)
        .args([
            "extract",
            "--model",
            "small.safetensors",
            "--data",
            "bilder",
            "--out",
            out,
        ])
        .args([
            "--layers",
            "all",
            "--threads",
            "1",
            "--device",
            "cpu",
            "--batch-size",
            "4",
        ])
        .args(["--views", &VIEWS.to_string(), "--seed", "5", "--preprocess", preprocess])
        .args(["--on-bad-image", "skip", "--resume"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn finish(folder: &Path, out: &str) -> String {
    let done = program(folder, out).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    said
}

#[test]
fn killed_at_any_moment_it_takes_up_its_work_and_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_safetensors(&folder.join("small.safetensors"), &small(), None);
    torn_images(folder);
    let began = Instant::now();
    let said = finish(folder, "straight");
    let whole_run = began.elapsed();
    assert!(
        said.contains("left out: 15 images") && said.contains("200 images in"),
        "{said}"
    );
    let expected = files(&folder.join("straight/small/bilder"));

    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for round in 0..ROUNDS {
        let out = format!("killed-{round}");
        for _ in 0..2 {
            let mut child = program(folder, &out).spawn().unwrap();
            std::thread::sleep(
                whole_run
                    .mul_f64(rng.random_range(0.05..1.0))
                    .max(Duration::from_millis(1)),
            );
            // SIGKILL on Unix: nothing of the program's runs after it.
            child.kill().unwrap();
            child.wait().unwrap();
        }
        finish(folder, &out);
        assert!(
            files(&folder.join(&out).join("small/bilder")) == expected,
            "round {round}"
        );
        let beside = std::fs::read_dir(folder.join(&out).join("small")).unwrap().count();
        assert_eq!(beside, 1, "something is left beside the store");
        assert!(finish(folder, &out).contains("there already"));
    }
}
