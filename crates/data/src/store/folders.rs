//! Folders with feature stores in them.

use std::path::Path;

use super::file_names::MANIFEST;

/// Stores of a run lie below their model, its run and its step.
const DEPTH: usize = 4;

/// The feature stores in a folder by their paths in it, sorted: those directly in it, else those in its folders.
pub fn stores_in(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for depth in 1..=DEPTH {
        collect(folder, "", depth, &mut names);
        if !names.is_empty() {
            break;
        }
    }
    names.sort();
    names
}

/// Adds the stores that lie exactly so deep.
fn collect(folder: &Path, before: &str, depth: usize, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || !entry.path().is_dir() {
            continue;
        }
        let place = format!("{before}{name}");
        match depth {
            1 if entry.path().join(MANIFEST).is_file() => names.push(place),
            1 => {}
            _ => collect(&entry.path(), &format!("{place}/"), depth - 1, names),
        }
    }
}

/// True if there are stores directly in a folder.
pub fn has_stores(folder: &Path) -> bool {
    let mut names = Vec::new();
    collect(folder, "", 1, &mut names);
    !names.is_empty()
}

pub(super) fn is_folder_of_stores(path: &Path) -> bool {
    !path.join(MANIFEST).exists() && !stores_in(path).is_empty()
}

/// True if a folder is a feature store.
pub fn is_store(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file()
}

/// True if a file is the manifest of a feature store, by its name.
pub fn is_store_manifest(file: &Path) -> bool {
    file.ends_with(MANIFEST)
}
