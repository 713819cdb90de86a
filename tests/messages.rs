//! What is said and printed: one sentence of bounded length whatever is in a file, and names that steer nothing that shows them.
#![cfg(feature = "analysis")]

#[path = "common/program.rs"]
mod program;
mod synthetic;

use std::fs;
use std::path::Path;
use std::process::Output;

use featscope::results::{Analysis, Column};
use featscope::shown::{MAX_SENTENCE, steers};
use ndarray::Array2;
use program::{featscope, text};

/// One sentence of bounded length on standard error, nothing on standard output.
fn one_sentence(out: &Output, what: &str) -> String {
    let said = text(&out.stderr);
    assert_eq!(
        (out.status.code(), out.stdout.len(), said.lines().count()),
        (Some(2), 0, 1),
        "{what}: {said:.2000}"
    );
    let line = said.trim_end();
    assert!(!line.chars().any(steers), "{what}: {line}");
    let sentence = line.strip_prefix("error: ").unwrap_or_else(|| panic!("{what}: {line}"));
    assert!(sentence.chars().count() <= MAX_SENTENCE, "{what}: {}", sentence.len());
    sentence.to_owned()
}

/// A safetensors file with one array of floats of this name and shape.
fn safetensors(path: &Path, name: &str, shape: &[usize]) {
    let bytes = 4 * shape.iter().product::<usize>();
    let header = serde_json::json!({name: {"dtype": "F32", "shape": shape, "data_offsets": [0, bytes]}}).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.resize(file.len() + bytes, 0);
    fs::write(path, file).unwrap();
}

#[test]
fn a_message_is_one_sentence_of_bounded_length_whatever_is_in_the_file() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let long = "n".repeat(1 << 20);
    let columns: Vec<String> = (0..30_000).map(|i| format!("column {i}")).collect();
    let write = |name: &str, text: &str| fs::write(dir.join(name), text).unwrap();
    write("wide.csv", &format!("{}\n{}\n", columns.join(","), "x,".repeat(29_999)));
    write("image.csv", &format!("{}\nx\n", columns.join(",")));
    write("names.csv", &format!("path,label\n{long}.png,a\n{long}.png,b\n"));
    write(
        "steering.csv",
        "path,label\n\"a\r\n\u{1b}[2J\u{202e}.png\",a\n\"a\r\n\u{1b}[2J\u{202e}.png\",b\n",
    );
    write("key.toml", &format!("{long} = 1\n"));
    write("line.toml", &format!("out = \"\u{1b}]0;title\u{7}{long}\n"));
    write(
        "schema.json",
        &format!("{{\"schema\": \"featscope/results/\\u202e{long}\"}}"),
    );
    safetensors(&dir.join("name.safetensors"), &format!("{long}\u{1b}[2J"), &[2]);
    ndarray_npy::write_npy(dir.join("x.npy"), &Array2::<f32>::zeros((4, 2))).unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["analyze", "wide.csv"], "wide.csv"),
        (&["inspect", "csv:image.csv"], "image.csv"),
        (&["inspect", "csv:names.csv"], "names.csv"),
        (&["inspect", "csv:steering.csv"], "steering.csv"),
        (&["run", "key.toml"], "key.toml"),
        (&["run", "line.toml"], "line.toml"),
        (&["compare", "schema.json"], "schema.json"),
        (&["analyze", "name.safetensors"], "name.safetensors"),
        (
            &[
                "export",
                "--model",
                "name.safetensors",
                "--naming",
                "timm",
                "-o",
                "o.pth",
            ],
            "name.safetensors",
        ),
        (&["analyze", &long[..60_000]], "nnn"),
        (&["analyze", "a\r\u{1b}[2J\u{202e}.npy"], r"a\r\u{1b}[2J\u{202e}.npy"),
        (&["analyze", "x.npy", "--metrics", &long[..60_000]], "nnn"),
        (&["analyze", "x.npy", "--metrics", "a\u{1b}[2J"], r"a\u{1b}[2J"),
        (&["analyze", "x.npy", "--labels", &long[..60_000]], "nnn"),
    ];
    for (words, named) in cases {
        let what = format!("{:.80}", words.join(" "));
        let sentence = one_sentence(&featscope(dir, words), &what);
        assert!(sentence.contains(named), "{what}: {sentence}");
    }
    // What clap refuses has its usage below, and no line of it is longer.
    let out = featscope(
        dir,
        &[
            "analyze",
            "x.npy",
            "--seed",
            &format!("\u{1b}[2J\u{202e}{}", &long[..60_000]),
        ],
    );
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{said:.2000}");
    assert!(said.starts_with(r"error: invalid value '\u{202e}nnn"), "{said:.2000}");
    assert!(
        said.lines()
            .all(|l| l.chars().count() <= MAX_SENTENCE + 7 && !l.chars().any(steers))
    );
}

