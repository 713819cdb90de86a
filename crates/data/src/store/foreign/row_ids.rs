//! What is known of each row beside its numbers: names, labels and ids, and joining them.

use std::collections::HashMap;
use std::path::Path;

use super::names::IdName;
use crate::error::Result;
use crate::features::{IdColumn, common};
use crate::files;
use crate::store::refusal::malformed;
use crate::store::seen_ids::SeenIds;

/// A text for each row; `None` where there is none.
pub(super) type Texts = Vec<Option<String>>;

/// Texts of rows, and the name they go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextColumn {
    pub(super) name: String,
    pub(super) values: Texts,
}

/// Labels, and the ids of the same rows, the most telling first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LabelledIds {
    pub(super) labels: TextColumn,
    pub(super) ids: Vec<IdColumn>,
}

/// The texts of a column as ids.
///
/// # Errors
/// When two rows share an id, or a row has none, in a column that is called an id.
pub(super) fn ids(path: &Path, kind: IdName, TextColumn { name, values }: TextColumn) -> Result<IdColumn> {
    let from = |first: usize| {
        let mut numbers = values.iter().enumerate();
        numbers.all(|(row, id)| id.as_deref() == Some(&(row + first).to_string()))
    };
    values
        .iter()
        .flatten()
        .try_for_each(|id| files::check_name(path, "an id", id))?;
    let counts = from(0) || from(1);
    let mut seen = SeenIds::default();
    let odd = values.iter().enumerate().find_map(|(row, id)| match id {
        Some(id) if seen.is_new(id) => None,
        Some(id) => Some(format!("id {id:?} in {name:?} comes twice")),
        None => Some(format!("row {row} has no id in {name:?}")),
    });
    if let (Some(what), IdName::Id(_)) = (&odd, kind) {
        return Err(malformed(path, format!("{what}; every row needs an id of its own")));
    }
    Ok(IdColumn {
        name,
        ids: values.into_iter().map(Option::unwrap_or_default).collect(),
        counts,
        trouble: odd,
    })
}

/// The column that tells the rows apart by itself, if there is one.
pub(super) fn primary(columns: &[IdColumn]) -> Option<&IdColumn> {
    columns.iter().find(|column| column.is_whole())
}

/// The labels (or whatever `what` calls them) of `file` for the rows of the features at `path`, in their order, and a sentence on
/// how they were joined: by id where both have some, else by position.
///
/// # Errors
/// When numbers of rows differ, no id is on both sides, or an id has two labels.
pub(super) fn join(
    path: &Path,
    rows: usize,
    ids: &[IdColumn],
    file: &Path,
    labelled: LabelledIds,
    what: &str,
) -> Result<(Texts, String)> {
    let LabelledIds { labels, ids: theirs } = labelled;
    let shown = file.display();
    let (a, b) = (path.display().to_string(), shown.to_string());
    let Some((own, other)) = common((&a, ids), (&b, &theirs))? else {
        let n = labels.values.len();
        if n != rows {
            let what = format!("{n} {what}s for the {rows} rows of {a}; there must be one {what} per row");
            return Err(malformed(file, what));
        }
        return Ok((labels.values, format!("{what}s of {shown} joined by position")));
    };
    let by_id: HashMap<&str, &Option<String>> = other.ids.iter().map(String::as_str).zip(&labels.values).collect();
    let joined = |id: &String| by_id.get(id.as_str()).and_then(|label| (*label).clone());
    let found = own.ids.iter().filter(|id| by_id.contains_key(id.as_str())).count();
    let rest = match rows - found {
        0 => String::new(),
        rest => format!("; {rest} rows have no {what} there"),
    };
    let by = match own.name == other.name {
        true => format!("{:?}", own.name),
        false => format!("{:?} and {:?}", own.name, other.name),
    };
    let sentence = format!("{what}s of {shown} joined by id ({by}): {found} of {rows} rows{rest}");
    Ok((own.ids.iter().map(joined).collect(), sentence))
}

/// Words that stand for no label.
const NO_LABEL: [&str; 6] = ["unlabelled", "unlabeled", "nan", "na", "n/a", "null"];

