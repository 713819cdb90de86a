//! Calls in a pickle beside the weights of a sound network: what is harmless loads as it is, every other one is named by
//! `inspect`, refused by what reads the weights, and read past where the user accepts it.

mod honest;
mod many;
#[cfg(feature = "analysis")]
#[path = "../common/program.rs"]
mod program;
mod refused;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;

use support::pickles::Pickle;
use support::*;

/// A network with one more entry in its dictionary.
fn beside(folder: &Folder, entry: &Pickle) -> PathBuf {
    let path = folder.path("model.pth");
    let items = Pickle::default().text("extra").raw(entry.body()).raw(b"s");
    write_pth_items(&path, &backbone(&small()), Some("state_dict"), &items.0);
    path
}

#[test]
#[cfg(feature = "analysis")]
fn the_programs_show_refuse_and_accept() {
    use std::process::Output;
    let folder = Folder::new();
    let path = beside(&folder, &Pickle::new(2).name("my.models", "Net").raw(b")\x81"));
    let featscope = |words: &[&str]| program::featscope(folder.0.path(), words);
    let texts = |out: &Output| [&out.stdout, &out.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    let seen = featscope(&["inspect", "model.pth"]);
    let [sheet, _] = texts(&seen);
    assert!(seen.status.success());
    for part in [
        "calls      would run code where it is loaded: my.models.Net (1 time)",
        "pass --allow-unknown-calls (nothing runs here)",
        "backbone ",
    ] {
        assert!(sheet.contains(part), "{sheet}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&texts(&featscope(&["inspect", "model.pth", "--format", "json"]))[0]).unwrap();
    assert_eq!(json["calls"]["calls"][0]["name"], "my.models.Net");
    let export = [
        "export",
        "--model",
        "model.pth",
        "--naming",
        "torchvision",
        "-o",
        "b.safetensors",
    ];
    let refused = featscope(&export);
    let [_, said] = texts(&refused);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        said.contains("would run code where it is loaded: my.models.Net (1 time)"),
        "{said}"
    );
    let [_, said] = texts(&featscope(&[&export[..], &["--allow-unknown-calls"]].concat()));
    // The small network has no other library's names, which is another reason.
    assert!(!said.contains("pass --allow-unknown-calls"), "{said}");
    // A file without weights is shown too.
    std::fs::write(&path, Pickle::new(2).name("os", "system").call("x").end()).unwrap();
    let seen = featscope(&["inspect", "model.pth"]);
    let [sheet, _] = texts(&seen);
    assert!(
        seen.status.success() && sheet.contains("would run code where it is loaded: os.system (1 time)"),
        "{sheet}"
    );
    assert!(
        !featscope(&[&export[..], &["--allow-unknown-calls"]].concat())
            .status
            .success()
    );
}
