//! Which of a file's arrays are the features, the labels and the ids.
//!
//! The rules, which the command line prints with what they chose:
//! 1. Numbers of two dimensions can be features, those called labels or ids left out; axes of one element at the end do not
//!    count. Names decide first: where some are called features, their number of rows is that of the file.
//! 2. Every array of that many rows is a layer.
//! 3. Labels and ids are lists of as many, by their names; a matrix of labels is one where each row has a single one. Where
//!    names are only places (`arr_1`), the one list of integers or texts is the labels.
//! 4. What is left is left out and named. What the rules leave open is refused.

use std::path::Path;

use super::held::{FileArrays, List, is_matrix, is_table, one_hot, rows_of};
use super::names::{self, IdName};
use super::row_ids::Texts;
use crate::error::{Error, Result};
use crate::files::Array;
use crate::store::refusal::malformed;

/// What the arrays of a file are.
pub(super) struct ArrayChoice {
    /// The layers, in the file's order.
    pub(super) layers: Vec<Array>,
    pub(super) rows: u64,
    pub(super) labels: Option<List>,
    /// The most telling first.
    pub(super) ids: Vec<(IdName, List)>,
    /// What is none of these, in words.
    pub(super) left_out: Vec<String>,
    /// What is called labels and cannot be, in words.
    pub(super) unread_labels: Vec<String>,
}

/// More layers than this are no layers, but rows that were saved one by one.
const MOST_LAYERS: usize = 200;

/// Chooses among the arrays of a file.
///
/// # Errors
/// When the rules leave open which are the features, naming all arrays.
pub(super) fn choose(path: &Path, held: FileArrays) -> Result<ArrayChoice> {
    let FileArrays {
        mut arrays,
        lists,
        unread,
        ..
    } = held;
    refuse_others(path, &arrays)?;
    if arrays.len() == 1 && lists.is_empty() && unread.is_empty() {
        return Ok(ArrayChoice {
            rows: rows_of(&arrays[0]),
            layers: arrays,
            labels: None,
            ids: Vec::new(),
            left_out: Vec::new(),
            unread_labels: Vec::new(),
        });
    }
    let rows = rows(path, &arrays, &lists)?;
    let (layers, others): (Vec<Array>, Vec<Array>) = arrays
        .drain(..)
        .partition(|array| can_be_layer(array) && rows_of(array) == rows);
    let mut candidates = Vec::new();
    let mut left_out = Vec::new();
    for array in others {
        let is_label = names::label_rank(&array.name).is_some();
        if array.list_length() == Some(rows) {
            candidates.push(List::Array(array));
        } else if is_label && is_table(&array) && rows_of(&array) == rows && one_hot(path, &array)?.is_some() {
            candidates.push(List::OneHot(array));
        } else {
            left_out.push(array);
        }
    }
    if layers.len() > MOST_LAYERS {
        let what = format!(
            "{} arrays of {rows} rows each, as rows saved one by one are; stack them into one array of features",
            layers.len()
        );
        return Err(malformed(path, what));
    }
    // Labels and ids of another part of the file are those of other rows.
    let parent = names::parent(&layers[0].name).to_owned();
    let belongs = |list: &List| matches!(names::parent(list.name()), own if own.is_empty() || own == parent);
    let (fitting, short): (Vec<_>, Vec<_>) = lists.into_iter().partition(|(_, texts)| texts.len() as u64 == rows);
    candidates.extend(fitting.into_iter().map(|(name, texts)| List::Texts(name, texts)));
    let (mut candidates, elsewhere): (Vec<List>, Vec<List>) = candidates.into_iter().partition(belongs);
    let labels = take_labels(&mut candidates);
    if labels.is_none() {
        refuse_other_length(path, rows, &left_out, &short)?;
    }
    let labels_found = labels.is_some();
    let ids = take_ids(&mut candidates);
    let mut words: Vec<String> = left_out.iter().map(Array::describe).collect();
    words.extend(candidates.iter().chain(&elsewhere).map(List::describe));
    words.extend(unread.iter().map(|(name, kind)| format!("{name} ({kind})")));
    // Lists of settings lie in files of every kind; only those that could have been meant are worth a word.
    words.extend(
        short
            .iter()
            .filter(|(name, _)| names::lists_classes(name))
            .map(|(name, texts)| format!("{name} ({},) list", texts.len())),
    );
    Ok(ArrayChoice {
        layers,
        rows,
        labels,
        ids,
        unread_labels: match labels_found {
            true => Vec::new(),
            false => words.iter().filter(|word| is_label_word(word)).cloned().collect(),
        },
        left_out: words,
    })
}

