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
    program_of(folder, out, VIEWS)
}

/// The same with so many views of each image.
fn program_of(folder: &Path, out: &str, views: usize) -> Command {
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
        .args(["--views", &views.to_string(), "--seed", "5", "--preprocess", preprocess])
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

/// How a program ended: its exit code, or the signal that ended it.
#[cfg(unix)]
fn ended(child: std::process::Child) -> (Option<i32>, Option<i32>, String) {
    use std::os::unix::process::ExitStatusExt as _;
    let out = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    (out.status.code(), out.status.signal(), said)
}

#[cfg(unix)]
fn signal(child: &std::process::Child, name: &str) {
    // One that has ended meanwhile takes none.
    let _ = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
}

#[test]
#[cfg(unix)]
fn a_signal_stops_where_the_work_is_whole_and_a_second_one_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_safetensors(&folder.join("small.safetensors"), &small(), None);
    torn_images(folder);
    let began = Instant::now();
    finish(folder, "straight");
    let whole_run = began.elapsed();
    let expected = files(&folder.join("straight/small/bilder"));
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let mut stopped = 0;
    for round in 0..8 {
        let out = format!("signal-{round}");
        let child = program(folder, &out).spawn().unwrap();
        std::thread::sleep(whole_run.mul_f64(rng.random_range(0.2..0.95)));
        let name = ["INT", "TERM"][round % 2];
        signal(&child, name);
        if round >= 2 {
            std::thread::sleep(Duration::from_millis(rng.random_range(0..20)));
            signal(&child, name);
        }
        let (code, killed_by, said) = ended(child);
        // Before there is anything to stop a signal has its usual effect, afterwards the program has ended by itself.
        let usual = [Some(2), Some(15)].contains(&killed_by) && !said.contains("stopping");
        assert!(
            [Some(0), Some(2)].contains(&code) || usual,
            "{name}: {code:?} {killed_by:?}: {said}"
        );
        if code == Some(2) {
            stopped += 1;
            assert!(said.contains("stopping after this batch"), "{said}");
        }
        finish(folder, &out);
        assert!(
            files(&folder.join(&out).join("small/bilder")) == expected,
            "round {round}"
        );
    }
    assert!(stopped > 0, "no signal came in time");
}

#[test]
fn a_second_writer_is_told_which_process_is_writing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_safetensors(&folder.join("small.safetensors"), &small(), None);
    torn_images(folder);
    let mut first = program_of(folder, "out", 1000).spawn().unwrap();
    let partial = folder.join("out/small/.bilder.partial/lock");
    while std::fs::read_to_string(&partial).unwrap_or_default().is_empty() {
        assert!(first.try_wait().unwrap().is_none(), "it ended too soon");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = program_of(folder, "out", 1000).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    let (pid, code) = (first.id(), second.status.code());
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("another process is writing") && said.contains(&format!("(pid {pid})")),
        "{said}"
    );
}
