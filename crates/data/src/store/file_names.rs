//! What the files of a feature store are called.

/// The manifest's file name; it is written last, so a folder that has it is whole.
pub(super) const MANIFEST: &str = "manifest.json";

/// The description a writer began with, for the one that takes its work up.
pub(super) const DESCRIPTION: &str = "description.json";

/// What its writer locks.
pub(super) const LOCK: &str = "lock";

/// The file name of a part.
pub(super) fn part_name(index: usize) -> String {
    format!("part-{index:05}.parquet")
}

/// True if a file is named as parts are.
pub(super) fn is_part(name: &str) -> bool {
    let number = name.strip_prefix("part-").and_then(|n| n.strip_suffix(".parquet"));
    number.is_some_and(|n| n.parse::<usize>().is_ok())
}

/// The file name of a part's note.
pub(super) fn note_name(part: &str) -> String {
    format!("{}.json", part.trim_end_matches(".parquet"))
}

/// True if a file is named as notes are.
pub(super) fn is_note(file: &str) -> bool {
    let part = file.strip_suffix(".json").map(|stem| format!("{stem}.parquet"));
    part.is_some_and(|part| is_part(&part))
}
