//! Files that are written whole or not at all.

use std::path::Path;

use super::temporary;
use crate::error::{Error, Result};

/// Writes a file under a temporary name in the same folder, syncs it and renames it: never a half-written file. What
/// processes that were killed left there goes.
///
/// # Errors
/// When the folder or disk refuses.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write as _;
    write_atomically_with(path, |file| file.write_all(bytes))
}

/// As [`write_atomically`], for what is too large to be held twice: `write` fills the file.
///
/// # Errors
/// When `write` fails, the folder or disk refuses, or `path` is a folder, a pipe or a device.
pub fn write_atomically_with(path: &Path, write: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>) -> Result<()> {
    let dir = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // A file would take the place of what is none.
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(Error::input(format!(
            "{}: is no regular file, and cannot be written as one; name another file, or print to standard output",
            path.display()
        )));
    }
    let mut file = tempfile::Builder::new()
        .prefix(&temporary::prefix())
        .tempfile_in(dir)
        .map_err(Error::io(dir))?;
    write(file.as_file_mut())
        .and_then(|()| file.as_file().sync_all())
        .map_err(Error::io(path))?;
    set_default_permissions(file.as_file(), path)?;
    file.persist(path).map_err(|e| Error::io(path)(e.error))?;
    temporary::sweep(dir);
    Ok(())
}

/// Temporary files are private by default; what the user asked for is readable as any other file is.
fn set_default_permissions(file: &std::fs::File, path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))
            .map_err(Error::io(path))?;
    }
    Ok(())
}
