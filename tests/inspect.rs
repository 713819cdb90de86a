//! `featscope inspect` knows whatever `extract` and `run` take, and what they leave.
#![cfg(feature = "analysis")]

#[path = "common/program.rs"]
mod program;

use std::fs;
use std::path::{Path, PathBuf};

use image::{ImageFormat, RgbImage};
use program::{featscope, refused, text};
use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The text and the JSON that inspecting gives.
fn inspected(dir: &Path, path: &str) -> (String, Value) {
    let run = |more: &[&str]| {
        let out = featscope(dir, &[&["inspect", path], more].concat());
        assert_eq!(out.status.code(), Some(0), "{path}: {}", text(&out.stderr));
        text(&out.stdout)
    };
    let shown = run(&["--format", "json"]);
    (run(&[]), serde_json::from_str(&shown).unwrap())
}

fn png(path: &Path, i: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let picture = RgbImage::from_fn(16, 16, |x, y| image::Rgb([(9 * x + i) as u8, (5 * y) as u8, i as u8]));
    picture.save_with_format(path, ImageFormat::Png).unwrap();
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn copy(from: &str, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(fixture(from), to).unwrap();
}

/// COCO annotations of two images.
fn annotations() -> String {
    json!({
        "info": {"year": 2017}, "licenses": [],
        "images": [
            {"id": 7, "file_name": "0.png", "width": 16, "height": 16},
            {"id": 9, "file_name": "1.png", "width": 16, "height": 16},
        ],
        "categories": [{"id": 3, "name": "cat"}, {"id": 18, "name": "dog"}],
        "annotations": [
            {"id": 100, "image_id": 9, "category_id": 18, "bbox": [4, 3, 10, 8]},
            {"id": 101, "image_id": 7, "category_id": 3, "bbox": [2, 5, 10, 10]},
        ],
    })
    .to_string()
}

#[test]
fn annotations_are_known_with_and_without_the_place_of_their_images() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    for i in 0..2 {
        png(&dir.join(format!("zoo/train2017/{i}.png")), i);
    }
    write(&dir.join("zoo/annotations/instances_train2017.json"), &annotations());
    write(&dir.join("apart.json"), &annotations());
    for path in [
        "zoo/annotations/instances_train2017.json",
        "apart.json@zoo/train2017",
        "coco:apart.json@zoo/train2017",
        "coco:zoo",
    ] {
        let (text, value) = inspected(dir, path);
        assert_eq!(value["format"], "coco", "{path}");
        assert!(text.contains("cat (1)"), "{path}: {text}");
    }
    let alone = refused(dir, &["inspect", "apart.json"], &[]);
    assert!(alone.contains("say where with coco:apart.json@FOLDER"), "{alone}");
    // The folder is images as well as annotations of them.
    let (text, value) = inspected(dir, "zoo");
    assert_eq!(value["format"], "folder");
    assert_eq!(value["also"], json!(["annotations of objects: coco:zoo"]));
    assert!(text.contains("coco:zoo"), "{text}");
}

#[test]
fn a_table_of_paths_and_the_folder_it_lies_in_are_known() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    for i in 0..2 {
        png(&dir.join(format!("pets/img/{i}.png")), i);
    }
    write(&dir.join("pets/list.csv"), "path,label\nimg/0.png,a\nimg/1.png,b\n");
    assert_eq!(inspected(dir, "pets/list.csv").1["format"], "csv");
    assert_eq!(inspected(dir, "pets").1["also"], json!(["a table of paths: csv:pets"]));
    // A checkpoint that lies among images is told too, and so are several.
    copy("checkpoints/sl.safetensors", &dir.join("pets/sl.safetensors"));
    let also = inspected(dir, "pets").1["also"].clone();
    assert_eq!(
        also,
        json!(["a table of paths: csv:pets", "a checkpoint: pets/sl.safetensors"])
    );
    copy("checkpoints/sl.safetensors", &dir.join("pets/later.safetensors"));
    let also = inspected(dir, "pets").1["also"].clone();
    assert_eq!(also[1], "2 checkpoints, for example pets/later.safetensors");
}

#[test]
fn shards_are_known_as_a_file_a_folder_and_a_pattern() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    png(&dir.join("a.png"), 3);
    let picture = fs::read(dir.join("a.png")).unwrap();
    fs::create_dir(dir.join("shards")).unwrap();
    for shard in 0..2 {
        let file = fs::File::create(dir.join(format!("shards/train-{shard:03}.tar"))).unwrap();
        let mut tar = tar::Builder::new(file);
        for (name, bytes) in [("x.png", picture.as_slice()), ("x.cls", b"4".as_slice())] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, format!("{shard}{name}"), bytes).unwrap();
        }
        tar.finish().unwrap();
    }
    for (path, images) in [
        ("shards", 2),
        ("shards/train-001.tar", 1),
        ("shards/train-{000..001}.tar", 2),
    ] {
        let (_, value) = inspected(dir, path);
        assert_eq!(
            (&value["format"], &value["parts"][0]["images"]),
            (&json!("webdataset"), &json!(images)),
            "{path}"
        );
    }
}

