//! `featscope run`, from checkpoints and images to the report. Needs `featscope-extract` beside `featscope`, as
//! `make build` (and so `make test`) puts it.
#![cfg(feature = "analysis")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use featscope::results::Analysis;
use support::pickles::Pickle;

const EXTRACT: &str = "featscope-extract";

fn run(file: &Path) -> Output {
    run_by(Path::new(env!("CARGO_BIN_EXE_featscope")), file)
}

fn run_by(program: &Path, file: &Path) -> Output {
    assert!(
        program.with_file_name(EXTRACT).is_file(),
        "{EXTRACT} is not built: run `make build` first"
    );
    Command::new(program).arg("run").arg(file).output().unwrap()
}

fn changed(path: &Path) -> SystemTime {
    std::fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn a_word_that_is_no_metric_is_refused_before_anything_is_extracted() {
    let dir = tempfile::tempdir().unwrap();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let file = dir.path().join("e.toml");
    let text = format!(
        "out = 'out'\n[[dataset]]\nname = 'a'\nrole = 'pre'\npath = '{fixtures}/images/vehicles-test.parquet'\n\
         [analysis]\nmetrics = ['axes', 'fid']\n[[model]]\nname = 'M'\ncheckpoint = '{fixtures}/checkpoints/sl.safetensors'\n"
    );
    std::fs::write(&file, text).unwrap();
    let out = run(&file);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!((out.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(
        said.contains("e.toml, [analysis]") && said.contains("did you mean frechet_distance?"),
        "{said}"
    );
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
    assert_eq!(said.lines().count(), 5, "{said}");
    assert!(
        said.contains("\nTransfer: Linear probe accuracy on vehicles (test)"),
        "{said}"
    );
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

    // What is extracted does not depend on what a checkpoint is allowed.
    let allowed = experiment("['backbone']").replacen("\n[[dataset]]", "allow_unknown_calls = true\n\n[[dataset]]", 1);
    std::fs::write(&file, allowed).unwrap();
    assert_eq!(String::from_utf8_lossy(&run(&file).stdout), said);
    let after = (changed(&results), changed(&manifest), changed(&page_file));
    assert_eq!(after, (before, kept, shown), "nothing had changed");
    std::fs::write(&file, experiment("['backbone']")).unwrap();

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

#[test]
fn a_checkpoint_that_would_run_code_elsewhere_is_extracted_only_where_the_experiment_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let call = Pickle::new(2).name("pathlib", "Path.write_text").call("x");
    let items = Pickle::default().text("extra").raw(call.body()).raw(b"s");
    let tensors = support::backbone(&support::small());
    support::write_pth_items(&dir.path().join("m.pth"), &tensors, Some("state_dict"), &items.0);
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let file = dir.path().join("experiment.toml");
    let text = format!(
        "out = 'out'\nlayers = 'backbone'\n[[dataset]]\nname = 'a'\nrole = 'pre'\npath = \
         '{fixtures}/images/vehicles-test.parquet'\n[analysis]\nmetrics = ['redundancy']\n[[model]]\nname = 'M'\ncheckpoint = \
         'm.pth'\n"
    );
    std::fs::write(&file, &text).unwrap();
    let refused = run(&file);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(
        said.contains(
            "would run code where it is loaded: pathlib.Path.write_text (1 time); pass --allow-unknown-calls"
        ),
        "{said}"
    );
    std::fs::write(&file, text + "allow_unknown_calls = true\n").unwrap();
    let done = run(&file);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    let manifest = std::fs::read_to_string(dir.path().join("out/features/M/a-test/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(
        manifest["model"]["audit"]["calls"]["calls"],
        serde_json::json!([{"name": "pathlib.Path.write_text", "times": 1}])
    );
}

#[test]
fn another_build_of_a_program_does_its_part_again() {
    let dir = tempfile::tempdir().unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_featscope"));
    let (program, extractor) = (dir.path().join("featscope"), dir.path().join(EXTRACT));
    std::fs::copy(built, &program).unwrap();
    std::fs::copy(built.with_file_name(EXTRACT), &extractor).unwrap();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let file = dir.path().join("experiment.toml");
    let text = format!(
        "out = 'out'\nlayers = 'backbone'\n[[model]]\nname = 'SL'\ncheckpoint = \
         '{fixtures}/checkpoints/sl.safetensors'\n[[dataset]]\nname = 'a'\nrole = 'pre'\npath = \
         '{fixtures}/images/vehicles-test.parquet'\n[analysis]\nmetrics = ['redundancy']\n"
    );
    std::fs::write(&file, text).unwrap();
    let out = dir.path().join("out");
    let files = ["features/SL/a-test/manifest.json", "results.json", "report/index.html"];
    let made = || files.map(|name| changed(&out.join(name)));
    let again = || {
        let ran = run_by(&program, &file);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        made()
    };
    let first = again();
    assert_eq!(again(), first);
    // Another build: one byte more, which no program reads.
    let rebuild = |path: &Path| {
        let mut bytes = std::fs::read(path).unwrap();
        bytes.push(0);
        std::fs::write(path, bytes).unwrap();
    };
    rebuild(&program);
    let measured = again();
    assert_eq!(measured[0], first[0], "the features are those of the same program");
    assert!(measured[1] > first[1] && measured[2] > first[2]);
    rebuild(&extractor);
    let extracted = again();
    assert!(extracted[0] > measured[0]);
    assert_eq!(again(), extracted);
}

/// Another command, or one that was cut off, may write into the folder of a run.
#[test]
fn what_is_not_as_the_run_wrote_it_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let file = dir.path().join("experiment.toml");
    let text = format!(
        "out = 'out'\nlayers = 'backbone'\n[[model]]\nname = 'SL'\ncheckpoint = \
         '{fixtures}/checkpoints/sl.safetensors'\n[[dataset]]\nname = 'a'\nrole = 'pre'\npath = \
         '{fixtures}/images/vehicles-test.parquet'\n[analysis]\nmetrics = ['redundancy']\n"
    );
    std::fs::write(&file, text).unwrap();
    let (out, store) = (dir.path().join("out"), dir.path().join("out/features/SL/a-test"));
    let again = || {
        let ran = run(&file);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let analysis = Analysis::read(&out).unwrap();
        let shown = Analysis::read(&out.join("report")).unwrap();
        assert!(shown.results == analysis.results && shown.table("spectrum") == analysis.table("spectrum"));
        analysis
    };
    let first = again();
    // Whole results, of another seed.
    let words = ["analyze", "--metrics", "rankme", "--seed", "7", "-o"].map(Path::new);
    let other = Command::new(env!("CARGO_BIN_EXE_featscope"))
        .args(words)
        .args([&out, &store])
        .output()
        .unwrap();
    assert!(other.status.success());
    assert_eq!(Analysis::read(&out).unwrap().results.seed, 7);
    assert_eq!(again().results.seed, first.results.seed);
    // Parts of two results, in the folder and in the report.
    std::fs::write(out.join("tables/spectrum.parquet"), "other").unwrap();
    assert!(again().table("spectrum") == first.table("spectrum"));
    let results = changed(&out.join("results.json"));
    std::fs::write(out.join("report/tables/records.csv"), "other").unwrap();
    again();
    assert_eq!(
        changed(&out.join("results.json")),
        results,
        "only the report is written again"
    );
    // Another store.
    let manifest = store.join("manifest.json");
    let whole = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, whole.clone() + "\n").unwrap();
    again();
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), whole);
    // Somebody else's file is known before the work.
    std::fs::remove_dir_all(&out).unwrap();
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("results.json"), "[]").unwrap();
    let refused = run(&file);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not results that featscope wrote"));
    assert!(!store.exists());
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

