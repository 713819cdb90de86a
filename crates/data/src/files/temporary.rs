//! Temporary files and folders: named after who writes them, so that what a killed process left is known.

use std::fs::Metadata;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;

use crate::error::{Error, Result};

/// How their names begin.
const PREFIX: &str = ".featscope-";

/// From this age on nobody writes one any more, where its process cannot be asked.
const ABANDONED: Duration = Duration::from_secs(3600);

/// This machine since it was started: processes have their numbers from it. Another one may share the folder.
static MACHINE: LazyLock<Option<String>> = LazyLock::new(|| {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id: String = id.chars().filter(char::is_ascii_hexdigit).take(8).collect();
    (id.len() == 8).then_some(id)
});

/// How the names of this process's temporary files begin; six letters or digits follow.
pub(super) fn prefix() -> String {
    match MACHINE.as_ref() {
        Some(machine) => format!("{PREFIX}{machine}-{}-", std::process::id()),
        None => PREFIX.to_owned(),
    }
}

/// True if a name is that of a temporary file or folder of this program.
pub fn is_temporary(name: &str) -> bool {
    let random = |text: &str| text.len() == 6 && text.chars().all(|c| c.is_ascii_alphanumeric());
    name.strip_prefix(PREFIX).is_some_and(|rest| match writer(name) {
        Some((_, _, rest)) => random(rest),
        None => random(rest),
    })
}

/// The machine and the process that a name tells, and the rest of it.
fn writer(name: &str) -> Option<(&str, u32, &str)> {
    let (machine, rest) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let (process, rest) = rest.split_once('-')?;
    Some((machine, process.parse().ok()?, rest))
}

/// True if nobody writes it any more.
fn is_abandoned(name: &str, about: &Metadata) -> bool {
    let here = writer(name).filter(|(machine, ..)| MACHINE.as_deref() == Some(*machine));
    match here {
        Some((_, process, _)) => !Path::new("/proc").join(process.to_string()).exists(),
        None => about
            .modified()
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > ABANDONED)),
    }
}

/// Removes the temporary files that killed processes left in a folder.
pub fn sweep(dir: &Path) {
    each_abandoned(dir, |path, about| {
        if about.is_file() {
            // Another command may have been faster.
            let _ = std::fs::remove_file(path);
        }
    });
}

fn each_abandoned(dir: &Path, mut remove: impl FnMut(&Path, &Metadata)) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_temporary(name)) else {
            continue;
        };
        // This is about a link itself, not about what it leads to.
        if let Ok(about) = entry.metadata()
            && is_abandoned(name, &about)
        {
            remove(&entry.path(), &about);
        }
    }
}

/// A new folder among the system's temporary files, which goes with its owner; what killed processes left goes now.
///
/// # Errors
/// When the system has no room for it.
pub fn temporary_folder() -> Result<TempDir> {
    let around = std::env::temp_dir();
    each_abandoned(&around, |path, about| {
        if about.is_dir() {
            let _ = std::fs::remove_dir_all(path);
        }
    });
    tempfile::Builder::new()
        .prefix(&prefix())
        .tempdir_in(&around)
        .map_err(Error::io(around))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_goes_at_once_and_what_another_writes_stays() {
        let dir = tempfile::tempdir().unwrap();
        let machine = MACHINE.as_deref().unwrap_or("none");
        // No process has the largest number there is.
        let dead = format!("{PREFIX}{machine}-{}-aB3xYz", u32::MAX);
        let alive = format!("{}aB3xYz", prefix());
        let elsewhere = format!("{PREFIX}01234567-{}-aB3xYz", u32::MAX);
        for name in [&dead, &alive, &elsewhere, ".featscope-notes", "mine"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        sweep(dir.path());
        let there = |name: &str| dir.path().join(name).exists();
        assert_eq!(there(&dead), MACHINE.is_none());
        assert!(there(&alive) && there(&elsewhere) && there(".featscope-notes") && there("mine"));
    }
}
