//! Things and groups of things in the order in which they first appear.

use std::collections::HashSet;
use std::hash::Hash;

/// Each thing once.
pub fn distinct<T: Clone + Eq + Hash>(things: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    things.into_iter().filter(|thing| seen.insert(thing.clone())).collect()
}

/// The values of each key.
pub fn grouped<K: PartialEq, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Vec<(K, Vec<V>)> {
    let mut groups: Vec<(K, Vec<V>)> = Vec::new();
    for (key, value) in pairs {
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => groups.push((key, vec![value])),
        }
    }
    groups
}

/// A sentence for each thing that is said, with all that say it before it: `A, B: not measured`.
pub fn said_together<'a>(said: impl IntoIterator<Item = (String, &'a str)>) -> Vec<String> {
    let line = |(what, names): (String, Vec<&str>)| format!("{}: {what}", names.join(", "));
    grouped(said).into_iter().map(line).collect()
}
