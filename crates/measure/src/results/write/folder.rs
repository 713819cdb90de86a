//! Who writes a results folder: every file is moved into its place, or none.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Error, Result};
use crate::files::{sweep, write_atomically_with};
use crate::results::analysis::Analysis;
use crate::results::earlier_results::{Former, NEW, TEMPORARY};
use crate::results::file::{FILE, Results};
use crate::results::listed::{Listed, is_own, table_file};
use crate::results::table::Table;

/// In the temporary folder, where files wait that are replaced or outdated.
const OLD: &str = "old";

/// The folders inside a results folder.
const FOLDERS: [&str; 2] = ["tables", "figures"];

/// Writes results into a folder, with the tables and pages that belong to them.
///
/// Everything is written into a temporary folder inside it first, so that a full disk changes nothing. Then the files are moved
/// into their places; what earlier results left there, and these do not have, goes; `results.json`, which holds the digest of
/// each file, is moved last. Where a move fails all is put back. A writer that is killed between the moves leaves a folder whose
/// digests do not agree, which is refused when it is read and made whole by the next writer. Files that no results list are
/// never replaced or removed.
pub struct FolderWriter {
    dir: PathBuf,
    /// Goes with its owner, before the folders that were made for it.
    pub(super) temporary: TempDir,
    _made: Made,
    tables: Vec<Listed>,
    report: Vec<Listed>,
    /// Held until the end: one writer for one folder. Not every file system has locks.
    pub(super) lock: Option<File>,
}

/// Folders made on the way, the innermost last; those that stay empty go again.
pub(super) struct Made(Vec<PathBuf>);

impl Drop for Made {
    fn drop(&mut self) {
        for dir in self.0.iter().rev() {
            // One that is not empty stays.
            let _ = fs::remove_dir(dir);
        }
    }
}

impl Made {
    /// Makes a folder and those around it.
    fn make(dir: &Path) -> io::Result<Self> {
        let missing = dir.ancestors().take_while(|d| !d.as_os_str().is_empty() && !d.exists());
        let mut made = Self(missing.map(Path::to_path_buf).collect());
        made.0.reverse();
        fs::create_dir_all(dir)?;
        Ok(made)
    }
}

/// One move of a file, by its path in the folder.
#[derive(Clone, Debug)]
pub(super) enum Move {
    /// Out of its place, to wait.
    Aside(String),
    /// Into its place.
    In(String),
}

impl FolderWriter {
    /// Begins to write into `dir`, which is made where it is missing. Another writer that is at it is waited for.
    ///
    /// # Errors
    /// When `dir` is no folder or cannot be written, or when its `results.json` is not of this program.
    pub fn start(dir: &Path) -> Result<Self> {
        Former::look(dir)?;
        let made = Made::make(dir).map_err(|e| refused(dir, &e))?;
        let lock = File::open(dir).and_then(|folder| folder.lock().map(|()| folder)).ok();
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempdir_in(dir)
            .map_err(|e| refused(dir, &e))?;
        Ok(Self {
            dir: dir.to_path_buf(),
            temporary,
            _made: made,
            tables: Vec::new(),
            report: Vec::new(),
            lock,
        })
    }

    /// Writes a table that is read with the results, as `tables/NAME.parquet`.
    ///
    /// # Errors
    /// When the disk refuses, or for a name that is no file's.
    pub fn table(&mut self, table: &Table) -> Result<()> {
        let one = self.stage(table_file(&table.name), &table.to_parquet()?)?;
        self.tables.push(one);
        Ok(())
    }

    /// Writes a file that a report made of the results: into `tables/` or `figures/`, or a page.
    ///
    /// # Errors
    /// When the disk refuses, or for a name that no such file has.
    pub fn of_report(&mut self, file: &str, bytes: &[u8]) -> Result<()> {
        let one = self.stage(file.to_owned(), bytes)?;
        self.report.push(one);
        Ok(())
    }

    fn stage(&self, file: String, bytes: &[u8]) -> Result<Listed> {
        if !is_own(&file) || self.listed().any(|one| one.file == file) {
            return Err(Error::input(format!(
                "{}: {file:?} cannot be written there; give each table a name of its own, of letters, digits, - and _",
                self.dir.display()
            )));
        }
        self.fill(&file, bytes)?;
        Ok(Listed::new(file, bytes))
    }

    fn fill(&self, file: &str, bytes: &[u8]) -> Result<()> {
        let path = self.temporary.path().join(NEW).join(file);
        let written = fs::create_dir_all(path.parent().unwrap_or(&path))
            .and_then(|()| File::create(&path))
            .and_then(|mut to| to.write_all(bytes).and_then(|()| to.sync_all()));
        written.map_err(|e| refused(&self.dir.join(file), &e))
    }

    fn listed(&self) -> impl Iterator<Item = &Listed> {
        self.tables.iter().chain(&self.report)
    }

    /// Puts everything in its place, with these results, and removes what is outdated.
    ///
    /// # Errors
    /// When the disk refuses, or a file is in the way that is not of earlier results; the folder then is as it was.
    pub fn finish(self, results: &Results) -> Result<()> {
        let moves = self.moves(results)?;
        self.finish_with(&moves)
    }

