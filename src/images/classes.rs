//! Keeping some of a data set's classes.

use crate::error::{Error, Result};

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
