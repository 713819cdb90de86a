//! The folders a feature store uses while it is written, and putting the whole store in its place.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::file_names::{DESCRIPTION, LOCK, MANIFEST, is_note, is_part};
use super::refusal::malformed;
use crate::error::{Error, Result};
use crate::files::lock;

/// The folders a store of one name uses.
pub(super) struct Places {
    /// The store itself.
    pub(super) store: PathBuf,
    /// Where it grows.
    pub(super) partial: PathBuf,
    /// Where an older one waits while the new one takes its place.
    old: PathBuf,
}

impl Places {
    pub(super) fn of(dir: &Path) -> Result<Self> {
        // "." and links have no name of their own to put things beside.
        let store = match dir.exists() {
            true => dir.canonicalize().map_err(Error::io(dir))?,
            false => dir.to_path_buf(),
        };
        let Some(name) = store.file_name() else {
            return Err(malformed(
                dir,
                "not a folder a feature store can be written to; name a new folder",
            ));
        };
        let beside = |suffix: &str| {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(suffix);
            store.with_file_name(hidden)
        };
        let (partial, old) = (beside(".partial"), beside(".old"));
        Ok(Self { store, partial, old })
    }

    /// True if a writer was killed while it put a finished store in its place.
    pub(super) fn is_unsettled(&self) -> bool {
        self.partial.join(MANIFEST).is_file() || self.old.exists()
    }

    /// Goes without a trace where nothing was begun.
    pub(super) fn leave(&self) -> Result<()> {
        let entries = fs::read_dir(&self.partial).map_err(Error::io(&self.partial))?;
        if entries.count() == 1 {
            fs::remove_dir_all(&self.partial).map_err(Error::io(&self.partial))?;
        }
        Ok(())
    }

    /// Makes the folder a store grows in and takes hold of it: one writer for one store.
    pub(super) fn prepare(&self) -> Result<File> {
        self.refuse_other_folders()?;
        if self.old.exists() {
            // Killed while it put a store in its place: before the new one was there, or after.
            if self.store.exists() {
                fs::remove_dir_all(&self.old).map_err(Error::io(&self.old))?;
            } else {
                fs::rename(&self.old, &self.store).map_err(Error::io(&self.store))?;
            }
        }
        fs::create_dir_all(&self.partial).map_err(Error::io(&self.partial))?;
        lock(&self.partial.join(LOCK), &self.store)
    }

    /// A finished store replaces what is at its path: that must not be somebody's other files.
    fn refuse_other_folders(&self) -> Result<()> {
        let store = &self.store;
        if !store.exists() {
            return Ok(());
        }
        for entry in fs::read_dir(store).map_err(Error::io(store))? {
            let name = entry.map_err(Error::io(store))?.file_name();
            let name = name.to_string_lossy();
            if name != MANIFEST && !is_part(&name) && !is_helper(&name) {
                let what = format!("holds {name:?}, so it is no feature store that may be replaced; name a new folder");
                return Err(malformed(store, what));
            }
        }
        Ok(())
    }

    /// Empties the folder the store grows in, but for the lock and what `keep` names.
    pub(super) fn clear(&self, keep: impl Fn(&str) -> bool) -> Result<()> {
        for entry in fs::read_dir(&self.partial).map_err(Error::io(&self.partial))? {
            let entry = entry.map_err(Error::io(&self.partial))?;
            let name = entry.file_name();
            if name != LOCK && !name.to_str().is_some_and(&keep) {
                fs::remove_file(entry.path()).map_err(Error::io(entry.path()))?;
            }
        }
        Ok(())
    }

    /// Puts the store that has grown in its place; an older one goes last. What helped to write it goes first, but for the
    /// lock, so that a store that is cut off here is whole without it (see [`super::standing`]).
    pub(super) fn settle(&self) -> Result<()> {
        let Self { store, partial, old } = self;
        self.clear(|name| name == MANIFEST || is_part(name))?;
        sync(partial)?;
        let replaces = store.exists();
        if replaces {
            fs::rename(store, old).map_err(Error::io(store))?;
        }
        fs::rename(partial, store).map_err(Error::io(store))?;
        self.tidy()?;
        if let Some(around) = store.parent().filter(|p| !p.as_os_str().is_empty()) {
            sync(around)?;
        }
        if replaces {
            fs::remove_dir_all(old).map_err(Error::io(old))?;
        }
        Ok(())
    }

    /// Removes what helped to write a store that is in its place.
    pub(super) fn tidy(&self) -> Result<()> {
        for entry in fs::read_dir(&self.store).map_err(Error::io(&self.store))? {
            let entry = entry.map_err(Error::io(&self.store))?;
            if entry.file_name().to_str().is_some_and(is_helper) {
                fs::remove_file(entry.path()).map_err(Error::io(entry.path()))?;
            }
        }
        Ok(())
    }
}

/// True if a file is there only while a store is written.
fn is_helper(name: &str) -> bool {
    name == DESCRIPTION || name == LOCK || is_note(name)
}

/// Sees to it that the names in a folder outlive a power cut.
pub(super) fn sync(dir: &Path) -> Result<()> {
    // Only Unix opens a folder as a file.
    if cfg!(unix) {
        let folder = File::open(dir).map_err(Error::io(dir))?;
        folder.sync_all().map_err(Error::io(dir))?;
    }
    Ok(())
}
