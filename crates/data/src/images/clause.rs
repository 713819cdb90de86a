//! Errors that stand inside a sentence.

/// A result whose error is a clause, to stand inside the sentence that names the file.
pub(super) type Clause<T> = std::result::Result<T, String>;
