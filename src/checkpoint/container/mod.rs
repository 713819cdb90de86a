//! The containers: safetensors (also in shards), and torch's zip, legacy, tar and plain pickle files.
//!
//! Everything a file says of itself is checked against the file before it is used: no length is believed, no path
//! followed out of its folder, and of what is stated twice both must agree.

mod arrays;
mod safetensors;
mod shards;
mod source;
mod tar;
mod torch;
mod zip;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

use super::{Checkpoint, Opaque, TensorInfo};
use crate::error::{Error, Result};
pub(crate) use arrays::{Array, arrays};
pub(super) use source::Source;
use source::Stored;

/// Enough of a file to tell what it is: a tar header.
const HEAD: u64 = 512;

/// What one file holds.
#[derive(Default)]
struct Opened {
    container: &'static str,
    tensors: BTreeMap<String, TensorInfo>,
    stored: HashMap<String, Stored>,
    metadata: BTreeMap<String, Value>,
    nests: Vec<String>,
    opaque: Vec<Opaque>,
    /// What its pickle makes, in words, where that is no dictionary.
    root: Option<String>,
}

impl Opened {
    fn add(&mut self, name: String, shape: Vec<usize>, stored: Stored) {
        let dtype = stored.element.dtype();
        self.tensors.insert(name.clone(), TensorInfo { dtype, shape });
        self.stored.insert(name, stored);
    }

    /// Why this is no checkpoint, whatever tensors it has.
    fn no_weights(&self) -> Option<String> {
        let holder = self.opaque.iter().find(|o| o.tensors > 0);
        match (self.tensors.is_empty(), holder, &self.root) {
            (true, Some(holder), _) => Some(format!(
                "it holds tensors in an object of type {}, which cannot be read without running code; save its state_dict() \
                 instead",
                holder.class
            )),
            (true, None, Some(root)) => Some(format!("not a state dict ({root}); save model.state_dict() instead")),
            _ if self.tensors.contains_key("") => {
                Some("not a state dict (a single tensor); save model.state_dict() instead".to_owned())
            }
            _ => None,
        }
    }
}

/// The longest message; names in a file can be longer.
const MAX_SENTENCE: usize = 2000;

/// Opens a checkpoint of any container.
pub(super) fn open(path: &Path) -> Result<Checkpoint> {
    open_any(path).map_err(one_sentence)
}

fn one_sentence(error: Error) -> Error {
    match error {
        Error::Input(sentence) => Error::Input(one_line(&sentence)),
        other => other,
    }
}

/// A message that names from a file can neither break into lines nor make endless.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        if line.len() > MAX_SENTENCE {
            line.push('…');
            break;
        }
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

fn open_any(path: &Path) -> Result<Checkpoint> {
    let about = std::fs::metadata(path).map_err(Error::io(path))?;
    if about.is_dir() {
        return shards::open(&shards::index_in(path)?, path);
    }
    if !about.is_file() {
        return Err(Error::input(format!(
            "{}: neither a file nor a folder; expected a checkpoint file",
            path.display()
        )));
    }
    if shards::is_index(path) {
        return shards::open(path, path);
    }
    let (file, opened) = open_file(path)?;
    finish(path, vec![path.to_path_buf()], vec![file], opened)
}

/// Opens one file of weights.
fn open_file(path: &Path) -> Result<(File, Opened)> {
    let (mut file, len, head) = begin(path)?;
    let named_so = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("safetensors"));
    let opened = if named_so || head.get(8) == Some(&b'{') {
        safetensors::open(path, &mut file, len, &head)?
    } else {
        torch::open(path, &mut file, len, &head)?
    };
    match opened.no_weights() {
        Some(what) => Err(Error::input(format!("{}: {what}", path.display()))),
        None => Ok((file, opened)),
    }
}

/// Opens one file of torch's, of whatever tensors.
fn read_torch(path: &Path) -> Result<(File, Opened)> {
    let (mut file, len, head) = begin(path)?;
    let opened = torch::open(path, &mut file, len, &head)?;
    Ok((file, opened))
}

/// The file, its length and its first bytes.
fn begin(path: &Path) -> Result<(File, u64, Vec<u8>)> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let len = file.metadata().map_err(Error::io(path))?.len();
    let mut head = Vec::new();
    file.by_ref()
        .take(HEAD)
        .read_to_end(&mut head)
        .map_err(Error::io(path))?;
    match mistaken(&head) {
        Some(what) => Err(Error::input(format!("{}: {what}", path.display()))),
        None => Ok((file, len, head)),
    }
}

/// What people often have in place of a checkpoint.
fn mistaken(head: &[u8]) -> Option<&'static str> {
    const MISTAKES: [(&[u8], &str); 5] = [
        (
            b"version https://git-lfs",
            "a Git LFS pointer, not the checkpoint itself; fetch it with git lfs pull",
        ),
        (b"<!DOCTYPE", "a web page, not a checkpoint; download the file itself"),
        (b"<html", "a web page, not a checkpoint; download the file itself"),
        (
            b"\x89HDF",
            "an HDF5 (Keras) file; expected safetensors or a PyTorch checkpoint",
        ),
        (
            b"\x1f\x8b",
            "a gzip file; unpack it first (gunzip), then give the checkpoint in it",
        ),
    ];
    if head.is_empty() {
        return Some("an empty file; expected a checkpoint");
    }
    let start = head.trim_ascii_start();
    MISTAKES
        .iter()
        .find(|(magic, _)| start.len() >= magic.len() && start[..magic.len()].eq_ignore_ascii_case(magic))
        .map(|(_, what)| *what)
}

/// A checkpoint of files that were opened; `paths` are what its checksum covers, in order.
fn finish(path: &Path, paths: Vec<PathBuf>, files: Vec<File>, opened: Opened) -> Result<Checkpoint> {
    if opened.tensors.is_empty() {
        return Err(Error::input(format!(
            "{}: a {} file without any tensor; expected a checkpoint",
            path.display(),
            opened.container
        )));
    }
    Ok(Checkpoint {
        path: path.to_path_buf(),
        files: paths,
        container: opened.container,
        tensors: opened.tensors,
        metadata: opened.metadata,
        nests: opened.nests,
        opaque: opened.opaque,
        source: Source {
            files: files.into_iter().map(Mutex::new).collect(),
            tensors: opened.stored,
        },
        sha256: OnceLock::new(),
    })
}
