//! IDX, the format of MNIST and its family: big-endian dimensions, then bytes.

use std::io::{BufReader, Read, Seek as _};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::classes;
use super::located::Located;
use super::records::{PixelLayout, RecordFile, SplitRecords};
use super::source::SplitContents;
use super::split::{self, Splits};
use crate::error::{Error, Result};
use crate::files;

/// Images of the family are tiny; wider or higher than this is a damaged header.
const MAX_SIDE: u32 = 4096;

/// What the name of a file of images says.
pub(super) struct IdxName {
    /// What stands before the split: `emnist-letters`.
    before: String,
    split: &'static str,
    /// The file of labels beside it, without `.gz`.
    labels: String,
}

/// Takes a name such as `train-images-idx3-ubyte.gz` apart; `None` if it is another file's.
pub(super) fn parse_name(name: &str) -> Option<IdxName> {
    let plain = name.strip_suffix(".gz").unwrap_or(name);
    if !plain.contains("images") || !plain.contains("idx3") || !plain.ends_with("ubyte") {
        return None;
    }
    let (before, split) = split::in_name(plain)?;
    let labels = plain.replacen("images", "labels", 1).replacen("idx3", "idx1", 1);
    Some(IdxName {
        before: before.to_owned(),
        split,
        labels,
    })
}

/// The files of images at a path, plain ones before their gzipped twins.
fn files(at: &Located) -> Result<Vec<(PathBuf, IdxName)>> {
    let paths: Vec<PathBuf> = match at.path.is_file() {
        true => vec![at.path.clone()],
        false => std::fs::read_dir(&at.path)
            .map_err(Error::io(&at.path))?
            .filter_map(|e| Some(e.ok()?.path()))
            .collect(),
    };
    let named = |p: PathBuf| parse_name(p.file_name()?.to_str()?).map(|name| (p, name));
    let mut found: Vec<_> = paths.into_iter().filter_map(named).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let mut data_sets: Vec<&str> = found.iter().map(|(_, n)| n.before.as_str()).collect();
    data_sets.sort_unstable();
    data_sets.dedup();
    match data_sets.len() {
        0 | 1 => Ok(found),
        _ => Err(Error::input(format!(
            "{}: its IDX files belong to several data sets ({}); give the path of one file of images",
            at.shown,
            data_sets.join(", ")
        ))),
    }
}

pub(super) fn splits(at: &Located) -> Result<Splits> {
    let mut names: Vec<String> = files(at)?.into_iter().map(|(_, n)| n.split.to_owned()).collect();
    names.dedup();
    // Train before test, as everybody says it.
    names.sort_by_key(|n| std::cmp::Reverse(n.clone()));
    names.dedup();
    Ok(Splits::Named(names))
}

