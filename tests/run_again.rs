//! `featscope run` again, after a change of the experiment or of what it names: only what the change is about is done again, and
//! the results are those of a run from nothing.
#![cfg(feature = "analysis")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use featscope::results::{Analysis, Results};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// A folder with an experiment file.
struct Experiment {
    dir: tempfile::TempDir,
}

impl Experiment {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs this text; the lines that say what is extracted and analyzed, and the notes.
    fn run(&self, text: &str) -> Vec<String> {
        let program = Path::new(env!("CARGO_BIN_EXE_featscope"));
        let extract = program.with_file_name("featscope-extract");
        assert!(
            extract.is_file(),
            "featscope-extract is not built: run `make build` first"
        );
        let file = self.path("experiment.toml");
        std::fs::write(&file, text).unwrap();
        let ran = Command::new(program).arg("run").arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success(), "{said}");
        let is_told = |line: &&str| {
            ["extract ", "analyze ", "note: "]
                .iter()
                .any(|start| line.starts_with(start))
        };
        said.lines().filter(is_told).map(str::to_owned).collect()
    }

    /// The results, without what differs between any two runs.
    fn results(&self, out: &str) -> Results {
        let mut results = Analysis::read(&self.path(out)).unwrap().results;
        results.records.iter_mut().for_each(|r| r.seconds = 0.0);
        results.inputs.iter_mut().for_each(|i| i.path.clear());
        results.created.clear();
        (results.command, results.tables) = (String::new(), None);
        results
    }

    fn changed(&self, name: &str) -> SystemTime {
        let path = self.path(name);
        std::fs::metadata(&path)
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
            .modified()
            .unwrap()
    }
}

fn set(name: &str, role: &str, file: &str, classes: &str) -> String {
    let split = file.rsplit('-').next().unwrap_or_default();
    format!(
        "[[dataset]]\nname = '{name}'\nrole = '{role}'\npath = '{FIXTURES}/images/{file}.parquet'\nsplit = '{split}'\nclasses = \
         {classes}\n"
    )
}

fn model(name: &str, checkpoint: &str) -> String {
    format!("[[model]]\nname = '{name}'\ncheckpoint = '{checkpoint}'\n")
}

fn fixture(name: &str) -> String {
    format!("{FIXTURES}/checkpoints/{name}.safetensors")
}

#[test]
fn one_more_data_set_measures_what_involves_it_and_nothing_else() {
    let folder = Experiment::new();
    let text = |out: &str, sets: &[String], rest: &str| {
        let models = model("SL", &fixture("sl")) + &model("MLP", &fixture("sl-mlp"));
        let metrics = "[analysis]\nmetrics = ['axes', 'knn_top1', 'hubness']\n";
        format!(
            "out = '{out}'\nlayers = ['stage1', 'backbone']\n{models}{}{rest}{metrics}",
            sets.concat()
        )
    };
    let pre = set("pre", "pre", "animals-test", "['cat', 'dog', 'frog']");
    let a = set("a", "eval", "vehicles-test", "['airplane', 'automobile']");
    let b = set("b", "eval", "vehicles-test", "['ship', 'truck']");
    let b_train = set("b", "eval", "vehicles-train", "['ship', 'truck']");
    let suite = "[[suite]]\nname = 'both'\ndatasets = ['a', 'b']\n";

    let of_a = folder.run(&text("out", std::slice::from_ref(&a), ""));
    assert_eq!(
        of_a[2..],
        ["analyze 1 of 2: SL, 1 data set", "analyze 2 of 2: MLP, 1 data set"]
    );
    let kept = |name: &str| ["SL", "MLP"].map(|m| folder.changed(&format!("out/parts/{m}/{name}/results.json")));
    let first = kept("sets/a");

    // What they were pretrained on, afterwards.
    let with_pre = folder.run(&text("out", &[pre.clone(), a.clone()], ""));
    let pieces = [
        "analyze 1 of 2: SL, pre, pre with a",
        "analyze 2 of 2: MLP, pre, pre with a",
    ];
    assert_eq!(
        (with_pre.len(), &with_pre[2..]),
        (4, pieces.map(str::to_owned).as_slice())
    );
    let second = (kept("sets/pre"), kept("pairs/pre/a"));

    // Another set, with a split to fit on, and a suite of both.
    let all = [pre.clone(), a.clone(), b.clone(), b_train];
    let with_b = folder.run(&text("out", &all, suite));
    assert_eq!(with_b[0], "extract 1 to 2 of 4: SL on b-test, b-train");
    let pieces = [
        "analyze 1 of 2: SL, b, pre with b",
        "analyze 2 of 2: MLP, b, pre with b",
    ];
    assert_eq!((with_b.len(), &with_b[2..]), (4, pieces.map(str::to_owned).as_slice()));
    assert_eq!(
        (kept("sets/a"), kept("sets/pre"), kept("pairs/pre/a")),
        (first, second.0, second.1)
    );

    // All at once is the same.
    folder.run(&text("fresh", &all, suite));
    let (again, fresh) = (folder.results("out"), folder.results("fresh"));
    assert!(again == fresh);
    let named = |name: &str| fresh.records.iter().filter(|r| r.dataset == name).count();
    assert!(named("both") > 0 && named("pre") > 0 && named("b") > 0);
    for table in ["hubs", "classes", "mixtureness_by_k", "class_means", "spectrum"] {
        let table = |out: &str| std::fs::read(folder.path(&format!("{out}/tables/{table}.parquet"))).unwrap();
        assert_eq!(table("out"), table("fresh"));
    }

    // A set that goes takes its records along, and measures nothing.
    assert_eq!(folder.run(&text("out", &[pre.clone(), a.clone()], "")), [""; 0]);
    let left = folder.results("out");
    assert!(left.records.len() < fresh.records.len());
    let is_of_b = |name: &str| ["b", "both"].contains(&name);
    assert!(
        !left
            .records
            .iter()
            .any(|r| is_of_b(&r.dataset) || r.other_dataset.as_deref().is_some_and(is_of_b))
    );
    // Another metric is another question to every set.
    let other = text("out", &[pre, a], "").replace("'hubness'", "'rankme'");
    assert_eq!(
        folder.run(&other),
        ["analyze 1 of 2: SL, 2 data sets", "analyze 2 of 2: MLP, 2 data sets"]
    );
}

