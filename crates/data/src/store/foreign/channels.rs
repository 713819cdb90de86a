//! Which columns of a table of numbers are channels.
//!
//! Columns whose names count (`f0`, `f1`…) are channels where they are most of the columns of numbers; each stem is a
//! layer where there are several. Else all columns of numbers are, but for bookkeeping by its name, and for one that only
//! counts the rows. Columns the user asks for are channels whatever they are called.

use std::collections::BTreeSet;
use std::path::Path;

use super::contents::LAYER;
use super::names;
use crate::error::Result;
use crate::store::refusal::malformed;

/// A column, as far as choosing needs it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: String,
    /// True if it holds numbers.
    pub(super) number: bool,
    /// True if it counts the rows, from 0 or 1.
    pub(super) counts: bool,
    /// What it holds where it holds no numbers, in words.
    pub(super) holds: String,
    /// True if it is the labels or the ids.
    pub(super) taken: bool,
}

impl Named {
    /// A column of which only the name is known, and that counts until a row says otherwise.
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            number: false,
            counts: true,
            holds: String::new(),
            taken: false,
        }
    }
}

/// The channels of each layer, and the columns that are none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Channels {
    pub(super) layers: Vec<(String, Vec<usize>)>,
    pub(super) left_out: Vec<usize>,
}

/// Chooses the channels; `asked` names columns, where `*` stands for any characters.
///
/// # Errors
/// When a column asked for is not there or holds no numbers.
pub(super) fn choose(path: &Path, columns: &[Named], asked: Option<&[String]>) -> Result<Channels> {
    let layers = match asked {
        Some(asked) => vec![(LAYER.to_owned(), wanted(path, columns, asked)?)],
        None => by_rule(path, columns)?,
    };
    let used: BTreeSet<usize> = layers.iter().flat_map(|(_, columns)| columns.iter().copied()).collect();
    let left_out = (0..columns.len())
        .filter(|c| !used.contains(c) && !columns[*c].taken)
        .collect();
    Ok(Channels { layers, left_out })
}

fn by_rule(path: &Path, columns: &[Named]) -> Result<Vec<(String, Vec<usize>)>> {
    let named = |name: &str| columns.iter().any(|column| names::plain(&column.name) == name);
    let plane = named("x") && named("y");
    let is_free = |column: &Named| {
        let bookkeeping = names::is_bookkeeping(&column.name) && !(plane && names::plain(&column.name) == "y");
        column.number && !column.taken && !column.counts && !bookkeeping
    };
    let free: Vec<usize> = (0..columns.len()).filter(|&c| is_free(&columns[c])).collect();
    let mut families: Vec<(String, Vec<(u64, usize)>)> = Vec::new();
    for &column in &free {
        let Some((stem, number)) = names::numbered(&columns[column].name) else {
            continue;
        };
        match families.iter_mut().find(|(known, _)| *known == stem) {
            Some((_, members)) => members.push((number, column)),
            None => families.push((stem, vec![(number, column)])),
        }
    }
    for (_, members) in &mut families {
        // By their numbers, in whatever order the columns stand.
        members.sort_unstable();
    }
    let distinct = |members: &[(u64, usize)]| members.windows(2).all(|two| two[0].0 != two[1].0);
    families.retain(|(_, members)| members.len() > 1 && distinct(members));
    let members: usize = families.iter().map(|(_, members)| members.len()).sum();
    if 2 * members <= free.len() {
        return Ok(if free.is_empty() {
            Vec::new()
        } else {
            vec![(LAYER.to_owned(), free)]
        });
    }
    let is_member = |stem: &str| families.iter().any(|(known, _)| known == stem);
    for column in columns.iter().filter(|column| !column.number && !column.taken) {
        if names::numbered(&column.name).is_some_and(|(stem, _)| is_member(&stem)) {
            let what = format!(
                "column {:?} is a channel by its name and holds {}; features must be complete",
                column.name, column.holds
            );
            return Err(malformed(path, what));
        }
    }
    let one = families.len() == 1;
    let named = |(stem, members): (String, Vec<(u64, usize)>)| {
        let stem = stem.trim_end_matches(|c: char| !c.is_alphanumeric()).to_owned();
        let layer = if one || stem.is_empty() { LAYER.to_owned() } else { stem };
        (layer, members.into_iter().map(|(_, column)| column).collect())
    };
    Ok(families.into_iter().map(named).collect())
}

fn wanted(path: &Path, columns: &[Named], asked: &[String]) -> Result<Vec<usize>> {
    let mut chosen = BTreeSet::new();
    for pattern in asked {
        let found: Vec<usize> = (0..columns.len())
            .filter(|&c| matches(pattern, &columns[c].name))
            .collect();
        if found.is_empty() {
            let all: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let what = format!("--columns {pattern}: no such column; it has {}", listed(&all));
            return Err(malformed(path, what));
        }
        if let Some(&column) = found.iter().find(|&&c| !columns[c].number) {
            let what = format!(
                "--columns {pattern}: column {:?} holds no numbers",
                columns[column].name
            );
            return Err(malformed(path, what));
        }
        chosen.extend(found);
    }
    Ok(chosen.into_iter().collect())
}

