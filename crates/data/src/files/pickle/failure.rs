//! Why a pickle is not read.

/// Why a pickle is not read.
#[derive(Debug)]
pub(in crate::files) enum Failure {
    /// It would run code that no name tells, or change a class.
    Hostile(String),
    /// It is sound, but cannot be read here.
    Unsupported(String),
    /// It is not a whole pickle.
    Damaged(String),
}

impl Failure {
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}