/// Names that turn the line, end it, clear the screen, break a table or are a formula.
const STEERING: [(&str, &str); 3] = [
    ("SL", "=HYPERLINK(1)\r\u{1b}[2J"),
    ("SL-MLP", "@a\n|b|\u{202e}\u{9b}31m"),
    ("SimCLR", "-1+\u{2028}`c`\u{7f}\u{e0041}"),
];

fn steering() -> Analysis {
    let renamed = |name: &mut String| {
        if let Some((_, new)) = STEERING.iter().find(|(old, _)| old == name) {
            *name = (*new).to_owned();
        }
    };
    let mut analysis = synthetic::analysis();
    for record in &mut analysis.results.records {
        renamed(&mut record.model);
        record.layer.push_str("\u{1b}]0;x\u{7}");
        record.note = Some("a\rnote".to_owned());
    }
    for input in &mut analysis.results.inputs {
        renamed(&mut input.model);
        input.path.push_str("\r\u{1b}[2J");
        input
            .layers
            .iter_mut()
            .for_each(|layer| layer.push_str("\u{1b}]0;x\u{7}"));
    }
    for (name, column) in analysis.tables.iter_mut().flat_map(|t| &mut t.columns) {
        if let Column::Text(values) = column {
            match name.as_str() {
                "model" => values.iter_mut().for_each(renamed),
                "layer" => values.iter_mut().for_each(|v| v.push_str("\u{1b}]0;x\u{7}")),
                _ => {}
            }
        }
    }
    analysis.results.command.push_str("\r\u{1b}[2J");
    analysis
}

#[test]
fn names_steer_nothing_in_any_format() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    steering().write(&dir.join("r")).unwrap();
    let layer = format!("backbone{}", "\u{1b}]0;x\u{7}");
    let mut shown = Vec::new();
    for format in ["text", "json", "csv", "markdown"] {
        shown.push(vec!["compare", "r", "--layer", &layer, "--format", format]);
    }
    shown.push(vec!["inspect", "r"]);
    shown.push(vec!["inspect", "r", "--format", "json"]);
    shown.push(vec!["report", "r", "--layer", &layer, "--out", "report"]);
    for words in shown {
        let out = featscope(dir, &words);
        assert!(out.status.success(), "{words:?}: {}", text(&out.stderr));
        for stream in [&out.stdout, &out.stderr] {
            let printed = text(stream);
            let wrong = printed.lines().find(|line| line.chars().any(steers));
            assert_eq!(wrong, None, "{words:?}");
        }
        let printed = text(&out.stdout);
        match words.last().copied() {
            Some("json") => {
                // What JSON says is the name itself.
                let value: serde_json::Value = serde_json::from_str(&printed).unwrap();
                let names = value.to_string();
                assert!(
                    names.contains(&serde_json::json!(STEERING[1].1).to_string()),
                    "{names:.2000}"
                );
            }
            Some("csv") => {
                let mut rows = csv::Reader::from_reader(printed.as_bytes());
                let column = rows.headers().unwrap().iter().position(|h| h == "model").unwrap();
                let models: Vec<String> = rows.records().map(|r| r.unwrap()[column].to_owned()).collect();
                for (name, expected) in [
                    (0, r"'=HYPERLINK(1)\r\u{1b}[2J"),
                    (1, r"'@a\n|b|\u{202e}\u{9b}31m"),
                    (2, r"'-1+\u{2028}`c`\u{7f}\u{e0041}"),
                ] {
                    assert!(models.iter().any(|m| m == expected), "{name}: {models:?}");
                }
            }
            Some("markdown") => {
                let row = printed.lines().find(|line| line.contains("HYPERLINK")).unwrap();
                assert!(row.contains(r"=HYPERLINK(1)\\r\\u{1b}\[2J"), "{row}");
            }
            _ => {}
        }
    }
    for folder in ["", "tables", "figures"] {
        for entry in fs::read_dir(dir.join("report").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && !path.extension().is_some_and(|e| e == "parquet" || e == "png") {
                let printed = fs::read_to_string(&path).unwrap();
                let wrong = printed.lines().find(|line| line.chars().any(steers));
                assert_eq!(wrong, None, "{}", path.display());
            }
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_device_is_an_error_and_a_closed_reader_is_none() {
    let run = |words: &str, stdout: std::process::Stdio| {
        let program = assert_cmd::cargo::cargo_bin("featscope");
        let mut command = std::process::Command::new(program);
        let words = words.split(' ');
        let child = command
            .args(words)
            .stdout(stdout)
            .stderr(std::process::Stdio::piped())
            .spawn();
        child.unwrap()
    };
    for words in [
        "--help",
        "--version",
        "metrics",
        "metrics --help",
        "metrics coral --format json",
        "completions bash",
    ] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let out = run(words, full.into()).wait_with_output().unwrap();
        assert_eq!(out.status.code(), Some(2), "{words}");
        assert!(text(&out.stderr).starts_with("error: standard output: "), "{words}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let out = run(words, writer.into()).wait_with_output().unwrap();
        assert_eq!((out.status.code(), out.stderr.len()), (Some(0), 0), "{words}");
    }
}