/// A model of two runs with two steps each, and one of a single file, on two data sets that are one benchmark.
#[test]
fn runs_and_steps_are_found_by_a_pattern_and_each_is_measured_once() {
    let dir = tempfile::tempdir().unwrap();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let base = dir.path();
    // All say the same epoch, so that the number in the name is the step.
    for (name, from) in [
        ("s0/e-9", "sl"),
        ("s0/e-10", "sl-mlp"),
        ("s1/e-9", "simclr"),
        ("s1/e-10", "sl"),
    ] {
        let to = base.join(format!("{name}.safetensors"));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(format!("{fixtures}/checkpoints/{from}.safetensors"), to).unwrap();
    }
    let set = |name: &str, role: &str, classes: &str| {
        format!(
            "[[dataset]]\nname = '{name}'\nrole = '{role}'\npath = '{fixtures}/images/vehicles-test.parquet'\nclasses = {classes}\n"
        )
    };
    let text = [
        "out = 'out'\nlayers = ['stage1', 'backbone']\n".to_owned(),
        "[[model]]\nname = 'M'\ncheckpoint = 's{seed}/e-*.safetensors'\n".to_owned(),
        format!("[[model]]\nname = 'one'\ncheckpoint = '{fixtures}/checkpoints/sl.safetensors'\n"),
        set("pre", "pre", "['airplane', 'ship', 'truck']"),
        set("a", "eval", "['airplane', 'automobile']"),
        set("b", "eval", "['ship', 'truck']"),
        "[[suite]]\nname = 'both'\ndatasets = ['a', 'b']\n".to_owned(),
        "[analysis]\nmetrics = ['knn_top1', 'discriminative_ratio']\n".to_owned(),
    ];
    let file = base.join("experiment.toml");
    std::fs::write(&file, text.concat()).unwrap();
    let ran = |ran: Output| {
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success(), "{said}");
        let count = |start: &str| said.lines().filter(|line| line.starts_with(start)).count();
        (count("extract "), count("analyze "))
    };
    // One line for each checkpoint, with its data sets.
    assert_eq!(ran(run(&file)), (5, 5));
    let results = Analysis::read(&base.join("out")).unwrap().results;
    let suite = |run: Option<&str>, step| {
        let is_it = |r: &&featscope::results::Record| {
            (r.dataset.as_str(), r.metric.as_str(), r.layer.as_str()) == ("both", "knn_top1", "backbone")
                && r.run.as_deref() == run
                && r.step == step
        };
        results.records.iter().filter(is_it).count()
    };
    assert_eq!([9, 10].map(|step| suite(Some("0"), Some(step))), [1, 1]);
    assert_eq!((suite(Some("1"), Some(10)), suite(None, None)), (1, 1));
    assert!(base.join("out/features/M/run-0/step-10/a-test/manifest.json").is_file());
    for figure in ["trajectories", "paths", "transfer-depth", "pre-eval-depth"] {
        assert!(
            base.join(format!("out/report/figures/{figure}.svg")).is_file(),
            "{figure}"
        );
    }
    let page = std::fs::read_to_string(base.join("out/report/report.md")).unwrap();
    assert!(page.contains("M: mean of 2 runs (0, 1)"), "{page}");
    assert!(page.contains("M: the last of 2 steps is compared, 10"));
    assert!(page.contains("Where to cut (k-NN accuracy on suite both)"));

    // One more step of one run: it is extracted and measured, and nothing else.
    std::fs::copy(base.join("s0/e-9.safetensors"), base.join("s0/e-11.safetensors")).unwrap();
    assert_eq!(ran(run(&file)), (1, 1));
    assert_eq!(ran(run(&file)), (0, 0));
}

