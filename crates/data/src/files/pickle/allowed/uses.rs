//! Uses of names, and names of one use.

/// What a name that is known may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::files::pickle) enum Use {
    /// A value, which nobody calls: a dtype, a type hint.
    Value,
    /// Made empty, as pickles make objects: its `__new__` and `__setstate__` are harmless, and its `__init__` is not asked.
    New,
    /// Called with anything that is itself no unknown name.
    Call,
    /// Called with what [`judge`](crate::files::pickle::judge) says.
    Judged,
}

/// Names of one use.
pub(super) struct UseGroup {
    pub(super) use_: Use,
    /// Whether objects of them need no mention: checkpoints are full of them, and they say nothing about what was left out.
    pub(super) quiet: bool,
    /// Modules that have all the names.
    pub(super) modules: &'static str,
    pub(super) names: &'static str,
}

pub(super) const fn group(use_: Use, quiet: bool, modules: &'static str, names: &'static str) -> UseGroup {
    UseGroup {
        use_,
        quiet,
        modules,
        names,
    }
}
