//! Images that are files of their own: a folder per class, or paths listed somewhere.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::clause::Clause;
use super::raw::{Body, Raw};
use super::source::Source;
use crate::error::{Error, Result};
use crate::files::{self, hash_from};

/// The endings of image files, in lower case.
pub(super) const ENDINGS: [&str; 9] = ["jpg", "jpeg", "jpe", "png", "webp", "bmp", "gif", "tif", "tiff"];
/// No encoded image is larger, whatever holds it: the largest of ImageNet has 15 MB, and several are held at once.
pub(super) const MAX_FILE: u64 = 128 << 20;
/// Above this much, a fingerprint takes only sizes.
pub(super) const HASH_WHOLE: u64 = 1 << 30;

/// Whether the file's ending is that of an image.
pub(super) fn is_image(path: &Path) -> bool {
    path.extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| ENDINGS.contains(&e.to_lowercase().as_str()))
}

/// Whether a file that ends in `.tar` is what PyTorch writes: many training scripts call checkpoints so.
pub(super) fn is_checkpoint(path: &Path) -> bool {
    crate::files::is_zip_or_pickle(path)
}

/// Files below a folder; their paths relative to it are their ids.
pub(super) struct Files {
    pub(super) root: PathBuf,
    pub(super) files: Vec<String>,
    /// Whether they were found in their folders, rather than named somewhere.
    pub(super) found: bool,
}

impl Source for Files {
    fn id(&self, row: usize) -> String {
        self.files[row].clone()
    }

    fn read(&self, rows: &[usize], budget: usize) -> Result<Vec<Raw>> {
        let raw = |row: usize| {
            let path = self.root.join(&self.files[row]);
            let body = read(&path).map_or_else(Body::Missing, Body::Encoded);
            Ok(Raw::new(self.id(row), path.display().to_string(), body))
        };
        within(rows, budget, raw)
    }

    fn gone(&self, row: usize) -> Option<PathBuf> {
        let path = self.root.join(&self.files[row]);
        let folder = path.parent().filter(|_| self.found).unwrap_or(&self.root);
        // A path of one name is in the folder where the program runs.
        (!folder.as_os_str().is_empty() && !folder.is_dir()).then(|| folder.to_path_buf())
    }

    fn digest(&self, rows: &[usize], hasher: &mut Sha256) -> Result<()> {
        digest(rows.iter().map(|&row| self.root.join(&self.files[row])), hasher)
    }
}

/// The images of the first rows, until they take `budget` bytes.
pub(super) fn within(rows: &[usize], budget: usize, mut read: impl FnMut(usize) -> Result<Raw>) -> Result<Vec<Raw>> {
    let (mut images, mut held) = (Vec::new(), 0);
    for &row in rows {
        let image = read(row)?;
        held += image.stored();
        images.push(image);
        if held >= budget {
            break;
        }
    }
    Ok(images)
}

/// The bytes of an image file, or why there are none.
pub(super) fn read(path: &Path) -> Clause<Vec<u8>> {
    files::read(path, MAX_FILE).map_err(|error| match error {
        Error::Io { source, .. } => source.to_string(),
        other => {
            let sentence = other.to_string();
            let reason = sentence
                .strip_prefix(&format!("{}: ", path.display()))
                .map(str::to_owned);
            reason.unwrap_or(sentence)
        }
    })
}

/// Feeds the files' sizes to the hasher, and their bytes where they are not too many. A file that is not there counts as
/// such: whether that is an error is decided where its image is decoded.
pub(super) fn digest(paths: impl Iterator<Item = PathBuf> + Clone, hasher: &mut Sha256) -> Result<()> {
    let mut total = 0_u64;
    for path in paths.clone() {
        let size = std::fs::metadata(&path).map(|about| about.len()).ok();
        hasher.update(size.unwrap_or(u64::MAX).to_le_bytes());
        total += size.unwrap_or(0);
    }
    if total <= HASH_WHOLE {
        for path in paths.filter(|path| path.is_file()) {
            hash_from(&path, 0, hasher)?;
        }
    }
    Ok(())
}
