//! What is said of each row beside its numbers: names, labels and ids, and joining them.

use std::collections::HashMap;
use std::path::Path;

use super::malformed;
use super::manifest::Duplicates;
use super::names::IdName;
use crate::error::Result;

/// A text for each row; `None` where there is none.
pub(super) type Texts = Vec<Option<String>>;

/// Texts of rows, and the name they go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) values: Texts,
}

/// Labels, and ids of the same rows where there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Labelled {
    pub(super) labels: Column,
    pub(super) ids: Option<Vec<String>>,
}

/// The texts of a column as ids: `None` where it only counts the rows, or where rows share one that need not tell them
/// apart.
///
/// # Errors
/// When two rows share an id, or a row has none, in a column that is called an id.
pub(super) fn ids(path: &Path, kind: IdName, values: Texts) -> Result<Option<Vec<String>>> {
    let must = matches!(kind, IdName::Id(_));
    let counts = values
        .iter()
        .enumerate()
        .all(|(row, id)| id.as_deref() == Some(&row.to_string()));
    if counts && !must {
        return Ok(None);
    }
    let mut seen = Duplicates::default();
    let mut ids = Vec::with_capacity(values.len());
    for (row, id) in values.into_iter().enumerate() {
        match id {
            Some(id) if seen.is_new(&id) => ids.push(id),
            _ if !must => return Ok(None),
            Some(id) => {
                let what = format!("id {id:?} comes twice; every row needs an id of its own");
                return Err(malformed(path, what));
            }
            None => return Err(malformed(path, format!("row {row} has no id; every row needs one"))),
        }
    }
    Ok(Some(ids))
}

/// The labels of `file` for the rows of the features at `path`, in their order, and a sentence on how they were joined: by
/// id where both have some, else by position.
///
/// # Errors
/// When numbers of rows differ, no id is on both sides, or an id has two labels.
pub(super) fn join(
    path: &Path,
    rows: usize,
    ids: Option<&[String]>,
    file: &Path,
    labelled: Labelled,
) -> Result<(Texts, String)> {
    let Labelled { labels, ids: theirs } = labelled;
    let shown = file.display();
    let (Some(ids), Some(theirs)) = (ids, theirs) else {
        let n = labels.values.len();
        if n != rows {
            let what = format!(
                "{n} labels for the {rows} rows of {}; there must be one label per row",
                path.display()
            );
            return Err(malformed(file, what));
        }
        return Ok((labels.values, format!("labels of {shown} joined by position")));
    };
    let mut by_id: HashMap<&str, &Option<String>> = HashMap::with_capacity(theirs.len());
    for (id, label) in theirs.iter().zip(&labels.values) {
        if by_id.insert(id, label).is_some_and(|other| other != label) {
            return Err(malformed(file, format!("id {id:?} has two labels; give each row one")));
        }
    }
    let joined: Texts = ids
        .iter()
        .map(|id| by_id.get(id.as_str()).and_then(|label| (*label).clone()))
        .collect();
    let found = ids.iter().filter(|id| by_id.contains_key(id.as_str())).count();
    if found == 0 {
        let example = |ids: &[String]| ids.first().cloned().unwrap_or_default();
        let what = format!(
            "none of its {} ids (e.g. {:?}) is an id of {} (e.g. {:?}); give labels of the same rows, or leave the ids out to \
             join by position",
            theirs.len(),
            example(&theirs),
            path.display(),
            example(ids)
        );
        return Err(malformed(file, what));
    }
    let rest = match rows - found {
        0 => String::new(),
        rest => format!("; {rest} rows have no label there"),
    };
    Ok((
        joined,
        format!("labels of {shown} joined by id: {found} of {rows} rows{rest}"),
    ))
}

