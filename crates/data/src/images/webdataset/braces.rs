//! Patterns such as `train-{000..146}.tar`, as shells and WebDataset's own library expand them.

use crate::error::{Error, Result};

/// Nobody has more shards; more is a slip of the pen.
const MAX_PATHS: usize = 100_000;

/// True if a path has braces to be expanded.
pub(in crate::images) fn is_pattern(path: &str) -> bool {
    first(path).is_some()
}

/// Every path a pattern stands for, in order.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>> {
    let too_many = || {
        Error::input(format!(
            "{pattern}: stands for more than {MAX_PATHS} files; write a smaller range"
        ))
    };
    let mut paths = vec![pattern.to_owned()];
    while let Some((before, inside, _)) = first(&paths[0]) {
        let choices = choices(inside).ok_or_else(|| {
            let at = before.len();
            Error::input(format!(
                "{pattern}: {{{inside}}} at byte {at} is neither a range such as {{000..146}} nor a list such as {{a,b}}"
            ))
        })?;
        if choices.len().saturating_mul(paths.len()) > MAX_PATHS {
            return Err(too_many());
        }
        // All paths have the same braces, in the same order.
        paths = paths
            .iter()
            .filter_map(|path| first(path))
            .flat_map(|(before, _, after)| choices.iter().map(move |choice| format!("{before}{choice}{after}")))
            .collect();
    }
    Ok(paths)
}

/// The text before, in and after the first pair of braces.
fn first(path: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = path.split_once('{')?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside, after))
}

fn choices(inside: &str) -> Option<Vec<String>> {
    if inside.contains('{') {
        return None;
    }
    if let Some((from, to)) = inside.split_once("..") {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(from) || !digits(to) {
            return None;
        }
        // Beyond the limit whatever it is; the caller says so.
        let (first, last): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
        let padded = [from, to].iter().any(|text| text.len() > 1 && text.starts_with('0'));
        let width = if padded { from.len().max(to.len()) } else { 0 };
        let numbers = (first..=last).take(MAX_PATHS + 1);
        return (first <= last).then(|| numbers.map(|n| format!("{n:0width$}")).collect());
    }
    let list: Vec<String> = inside.split(',').map(str::to_owned).collect();
    (list.len() > 1).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_are_expanded_in_order() {
        assert_eq!(
            expand("a-{08..11}.tar").unwrap(),
            ["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"]
        );
        assert_eq!(expand("{9..10}").unwrap(), ["9", "10"]);
        assert_eq!(
            expand("{train,val}-{0..1}.tar").unwrap(),
            ["train-0.tar", "train-1.tar", "val-0.tar", "val-1.tar"]
        );
        assert!(is_pattern("a{0..1}") && !is_pattern("a}b{"));
    }

    #[test]
    fn slips_of_the_pen_are_refused() {
        for (pattern, says) in [
            ("a{5..2}.tar", "is neither a range"),
            ("a{0..x}.tar", "is neither a range"),
            ("a{7}.tar", "is neither a range"),
            ("a{{0..1}}.tar", "is neither a range"),
            ("a{0..99999999999999999999999}.tar", "is neither a range"),
            ("a{0..999999999999}.tar", "more than 100000 files"),
            ("{0..999}{0..999}.tar", "more than 100000 files"),
        ] {
            let error = expand(pattern).unwrap_err().to_string();
            assert!(error.starts_with(pattern) && error.contains(says), "{error}");
        }
    }
}