/// Takes away what stands for no label, and says so: empty text, `unlabelled`, `nan` and the like, and -1 beside at least two labels that are
/// counts.
pub(super) fn without_placeholders(labels: &mut Texts) -> Option<String> {
    let is_word = |label: &str| {
        let word = label.trim();
        word.is_empty() || NO_LABEL.iter().any(|none| word.eq_ignore_ascii_case(none))
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
    let sentence = |(text, count): &(String, usize)| format!("{count} rows with label {text:?} count as unlabelled");
    (!taken.is_empty()).then(|| taken.iter().map(sentence).collect::<Vec<_>>().join("; "))
}

/// The columns of ids that are not those of the set, in words: kept for joining with another side.
pub(super) fn not_joined(columns: &[IdColumn], primary: Option<&str>) -> Vec<String> {
    let others = columns.iter().filter(|column| Some(column.name.as_str()) != primary);
    let word = |column: &IdColumn| match &column.trouble {
        Some(trouble) => format!("{:?} ({trouble})", column.name),
        None if column.counts => format!("{:?} (it counts the rows)", column.name),
        None => format!("{:?}", column.name),
    };
    others.map(word).collect()
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
        let sentence = without_placeholders(&mut many).unwrap();
        assert_eq!(many, [Some("0".into()), None, Some("3".into()), None]);
        assert_eq!(sentence, "2 rows with label \"-1\" count as unlabelled");
        let mut two = texts(&["1", "-1"]);
        assert_eq!((without_placeholders(&mut two), two), (None, texts(&["1", "-1"])));
        let mut words = texts(&["cat", "Unlabeled", "", "dog"]);
        assert!(without_placeholders(&mut words).unwrap().contains("\"Unlabeled\""));
        assert_eq!(words, [Some("cat".into()), None, None, Some("dog".into())]);
    }

    fn column(name: &str, values: Texts) -> TextColumn {
        let name = name.to_owned();
        TextColumn { name, values }
    }

    #[test]
    fn a_column_that_repeats_is_no_id_and_one_that_counts_says_so() {
        let path = Path::new("x.csv");
        let read = |kind, values: Texts| ids(path, kind, column("k", values));
        let key = IdName::Key(0);
        assert!(read(key, texts(&["0", "1", "2"])).unwrap().counts);
        assert!(read(key, texts(&["1", "2", "3"])).unwrap().counts);
        let repeats = read(key, texts(&["a", "a"])).unwrap();
        assert_eq!(repeats.trouble.as_deref(), Some("id \"a\" in \"k\" comes twice"));
        assert!(read(key, texts(&["b", "a"])).unwrap().is_whole());
        assert!(
            read(IdName::Id(0), texts(&["a", "a"]))
                .unwrap_err()
                .to_string()
                .contains("comes twice")
        );
        assert!(
            read(IdName::Id(0), vec![None])
                .unwrap_err()
                .to_string()
                .contains("row 0 has no id")
        );
    }

    #[test]
    fn labels_are_joined_by_id_where_both_sides_have_some() {
        let (path, file) = (Path::new("x.npy"), Path::new("l.csv"));
        let id_column = |values: &[&str]| vec![ids(path, IdName::Key(0), column("k", texts(values))).unwrap()];
        let labelled = |ids: &[&str]| LabelledIds {
            labels: column("label", texts(&["p", "q", "r"])),
            ids: if ids.is_empty() { Vec::new() } else { id_column(ids) },
        };
        let rows = id_column(&["c", "a"]);
        let (joined, sentence) = join(path, 2, &rows, file, labelled(&["a", "b", "c"]), "label").unwrap();
        assert_eq!(
            (joined, sentence.ends_with("by id (\"k\"): 2 of 2 rows")),
            (texts(&["r", "p"]), true)
        );
        let missing = join(path, 2, &rows, file, labelled(&["a", "b", "d"]), "label").unwrap();
        assert_eq!(
            (missing.0[0].clone(), missing.1.contains("1 rows have no label")),
            (None, true)
        );
        let error = join(path, 2, &rows, file, labelled(&["x", "y", "z"]), "label").unwrap_err();
        assert!(error.to_string().contains("no row in common"), "{error}");
        let error = join(path, 2, &rows, file, labelled(&[]), "label").unwrap_err();
        assert!(error.to_string().contains("3 labels for the 2 rows"), "{error}");
        let (_, sentence) = join(path, 3, &[], file, labelled(&["a", "b", "c"]), "label").unwrap();
        assert!(sentence.ends_with("by position"));
        let twice = join(path, 2, &rows, file, labelled(&["a", "a", "c"]), "label").unwrap_err();
        assert!(twice.to_string().contains("comes twice"), "{twice}");
    }
}
