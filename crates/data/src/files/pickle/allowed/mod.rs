//! The callables that are known to be harmless where a pickle is loaded, by their exact module and name.
//!
//! A name stands here only where what it does with anything it may be given is known: it makes a value, and neither runs
//! what it was given, nor reaches files, nor imports. Everything else is an unknown call. A path of attributes
//! (`torch.os.system`) never matches, and neither does what a listed module happens to import.
//!
//! A line of a list is `USE | MODULES: NAMES`, each module having all the names; the line after it goes on where it is
//! set in. `quiet` behind the use: objects of them need no mention, for checkpoints are full of them, and they say nothing
//! about what was left out.

mod libraries;
mod python;
mod torch;
mod uses;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::files::element::Element;

pub(super) use uses::Use;

static KNOWN: LazyLock<HashMap<String, (Use, bool)>> = LazyLock::new(|| {
    let mut known = HashMap::new();
    let mut entry: Option<((Use, bool), &str)> = None;
    for line in lines() {
        let names = match line.split_once(": ") {
            Some((head, names)) => {
                entry = read_head(head);
                names
            }
            None => line,
        };
        let Some((usable, modules)) = entry else { continue };
        for module in modules.split(' ') {
            for name in names.split_whitespace() {
                known.insert(format!("{module}.{name}"), usable);
            }
        }
    }
    known
});

/// The lines of all lists but for those that begin with `#`.
fn lines() -> impl Iterator<Item = &'static str> {
    [python::NAMES, torch::NAMES, libraries::NAMES]
        .into_iter()
        .flat_map(str::lines)
        .filter(|line| !line.starts_with('#'))
}

/// What `USE | MODULES` says: the use, whether it is quiet, and the modules.
fn read_head(head: &str) -> Option<((Use, bool), &str)> {
    let (usable, modules) = head.split_once(" | ")?;
    let (word, quiet) = match usable.strip_suffix(" quiet") {
        Some(word) => (word, true),
        None => (usable, false),
    };
    Some(((Use::from_word(word)?, quiet), modules))
}

/// What `full`, which is `name` of `module`, may be used for, and whether it needs no mention; `None` where it is not known.
pub(super) fn use_of(module: &str, name: &str, full: &str) -> Option<(Use, bool)> {
    if name.contains('.') {
        return None;
    }
    match module {
        "torch" if Element::from_dtype(name).is_some() => Some((Use::Value, true)),
        // Type hints of settings; nothing there is called by being named.
        "typing" => Some((Use::Value, false)),
        _ => KNOWN.get(full).copied(),
    }
}

/// Every name that is known.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    KNOWN.keys().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_lists_is_read() {
        for line in lines().filter(|line| !line.is_empty() && !line.starts_with(' ')) {
            let head = line.split_once(": ").and_then(|(head, _)| read_head(head));
            assert!(head.is_some(), "{line}");
        }
        assert!(KNOWN.len() > 700, "{}", KNOWN.len());
        assert_eq!(KNOWN.get("torch.optim.swa_utils.SWALR"), Some(&(Use::New, false)));
        assert_eq!(KNOWN.get("numpy._core.multiarray.scalar"), Some(&(Use::Call, true)));
    }
}