/// True if what is described is called labels.
fn is_label_word(described: &str) -> bool {
    let name = described.split(" (").next().unwrap_or_default();
    names::array_label_rank(name).is_some() && !names::lists_classes(name)
}

fn can_be_layer(array: &Array) -> bool {
    let name = &array.name;
    let side = names::label_rank(name).is_some() || (names::id_rank(name).is_some() && !name.is_empty());
    is_matrix(array) && !side && !names::is_weight(name)
}

/// The error that names all arrays of a file.
fn refused(path: &Path, arrays: &[Array], what: &str) -> Error {
    let mut all: Vec<String> = arrays.iter().map(Array::describe).collect();
    if all.is_empty() {
        all.push("it has no arrays".to_owned());
    }
    Error::input(format!("{}: {what}: {}", path.display(), all.join("; ")))
}

/// Refuses files of something else than features, and features that were saved in pieces.
fn refuse_others(path: &Path, arrays: &[Array]) -> Result<()> {
    let refuse = |what: &str| Err(refused(path, arrays, what));
    let stems: Vec<(String, &str)> = arrays
        .iter()
        .filter_map(|array| names::statistic(&array.name))
        .collect();
    let both = |stem: &String| {
        ["mean", "covariance"]
            .iter()
            .all(|kind| stems.iter().any(|(s, k)| s == stem && k == kind))
    };
    let others =
        |array: &&Array| is_matrix(array) && names::is_feature(&array.name) && names::statistic(&array.name).is_none();
    if stems.iter().any(|(stem, _)| both(stem)) && !arrays.iter().any(|array| others(&array)) {
        return refuse("a mean and a covariance of features, not the features; give the features themselves");
    }
    if !arrays.is_empty() && arrays.iter().all(|array| names::is_weight(&array.name)) {
        return refuse("the weights of a layer, not features; give features, or the whole checkpoint to extract");
    }
    if let [one] = arrays
        && let [rows, columns] = *one.extents()
        && rows == columns
        && names::is_of_pairs(&one.name)
    {
        return refuse("a matrix of pairs of rows or channels, not features; give the features themselves");
    }
    let pieces = arrays.iter().filter(|array| {
        let parent = names::parent(&array.name);
        is_matrix(array) && names::is_positional(&array.name) && !parent.is_empty() && names::is_feature(parent)
    });
    if pieces.count() > 1 {
        return refuse("its features are a list of arrays; concatenate them into one");
    }
    let is_named = |array: &&Array| names::is_feature(&array.name) && names::label_rank(&array.name).is_none();
    let readable = |array: &Array| is_matrix(array) || (arrays.len() == 1);
    let named: Vec<&Array> = arrays.iter().filter(is_named).collect();
    let insists = named.iter().any(|array| names::insists_on_features(&array.name));
    if insists && !named.iter().any(|array| readable(array)) {
        return refuse(
            "what it calls features is no array of numbers of two dimensions (rows, channels); pool, reshape or convert it",
        );
    }
    for array in named.iter().filter(|array| is_matrix(array)) {
        let twin = |other: &&&Array| is_matrix(other) && names::plain(&other.name) == names::plain(&array.name);
        if named.iter().filter(twin).count() > 1 {
            return refuse("several arrays are called features; save one data set in a file");
        }
    }
    Ok(())
}