#[test]
fn checkpoints_are_known_whatever_they_are_called() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    for name in ["best.tar", "best.pth.tar", "best", "best.model"] {
        copy("checkpoints/containers/whole.pth", &dir.join(name));
        assert_eq!(inspected(dir, name).1["container"], "PyTorch zip", "{name}");
    }
    copy("checkpoints/sl.safetensors", &dir.join("best.weights"));
    assert_eq!(inspected(dir, "best.weights").1["arch"], "small-cnn");
    copy("golden/torchscript/dict.pt", &dir.join("script.ts"));
    assert!(inspected(dir, "script.ts").0.contains("TorchScript"));
    let images = refused(dir, &["inspect", "webdataset:best.tar"], &[]);
    assert!(images.contains("best.tar"), "{images}");
}

#[test]
fn a_folder_of_one_checkpoint_is_it_and_one_of_several_says_so() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    // As models are published: the weights beside their settings.
    copy("checkpoints/sl.safetensors", &dir.join("hub/model.safetensors"));
    write(&dir.join("hub/config.json"), r#"{"model_type": "x"}"#);
    write(&dir.join("hub/training_args.bin"), "x");
    let (text, value) = inspected(dir, "hub");
    assert_eq!(
        (&value["arch"], &value["path"]),
        (&json!("small-cnn"), &json!("hub")),
        "{text}"
    );
    // With pictures beside it, it is both.
    png(&dir.join("hub/examples/0.png"), 1);
    let (text, value) = inspected(dir, "hub");
    assert_eq!(value["also"], json!(["folders of images: folder:hub"]), "{text}");
    assert_eq!(inspected(dir, "folder:hub").1["format"], "folder");

    for name in ["a.pth.tar", "b.pth.tar", "c.tar"] {
        copy("checkpoints/containers/whole.pth", &dir.join("course").join(name));
    }
    let (text, value) = inspected(dir, "course");
    assert_eq!(value["checkpoints"], json!(["a.pth.tar", "b.pth.tar", "c.tar"]));
    assert!(text.contains("3 checkpoints; inspect one of them"), "{text}");
    let images = refused(dir, &["inspect", "webdataset:course"], &[]);
    assert!(images.contains("holds no webdataset data set"), "{images}");
}

#[test]
fn a_run_folder_says_what_is_in_it_finished_or_not() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let state = json!({
        "stores": {"features/A/cars-test": "1", "features/A/cars-train": "2"},
        "parts": {"A/run-0": "3"}, "analysis": "", "report": "",
    });
    write(&dir.join("out/run.json"), &state.to_string());
    write(&dir.join("out/features/A/cars-test/manifest.json"), "{}");
    png(&dir.join("out/report/figures/axes.png"), 1);
    for path in ["out", "out/run.json"] {
        let (text, value) = inspected(dir, path);
        assert_eq!(value["kind"], "run", "{path}");
        assert_eq!(value["stores"], json!(["features/A/cars-test"]));
        assert_eq!(value["gone"], json!(["features/A/cars-train"]));
        assert!(text.contains("run the experiment again to finish it"), "{text}");
        assert!(text.contains("A/run-0"), "{text}");
    }
    let (text, value) = inspected(dir, "out/features");
    assert_eq!(value["stores"], json!(["A/cars-test"]), "{text}");
    assert!(text.contains("1 feature store; inspect it"), "{text}");
    // What its results are, and what is wrong with them.
    write(&dir.join("out/results.json"), "{}");
    let (text, value) = inspected(dir, "out");
    assert!(value["problem"].as_str().unwrap().contains("results.json"), "{text}");
    write(&dir.join("out/run.json"), r#"{"stores": 3}"#);
    let damaged = refused(dir, &["inspect", "out"], &[]);
    assert!(damaged.contains("run the experiment again"), "{damaged}");
}

#[test]
fn json_that_is_no_results_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let config =
        json!({"architectures": ["ViTModel"], "hidden_size": 384, "model_type": "vit", "id2label": {"0": "cat"}});
    write(&dir.path().join("config.json"), &config.to_string());
    let (text, value) = inspected(dir.path(), "config.json");
    assert!(
        text.starts_with("configuration of a transformers model, config.json\n"),
        "{text}"
    );
    assert!(
        text.contains("model_type     vit\n") && text.contains("inspect the checkpoint or the folder"),
        "{text}"
    );
    assert_eq!(
        (&value["kind"], &value["settings"]["hidden_size"]),
        (&json!("settings"), &json!(384))
    );
    for (file, what) in [
        (
            r#"{"compilerOptions": {}, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}"#,
            "it has compilerOptions, b, c, d, e, …",
        ),
        ("[1, 2]", "it is a list"),
        ("{}", "it is empty"),
    ] {
        write(&dir.path().join("other.json"), file);
        let said = refused(dir.path(), &["inspect", "other.json"], &[]);
        let expected = format!("other.json: JSON of no known kind ({what}); inspect takes a checkpoint, images,");
        assert!(said.contains(&expected) && said.lines().count() == 1, "{said}");
    }
    write(&dir.path().join("other.json"), "{\"schema\"");
    assert!(refused(dir.path(), &["inspect", "other.json"], &[]).contains("not JSON"));
}
