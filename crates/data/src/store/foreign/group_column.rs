//! Which column of a table has the groups.

use std::path::Path;

use super::channels::listed;
use super::names::plain;
use crate::error::Result;
use crate::store::refusal::malformed;

/// Names of groups.
const GROUPS: [&str; 2] = ["group", "groups"];

/// True if a name says so.
pub(super) fn is_name(name: &str) -> bool {
    GROUPS.contains(&plain(name).as_str())
}

/// The place of the groups among the columns of a table that are no ids: called so, or the only one.
pub(super) fn place(path: &Path, names: &[String], is_id: impl Fn(usize) -> bool) -> Result<usize> {
    let others: Vec<usize> = (0..names.len()).filter(|&c| !is_id(c)).collect();
    let is_named = |c: &&usize| is_name(&names[**c]);
    match (others.iter().find(is_named), &others[..]) {
        (Some(&named), _) => Ok(named),
        (None, &[only]) => Ok(only),
        _ => Err(malformed(
            path,
            format!(
                "which of its columns {} has the groups? Call it \"group\"",
                listed(names)
            ),
        )),
    }
}