/// Takes away what stands for no label, and says so: empty text, `unlabelled`, and -1 beside at least two labels that are
/// counts.
pub(super) fn without_placeholders(labels: &mut Texts) -> Option<String> {
    let is_word = |label: &str| {
        let word = label.trim();
        word.is_empty()
            || ["unlabelled", "unlabeled"]
                .iter()
                .any(|none| word.eq_ignore_ascii_case(none))
    };
    let known = labels.iter().flatten().map(String::as_str);
    let mut others: Vec<&str> = known.filter(|label| *label != "-1" && !is_word(label)).collect();
    others.sort_unstable();
    others.dedup();
    let counts = others.iter().all(|label| label.parse::<u64>().is_ok());
    let minus_one = others.len() >= 2 && counts;
    let is_none = |label: &str| is_word(label) || (label == "-1" && minus_one);
    let mut taken: Vec<(String, usize)> = Vec::new();
    for label in labels.iter_mut() {
        if let Some(text) = label.take_if(|text| is_none(text)) {
            match taken.iter_mut().find(|(known, _)| *known == text) {
                Some((_, count)) => *count += 1,
                None => taken.push((text, 1)),
            }
        }
    }
    let said = |(text, count): &(String, usize)| format!("{count} rows with label {text:?} count as unlabelled");
    (!taken.is_empty()).then(|| taken.iter().map(said).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Texts {
        values.iter().map(|v| Some((*v).to_owned())).collect()
    }

    #[test]
    fn minus_one_is_no_label_beside_counts_and_a_class_of_two() {
        let mut many = texts(&["0", "-1", "3", "-1"]);
        let said = without_placeholders(&mut many).unwrap();
        assert_eq!(many, [Some("0".into()), None, Some("3".into()), None]);
        assert_eq!(said, "2 rows with label \"-1\" count as unlabelled");
        let mut two = texts(&["1", "-1"]);
        assert_eq!((without_placeholders(&mut two), two), (None, texts(&["1", "-1"])));
        let mut words = texts(&["cat", "Unlabeled", "", "dog"]);
        assert!(without_placeholders(&mut words).unwrap().contains("\"Unlabeled\""));
        assert_eq!(words, [Some("cat".into()), None, None, Some("dog".into())]);
    }

    #[test]
    fn a_column_that_counts_or_repeats_is_no_id_unless_it_is_called_one() {
        let path = Path::new("x.csv");
        let key = IdName::Key(0);
        assert_eq!(ids(path, key, texts(&["0", "1", "2"])).unwrap(), None);
        assert_eq!(ids(path, key, texts(&["a", "a"])).unwrap(), None);
        assert_eq!(ids(path, key, texts(&["b", "a"])).unwrap().unwrap(), ["b", "a"]);
        assert!(
            ids(path, IdName::Id(0), texts(&["a", "a"]))
                .unwrap_err()
                .to_string()
                .contains("comes twice")
        );
        assert!(
            ids(path, IdName::Id(0), vec![None])
                .unwrap_err()
                .to_string()
                .contains("row 0 has no id")
        );
    }

    #[test]
    fn labels_are_joined_by_id_where_both_sides_have_some() {
        let (path, file) = (Path::new("x.npy"), Path::new("l.csv"));
        let labelled = |ids: Option<&[&str]>| Labelled {
            labels: Column {
                name: "label".into(),
                values: texts(&["p", "q", "r"]),
            },
            ids: ids.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect()),
        };
        let rows: Vec<String> = ["c", "a"].map(str::to_owned).to_vec();
        let (joined, said) = join(path, 2, Some(&rows), file, labelled(Some(&["a", "b", "c"]))).unwrap();
        assert_eq!(
            (joined, said.as_str()),
            (texts(&["r", "p"]), "labels of l.csv joined by id: 2 of 2 rows")
        );
        let missing = join(path, 2, Some(&rows), file, labelled(Some(&["a", "b", "d"]))).unwrap();
        assert_eq!(
            (missing.0[0].clone(), missing.1.contains("1 rows have no label")),
            (None, true)
        );
        let error = join(path, 2, Some(&rows), file, labelled(Some(&["x", "y", "z"]))).unwrap_err();
        assert!(error.to_string().contains("none of its 3 ids"), "{error}");
        assert!(
            join(path, 2, Some(&rows), file, labelled(None))
                .unwrap_err()
                .to_string()
                .contains("3 labels for the 2 rows")
        );
        let (_, said) = join(path, 3, None, file, labelled(Some(&["a", "b", "c"]))).unwrap();
        assert!(said.ends_with("by position"));
        let twice = join(path, 2, Some(&rows), file, labelled(Some(&["a", "a", "c"]))).unwrap_err();
        assert!(twice.to_string().contains("two labels"), "{twice}");
    }
}