pub(super) fn open(at: &Located, split: &str) -> Result<SplitContents> {
    let found = files(at)?.into_iter().find(|(_, n)| n.split == split);
    let (path, name) = found.ok_or_else(|| Error::input(format!("{}: has no {split} images", at.shown)))?;
    let (images, layout) = open_images(&path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let labels_path = [name.labels.clone(), format!("{}.gz", name.labels)]
        .map(|n| folder.join(n))
        .into_iter()
        .find(|p| p.is_file());
    let labels_path = labels_path.ok_or_else(|| {
        Error::input(format!(
            "{}: its labels {} are missing beside it; download them too",
            path.display(),
            name.labels
        ))
    })?;
    let labels = read_labels(&labels_path, images.rows)?;
    let classes = classes::numbered(folder, labels.iter().copied().max().unwrap_or(0).into())?;
    let labels = labels.into_iter().map(|l| Some(u32::from(l))).collect();
    Ok(SplitContents {
        classes,
        labels,
        left_out: Vec::new(),
        source: Box::new(SplitRecords::new(vec![images], layout, split)),
    })
}

/// Gzip cannot shrink anything further than this.
const MAX_RATIO: u64 = 1032;

/// What is unpacked into a temporary file, in bytes: the largest of the family have half a gigabyte.
const MAX_UNPACKED: u64 = 4 << 30;

/// The bytes of an IDX file, unpacked if need be.
fn reader(path: &Path) -> Result<Box<dyn Read>> {
    let file = BufReader::new(files::open(path)?.0);
    Ok(if is_gz(path) {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

fn is_gz(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "gz")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::input(format!(
        "{}: damaged or truncated file ({error}); download it again",
        path.display()
    ))
}

/// Reads the magic number and as many dimensions as it must claim.
fn header<const N: usize>(path: &Path, reader: &mut dyn Read) -> Result<[u32; N]> {
    let mut magic = [0; 4];
    reader.read_exact(&mut magic).map_err(|e| unreadable(path, &e))?;
    let expected = [0, 0, 8, N as u8];
    if magic != expected {
        return Err(Error::input(format!(
            "{}: starts with {magic:02x?}, expected {expected:02x?} (IDX of bytes with {N} dimensions); not such a file, \
             or damaged: download it again",
            path.display()
        )));
    }
    let mut dims = [0; N];
    for dim in &mut dims {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map_err(|e| unreadable(path, &e))?;
        *dim = u32::from_be_bytes(bytes);
    }
    Ok(dims)
}

fn wrong_length(path: &Path, what: &str, expected: u64, found: &str) -> Error {
    let shown = path.display();
    Error::input(format!(
        "{shown}: claims {what}, {expected} bytes, but has {found}; truncated or damaged: download it again"
    ))
}

/// How much was unpacked: nothing is, once there is more than expected.
fn or_more(found: u64, expected: u64) -> String {
    match found > expected {
        true => "more".to_owned(),
        false => found.to_string(),
    }
}

/// Opens a file of images; a gzipped one is unpacked into an unnamed temporary file.
fn open_images(path: &Path) -> Result<(RecordFile, PixelLayout)> {
    let mut reader = reader(path)?;
    let [rows, height, width] = header(path, &mut *reader)?;
    if [height, width].iter().any(|side| !(1..=MAX_SIDE).contains(side)) {
        let shown = path.display();
        return Err(Error::input(format!(
            "{shown}: claims images of {width} x {height}; damaged: download it again"
        )));
    }
    let layout = PixelLayout {
        width,
        height,
        planes: 1,
    };
    let expected = u64::from(rows) * layout.bytes();
    let what = format!("{rows} images of {width} x {height}");
    let (file, offset) = if is_gz(path) {
        let (_, packed) = files::open(path)?;
        if expected > packed.saturating_mul(MAX_RATIO) {
            return Err(wrong_length(path, &what, expected, &format!("{packed} packed ones")));
        }
        if expected > MAX_UNPACKED {
            let (shown, most) = (path.display(), MAX_UNPACKED >> 30);
            return Err(Error::input(format!(
                "{shown}: has {what}, more than the {most} GB that are unpacked beside the data; unpack it first (gunzip)"
            )));
        }
        let mut spool = tempfile::tempfile().map_err(Error::io(std::env::temp_dir()))?;
        let copied = std::io::copy(&mut reader.take(expected + 1), &mut spool).map_err(|e| unreadable(path, &e))?;
        if copied != expected {
            return Err(wrong_length(path, &what, expected, &or_more(copied, expected)));
        }
        spool.rewind().map_err(Error::io(std::env::temp_dir()))?;
        (spool, 0)
    } else {
        let (file, length) = files::open(path)?;
        let found = length.saturating_sub(16);
        if found != expected {
            return Err(wrong_length(path, &what, expected, &found.to_string()));
        }
        (file, 16)
    };
    let shown = path.display().to_string();
    Ok((
        RecordFile {
            file,
            shown,
            rows: rows as usize,
            offset,
            stride: layout.bytes(),
        },
        layout,
    ))
}

fn read_labels(path: &Path, images: usize) -> Result<Vec<u8>> {
    let mut reader = reader(path)?;
    let [n] = header(path, &mut *reader)?;
    if n as usize != images {
        let shown = path.display();
        return Err(Error::input(format!(
            "{shown}: has {n} labels for {images} images; the files do not belong together"
        )));
    }
    let mut labels = Vec::new();
    reader
        .take(u64::from(n) + 1)
        .read_to_end(&mut labels)
        .map_err(|e| unreadable(path, &e))?;
    if labels.len() == images {
        return Ok(labels);
    }
    let (found, expected) = (labels.len() as u64, u64::from(n));
    Err(wrong_length(
        path,
        &format!("{n} labels"),
        expected,
        &or_more(found, expected),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_family_are_understood() {
        let parts = |name: &str| parse_name(name).map(|n| (n.before, n.split, n.labels));
        let owned = |a: &str, b: &'static str, c: &str| Some((a.to_owned(), b, c.to_owned()));
        assert_eq!(
            parts("train-images-idx3-ubyte.gz"),
            owned("", "train", "train-labels-idx1-ubyte")
        );
        assert_eq!(
            parts("t10k-images.idx3-ubyte"),
            owned("", "test", "t10k-labels.idx1-ubyte")
        );
        assert_eq!(
            parts("emnist-letters-test-images-idx3-ubyte"),
            owned("emnist-letters", "test", "emnist-letters-test-labels-idx1-ubyte")
        );
        assert_eq!(parts("train-labels-idx1-ubyte"), None);
    }
}
