//! One writer for one place: a lock file that says which process holds it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How long a lock that another process holds is waited for: one that was killed holds it until the system has cleared it away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Takes hold of the lock file at `path`, which is made where it is missing; `shown` is what is written under it. The lock is
/// held as long as the file is open.
///
/// # Errors
/// When another process holds it: which one. When the folder refuses the file.
pub fn lock(path: &Path, shown: &Path) -> Result<File> {
    let began = Instant::now();
    loop {
        let mut file = open(path)?;
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => {
                let text = format!("{}\n", std::process::id());
                file.set_len(0)
                    .and_then(|()| file.rewind())
                    .and_then(|()| file.write_all(text.as_bytes()))
                    .map_err(Error::io(path))?;
                return Ok(file);
            }
            // Whoever held it has removed it meanwhile.
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) if began.elapsed() < PATIENCE => std::thread::sleep(PATIENCE / 40),
            Err(fs::TryLockError::WouldBlock) => {
                let mut text = String::new();
                let holder = match file.read_to_string(&mut text) {
                    Ok(_) if !text.trim().is_empty() => format!(" (pid {})", text.trim()),
                    _ => String::new(),
                };
                return Err(Error::input(format!(
                    "another process is writing {}{holder}; wait for it, or name another place",
                    shown.display()
                )));
            }
            Err(fs::TryLockError::Error(e)) => return Err(Error::io(path)(e)),
        }
    }
}

fn open(path: &Path) -> Result<File> {
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return Err(Error::input(format!(
            "{}: is no regular file, and has the place of a lock; move it away",
            path.display()
        )));
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(Error::io(path))
}

/// True if the file is still the one at its path.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
        file.metadata()
            .is_ok_and(|own| fs::metadata(path).is_ok_and(|there| same(&own, &there)))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// A lock whose file goes with it.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// As [`lock`].
    ///
    /// # Errors
    /// As [`lock`].
    pub fn hold(path: &Path, shown: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_path_buf(),
            _file: lock(path, shown)?,
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is held: who waits for it finds that it is gone, and makes another.
        let _ = fs::remove_file(&self.path);
    }
}