#[test]
fn layers_that_are_one_are_measured_once() {
    let folder = Experiment::new();
    let text = |layers: &str| {
        let sets = set("a", "eval", "vehicles-test", "['ship', 'truck']");
        let models = model("SL", &fixture("sl")) + &model("MLP", &fixture("sl-mlp"));
        format!("out = 'out'\nlayers = {layers}\n{models}{sets}[analysis]\nmetrics = ['redundancy', 'knn_top1']\n")
    };
    let said = folder.run(&text("'all'"));
    let notes = |said: &[String]| -> Vec<String> { said.iter().filter(|l| l.starts_with("note: ")).cloned().collect() };
    let expected = [
        "note: SL: stage3 is the same as backbone; measured once, as backbone",
        "note: MLP: stage3 is the same as backbone; measured once, as backbone",
        "note: MLP: projector.3 is the same as projector; measured once, as projector",
    ];
    assert_eq!(notes(&said), expected);
    let results = folder.results("out");
    let layers = [
        "stage1",
        "stage2",
        "backbone",
        "projector.0",
        "projector.1",
        "projector.2",
        "projector",
        "logits",
    ];
    assert_eq!(results.inputs[1].layers, layers);
    assert!(
        !results
            .records
            .iter()
            .any(|r| r.layer == "stage3" || r.layer == "projector.3")
    );
    // The features are all there.
    let store = folder.path("out/features/MLP/a-test");
    let analyze = Command::new(env!("CARGO_BIN_EXE_featscope"))
        .args(["analyze", "--metrics", "redundancy", "--layer", "stage3,backbone"])
        .arg(&store)
        .output()
        .unwrap();
    let (out, said) = (
        String::from_utf8_lossy(&analyze.stdout),
        String::from_utf8_lossy(&analyze.stderr),
    );
    assert!(said.contains("note: MLP: stage3 is the same as backbone;"), "{said}");
    assert!(out.contains("backbone") && !out.contains("stage3"), "{out}");
    // So a matrix of all layers has each of them once; those that are named are all there.
    let similarity = |more: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_featscope"))
            .args(["similarity", "--metrics", "cka", "--format", "csv"])
            .arg(&store)
            .args(more)
            .output()
            .unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let all = similarity(&[]);
    assert_eq!(
        (all.lines().count(), all.contains("stage3")),
        (1 + 8 * 7 / 2, false),
        "{all}"
    );
    assert_eq!(similarity(&["--layers", "stage3,backbone"]).lines().count(), 2);
}

/// The checkpoint of a published model: an index, two shards and a description.
#[test]
fn another_shard_or_description_is_another_checkpoint() {
    let folder = Experiment::new();
    let tensors = support::backbone(&support::small());
    let shards = |more: f32| {
        let mut weight_map = serde_json::Map::new();
        let mut parts = [support::Tensors::new(), support::Tensors::new()];
        for (i, (name, tensor)) in tensors.iter().enumerate() {
            let mut tensor = tensor.clone();
            if i % 2 == 1 {
                tensor.1.iter_mut().for_each(|x| *x += more);
            }
            parts[i % 2].insert(name.clone(), tensor);
            weight_map.insert(
                name.clone(),
                format!("model-{:05}-of-00002.safetensors", i % 2 + 1).into(),
            );
        }
        for (i, part) in parts.iter().enumerate() {
            let path = folder.path(&format!("hub/model-{:05}-of-00002.safetensors", i + 1));
            support::write_safetensors(&path, part, None);
        }
        let index = serde_json::json!({"metadata": {}, "weight_map": weight_map});
        std::fs::write(folder.path("hub/model.safetensors.index.json"), index.to_string()).unwrap();
    };
    std::fs::create_dir(folder.path("hub")).unwrap();
    shards(0.0);
    let sets = set("a", "eval", "vehicles-test", "['ship', 'truck']");
    let text = format!(
        "out = 'out'\nlayers = 'backbone'\n{}{sets}[analysis]\nmetrics = ['redundancy']\n",
        model("M", "hub")
    );
    assert_eq!(folder.run(&text).len(), 2);
    assert_eq!(folder.run(&text), [""; 0]);
    shards(0.01);
    assert_eq!(folder.run(&text).len(), 2, "a shard has changed");
    std::fs::write(folder.path("hub/config.json"), "{}").unwrap();
    assert_eq!(
        folder.run(&text)[..1],
        ["extract 1 of 1: M on a-test"],
        "a description has come"
    );
}
