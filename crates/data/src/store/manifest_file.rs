//! Reading a manifest that nobody trusts.

use std::path::Path;

use serde_json::Value;

use super::file_names::MANIFEST;
use super::manifest::{Manifest, SCHEMA};
use super::places::Places;
use super::refusal::malformed;
use crate::error::{Error, Result};
use crate::files;

/// What a manifest has at most, in bytes.
const MAX_BYTES: u64 = 256 << 20;

impl Manifest {
    /// Reads the manifest of the store at `dir`; says what is the matter where there is none.
    pub(super) fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(MANIFEST);
        let text = match files::read(&path, MAX_BYTES) {
            Err(e) if e.is_absent() => return Err(absent(dir)),
            read => read?,
        };
        let value: Value = serde_json::from_slice(&text)
            .map_err(|e| malformed(&path, format!("not JSON ({e}); the manifest is damaged, extract again")))?;
        match value.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => {}
            other => {
                let found = other.map_or("no schema".to_owned(), |s| format!("schema {s:?}"));
                return Err(malformed(
                    &path,
                    format!("{found}, expected {SCHEMA:?}; extract again with this version"),
                ));
            }
        }
        let manifest: Self = serde_json::from_value(value)
            .map_err(|e| malformed(&path, format!("damaged manifest ({e}); extract again")))?;
        manifest
            .data
            .classes
            .iter()
            .try_for_each(|class| files::check_name(&path, "a class", class))?;
        manifest.sound().map_err(|why| {
            malformed(
                &path,
                format!("{why}; the manifest was altered or damaged, extract again"),
            )
        })?;
        Ok(manifest)
    }
}

/// Why there is no manifest at `dir`.
fn absent(dir: &Path) -> Error {
    let writer = Places::of(dir).ok();
    let interrupted = writer.is_some_and(|places| places.partial.is_dir());
    if interrupted && !dir.join(MANIFEST).exists() {
        return malformed(
            dir,
            "its extraction was interrupted, so there is no store yet; extract again with --resume",
        );
    }
    if dir.is_dir() {
        malformed(
            dir,
            "no manifest.json in this folder; expected a feature store of featscope extract",
        )
    } else {
        malformed(
            dir,
            "no such file or folder; expected a feature store or an array of features",
        )
    }
}
