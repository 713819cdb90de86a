//! Uses of names.

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

impl Use {
    /// The use by the word that the lists have for it.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "value" => Self::Value,
            "new" => Self::New,
            "call" => Self::Call,
            "judged" => Self::Judged,
            _ => return None,
        })
    }
}
