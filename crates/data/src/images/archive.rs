//! Tar archives of batch files, unpacked one level flat into a temporary folder.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use tempfile::TempDir;

use crate::error::{Error, Result};
use crate::files;

/// No batch file of the CIFAR family is larger (its largest has 153,700,000 bytes).
const MAX_MEMBER: u64 = 1 << 29;
/// An archive of batches has a dozen members.
const MAX_MEMBERS: usize = 64;
/// What gzip files begin with.
const GZIP: &[u8] = b"\x1f\x8b";

fn open(path: &Path) -> Result<tar::Archive<Box<dyn Read>>> {
    let mut file = BufReader::new(files::open(path)?.0);
    // Whatever the file is called.
    let zipped = file.fill_buf().map_err(Error::io(path))?.starts_with(GZIP);
    Ok(tar::Archive::new(match zipped {
        true => Box::new(GzDecoder::new(file)),
        false => Box::new(file),
    }))
}

fn damaged(path: &Path, error: &std::io::Error) -> Error {
    Error::input(format!(
        "{}: damaged or truncated archive ({error}); download it again",
        path.display()
    ))
}

/// Calls `visit` with the base name and content of each regular file, until it says that is enough.
fn walk(path: &Path, mut visit: impl FnMut(&str, &mut dyn Read, u64) -> Result<bool>) -> Result<()> {
    let mut archive = open(path)?;
    for entry in archive.entries().map_err(|e| damaged(path, &e))? {
        let mut entry = entry.map_err(|e| damaged(path, &e))?;
        let name = entry
            .path()
            .ok()
            .and_then(|p| p.file_name().and_then(|n| n.to_str()).map(str::to_owned));
        let (Some(name), true) = (name, entry.header().entry_type().is_file()) else {
            continue;
        };
        let size = entry.size();
        if !visit(&name, &mut entry, size)? {
            break;
        }
    }
    Ok(())
}

/// The base names of the files of an archive, until they are enough to tell what it is.
pub(super) fn names(path: &Path, is_enough: impl Fn(&[String]) -> bool) -> Result<Vec<String>> {
    let mut names = Vec::new();
    walk(path, |name, _, _| {
        names.push(name.to_owned());
        Ok(!is_enough(&names) && names.len() < MAX_MEMBERS)
    })?;
    Ok(names)
}

/// Unpacks the files whose base name is wanted. Nothing is written outside the temporary folder, whatever the
/// archive's paths say.
pub(super) fn unpack(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<TempDir> {
    let dir = files::temporary_folder()?;
    let mut members = 0;
    walk(path, |name, content, size| {
        members += 1;
        if members > MAX_MEMBERS {
            return Err(Error::input(format!(
                "{}: more than {MAX_MEMBERS} members; unpack it first",
                path.display()
            )));
        }
        if !wanted(name) {
            return Ok(true);
        }
        if size > MAX_MEMBER {
            let shown = path.display();
            return Err(Error::input(format!(
                "{shown}: {name} claims {size} bytes; expected a batch of images"
            )));
        }
        let target = dir.path().join(name);
        let mut file = File::create(&target).map_err(Error::io(&target))?;
        let copied = std::io::copy(content, &mut file).map_err(|e| damaged(path, &e))?;
        if copied == size {
            return Ok(true);
        }
        let shown = path.display();
        Err(Error::input(format!(
            "{shown}: {name} ends after {copied} of {size} bytes; download it again"
        )))
    })?;
    Ok(dir)
}
