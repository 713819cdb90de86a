//! Files that would call something where they are loaded.

use std::path::Path;

use crate::error::Result;
use crate::files::UnknownCalls;
use crate::store::options::OpenOptions;
use crate::store::refusal::malformed;

/// A sentence about a file that would call something where it is loaded, where that is accepted.
pub(super) fn judged(path: &Path, calls: &UnknownCalls, options: &OpenOptions) -> Result<Option<String>> {
    match calls {
        calls if calls.is_empty() => Ok(None),
        calls if options.allow_unknown_calls => Ok(Some(calls.describe())),
        calls => Err(malformed(path, calls.refusal())),
    }
}
