//! The one error type of the library.

use std::io;
use std::path::{Path, PathBuf};

/// A result of the library.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Malformed input: one sentence that says what, where, what was expected and what to do. Ends with exit code 2.
    #[error("{0}")]
    Input(String),
    /// A number that does not exist on this (well-formed, degenerate) input. Becomes `null` and a note, exit code 0.
    #[error("undefined: {0}")]
    Undefined(String),
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder concerned.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The user pressed Ctrl-C; everything on disk is whole.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Malformed input, in one sentence.
    pub fn input(sentence: impl Into<String>) -> Self {
        Self::Input(sentence.into())
    }

    /// A number that does not exist here, and why.
    pub fn undefined(reason: impl Into<String>) -> Self {
        Self::Undefined(reason.into())
    }

    /// For `map_err`: an operating system error at `path`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { path, source }
    }
}
