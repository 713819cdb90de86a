//! Images that are files of their own: a folder per class, or paths listed somewhere.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::clause::Clause;
use super::raw::{Body, Raw};
use super::source::ImageSource;
use crate::error::{Error, Result};
use crate::files::{self, hash_from};

/// The endings of image files, in lower case.
pub(super) const ENDINGS: [&str; 9] = ["jpg", "jpeg", "jpe", "png", "webp", "bmp", "gif", "tif", "tiff"];
/// No encoded image is larger, whatever holds it: the largest of ImageNet has 15 MB, and several are held at once.
pub(super) const MAX_FILE: u64 = 128 << 20;
/// Above this much, a fingerprint takes only sizes.
pub(super) const HASH_WHOLE: u64 = 1 << 30;
/// Bytes of files held at once for a fingerprint.
const HASH_HELD: u64 = 64 << 20;
/// Files asked for at once.
pub(super) const AT_ONCE: usize = 1024;

/// True if the file's ending is that of an image.
pub(super) fn is_image(path: &Path) -> bool {
    path.extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| ENDINGS.contains(&e.to_lowercase().as_str()))
}

/// True if a file that ends in `.tar` is what PyTorch writes: many training scripts call checkpoints so.
pub(super) fn is_checkpoint(path: &Path) -> bool {
    crate::files::is_zip_or_pickle(path)
}

/// Files below a folder; their paths relative to it are their ids.
pub(super) struct Files {
    pub(super) root: PathBuf,
    pub(super) files: Vec<String>,
    /// True if they were found in their folders, rather than named somewhere.
    pub(super) found: bool,
    pub(super) sizes: FileSizes,
}

/// Sizes of the files that are to be read next: a call that reads the first few of them leaves those of the others to the
/// calls after it.
#[derive(Default)]
pub(super) struct FileSizes(Mutex<HashMap<usize, Option<u64>>>);

impl FileSizes {
    /// Sizes in bytes of these files, each by its number; of one that is not there, none. Only files that the call before
    /// did not name are asked for.
    pub(super) fn get(&self, numbers: &[usize], path: impl Fn(usize) -> PathBuf) -> Vec<Option<u64>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (new, paths): (Vec<usize>, Vec<PathBuf>) = numbers
            .iter()
            .filter(|number| !known.contains_key(number))
            .map(|&number| (number, path(number)))
            .unzip();
        known.extend(new.into_iter().zip(sizes(&paths)));
        let found: Vec<Option<u64>> = numbers.iter().map(|number| known[number]).collect();
        *known = numbers.iter().copied().zip(found.iter().copied()).collect();
        found
    }
}

impl ImageSource for Files {
    fn id(&self, row: usize) -> String {
        self.files[row].clone()
    }

    fn read(&self, rows: &[usize], budget: usize) -> Result<Vec<Raw>> {
        let some = &rows[..rows.len().min(AT_ONCE)];
        let many = first_within(&self.sizes.get(some, |row| self.path(row)), budget as u64);
        let raw = |&row: &usize| {
            let path = self.path(row);
            let body = read(&path).map_or_else(Body::Missing, Body::Encoded);
            Raw::new(self.id(row), path.display().to_string(), body)
        };
        Ok(some[..many].par_iter().map(raw).collect())
    }

    fn gone(&self, row: usize) -> Option<PathBuf> {
        let path = self.path(row);
        let folder = path.parent().filter(|_| self.found).unwrap_or(&self.root);
        // A path of one name is in the folder where the program runs.
        (!folder.as_os_str().is_empty() && !folder.is_dir()).then(|| folder.to_path_buf())
    }

    fn digest(&self, rows: &[usize], hasher: &mut Sha256) -> Result<()> {
        digest(rows.iter().map(|&row| self.path(row)), hasher)
    }
}

