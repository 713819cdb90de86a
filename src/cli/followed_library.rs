//! `--like LIBRARY`: what following a library's conventions changed.

use crate::metrics::Followed;

/// Metrics named in a line; the others are counted.
const NAMED: usize = 6;

/// A sentence for each thing that happened.
pub fn describe(library: &str, followed: &Followed) -> Vec<String> {
    let mut lines = Vec::new();
    if !followed.changed.is_empty() {
        let changed: Vec<String> = followed
            .changed
            .iter()
            .map(|(id, variant)| format!("{id}={variant}"))
            .collect();
        lines.push(format!("--like {library} chose {}", changed.join(", ")));
    }
    let mut line = |what: &str, ids: &[&str]| {
        if !ids.is_empty() {
            let more = match ids.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let named = ids[..ids.len().min(NAMED)].join(", ");
            lines.push(format!("--like {library}: {what}: {named}{more}"));
        }
    };
    line("its convention is the default", &followed.kept);
    line("your --convention stands", &followed.chosen);
    line("not among what it computes, so the default stays", &followed.unknown);
    lines
}