/// What only names, shows or speeds up does nothing again; a layer that no model has is known before the first image.
#[test]
fn labels_titles_and_threads_redo_nothing_and_layers_are_checked_first() {
    let dir = tempfile::tempdir().unwrap();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let file = dir.path().join("experiment.toml");
    let write = |top: &str, second: &str| {
        let text = format!(
            "{top}out = 'out'\n[[model]]\nname = 'SL'\ncheckpoint = '{fixtures}/checkpoints/sl.safetensors'\n[[model]]\nname = \
             'MLP'\n{second}checkpoint = '{fixtures}/checkpoints/sl-mlp.safetensors'\n[[dataset]]\nname = 'vehicles'\nrole = \
             'eval'\npath = '{fixtures}/images/vehicles-test.parquet'\nclasses = ['ship', 'truck']\n[analysis]\nmetrics = \
             ['redundancy']\nbaseline = 'MLP'\n"
        );
        std::fs::write(&file, text).unwrap();
    };
    let ran = |more: &[&str]| {
        let ran = Command::new(env!("CARGO_BIN_EXE_featscope"))
            .arg("run")
            .arg(&file)
            .args(more)
            .output()
            .unwrap();
        (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    let count = |said: &str| {
        said.lines()
            .filter(|l| l.starts_with("extract ") || l.starts_with("analyze "))
            .count()
    };

    write("layers = ['backbone', 'stge1']\n", "");
    let (code, said) = ran(&[]);
    assert_eq!((code, count(&said)), (Some(2), 0), "{said}");
    assert!(said.contains("no model has stge1; they have"), "{said}");
    write("", "layers = ['backbone', 'stage9']\n");
    let (code, said) = ran(&[]);
    assert_eq!((code, count(&said)), (Some(2), 0), "{said}");
    assert!(
        said.contains("model MLP: its checkpoint has no layer stage9; it has"),
        "{said}"
    );

    let layers = "layers = ['backbone', 'projector']\n";
    write(layers, "");
    let (code, said) = ran(&[]);
    assert_eq!((code, count(&said)), (Some(0), 4), "{said}");
    assert!(
        said.contains("note: SL has no layer projector; the others are measured"),
        "{said}"
    );
    assert!(said.contains("\nextract 2 of 2: MLP on vehicles-test"), "{said}");
    let (code, said) = ran(&["--threads", "1"]);
    assert_eq!((code, count(&said)), (Some(0), 0), "{said}");
    write(&format!("title = 'Two'\n{layers}"), "label = 'SL + MLP'\n");
    let (code, said) = ran(&[]);
    assert_eq!((code, count(&said)), (Some(0), 0), "{said}");
    let page = std::fs::read_to_string(dir.path().join("out/report/report.md")).unwrap();
    assert!(page.starts_with("# Two\n") && page.contains("| SL + MLP |"), "{page}");
    assert!(!page.contains("| MLP |"), "{page}");
}
