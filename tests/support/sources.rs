//! The sources of the package and its members, read as text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The package and its members are one house.
pub const ROOTS: [&str; 3] = ["crates/data/src", "crates/measure/src", "src"];

/// The Rust files below a folder of the package, by their paths in it.
pub fn files_below(root: &str) -> BTreeMap<PathBuf, String> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let mut found = Vec::new();
    walk(&root, &mut found);
    let inside = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path.strip_prefix(&root).unwrap().to_path_buf(), text)
    };
    found.into_iter().map(inside).collect()
}

/// The lines of a file without comments and without what is compiled for unit tests alone.
pub fn code(text: &str) -> impl Iterator<Item = &str> {
    // An item ends, as rustfmt lays it out, with the next line of its own indentation that closes it.
    let mut skipped: Option<&str> = None;
    text.lines().filter_map(move |line| {
        let rest = line.trim_start();
        let indent = &line[..line.len() - rest.len()];
        if let Some(own) = skipped {
            let is_end = indent == own && (rest == "}" || rest.ends_with(';'));
            skipped = skipped.filter(|_| !is_end);
            return None;
        }
        if rest.starts_with("#[cfg(test)]") {
            skipped = Some(indent);
            return None;
        }
        Some(line.split("//").next().unwrap_or_default())
    })
}
