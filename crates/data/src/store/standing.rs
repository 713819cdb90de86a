//! What is at the place of a store before it is written: nothing, this very store, or another one.

use std::path::Path;

use serde_json::Value;

use super::file_names::MANIFEST;
use super::manifest::{Description, Manifest};
use super::places::Places;
use super::reader::FeatureStore;
use crate::error::{Error, Result};

/// What is at the place of a store.
#[derive(Debug)]
pub enum Standing {
    /// No store, or one that is not finished.
    Nothing,
    /// A finished store of this very description, every part as its manifest says.
    Same(Box<Manifest>),
    /// A finished store of another description, and the first thing that differs.
    Other(String),
    /// A store that does not open, or whose parts were altered, and why.
    Damaged(String),
}

/// What is at `dir`, where a store of `description` is to be. A store that was finished and then killed before it was in
/// its place is put there first, if it is of this description.
///
/// # Errors
/// When the disk refuses, or another process is writing the store.
pub fn standing(dir: &Path, description: &Description) -> Result<Standing> {
    let places = Places::of(dir)?;
    if places.is_unsettled() {
        let lock = places.prepare()?;
        let whole = verified(&places.partial);
        if matches!(&whole, Ok(m) if m.description() == *description) {
            places.settle()?;
        } else {
            places.leave()?;
        }
        drop(lock);
    }
    if !places.store.join(MANIFEST).is_file() {
        return Ok(Standing::Nothing);
    }
    places.tidy()?;
    match verified(&places.store) {
        Ok(found) => Ok(match difference(&found.description(), description)? {
            None => Standing::Same(Box::new(found)),
            Some(what) => Standing::Other(what),
        }),
        Err(Error::Input(why)) => Ok(Standing::Damaged(why)),
        Err(other) => Err(other),
    }
}

/// The manifest of the store at `dir`, every part seen to be as it says.
fn verified(dir: &Path) -> Result<Manifest> {
    let store = FeatureStore::open(dir)?;
    store.verify()?;
    Ok(store.manifest().clone())
}

/// The first thing in which two descriptions differ, in words.
fn difference(there: &Description, now: &Description) -> Result<Option<String>> {
    let value =
        |d: &Description| serde_json::to_value(d).map_err(|e| Error::input(format!("cannot be described: {e}")));
    Ok(differs("", &value(there)?, &value(now)?))
}

fn differs(path: &str, there: &Value, now: &Value) -> Option<String> {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match (there, now) {
        _ if there == now => None,
        (Value::Object(a), Value::Object(b)) => {
            a.keys()
                .chain(b.keys().filter(|key| !a.contains_key(*key)))
                .find_map(|key| {
                    differs(
                        &below(key),
                        a.get(key).unwrap_or(&Value::Null),
                        b.get(key).unwrap_or(&Value::Null),
                    )
                })
        }
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => Some(path.to_owned()),
        _ => Some(format!("{path} is {there} there and {now} now")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let base = Description::default();
        assert_eq!(difference(&base, &base).unwrap(), None);
        let mut other = base.clone();
        other.data.fingerprint = "x".into();
        let sentence = difference(&base, &other).unwrap().unwrap();
        assert_eq!(sentence, "data.fingerprint is \"\" there and \"x\" now");
        let mut sharded = base.clone();
        sharded.shard = Some(crate::store::findings::StoreShard {
            index: 1,
            count: 2,
            first_image: 0,
            images: 3,
        });
        assert_eq!(difference(&base, &sharded).unwrap().unwrap(), "shard");
    }
}
