//! Which rows belong together: patients, scenes, near-duplicates.

use std::path::Path;

use super::channels::listed;
use super::choice::labels_of;
use super::extension::extension;
use super::held::{held, is_container};
use super::row_ids::{self, LabelledIds, Texts};
use super::unknown_calls::judged;
use super::{label_text, table};
use crate::error::{Error, Result};
use crate::features::{FeatureSet, Labels};
use crate::files::{UnknownCalls, check_name};
use crate::store::options::{GroupsFrom, OpenOptions};
use crate::store::refusal::malformed;

/// The group of each row of a set at `path`, and where they are from.
///
/// # Errors
/// When they cannot be read or do not fit the rows.
pub(in crate::store) fn read(
    path: &Path,
    set: &dyn FeatureSet,
    from: &GroupsFrom,
    options: &OpenOptions,
) -> Result<(Labels, String)> {
    let mut calls = UnknownCalls::default();
    let (file, (mut texts, sentence)) = match from {
        GroupsFrom::File(file) => {
            let found = of_file(file, set.rows(), &mut calls)?;
            let joined = row_ids::join(path, set.rows(), &set.id_columns()?, file, found, "group")?;
            (file.as_path(), joined)
        }
        GroupsFrom::Column(name) => {
            let texts = of_column(path, name, &mut calls)?;
            if texts.len() != set.rows() {
                let what = format!(
                    "{} groups in {name:?} for {} rows; there must be one per row",
                    texts.len(),
                    set.rows()
                );
                return Err(malformed(path, what));
            }
            (path, (texts, format!("groups are {name:?}")))
        }
    };
    judged(file, &calls, options)?;
    texts
        .iter()
        .flatten()
        .try_for_each(|group| check_name(file, "a group", group))?;
    texts.iter_mut().for_each(|group| {
        group.take_if(|text| text.trim().is_empty());
    });
    let groups = Labels::from_optional(&texts.iter().map(Option::as_deref).collect::<Vec<_>>());
    let alone = groups.class_of().iter().filter(|group| group.is_none()).count();
    let alone = match alone {
        0 => String::new(),
        n => format!("; {n} rows have none, and stand alone"),
    };
    Ok((
        groups.clone(),
        format!("{sentence}: {} groups{alone}", groups.classes()),
    ))
}

/// The groups in a file of groups, with the ids beside them.
fn of_file(file: &Path, rows: usize, calls: &mut UnknownCalls) -> Result<LabelledIds> {
    match extension(file).as_str() {
        extension @ ("csv" | "tsv" | "txt") => label_text::groups(file, extension, rows),
        "parquet" => table::groups(file),
        other if is_container(other) => {
            let held = held(file, other)?;
            calls.extend(&held.calls);
            let (groups, _) = labels_of(file, held)?;
            Ok(LabelledIds {
                labels: groups.column(file, calls)?,
                ids: Vec::new(),
            })
        }
        _ => Err(malformed(
            file,
            "groups are read from .csv, .tsv, .txt, .parquet, .npy, .npz, .safetensors and .pt; save them so",
        )),
    }
}

/// A column of a table, or a list of a file of arrays.
fn of_column(path: &Path, name: &str, calls: &mut UnknownCalls) -> Result<Texts> {
    let missing = |known: &[String]| {
        let shown = path.display();
        let known = match known.len() {
            0 => format!("{shown} has no columns"),
            _ => format!("{shown} has no column of that name, but {}", listed(known)),
        };
        Error::input(format!("--groups {name}: no such file, and {known}"))
    };
    let (known, texts) = match extension(path).as_str() {
        "csv" | "tsv" => label_text::column(path, name)?,
        "parquet" => table::column(path, name)?,
        other if path.is_file() && is_container(other) => {
            let held = held(path, other)?;
            calls.extend(&held.calls);
            let mut known: Vec<String> = held.lists.iter().map(|(name, _)| name.clone()).collect();
            known.extend(held.arrays.iter().map(|array| array.name.clone()));
            let list = held.lists.into_iter().find(|(own, _)| own == name);
            let array = held
                .arrays
                .into_iter()
                .find(|a| a.name == name && a.list_length().is_some());
            let texts = match (list, array) {
                (Some((_, texts)), _) => Some(texts),
                (None, Some(array)) => Some(array.texts(path, calls)?),
                (None, None) => None,
            };
            (known, texts)
        }
        _ => (Vec::new(), None),
    };
    texts.ok_or_else(|| missing(&known))
}