    pub(super) fn finish_with(self, moves: &[Move]) -> Result<()> {
        // They go again where nothing comes into them.
        let _made = self.make_folders()?;
        if let Err((done, place, error)) = self.carry_out(moves) {
            let undone = moves[..done]
                .iter()
                .rev()
                .map(|one| self.undo(one))
                .filter(|undone| undone.is_err());
            return Err(match undone.count() {
                0 => refused(&place, &error),
                _ => Error::input(format!(
                    "{}: cannot be written ({error}), and {} could not be left as it was; write into it again",
                    place.display(),
                    self.dir.display()
                )),
            });
        }
        self.tidy();
        Ok(())
    }

    pub(super) fn make_folders(&self) -> Result<Vec<Made>> {
        FOLDERS
            .iter()
            .filter(|name| self.listed().any(|one| one.file.starts_with(*name)))
            .map(|name| self.dir.join(name))
            .map(|folder| Made::make(&folder).map_err(|e| refused(&folder, &e)))
            .collect()
    }

    /// Says what has to be moved, the results file last, and writes that with its lists.
    pub(super) fn moves(&self, results: &Results) -> Result<Vec<Move>> {
        let former = Former::look(&self.dir)?;
        // Pages behind tables: as long as the tables are those of the results at hand, so is nearly everything.
        let (tables, others): (Vec<&Listed>, Vec<&Listed>) = self.listed().partition(|one| one.is_table());
        let files: Vec<&str> = tables.into_iter().chain(others).map(|one| one.file.as_str()).collect();
        files.iter().try_for_each(|file| former.check(&self.dir, file))?;
        let results = Results {
            tables: Some(self.tables.clone()),
            report: self.report.clone(),
            ..results.clone()
        };
        // Not before it is known that all of them may come here: the next writer takes what it lists for this program's.
        self.fill(FILE, results.to_json().as_bytes())?;
        let mut moves: Vec<Move> = former
            .outdated(&self.dir, &files)
            .into_iter()
            .map(Move::Aside)
            .collect();
        for file in files {
            if self.dir.join(file).exists() {
                moves.push(Move::Aside(file.to_owned()));
            }
            moves.push(Move::In(file.to_owned()));
        }
        moves.push(Move::In(FILE.to_owned()));
        Ok(moves)
    }

    /// Moves in order; on a failure says how many moves were made, and which file could not be moved.
    pub(super) fn carry_out(&self, moves: &[Move]) -> std::result::Result<(), (usize, PathBuf, io::Error)> {
        for (done, one) in moves.iter().enumerate() {
            let moved = match one {
                Move::Aside(file) => carry(&self.dir.join(file), &self.aside(file)),
                Move::In(file) => carry(&self.temporary.path().join(NEW).join(file), &self.dir.join(file)),
            };
            let (Move::Aside(file) | Move::In(file)) = one;
            moved.map_err(|e| (done, self.dir.join(file), e))?;
        }
        Ok(())
    }

    fn undo(&self, one: &Move) -> io::Result<()> {
        match one {
            Move::Aside(file) => carry(&self.aside(file), &self.dir.join(file)),
            Move::In(file) => fs::remove_file(self.dir.join(file)),
        }
    }

    /// Where a file waits that is replaced or outdated.
    fn aside(&self, file: &str) -> PathBuf {
        self.temporary.path().join(OLD).join(file)
    }

    /// Removes what killed writers left, and folders that nothing is left in.
    fn tidy(self) {
        for name in FOLDERS {
            if self.aside(name).exists() {
                // One that is not empty stays.
                let _ = fs::remove_dir(self.dir.join(name));
            }
        }
        if self.lock.is_none() {
            return;
        }
        // Whoever holds the lock is alone: no temporary folder is in use any more, its own neither.
        let left = Former::look(&self.dir).map(|former| former.temporary);
        for folder in left.into_iter().flatten() {
            let _ = fs::remove_dir_all(folder);
        }
        sweep(&self.dir);
        FOLDERS.iter().for_each(|name| sweep(&self.dir.join(name)));
    }
}

impl Analysis {
    /// Writes `DIR/results.json` and `DIR/tables/NAME.parquet`; what earlier results left there goes (see [`FolderWriter`]).
    ///
    /// # Errors
    /// As [`FolderWriter::start`] and [`FolderWriter::finish`]. The folder then is as it was.
    pub fn write(&self, dir: &Path) -> Result<()> {
        let mut folder = FolderWriter::start(dir)?;
        for table in &self.tables {
            folder.table(table)?;
        }
        folder.finish(&self.results)
    }
}

/// Moves a file, also where a folder in between is a link to another disk.
fn carry(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::rename(from, to) {
        Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
            let copied = write_atomically_with(to, |file| io::copy(&mut File::open(from)?, file).map(|_| ()));
            copied.map_err(|e| match e {
                Error::Io { source, .. } => io::Error::new(source.kind(), source),
                other => io::Error::other(other.to_string()),
            })?;
            fs::remove_file(from)
        }
        moved => moved,
    }
}

/// The disk's refusal, as a sentence.
fn refused(path: &Path, error: &io::Error) -> Error {
    Error::input(format!(
        "{}: cannot be written ({error}), and nothing in its folder was changed; make room or allow writing \
         there, or name another folder",
        path.display()
    ))
}
