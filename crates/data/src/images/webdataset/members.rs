//! What lies where in one shard.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::images::classes::LABEL_NAMES;
use crate::images::files::ENDINGS;

/// A label is a word or a number; a description of an image, a page.
const MAX_CLS: u64 = 4096;
const MAX_JSON: u64 = 1 << 20;

/// Where the image of a sample lies.
#[derive(Debug)]
pub(super) struct ImageMember {
    /// The members' common name.
    pub(super) key: Box<str>,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// The samples of a shard that have an image, with their labels as text.
#[derive(Debug)]
pub(super) struct ShardIndex {
    pub(super) samples: Vec<(ImageMember, Option<String>)>,
    /// How many samples have none.
    pub(super) pictureless: usize,
}

/// A sample while its members are met.
#[derive(Default)]
struct ShardSample {
    /// How good an image the best one is (less is better), its extension, place and size.
    image: Option<(usize, String, u64, u64)>,
    from_cls: Option<String>,
    from_json: Option<String>,
    /// The extensions met.
    met: Vec<Box<str>>,
}

/// Reads the headers of a shard, and its labels.
pub(super) fn index(path: &Path) -> Result<ShardIndex> {
    let shown = path.display();
    let damaged = |reason: &dyn std::fmt::Display| {
        Error::input(format!(
            "{shown}: damaged or truncated tar archive ({reason}); download it again"
        ))
    };
    let (mut file, length) = crate::files::open(path)?;
    refuse_compressed(path, &mut file)?;
    let mut archive = tar::Archive::new(file);
    let mut order: Vec<Box<str>> = Vec::new();
    let mut samples: HashMap<Box<str>, ShardSample> = HashMap::new();
    for entry in archive.entries_with_seek().map_err(|e| damaged(&e))? {
        let mut entry = entry.map_err(|e| damaged(&e))?;
        // Links, folders and devices are no members of samples.
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let (offset, size) = (entry.raw_file_position(), entry.size());
        let name = entry.path_bytes().into_owned();
        let name = String::from_utf8(name).map_err(|e| {
            let name = String::from_utf8_lossy(e.as_bytes()).into_owned();
            Error::input(format!(
                "{shown}: the name {name:?} is not UTF-8; write the archive again"
            ))
        })?;
        if offset.checked_add(size).is_none_or(|end| end > length) {
            let rest = length.saturating_sub(offset);
            return Err(damaged(&format!("{name} claims {size} bytes, but {rest} are left")));
        }
        let Some((key, extension)) = parts(&name) else {
            continue;
        };
        if !samples.contains_key(key) {
            order.push(key.into());
        }
        let sample = samples.entry(key.into()).or_default();
        if sample.met.iter().any(|met| **met == *extension) {
            return Err(Error::input(format!(
                "{shown}: has {name} twice; write the archive again with one member of each name"
            )));
        }
        sample.met.push(extension.as_str().into());
        let text = |limit: u64, entry: &mut dyn Read| -> Result<String> {
            if size > limit {
                return Err(Error::input(format!(
                    "{shown}: {name} has {size} bytes, expected a label of at most {limit}"
                )));
            }
            let mut text = String::new();
            entry
                .read_to_string(&mut text)
                .map_err(|e| damaged(&format!("{name}: {e}")))?;
            Ok(text)
        };
        match extension.as_str() {
            "cls" => sample.from_cls = Some(text(MAX_CLS, &mut entry)?.trim().to_owned()).filter(|t| !t.is_empty()),
            "json" => {
                let text = text(MAX_JSON, &mut entry)?;
                sample.from_json = label_in(&text)
                    .map_err(|reason| Error::input(format!("{shown}: {name}: {reason}; write the archive again")))?;
            }
            _ => {
                if let Some(rank) = rank(&extension) {
                    let better = |best: &(usize, String, u64, u64)| (rank, &extension) < (best.0, &best.1);
                    if sample.image.as_ref().is_none_or(better) {
                        sample.image = Some((rank, extension, offset, size));
                    }
                }
            }
        }
    }
    Ok(gather(order, samples))
}

fn gather(order: Vec<Box<str>>, mut samples: HashMap<Box<str>, ShardSample>) -> ShardIndex {
    let all = order.len();
    let with_image = order.into_iter().filter_map(|key| {
        let sample = samples.remove(&key)?;
        let (_, _, offset, size) = sample.image?;
        Some((ImageMember { key, offset, size }, sample.from_cls.or(sample.from_json)))
    });
    let samples: Vec<_> = with_image.collect();
    ShardIndex {
        pictureless: all - samples.len(),
        samples,
    }
}

/// Places inside a compressed archive cannot be returned to.
fn refuse_compressed(path: &Path, file: &mut File) -> Result<()> {
    let mut start = Vec::new();
    file.take(6)
        .read_to_end(&mut start)
        .and_then(|_| file.rewind())
        .map_err(Error::io(path))?;
    let magic: [(&[u8], &str); 4] = [
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
    ];
    match magic.iter().find(|(magic, _)| start.starts_with(magic)) {
        Some((_, kind)) => Err(Error::input(format!(
            "{}: is compressed with {kind}; unpack that layer first, so that images can be read from their places",
            path.display()
        ))),
        None => Ok(()),
    }
}

/// Takes a member's name apart at the first dot of its last part: the sample's key, and the extension in lower case.
/// `None` for names that WebDataset passes over.
fn parts(name: &str) -> Option<(&str, String)> {
    let name = name.trim_start_matches("./");
    let base = name.rfind('/').map_or(0, |at| at + 1);
    let dot = base + name[base..].find('.')?;
    (dot > base).then(|| (&name[..dot], name[dot + 1..].to_lowercase()))
}

/// How good an image an extension names, if any: `jpg` goes before `png`, and both before `left.png`.
fn rank(extension: &str) -> Option<usize> {
    let place = |ending: &str| ENDINGS.iter().position(|e| *e == ending);
    place(extension).or_else(|| Some(ENDINGS.len() + place(extension.rsplit_once('.')?.1)?))
}

/// The label in a JSON description, if it has one.
fn label_in(text: &str) -> std::result::Result<Option<String>, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| format!("is not JSON ({e})"))?;
    let found = LABEL_NAMES.split(' ').find_map(|name| Some((name, value.get(name)?)));
    match found {
        None | Some((_, Value::Null)) => Ok(None),
        Some((_, Value::String(text))) => Ok(Some(text.clone()).filter(|t| !t.is_empty())),
        Some((_, Value::Number(number))) if number.is_i64() => Ok(Some(number.to_string())),
        Some((name, other)) => Err(format!("its {name} is {other}, expected an integer or text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_at_the_first_dot_of_the_last_part() {
        let split = |name| parts(name).map(|(key, extension)| (key.to_owned(), extension));
        let owned = |key: &str, extension: &str| Some((key.to_owned(), extension.to_owned()));
        assert_eq!(split("./a.b/c.d.JPG"), owned("a.b/c", "d.jpg"));
        assert_eq!(split("000.cls"), owned("000", "cls"));
        assert_eq!(split("a/._000.jpg"), None);
        assert_eq!(split("README"), None);
        assert!(rank("jpg") < rank("png") && rank("png") < rank("left.jpg") && rank("left.txt").is_none());
    }

    #[test]
    fn json_gives_integers_and_names() {
        assert_eq!(label_in(r#"{"caption": "x", "cls": 3}"#).unwrap().as_deref(), Some("3"));
        assert_eq!(label_in(r#"{"label": "cat"}"#).unwrap().as_deref(), Some("cat"));
        assert_eq!(label_in(r#"{"caption": "x"}"#).unwrap(), None);
        assert!(
            label_in(r#"{"label": [1, 2]}"#)
                .unwrap_err()
                .contains("its label is [1,2]")
        );
        assert!(label_in("{").unwrap_err().starts_with("is not JSON"));
    }
}