/// The number of rows of the features, which tells them from other arrays.
fn rows(path: &Path, arrays: &[Array], lists: &[(String, Texts)]) -> Result<u64> {
    let refuse = |what: &str| Err(refused(path, arrays, what));
    let matrices: Vec<&Array> = arrays.iter().filter(|array| can_be_layer(array)).collect();
    let agreed = |chosen: &[&Array]| {
        let rows = chosen.first().map(|array| rows_of(array))?;
        chosen.iter().all(|array| rows_of(array) == rows).then_some(rows)
    };
    let features: Vec<&Array> = matrices
        .iter()
        .copied()
        .filter(|array| names::is_feature(&array.name))
        .collect();
    if !features.is_empty() {
        return match agreed(&features) {
            Some(rows) => Ok(rows),
            None => refuse("arrays of several numbers of rows are called features; save one data set in a file"),
        };
    }
    // As many as there are labels, where labels are named.
    let labels = arrays
        .iter()
        .filter(|array| names::label_rank(&array.name).is_some() && !names::lists_classes(&array.name))
        .map(rows_of)
        .chain(
            lists
                .iter()
                .filter(|(name, _)| names::label_rank(name).is_some())
                .map(|(_, texts)| texts.len() as u64),
        );
    for rows in labels {
        if matrices.iter().any(|array| rows_of(array) == rows) {
            return Ok(rows);
        }
    }
    match (agreed(&matrices), matrices.as_slice()) {
        // A matrix as high as wide beside a list of as many numbers: as likely a covariance as features.
        (Some(_), [one]) if one.extents()[0] == one.extents()[1] && arrays.len() > 1 => {
            refuse("its one matrix has as many rows as columns, and may be features or not; call it \"features\"")
        }
        (Some(rows), _) => Ok(rows),
        (None, []) => refuse(
            "none of its arrays could be the features (rows, channels); call one of them \"features\", and pool or reshape it to \
             two dimensions",
        ),
        (None, _) => {
            refuse("several of its arrays could be the features (rows, channels); call one of them \"features\"")
        }
    }
}

/// The labels: by name, the most telling first; else the one list of a file whose arrays have places for names.
fn take_labels(candidates: &mut Vec<List>) -> Option<List> {
    let by_name = candidates
        .iter()
        .enumerate()
        .filter_map(|(i, list)| Some((names::array_label_rank(list.name())?, i)))
        .min();
    if let Some((_, i)) = by_name {
        return Some(candidates.remove(i));
    }
    let names_rows = |list: &List| match list {
        List::Array(array) => !array.element.is_number() || array.element.to_integers(&[]).is_some(),
        List::Texts(..) | List::OneHot(_) => true,
    };
    let placed: Vec<usize> = (0..candidates.len())
        .filter(|&i| names::is_positional(candidates[i].name()) && names_rows(&candidates[i]))
        .collect();
    match placed[..] {
        [one] => Some(candidates.remove(one)),
        _ => None,
    }
}

fn take_ids(candidates: &mut Vec<List>) -> Vec<(IdName, List)> {
    let mut ids = Vec::new();
    for list in std::mem::take(candidates) {
        match names::id_rank(list.name()) {
            Some(kind) => ids.push((kind, list)),
            None => candidates.push(list),
        }
    }
    ids.sort_by_key(|(kind, _)| *kind);
    ids
}

/// Refuses a list that is called labels and has another length than the features.
fn refuse_other_length(path: &Path, rows: u64, arrays: &[Array], lists: &[(String, Texts)]) -> Result<()> {
    let arrays = arrays
        .iter()
        .filter_map(|array| Some((array.name.as_str(), array.list_length()?)));
    let lists = lists.iter().map(|(name, texts)| (name.as_str(), texts.len() as u64));
    for (name, n) in arrays.chain(lists) {
        if names::label_rank(name).is_some() && !names::lists_classes(name) {
            let what = format!("{n} labels in {name:?} for {rows} rows of features; there must be one label per row");
            return Err(malformed(path, what));
        }
    }
    Ok(())
}

/// The labels in a file of labels: its only list, or the one with a name that says so; and its ids.
pub(super) fn labels_of(path: &Path, held: FileArrays) -> Result<(List, Vec<(IdName, List)>)> {
    let mut candidates: Vec<List> = Vec::new();
    let described: Vec<String> = held.arrays.iter().map(Array::describe).collect();
    let alone = held.arrays.len() == 1 && held.lists.is_empty();
    for array in held.arrays {
        if array.list_length().is_some() {
            candidates.push(List::Array(array));
        } else if (alone || names::label_rank(&array.name).is_some())
            && is_table(&array)
            && one_hot(path, &array)?.is_some()
        {
            candidates.push(List::OneHot(array));
        }
    }
    candidates.extend(held.lists.into_iter().map(|(name, texts)| List::Texts(name, texts)));
    let ids = match candidates.len() {
        1 => Vec::new(),
        _ => take_ids(&mut candidates),
    };
    let labels = match candidates.len() {
        1 => candidates.pop(),
        _ => take_labels(&mut candidates),
    };
    match labels {
        Some(labels) => Ok((labels, ids)),
        None => Err(malformed(
            path,
            format!(
                "labels are one list of one dimension, or a matrix with a single one in each row; this file has {}",
                described.join("; ")
            ),
        )),
    }
}
