//! The classes of a data set: their names, from whatever labels there are, and keeping some of them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::{Error, Result};
use crate::files;

/// What labels are called, the most telling first.
pub(super) const LABEL_NAMES: &str = "label labels fine_label class class_name class_label category target y cls";

/// The column that holds labels.
pub(super) fn label_column<'a>(columns: impl Iterator<Item = &'a str> + Clone) -> Option<usize> {
    column(columns, LABEL_NAMES)
}

/// The first column that has one of these names, the earlier names first.
pub(super) fn column<'a>(columns: impl Iterator<Item = &'a str> + Clone, names: &str) -> Option<usize> {
    let place = |name| columns.clone().position(|c| c.trim().eq_ignore_ascii_case(name));
    names.split(' ').find_map(place)
}

/// The distinct values in order, and each row's place among them.
pub(super) fn index<T: Ord + Clone>(
    values: &[Option<T>],
    name: impl Fn(&T) -> String,
) -> (Vec<String>, Vec<Option<u32>>) {
    let distinct: Vec<&T> = values.iter().flatten().collect::<BTreeSet<_>>().into_iter().collect();
    let labels = values.iter().map(|v| {
        v.as_ref()
            .and_then(|v| distinct.binary_search(&v).ok())
            .map(|i| i as u32)
    });
    (distinct.iter().map(|v| name(v)).collect(), labels.collect())
}

/// Labels written as text: integers where all are, named by `classes.txt` in `folder` if it is there (-1 is no label), else
/// names.
pub(super) fn of_texts(labels: &[Option<String>], folder: &Path) -> Result<(Vec<String>, Vec<Option<u32>>)> {
    let number = |label: &Option<String>| match label {
        Some(text) => text.parse::<i64>().ok().map(Some),
        None => Some(None),
    };
    let Some(numbers) = labels.iter().map(number).collect::<Option<Vec<_>>>() else {
        return Ok(index(labels, Clone::clone));
    };
    let numbers: Vec<_> = numbers.into_iter().map(|n| n.filter(|&n| n != -1)).collect();
    let ends = (numbers.iter().flatten().min(), numbers.iter().flatten().max());
    match ends {
        (Some(0..), Some(&largest)) if folder.join(NAMES).exists() => {
            let names = numbered(folder, largest as u64)?;
            Ok((names, numbers.iter().map(|n| n.map(|n| n as u32)).collect()))
        }
        _ => Ok(index(&numbers, i64::to_string)),
    }
}

/// The file that may name numbered classes, one a line.
const NAMES: &str = "classes.txt";

/// The names of the classes from 0 to `largest`: the lines of `classes.txt` in the folder, or the numbers where there is no
/// such file.
pub(super) fn numbered(folder: &Path, largest: u64) -> Result<Vec<String>> {
    let path = folder.join(NAMES);
    let text = match files::read_text(&path, files::MAX_TEXT) {
        Err(e) if e.is_absent() => {
            return Ok((0..=largest).map(|i| i.to_string()).collect());
        }
        read => read?,
    };
    let names = lines(&text);
    if names.len() as u64 <= largest {
        let (path, n) = (path.display(), names.len());
        return Err(Error::input(format!(
            "{path}: names {n} classes, but there is a label {largest}; add the missing names"
        )));
    }
    Ok(names)
}

/// Names in a text, one a line.
pub(super) fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// The classes asked for, as ascending indices into `all`. A name goes before an index, so that MNIST's class `3` is
/// the digit three.
pub(super) fn select(shown: &str, all: &[String], wanted: &[String]) -> Result<Vec<usize>> {
    if wanted.is_empty() {
        return Err(Error::input(format!(
            "{shown}: the list of classes is empty; leave it out to keep all"
        )));
    }
    if all.is_empty() {
        return Err(Error::input(format!(
            "{shown}: has no labels, so classes cannot be chosen; leave them out"
        )));
    }
    let mut kept = wanted
        .iter()
        .map(|name| find(shown, all, name))
        .collect::<Result<Vec<_>>>()?;
    kept.sort_unstable();
    kept.dedup();
    Ok(kept)
}

fn find(shown: &str, all: &[String], wanted: &str) -> Result<usize> {
    let by_name = all.iter().position(|c| c == wanted);
    let by_index = || wanted.parse::<usize>().ok().filter(|&i| i < all.len());
    by_name.or_else(by_index).ok_or_else(|| {
        let likeness = |c: &String| strsim::jaro_winkler(&c.to_lowercase(), &wanted.to_lowercase());
        let nearest = all
            .iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
            .map_or("", String::as_str);
        Error::input(format!(
            "{shown}: no class {wanted:?}; the nearest is {nearest:?}; it has {}",
            list(all)
        ))
    })
}

/// The classes in words: all of them where they are few.
fn list(all: &[String]) -> String {
    const SHOWN: usize = 20;
    let names = all
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match all.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} classes: {names} and {more} more", all.len()),
        _ => format!("{} classes: {names}", all.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn names_go_before_indices_and_order_is_the_data_sets() {
        let all = strings(&["9", "8", "dog"]);
        assert_eq!(select("x", &all, &strings(&["dog", "8", "0", "8"])).unwrap(), [0, 1, 2]);
    }

    #[test]
    fn an_unknown_class_names_the_nearest() {
        let all = strings(&["airplane", "cat", "deer"]);
        let error = select("x", &all, &strings(&["Cta"])).unwrap_err().to_string();
        assert_eq!(
            error,
            r#"x: no class "Cta"; the nearest is "cat"; it has 3 classes: airplane, cat, deer"#
        );
        assert!(select("x", &all, &strings(&["3"])).is_err());
        assert!(select("x", &all, &[]).is_err());
        assert!(select("x", &[], &strings(&["cat"])).is_err());
    }
}
