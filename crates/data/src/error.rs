//! The one error type of the library.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::shown::sentence;

/// A result of the library.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Malformed input: one sentence that says what, where, what was expected and what to do. Ends with exit code 2.
    /// Made by [`Error::input`], which keeps it one sentence.
    #[error("{0}")]
    Input(String),
    /// A number that does not exist on this (well-formed, degenerate) input. Becomes `null` and a note, exit code 0.
    #[error("undefined: {0}")]
    Undefined(String),
    /// The operating system refused.
    #[error("{}", sentence(&format!("{}: {source}", path.display())))]
    Io {
        /// The file or folder concerned.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// The user pressed Ctrl-C; everything on disk is whole.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Malformed input, in one sentence: names from files in it neither break it nor make it endless (see [`sentence`]).
    pub fn input(text: impl AsRef<str>) -> Self {
        Self::Input(sentence(text.as_ref()))
    }

    /// A number that does not exist here, and why.
    pub fn undefined(reason: impl Into<String>) -> Self {
        Self::Undefined(reason.into())
    }

    /// True if what was asked for is not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// For `map_err`: an operating system error at `path`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io {
            path,
            source: Arc::new(source),
        }
    }
}