/// True if a name is what a pattern says, `*` standing for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|left| {
            let mut ends = left.char_indices().map(|(at, _)| at).chain([left.len()]);
            ends.any(|at| matches(rest, &left[at..]))
        }),
    }
}

/// Names in a row; many are cut short and counted.
pub(super) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("{:?}", name.as_ref()))
        .collect();
    match names.len() {
        0..=SHOWN => shown.join(", "),
        n => format!("{}, … ({n} in all)", shown.join(", ")),
    }
}

/// What was chosen, in words: `64 channels (f0 … f63)`.
pub(super) fn in_words(columns: &[Named], chosen: &Channels) -> Vec<String> {
    let name = |c: usize| columns[c].name.as_str();
    let mut words: Vec<String> = chosen
        .layers
        .iter()
        .map(|(layer, members)| {
            let range = match members[..] {
                [one] => name(one).to_owned(),
                [first, .., last] => format!("{} … {}", name(first), name(last)),
                [] => String::new(),
            };
            let layer = if chosen.layers.len() > 1 {
                format!("layer {layer}: ")
            } else {
                String::new()
            };
            format!("{layer}{} channels ({range})", members.len())
        })
        .collect();
    if !chosen.left_out.is_empty() {
        let left: Vec<&str> = chosen.left_out.iter().map(|&c| name(c)).collect();
        words.push(format!("left out: {}", listed(&left)));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<Named> {
        let named = |name: &&str| Named {
            name: (*name).to_owned(),
            number: !name.starts_with('"'),
            counts: name.ends_with('#'),
            holds: "text".into(),
            taken: name.starts_with('@'),
        };
        names.iter().map(named).collect()
    }

    fn chosen(names: &[&str], asked: Option<&[&str]>) -> Vec<(String, Vec<usize>)> {
        let asked: Option<Vec<String>> = asked.map(|asked| asked.iter().map(|a| (*a).to_owned()).collect());
        choose(Path::new("x.csv"), &columns(names), asked.as_deref())
            .unwrap()
            .layers
    }

    fn one(members: &[usize]) -> Vec<(String, Vec<usize>)> {
        vec![("features".to_owned(), members.to_vec())]
    }

    #[test]
    fn names_that_count_are_channels_and_others_beside_them_are_not() {
        assert_eq!(
            chosen(&["Unnamed: 0", "f0", "f1", "f2", "fold", "age"], None),
            one(&[1, 2, 3])
        );
        assert_eq!(chosen(&["0", "1", "2", "class_id"], None), one(&[0, 1, 2]));
        assert_eq!(
            chosen(&["a_0", "a_1", "b_0", "b_1"], None),
            [("a".to_owned(), vec![0, 1]), ("b".to_owned(), vec![2, 3])]
        );
    }

    #[test]
    fn channels_stand_in_the_order_of_their_numbers_and_none_may_be_missing() {
        assert_eq!(chosen(&["f0", "f1", "f10", "f2"], None), one(&[0, 1, 3, 2]));
        let mut gap = columns(&["f0", "f1", "f2"]);
        gap[1].number = false;
        let error = choose(Path::new("x.csv"), &gap, None).unwrap_err().to_string();
        assert!(
            error.contains("\"f1\" is a channel by its name and holds text"),
            "{error}"
        );
    }

    #[test]
    fn other_numbers_are_channels_but_for_bookkeeping() {
        assert_eq!(
            chosen(&["idx", "sepal", "petal", "fine_label", "n#", "\"text"], None),
            one(&[1, 2])
        );
        // Two that count among many that do not.
        assert_eq!(
            chosen(&["a", "b", "c", "d", "q1", "q2"], None),
            one(&[0, 1, 2, 3, 4, 5])
        );
        assert_eq!(chosen(&["n#", "@label"], None), []);
    }

    #[test]
    fn columns_asked_for_are_channels_whatever_they_are_called() {
        assert_eq!(chosen(&["n#", "fold", "f0"], Some(&["n#", "f*"])), one(&[0, 1, 2]));
        assert!(matches("a*c*", "abcd") && matches("*", "") && !matches("a*c", "abd"));
        let refused = |asked: &str| {
            let error = choose(Path::new("x.csv"), &columns(&["a", "\"t"]), Some(&[asked.to_owned()])).unwrap_err();
            error.to_string()
        };
        assert!(refused("b").contains(r#"no such column; it has "a", "\"t""#));
        assert!(refused("\"t").contains("holds no numbers"));
    }

    #[test]
    fn what_was_chosen_is_said() {
        let columns = columns(&["f0", "f1", "age", "@label"]);
        let chosen = choose(Path::new("x"), &columns, None).unwrap();
        assert_eq!(
            in_words(&columns, &chosen),
            ["2 channels (f0 … f1)", "left out: \"age\""]
        );
    }
}
