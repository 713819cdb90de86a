//! What a writer notes beside each part of an unfinished store, for the one that takes its work up: the part's hash, and
//! what its caller wants to know again. The note is there before the part has its name.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::file_names::note_name;
use super::manifest::Part;
use super::refusal::malformed;
use crate::error::Result;
use crate::files::{self, write_atomically};

/// The note of one part.
#[derive(Serialize, Deserialize)]
pub(super) struct Note {
    part: Part,
    memory: Vec<Value>,
}

/// What is found where a part may be.
pub(super) enum PartState {
    /// Neither part nor note.
    Nothing,
    /// The part as it was written, and its memory.
    Whole(Part, Vec<Value>),
    /// Not the part as it was written, and why.
    Unsound(String),
}

/// Notes that `part` is about to get its name in `dir`.
pub(super) fn write(dir: &Path, part: &Part, memory: Vec<Value>) -> Result<()> {
    let path = dir.join(note_name(&part.file));
    let note = Note {
        part: part.clone(),
        memory,
    };
    let text = serde_json::to_string(&note).map_err(|e| malformed(&path, e))?;
    write_atomically(&path, text.as_bytes())
}

/// Looks whether the part called `file` in `dir` is the one that was written there.
pub(super) fn look(dir: &Path, file: &str) -> Result<PartState> {
    let (path, note) = (dir.join(file), dir.join(note_name(file)));
    if !path.exists() && !note.exists() {
        return Ok(PartState::Nothing);
    }
    let unsound = |why: &str| Ok(PartState::Unsound(format!("{file} {why}")));
    let note: Note = match files::read(&note, files::MAX_TEXT).map(|text| serde_json::from_slice(&text)) {
        Ok(Ok(note)) => note,
        _ => return unsound("has no sound note of its hash"),
    };
    if note.part.file != file {
        return unsound("has the note of another part");
    }
    if !path.exists() {
        return unsound("is missing");
    }
    if files::sha256_of(&path)? != note.part.sha256 {
        return unsound("is not as it was written");
    }
    Ok(PartState::Whole(note.part, note.memory))
}
