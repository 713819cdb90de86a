//! `featscope run`, from checkpoints and images to the report. Needs `featscope-extract` beside `featscope`, as
//! `make build` (and so `make test`) puts it.
#![cfg(feature = "analysis")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

fn run(file: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_featscope"));
    assert!(
        program.with_file_name("featscope-extract").is_file(),
        "featscope-extract is not built: run `make build` first"
    );
    Command::new(program).arg("run").arg(file).output().unwrap()
}

fn changed(path: &Path) -> SystemTime {
    std::fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn an_experiment_runs_end_to_end_and_again_does_only_what_changed() {
    let dir = tempfile::tempdir().unwrap();
    // A space and an umlaut, as on people's machines.
    let base = dir.path().join("mein Versuch für alle");
    std::fs::create_dir(&base).unwrap();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let experiment = |layers: &str| {
        format!(
            "out = 'out'\nlayers = {layers}\n\n[[model]]\nname = 'SL'\ncheckpoint = \
             '{fixtures}/checkpoints/sl.safetensors'\n\n[[model]]\nname = '<b>MLP'\ncheckpoint = \
             '{fixtures}/checkpoints/sl-mlp.safetensors'\n\n[[dataset]]\nname = 'animals'\nrole = 'pre'\npath = \
             '{fixtures}/images/animals-test.parquet'\nsplit = 'test'\nclasses = ['cat', 'dog', \
             'frog', 'horse']\n\n[[dataset]]\nname = 'vehicles'\nrole = 'eval'\npath = \
             '{fixtures}/images/vehicles-test.parquet'\nsplit = 'test'\n\n[analysis]\nbaseline = 'SL'\n"
        )
    };
    let file = base.join("experiment.toml");
    std::fs::write(&file, experiment("['backbone']")).unwrap();

    let first = run(&file);
    let said = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(said.lines().count(), 4, "{said}");
    let out = base.join("out");
    let (results, manifest) = (
        out.join("results.json"),
        out.join("features/SL/animals-test/manifest.json"),
    );
    let page = std::fs::read_to_string(out.join("report/index.html")).unwrap();
    assert!(!page.contains("<b>MLP"), "names do nothing");
    let parsed = featscope::results::Results::read(&results).unwrap();
    assert_eq!(parsed.inputs.len(), 4);
    assert_eq!(parsed.inputs[0].classes, ["cat", "dog", "frog", "horse"]);
    assert_eq!(parsed.inputs[0].rows, 600);
    assert_eq!(parsed.inputs[0].ids_sha256, parsed.inputs[2].ids_sha256);

    let page_file = out.join("report/index.html");
    let (before, kept, shown) = (changed(&results), changed(&manifest), changed(&page_file));
    let second = run(&file);
    assert_eq!(String::from_utf8_lossy(&second.stdout), said);
    let after = (changed(&results), changed(&manifest), changed(&page_file));
    assert_eq!(after, (before, kept, shown), "nothing had changed");

    // A damaged store is not taken for a finished one.
    std::fs::remove_file(&manifest).unwrap();
    assert!(run(&file).status.success());
    assert!(manifest.is_file());

    // Another choice of layers is extracted again, and measured.
    std::fs::write(&file, experiment("['stage1', 'backbone']")).unwrap();
    assert!(run(&file).status.success());
    let layers = featscope::results::Results::read(&results).unwrap().inputs[0]
        .layers
        .clone();
    assert_eq!(layers, ["stage1", "backbone"]);
}

/// Starts the program, kills it when it has said what it works on, and waits until nobody can say anything any more.
fn killed(words: &[&Path]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_featscope"))
        .args(words)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains("\ninput ") && said.read_line(&mut text).unwrap() > 0 {}
    child.kill().unwrap();
    child.wait().unwrap();
    said.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn who_kills_the_program_ends_the_one_that_it_called() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    let (model, data) = (
        path("checkpoints/sl.safetensors"),
        path("images/vehicles-train.parquet"),
    );
    let out = dir.path().join("features");
    let mut words: Vec<&Path> = ["extract", "--views", "50", "--model"].map(Path::new).to_vec();
    words.extend([&*model, Path::new("--data"), &*data, Path::new("--out"), &*out]);
    let said = killed(&words);
    assert!(!out.join("sl/vehicles-train").exists(), "{said}");

    let file = dir.path().join("experiment.toml");
    let text = format!(
        "out = 'out'\n[[model]]\nname = 'SL'\ncheckpoint = '{}'\n[[dataset]]\nname = 'a'\nrole = 'pre'\npath = '{}'\n",
        model.display(),
        data.display()
    );
    std::fs::write(&file, text).unwrap();
    let said = killed(&[Path::new("run"), &*file]);
    assert!(!dir.path().join("out/features/SL/a-train").exists(), "{said}");
    // What it held is free.
    assert!(run(&file).status.success());
}
