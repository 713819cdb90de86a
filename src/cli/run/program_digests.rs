//! The programs that a run is made by.

use anyhow::Context as _;

use crate::cli::hand_over;
use crate::files::sha256_of;

/// The programs, by their bytes: what another build made may be otherwise, whatever its version says.
pub(super) struct Programs {
    /// This one, which measures and reports.
    pub(super) own: String,
    /// The one that extracts, where there is one.
    pub(super) extractor: Option<String>,
}

impl Programs {
    pub(super) fn here() -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("this program's own file cannot be found")?;
        Ok(Self {
            own: sha256_of(&own)?,
            extractor: hand_over::find().ok().map(|path| sha256_of(&path)).transpose()?,
        })
    }
}
