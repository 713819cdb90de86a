//! Ids of rows, and which of them two sides share.

use std::collections::HashSet;

use crate::error::{Error, Result};

/// What tells the rows of a set apart, under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdColumn {
    /// Its name in the file.
    pub name: String,
    /// One for each row.
    pub ids: Vec<String>,
    /// True if it only counts the rows: an id where the other side's rows are in another order, and else the position.
    pub counts: bool,
    /// Why rows cannot be joined by it: two share one, or one has none.
    pub trouble: Option<String>,
}

impl IdColumn {
    /// Ids that tell all rows apart.
    pub fn is_whole(&self) -> bool {
        self.trouble.is_none() && !self.counts
    }
}

/// The columns by which the rows of two sides are joined, the first side's and the second's; `None` where they are joined by
/// position. The first name that both sides have goes first, and what tells rows apart before what only counts them.
///
/// # Errors
/// When both sides have ids and no row is on both, and when the only ids they could be joined by do not tell the rows apart.
pub fn common<'a>(
    (a, of_a): (&str, &'a [IdColumn]),
    (b, of_b): (&str, &'a [IdColumn]),
) -> Result<Option<(&'a IdColumn, &'a IdColumn)>> {
    let mut pairs: Vec<(&IdColumn, &IdColumn)> = of_a
        .iter()
        .flat_map(|x| of_b.iter().map(move |y| (x, y)))
        .filter(|(x, y)| x.trouble.is_none() && y.trouble.is_none() && !(x.counts && y.counts))
        .collect();
    pairs.sort_by_key(|(x, y)| (x.counts || y.counts, !x.name.eq_ignore_ascii_case(&y.name)));
    for (x, y) in &pairs {
        let theirs: HashSet<&str> = y.ids.iter().map(String::as_str).collect();
        let found = x.ids.iter().filter(|id| theirs.contains(id.as_str())).count();
        let enough = match x.counts || y.counts {
            true => found == x.ids.len().min(y.ids.len()),
            false => found > 0,
        };
        if enough {
            return Ok(Some((*x, *y)));
        }
    }
    let has_ids = |columns: &[IdColumn]| columns.iter().any(|column| !column.counts);
    if !(has_ids(of_a) && has_ids(of_b)) {
        return Ok(None);
    }
    let troubled = [(a, of_a), (b, of_b)].into_iter().find_map(|(path, columns)| {
        let trouble = columns.iter().find_map(|column| column.trouble.as_ref())?;
        Some(format!(
            "{path}: {trouble}, so its rows cannot be joined by id with those of the other side"
        ))
    });
    if let Some(sentence) = troubled {
        return Err(Error::input(format!(
            "{sentence}; repair its ids, or leave the ids out to join by position"
        )));
    }
    let (x, y) = pairs.first().copied().unwrap_or((&of_a[0], &of_b[0]));
    let example = |column: &IdColumn| column.ids.first().cloned().unwrap_or_default();
    Err(Error::input(format!(
        "{a} and {b} have no row in common: none of the {} ids of the one (e.g. {:?}) is among the {} of the other (e.g. {:?}); \
         expected the same rows, or leave the ids out to join by position",
        x.ids.len(),
        example(x),
        y.ids.len(),
        example(y)
    )))
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    fn column(name: &str, ids: &[&str]) -> IdColumn {
        let counts = ids.iter().enumerate().all(|(i, id)| **id == i.to_string());
        IdColumn {
            name: name.into(),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            counts,
            trouble: None,
        }
    }

    fn joined(a: &[IdColumn], b: &[IdColumn]) -> Result<Option<(String, String)>> {
        let pair = common(("a", a), ("b", b))?;
        Ok(pair.map(|(x, y)| (x.name.clone(), y.name.clone())))
    }

    fn names(a: &str, b: &str) -> Option<(String, String)> {
        Some((a.into(), b.into()))
    }

    #[test]
    fn a_name_both_sides_have_goes_first_and_a_count_last() {
        let files = column("filename", &["x", "y", "z"]);
        let shuffled = column("Filename", &["z", "x", "y"]);
        let running = column("id", &["0", "1", "2"]);
        let both = joined(&[running.clone(), files.clone()], &[running.clone(), shuffled.clone()]);
        assert_eq!(both.unwrap(), names("filename", "Filename"));
        let other = column("path", &["y", "x", "z"]);
        assert_eq!(
            joined(&[running.clone(), files.clone()], &[other]).unwrap(),
            names("filename", "path")
        );
        assert_eq!(joined(from_ref(&running), from_ref(&running)).unwrap(), None);
        assert_eq!(joined(from_ref(&files), from_ref(&running)).unwrap(), None);
        // A count is an id where the other side's rows are in another order.
        let permuted = column("index", &["2", "0", "1"]);
        assert_eq!(
            joined(from_ref(&running), from_ref(&permuted)).unwrap(),
            names("id", "index")
        );
        let elsewhere = column("index", &["2", "7", "9"]);
        assert_eq!(joined(&[running], &[elsewhere]).unwrap(), None);
    }

    #[test]
    fn ids_that_cannot_join_are_refused_where_both_sides_have_some() {
        let files = column("filename", &["x", "y", "z"]);
        let error = joined(from_ref(&files), &[column("id", &["p", "q"])])
            .unwrap_err()
            .to_string();
        assert!(error.contains("none of the 3 ids of the one (e.g. \"x\")"), "{error}");
        let mut twice = column("filename", &["x", "x", "z"]);
        twice.trouble = Some("\"filename\" has \"x\" twice".into());
        let error = joined(&[files], from_ref(&twice)).unwrap_err().to_string();
        assert!(error.contains("b: \"filename\" has \"x\" twice"), "{error}");
        assert_eq!(joined(&[column("id", &["0", "1", "2"])], &[twice]).unwrap(), None);
    }
}
