//! The callables that are known to be harmless where a pickle is loaded, by their exact module and name.
//!
//! A name stands here only where what it does with anything it may be given is known: it makes a value, and neither runs
//! what it was given, nor reaches files, nor imports. Everything else is an unknown call. A path of attributes
//! (`torch.os.system`) never matches, and neither does what a listed module happens to import.

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
    for group in [python::GROUPS, torch::GROUPS, libraries::GROUPS].into_iter().flatten() {
        for module in group.modules.split_whitespace() {
            for name in group.names.split_whitespace() {
                known.insert(format!("{module}.{name}"), (group.use_, group.quiet));
            }
        }
    }
    known
});

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
