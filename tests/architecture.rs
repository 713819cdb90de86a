//! The house keeps its direction: a module imports only what stands before it, and every heavy dependency has one door.

#[path = "support/sources.rs"]
mod sources;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sources::{ROOTS, code, files_below};

/// What each module may name from this crate, beside itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("shown", &[]),
    ("error", &["shown"]),
    ("files", &["error"]),
    ("features", &["error", "files"]),
    ("uncertainty", &["error"]),
    ("results", &["shown", "error", "files", "features", "uncertainty"]),
    ("checkpoint", &["error", "files"]),
    ("store", &["error", "files", "features"]),
    ("linalg", &["error"]),
    ("stats", &["error", "files", "features", "linalg", "uncertainty"]),
    ("probes", &["error", "stats", "linalg", "uncertainty"]),
    ("metrics", &["error", "stats", "linalg", "uncertainty", "probes"]),
    (
        "analysis",
        &[
            "error",
            "features",
            "results",
            "linalg",
            "stats",
            "uncertainty",
            "probes",
            "metrics",
        ],
    ),
    ("selftest", &["error", "features", "results", "metrics", "analysis"]),
    ("compare", &["error", "features", "results", "uncertainty", "metrics"]),
    (
        "report",
        &[
            "shown",
            "error",
            "features",
            "results",
            "uncertainty",
            "metrics",
            "compare",
        ],
    ),
    ("images", &["error", "files"]),
    ("kind", &["error", "files", "store", "checkpoint", "images"]),
    (
        "extract",
        &["error", "files", "features", "store", "checkpoint", "images"],
    ),
    ("pretrain", &["error", "files", "checkpoint", "images", "extract"]),
];

/// The only files that may name a dependency.
const DOORS: &[(&str, &[&str])] = &[
    ("ndarray_linalg", &["linalg"]),
    ("lapack_sys", &["linalg"]),
    ("cblas_sys", &["linalg"]),
    ("polars", &["compare/pivot.rs"]),
    ("plotters", &["report/figure"]),
    ("tch", &["extract", "pretrain"]),
    ("torch_sys", &["extract"]),
    ("anyhow", &["cli"]),
    // What reads bytes that nobody trusts has its guards in one place; the export writes an archive of its own.
    ("safetensors", &["files", "pretrain/checkpoint_files.rs"]),
    ("flate2", &["files", "images"]),
];

fn sources() -> BTreeMap<PathBuf, String> {
    ROOTS.into_iter().flat_map(files_below).collect()
}

fn module(path: &Path) -> String {
    path.components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

/// Words that follow `prefix::` where a path starts.
fn named<'a>(line: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut words = Vec::new();
    for (at, _) in line.match_indices(prefix) {
        let starts = line[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':');
        if starts {
            let rest = &line[at + prefix.len()..];
            words.push(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap());
        }
    }
    words
}

#[test]
fn no_module_imports_what_stands_after_it() {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for (path, text) in sources() {
        let own = module(&path);
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == own) else {
            continue;
        };
        for line in code(&text) {
            for name in named(line, "crate::") {
                judged += 1;
                if name != own && !allowed.contains(&name) {
                    wrong.push(format!("{}: {}", path.display(), line.trim()));
                }
            }
        }
    }
    assert!(
        judged > 50,
        "only {judged} imports seen: does this test still read them?"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let known: Vec<&str> = MAY_IMPORT
        .iter()
        .map(|(name, _)| *name)
        .chain(["cli", "lib", "main", "bin"])
        .collect();
    for path in sources().keys() {
        assert!(
            known.contains(&module(path).as_str()),
            "{} is not in the order of modules",
            path.display()
        );
    }
}

#[test]
fn heavy_dependencies_come_in_by_one_door() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let file = path.to_string_lossy().replace('\\', "/");
        for (dependency, doors) in DOORS {
            let allowed = doors
                .iter()
                .any(|door| file == *door || file.starts_with(&format!("{door}/")));
            for line in code(&text) {
                if !allowed
                    && (!named(line, &format!("{dependency}::")).is_empty()
                        || line.trim() == format!("use {dependency};"))
                {
                    wrong.push(format!("{file}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A metric's row names its kind, and one file of the analysis tells the kinds apart: whoever else did would have to be found
/// for every new one.
#[test]
fn kinds_of_metrics_are_told_apart_in_one_place() {
    let knows = |(path, text): (PathBuf, String)| {
        let words = code(&text).any(|line| !named(line, "Eval::").is_empty());
        let file = path.to_string_lossy().replace('\\', "/");
        (words && !file.starts_with("metrics/")).then_some(file)
    };
    let found: Vec<String> = sources().into_iter().filter_map(knows).collect();
    assert_eq!(found, ["analysis/kinds.rs"]);
}

/// Who may open files itself, and why.
const OPENS_FILES: &[(&str, &str)] = &[
    ("results/write/folder.rs", "locks its folder and moves files of its own"),
    ("store/places.rs", "syncs folders"),
    ("extract/device.rs", "reads the system's list of libraries"),
];

#[test]
fn files_are_opened_through_one_door() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let file = path.to_string_lossy().replace('\\', "/");
        let is_test = file.ends_with("/tests.rs");
        if is_test || module(&path) == "files" || OPENS_FILES.iter().any(|(who, _)| *who == file) {
            continue;
        }
        for line in code(&text) {
            for word in ["File::open(", "fs::read(", "fs::read_to_string(", "OpenOptions::new("] {
                if line.contains(word) {
                    wrong.push(format!("{file}: {}", line.trim()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "use files::open, which refuses pipes and devices:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn only_the_command_line_prints() {
    for (path, text) in sources() {
        if module(&path) == "cli" {
            continue;
        }
        for line in code(&text) {
            for word in ["println!", "eprintln!", "print!", "eprint!", "dbg!", "process::exit"] {
                assert!(!line.contains(word), "{}: {}", path.display(), line.trim());
            }
        }
    }
}

/// One meaning per name: a type that other files can see shares its name with no other type of the house. In files of their own, names
/// such as `Row` may repeat.
#[test]
fn a_name_stands_for_one_type() {
    // One in the module of each command, one in that of each network.
    const IN_EACH_MODULE: [&str; 2] = ["Args", "Net"];
    let mut declared: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for root in ROOTS {
        for (path, text) in files_below(root) {
            for line in code(&text) {
                let (is_visible, item) = match line.strip_prefix("pub") {
                    Some(rest) if rest.starts_with('(') => (true, rest.split_once(") ").map_or("", |(_, item)| item)),
                    Some(rest) => (true, rest.trim_start()),
                    None => (false, line),
                };
                let mut words = item.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                if let (Some("struct" | "enum" | "trait" | "type" | "union"), Some(name)) = (words.next(), words.next())
                {
                    let place = format!("{root}/{}", path.display());
                    declared.entry(name.to_owned()).or_default().push((place, is_visible));
                }
            }
        }
    }
    assert!(declared.len() > 500, "only {} types are found", declared.len());
    let shared: Vec<String> = declared
        .iter()
        .filter(|(name, places)| {
            places.len() > 1
                && places.iter().any(|(_, is_visible)| *is_visible)
                && !IN_EACH_MODULE.contains(&name.as_str())
        })
        .map(|(name, places)| {
            let places: Vec<&str> = places.iter().map(|(place, _)| place.as_str()).collect();
            format!("{name}: {}", places.join(", "))
        })
        .collect();
    assert!(shared.is_empty(), "types of one name:\n{}", shared.join("\n"));
}
