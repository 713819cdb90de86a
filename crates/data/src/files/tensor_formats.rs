//! Files of tensors, safetensors and torch's, told apart by their first bytes.
//!
//! Everything a file says of itself is checked against the file before it is used: no length is believed, no path
//! followed out of its folder, and of what is stated twice both must agree.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::container::Container;
use super::pickle::Keep;
use super::regular::open;
use super::safetensors::MAX_TENSORS;
use super::{safetensors, torch};
use crate::error::{Error, Result};

/// Enough of a file to tell what it is: a tar header.
const HEAD: u64 = 512;

impl Container {
    /// Opens a file of weights: its tensors, and plain values beside them.
    ///
    /// # Errors
    /// When the file cannot be read, is no such file, or is damaged or hostile.
    pub fn of_weights(path: &Path) -> Result<(File, Self)> {
        read(path, Keep::Names)
    }

    /// Opens a file of data: its tensors, arrays of numpy, and lists.
    ///
    /// # Errors
    /// As [`Container::of_weights`].
    pub fn of_data(path: &Path) -> Result<Self> {
        Ok(read(path, Keep::Data)?.1)
    }
}

fn read(path: &Path, keep: Keep) -> Result<(File, Container)> {
    let (mut file, len) = open(path)?;
    let mut head = Vec::new();
    file.by_ref()
        .take(HEAD)
        .read_to_end(&mut head)
        .map_err(Error::io(path))?;
    if let Some(what) = mistaken(&head) {
        return Err(Error::input(format!("{}: {what}", path.display())));
    }
    let named_so = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("safetensors"));
    let container = if named_so || head.get(8) == Some(&b'{') {
        safetensors::open(path, &mut file, len, &head)
    } else {
        torch::open(path, &mut file, len, &head, keep)
    };
    let container = container?;
    match container.arrays.len() > MAX_TENSORS {
        true => Err(Error::input(format!(
            "{}: holds {} tensors, more than the {MAX_TENSORS} that any checkpoint has",
            path.display(),
            container.arrays.len()
        ))),
        false => Ok((file, container)),
    }
}

/// What people often have in place of such a file.
fn mistaken(head: &[u8]) -> Option<&'static str> {
    const MISTAKES: [(&[u8], &str); 5] = [
        (
            b"version https://git-lfs",
            "a Git LFS pointer, not the file itself; fetch it with git lfs pull",
        ),
        (
            b"<!DOCTYPE",
            "a web page, not a file of tensors; download the file itself",
        ),
        (b"<html", "a web page, not a file of tensors; download the file itself"),
        (
            b"\x89HDF",
            "an HDF5 (Keras) file; expected safetensors or a PyTorch file",
        ),
        (
            b"\x1f\x8b",
            "a gzip file; unpack it first (gunzip), then give the file in it",
        ),
    ];
    if head.is_empty() {
        return Some("an empty file; expected safetensors or a PyTorch file");
    }
    let start = head.trim_ascii_start();
    MISTAKES
        .iter()
        .find(|(magic, _)| start.len() >= magic.len() && start[..magic.len()].eq_ignore_ascii_case(magic))
        .map(|(_, what)| *what)
}