impl Files {
    fn path(&self, row: usize) -> PathBuf {
        self.root.join(&self.files[row])
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

/// Sizes in bytes of these files; of one that is not there, none. Disks that are far away answer many as fast as one.
fn sizes(paths: &[PathBuf]) -> Vec<Option<u64>> {
    let size = |path: &PathBuf| std::fs::metadata(path).map(|about| about.len()).ok();
    paths.par_iter().map(size).collect()
}

/// How many of the first files take no more than `budget` bytes together: at least one.
pub(super) fn first_within(sizes: &[Option<u64>], budget: u64) -> usize {
    let held = sizes.iter().scan(0_u64, |held, size| {
        *held += size.unwrap_or(0);
        Some(*held)
    });
    held.take_while(|held| *held <= budget).count().max(1).min(sizes.len())
}

/// Feeds the files' sizes to the hasher, and their bytes where they are not too many. A file that is not there counts as
/// such: whether that is an error is decided where its image is decoded.
pub(super) fn digest(paths: impl Iterator<Item = PathBuf> + Clone, hasher: &mut Sha256) -> Result<()> {
    let mut total = 0_u64;
    let mut left = paths.clone();
    while let Some(some) = next(&mut left) {
        for size in sizes(&some) {
            hasher.update(size.unwrap_or(u64::MAX).to_le_bytes());
            total += size.unwrap_or(0);
        }
    }
    if total > HASH_WHOLE {
        return Ok(());
    }
    let mut left = paths;
    while let Some(some) = next(&mut left) {
        hash_all(&some, hasher)?;
    }
    Ok(())
}

/// As many of the next files as are asked for at once.
fn next(paths: &mut impl Iterator<Item = PathBuf>) -> Option<Vec<PathBuf>> {
    let some: Vec<PathBuf> = paths.take(AT_ONCE).collect();
    (!some.is_empty()).then_some(some)
}

/// Feeds the bytes of these files to the hasher, in order, a few of them held at a time.
fn hash_all(mut paths: &[PathBuf], hasher: &mut Sha256) -> Result<()> {
    let sizes = sizes(paths);
    let mut sizes = sizes.as_slice();
    while let Some(first) = paths.first() {
        let many = first_within(sizes, HASH_HELD);
        match many {
            // It may be a large one.
            1 if first.is_file() => hash_from(first, 0, hasher)?,
            1 => {}
            _ => {
                let whole = |path: &PathBuf| path.is_file().then(|| files::read(path, HASH_WHOLE)).transpose();
                let read: Vec<Option<Vec<u8>>> = paths[..many].par_iter().map(whole).collect::<Result<_>>()?;
                read.into_iter().flatten().for_each(|bytes| hasher.update(bytes));
            }
        }
        (paths, sizes) = (&paths[many..], &sizes[many..]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` files of up to 40 bytes in a folder, the third of them missing.
    fn folder(count: usize) -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<String> = (0..count).map(|i| format!("{i}.png")).collect();
        for (i, name) in files.iter().enumerate().filter(|(i, _)| *i != 2) {
            std::fs::write(folder.path().join(name), vec![i as u8; i % 41]).unwrap();
        }
        let files = Files {
            root: folder.path().to_path_buf(),
            files,
            found: true,
            sizes: FileSizes::default(),
        };
        (folder, files)
    }

    #[test]
    fn files_are_read_in_order_and_no_more_than_may_be_held() {
        let (_folder, files) = folder(12);
        let rows: Vec<usize> = (1..12).collect();
        // 1 + 0 + 3 + 4 + 5 bytes; the sixth would make 19.
        let raws = files.read(&rows, 18).unwrap();
        assert_eq!(raws.iter().map(Raw::stored).collect::<Vec<_>>(), [1, 0, 3, 4, 5]);
        // One that is larger than that alone is read all the same.
        let raws = files.read(&rows[8..], 4).unwrap();
        assert_eq!(raws.iter().map(Raw::stored).collect::<Vec<_>>(), [9]);
        assert_eq!(files.read(&rows, 1000).unwrap().len(), 11);
    }

    #[test]
    fn sizes_are_asked_for_once_in_all_calls_of_a_batch() {
        let (folder, _) = folder(12);
        let sizes = FileSizes::default();
        let asked = Mutex::new(Vec::new());
        let path = |number: usize| {
            asked.lock().unwrap().push(number);
            folder.path().join(format!("{number}.png"))
        };
        let rows: Vec<usize> = (0..12).collect();
        // As a batch is read: three at a time, and each call names all that are left.
        for from in (0..12).step_by(3) {
            let expected: Vec<Option<u64>> = rows[from..].iter().map(|&i| (i != 2).then_some(i as u64)).collect();
            assert_eq!(sizes.get(&rows[from..], path), expected);
        }
        assert_eq!(*asked.lock().unwrap(), rows);
        // No more is kept than the last call named.
        sizes.get(&[0, 11], path);
        assert_eq!(asked.lock().unwrap()[12..], [0]);
    }

    #[test]
    fn a_batch_of_files_is_read_by_the_sizes_its_first_call_found() {
        let (folder, files) = folder(12);
        let rows: Vec<usize> = (0..12).collect();
        assert_eq!(files.read(&rows, 4).unwrap().len(), 4);
        // Asked for anew, the next would be too large for another one beside it.
        std::fs::write(folder.path().join("4.png"), [0; 100]).unwrap();
        let raws = files.read(&rows[4..], 9).unwrap();
        assert_eq!(raws.iter().map(Raw::stored).collect::<Vec<_>>(), [100, 5]);
    }

    #[test]
    fn a_digest_of_files_read_side_by_side_is_that_of_sizes_and_bytes_in_order() {
        let (folder, files) = folder(AT_ONCE + 100);
        let rows: Vec<usize> = (0..AT_ONCE + 100).collect();
        let (mut found, mut sizes, mut bytes) = (Sha256::new(), Vec::new(), Vec::new());
        files.digest(&rows, &mut found).unwrap();
        for name in &files.files {
            let content = std::fs::read(folder.path().join(name)).ok();
            let size = content.as_ref().map_or(u64::MAX, |bytes| bytes.len() as u64);
            sizes.extend(size.to_le_bytes());
            bytes.extend(content.unwrap_or_default());
        }
        let expected = Sha256::new().chain_update(sizes).chain_update(bytes);
        assert_eq!(found.finalize(), expected.finalize());
    }

    #[test]
    fn files_are_taken_while_they_fit_and_at_least_one() {
        let sizes = [Some(5), None, Some(3), Some(1)];
        assert_eq!(first_within(&sizes, 8), 3);
        assert_eq!(first_within(&sizes, 9), 4);
        assert_eq!(first_within(&sizes, 0), 1);
        assert_eq!(first_within(&[], 9), 0);
    }
}
