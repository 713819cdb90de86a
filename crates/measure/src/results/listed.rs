//! The files that belong to results, by name and digest.

use std::fs::File;
use std::io::Seek as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::files::{self, digest, hex};

/// A file that was written with the results, in their folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Listed {
    /// Its path from the folder, as in `tables/spectrum.parquet`.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// Every table that an analysis may write.
pub const TABLES: &[&str] = &[
    "channel_pairs",
    "channels",
    "class_accuracy",
    "class_means",
    "classes",
    "confusions",
    "convergence",
    "hubs",
    "knn_by_k",
    "label_efficiency",
    "mixtureness_by_k",
    "near_duplicates",
    "predictions",
    "spectrum",
];

/// Whether files under the folder are named so: nothing else is read, replaced or removed, whatever a list says.
pub(super) fn is_own(file: &str) -> bool {
    let plain = |stem: &str| !stem.is_empty() && stem.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let named = |name: &str, endings: &[&str]| {
        name.split_once('.')
            .is_some_and(|(stem, ending)| plain(stem) && endings.contains(&ending))
    };
    match file.split_once('/') {
        None => file == "index.html" || file == "report.md",
        Some(("tables", name)) => named(name, &["parquet", "csv", "tex"]),
        Some(("figures", name)) => named(name, &["svg", "png"]),
        Some(_) => false,
    }
}

/// The file of a table in a results folder.
pub(super) fn table_file(name: &str) -> String {
    format!("tables/{name}.parquet")
}

impl Listed {
    /// A file of these bytes.
    pub(super) fn new(file: String, bytes: &[u8]) -> Self {
        Self {
            file,
            sha256: hex(Sha256::new_with_prefix(bytes)),
        }
    }

    /// Whether it is one of the tables, which have to be those that were written.
    pub(super) fn is_table(&self) -> bool {
        self.file.starts_with("tables/")
    }

    /// Where it is, in this folder.
    pub(super) fn path(&self, dir: &Path) -> PathBuf {
        dir.join(&self.file)
    }

    /// Opens the file in this folder, whose results file is `results`.
    ///
    /// # Errors
    /// When it cannot be read, is missing, or is another one than was written with the results.
    pub(super) fn open(&self, dir: &Path, results: &Path) -> Result<File> {
        let path = self.path(dir);
        let (shown, results) = (path.display(), results.display());
        if !is_own(&self.file) {
            return Err(Error::input(format!(
                "{results}: lists {:?}, which is no file of a results folder; analyze again",
                self.file
            )));
        }
        let mut file = match files::open(&path) {
            Err(e) if e.is_absent() => {
                return Err(Error::input(format!(
                    "{shown}: missing, though {results} lists it; a file of the folder was lost, or a command that wrote into it \
                     was cut off: write it again, or write into a new folder"
                )));
            }
            other => other?.0,
        };
        if digest(&mut file).map_err(Error::io(&path))? != self.sha256 {
            return Err(Error::input(format!(
                "{shown}: not the file that was written with {results} (its SHA-256 differs), so the folder mixes two results, as \
                 a command that was cut off leaves it; write it again, or write into a new folder"
            )));
        }
        file.rewind().map_err(Error::io(&path))?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_this_program_gives_are_its_own() {
        for own in [
            "tables/a_b-3.parquet",
            "tables/x.csv",
            "tables/x.tex",
            "figures/x.svg",
            "figures/x.png",
            "index.html",
            "report.md",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "",
            "/etc/passwd",
            "results.json",
            "tables",
            "tables/",
            "tables/.parquet",
            "tables/../index.html",
            "tables/a/b.csv",
            "tables/a.b.csv",
            "tables/a.svg",
            "figures/a.parquet",
            "features/a.parquet",
            "../index.html",
            "C:\\x",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }
}
