//! What earlier commands left in a folder that results are to be written into.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::file::FILE;
use super::listed::{Listed, TABLES, is_own, table_file};
use super::read;
use super::table::Table;
use crate::error::{Error, Result};
use crate::files::{self, digest, is_temporary};

/// How names of temporary files and folders begin; six letters or digits follow.
pub(super) const TEMPORARY: &str = ".featscope-";

/// In a temporary folder, where the files of new results are written first.
pub(super) const NEW: &str = "new";

/// What a results file says of its folder.
#[derive(Deserialize)]
struct ResultsHead {
    schema: String,
    #[serde(default)]
    tables: Option<Vec<Listed>>,
    #[serde(default)]
    report: Vec<Listed>,
}

impl ResultsHead {
    /// `None` where the file is no results file of any version.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(path: &Path) -> Result<Option<Self>> {
        let head: Option<Self> = read::json(path)?.ok();
        Ok(head.filter(|head| head.schema.starts_with("featscope/results/")))
    }
}

/// What stands in a folder.
#[derive(Default)]
pub(super) struct Former {
    /// The digests that were noted of each file: by the results there, and by those that a killed writer was about to put
    /// there.
    listed: HashMap<String, Vec<String>>,
    /// Results that list nothing, as an earlier version wrote them.
    lists_nothing: bool,
    /// Folders of writers that were killed, or are at work.
    pub(super) temporary: Vec<PathBuf>,
}

impl Former {
    /// Looks at a folder, which need not be there.
    ///
    /// # Errors
    /// When it is no folder, or its results file is nothing that this program wrote.
    pub(super) fn look(dir: &Path) -> Result<Self> {
        let shown = dir.display();
        if dir.exists() && !dir.is_dir() {
            return Err(Error::input(format!("{shown}: a file, not a folder; name another one")));
        }
        let mut former = Self::default();
        let file = dir.join(FILE);
        if file.symlink_metadata().is_ok() {
            let Some(head) = ResultsHead::read(&file)? else {
                return Err(Error::input(format!(
                    "{}: not results that featscope wrote, and writing into {shown} would replace it; name another folder, or \
                     move the file away",
                    file.display()
                )));
            };
            former.lists_nothing = head.tables.is_none();
            former.note(head);
        }
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && is_temporary(&entry.file_name().to_string_lossy()) {
                if let Ok(Some(head)) = ResultsHead::read(&entry.path().join(NEW).join(FILE)) {
                    former.note(head);
                }
                former.temporary.push(entry.path());
            }
        }
        Ok(former)
    }

    fn note(&mut self, head: ResultsHead) {
        for one in head.tables.unwrap_or_default().into_iter().chain(head.report) {
            if is_own(&one.file) {
                self.listed.entry(one.file).or_default().push(one.sha256);
            }
        }
    }

    /// Refuses to replace a file that is not of earlier results, or is none.
    pub(super) fn check(&self, dir: &Path, file: &str) -> Result<()> {
        let path = dir.join(file);
        let Ok(metadata) = path.symlink_metadata() else {
            return Ok(());
        };
        let shown = path.display();
        if metadata.is_dir() {
            return Err(Error::input(format!(
                "{shown}: a folder, where a file of the results has its place; move it away, or name another folder"
            )));
        }
        if self.lists_nothing || self.listed.contains_key(file) || is_table(&path) {
            return Ok(());
        }
        Err(Error::input(format!(
            "{shown}: not of results that featscope wrote into {}, and would be replaced; move it away, or name another folder",
            dir.display()
        )))
    }

    /// The files of earlier results that are as those left them and that new results, of these `files`, do not replace.
    pub(super) fn outdated(&self, dir: &Path, files: &[&str]) -> Vec<String> {
        let as_written = |file: &str, digests: &[String]| {
            let path = dir.join(file);
            let is_file = path.symlink_metadata().is_ok_and(|m| m.is_file());
            let found = || digest(&mut files::open(&path).ok()?.0).ok();
            is_file && found().is_some_and(|found| digests.contains(&found))
        };
        let listed = self.listed.iter().filter(|(file, digests)| as_written(file, digests));
        let mut outdated: Vec<String> = listed.map(|(file, _)| file.clone()).collect();
        if self.lists_nothing {
            outdated.extend(
                TABLES
                    .iter()
                    .map(|name| table_file(name))
                    .filter(|file| is_table(&dir.join(file))),
            );
        }
        outdated.retain(|file| !files.contains(&file.as_str()));
        outdated.sort();
        outdated.dedup();
        outdated
    }
}

/// Whether a file is a table as this program writes them.
fn is_table(path: &Path) -> bool {
    path.is_file() && Table::read_parquet(path).is_ok_and(|t| t.text("model").is_some() && t.text("layer").is_some())
}

/// Refuses a folder that `tables` and a results file cannot be written into without replacing what is not of earlier results:
/// what takes hours asks first.
///
/// # Errors
/// When it is no folder, or holds such a file.
pub fn check_folder(dir: &Path, tables: &[&str]) -> Result<()> {
    let former = Former::look(dir)?;
    tables.iter().try_for_each(|name| former.check(dir, &table_file(name)))
}
