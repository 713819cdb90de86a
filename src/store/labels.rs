//! Labels from files of any kind: one name per row.

use std::path::{Path, PathBuf};

use super::containers::{Member, is_container, members};
use super::malformed;
use super::npy::Element;
use super::{delimited, table};
use crate::error::{Error, Result};
use crate::features::Labels;

/// Names that arrays and columns of labels go by; the first that is there counts. A class by its name tells more than
/// by its number, so `class` comes before `label`.
pub(super) const NAMES: [&str; 8] = ["labels", "classes", "class", "label", "targets", "target", "y", "arr_1"];

/// Whether a column of a table goes by the name of labels. Beside an `x`, a `y` is a channel.
pub(super) fn is_column(name: &str, all: &[String]) -> bool {
    let plane = name.eq_ignore_ascii_case("y") && all.iter().any(|other| other.eq_ignore_ascii_case("x"));
    !plane && NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Labels by row; `None` for rows without one.
pub(super) type Names = Vec<Option<String>>;

/// The labels of the array at `path` with `rows` rows: those of `given`, or those beside the array, or none.
pub(super) fn given_or_beside(path: &Path, given: Option<&Path>, rows: usize) -> Result<Option<Labels>> {
    let beside = beside(path);
    let file = match given {
        Some(file) => file,
        None if beside.is_file() => &beside,
        None => return Ok(None),
    };
    checked(path, rows, file, read(file, rows)?).map(Some)
}

/// `STEM_labels.npy`.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push("_labels.npy");
    path.with_file_name(name)
}

/// Labels, where there is one per row.
pub(super) fn checked(path: &Path, rows: usize, file: &Path, names: Names) -> Result<Labels> {
    if names.len() != rows {
        return Err(Error::input(format!(
            "{}: {} labels for the {rows} rows of {}; there must be one label per row",
            file.display(),
            names.len(),
            path.display()
        )));
    }
    Ok(Labels::from_optional(
        &names.iter().map(Option::as_deref).collect::<Vec<_>>(),
    ))
}

/// The labels in a file.
fn read(file: &Path, rows: usize) -> Result<Names> {
    let extension = super::foreign::extension(file);
    match extension.as_str() {
        "csv" | "tsv" | "txt" => delimited::labels(file, rows),
        "parquet" => table::labels(file),
        other if is_container(other) => from_container(file, other),
        _ => Err(malformed(
            file,
            "labels are read from .npy, .npz, .safetensors, .pt, .parquet, .csv and .txt; save them so",
        )),
    }
}

fn from_container(file: &Path, extension: &str) -> Result<Names> {
    let members = members(file, extension)?;
    let lists: Vec<&Member> = members.iter().filter(|m| m.as_list().is_some()).collect();
    let chosen = match lists[..] {
        [one] => Some(one),
        _ => NAMES
            .iter()
            .find_map(|name| lists.iter().find(|m| m.name.eq_ignore_ascii_case(name)).copied()),
    };
    let Some(member) = chosen else {
        let all: Vec<String> = members.iter().map(Member::describe).collect();
        let message = format!(
            "labels are one array of one dimension; this file has {}",
            all.join("; ")
        );
        return Err(malformed(file, message));
    };
    from_member(file, member)
}

/// The labels in an array of one dimension.
pub(super) fn from_member(file: &Path, member: &Member) -> Result<Names> {
    let unreadable = |what: &str| {
        malformed(
            file,
            format!("{}: {what}; labels are integers or text", member.describe()),
        )
    };
    if member.as_list().is_none() {
        return Err(unreadable("labels have one dimension"));
    }
    let size = member
        .element
        .size()
        .ok_or_else(|| unreadable("not integers or text"))?;
    let bytes = member.bytes(file)?;
    if size == 0 {
        return Err(unreadable("empty text"));
    }
    let elements = bytes.chunks_exact(size);
    match member.element {
        Element::Number(dtype) => match dtype.integers(&bytes) {
            Some(integers) => Ok(integers.into_iter().map(|v| Some(v.to_string())).collect()),
            None => {
                let mut values = Vec::new();
                dtype.widen(&bytes, &mut values);
                values
                    .into_iter()
                    .map(|v| integral(v).map(Some))
                    .collect::<Option<_>>()
                    .ok_or_else(|| unreadable("not whole numbers"))
            }
        },
        Element::Bool => Ok(bytes.iter().map(|&b| Some(u8::from(b != 0).to_string())).collect()),
        Element::Bytes(_) => {
            let text = |bytes: &[u8]| {
                let end = bytes.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
                String::from_utf8(bytes[..end].to_vec()).ok().map(Some)
            };
            elements
                .map(text)
                .collect::<Option<_>>()
                .ok_or_else(|| unreadable("text that is not UTF-8"))
        }
        Element::Unicode { big_endian, .. } => {
            let character = |c: &[u8]| {
                let bytes = c.try_into().unwrap_or_default();
                char::from_u32(if big_endian {
                    u32::from_be_bytes(bytes)
                } else {
                    u32::from_le_bytes(bytes)
                })
            };
            let text = |bytes: &[u8]| -> Option<Option<String>> {
                let text: String = bytes.chunks_exact(4).map(character).collect::<Option<_>>()?;
                Some(Some(text.trim_end_matches('\0').to_owned()))
            };
            elements
                .map(text)
                .collect::<Option<_>>()
                .ok_or_else(|| unreadable("text that is not Unicode"))
        }
        Element::Other(_) => Err(unreadable("not integers or text")),
    }
}

/// A whole number kept as a float, as an integer.
pub(super) fn integral(value: f64) -> Option<String> {
    // Beyond 2^53 a float no longer says which integer it was.
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then(|| (value as i64).to_string())
}
