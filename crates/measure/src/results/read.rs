//! Reading results: nothing is taken that cannot be, and no table that is not of these results.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::analysis::Analysis;
use super::check;
use super::file::{FILE, MAX_BYTES, Results, SCHEMA};
use super::listed::{Listed, TABLES, table_file};
use super::record::Record;
use super::table::Table;
use crate::error::{Error, Result};
use crate::files;

impl Results {
    /// Reads a results file.
    ///
    /// # Errors
    /// When it cannot be read, is not JSON, names another schema, or holds a record that cannot be or one twice.
    pub fn read(path: &Path) -> Result<Self> {
        let results = match json::<Self>(path)? {
            Ok(results) if results.schema == SCHEMA => results,
            read => return Err(not_results(path, read.err())),
        };
        check::check(path, &results.records)?;
        Ok(results)
    }
}

/// What a JSON file holds; it is never held as text.
///
/// # Errors
/// When it cannot be opened, or is longer than any results.
pub(super) fn json<T: DeserializeOwned>(path: &Path) -> Result<serde_json::Result<T>> {
    let (file, length) = files::open(path)?;
    if length > MAX_BYTES {
        return Err(Error::input(format!(
            "{}: has {} MB, more than the {} of any results file; analyze fewer models or layers into one file, and give compare \
             several",
            path.display(),
            length >> 20,
            MAX_BYTES >> 20
        )));
    }
    Ok(serde_json::from_reader(BufReader::with_capacity(1 << 18, file)))
}

/// What tells results from other JSON.
#[derive(Deserialize)]
struct Loose {
    schema: Option<Value>,
    command: Option<Value>,
}

/// The first of its records that is none, with its number and why.
struct FirstBad(Option<(usize, Value, String)>);

impl<'de> Deserialize<'de> for FirstBad {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Records;
        impl<'de> Visitor<'de> for Records {
            type Value = FirstBad;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a list of records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<FirstBad, A::Error> {
                let mut first = None;
                let mut count = 0;
                // One at a time; behind the first bad one they are passed over.
                while first.is_none()
                    && let Some(record) = list.next_element::<Value>()?
                {
                    count += 1;
                    first = check::malformed(&record).map(|why| (count, record, why));
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(FirstBad(first))
            }
        }
        deserializer.deserialize_seq(Records)
    }
}

/// What is wrong with its records.
#[derive(Deserialize)]
struct Records {
    records: FirstBad,
}

/// Why a file is no results file.
fn not_results(path: &Path, error: Option<serde_json::Error>) -> Error {
    let shown = path.display();
    let not_json = |e: &serde_json::Error| {
        let line = line(path, e.line());
        let hint = ["NaN", "Infinity"].iter().find(|word| line.contains(**word));
        let hint = hint
            .map(|word| format!(": {word} is no number in JSON"))
            .unwrap_or_default();
        Error::input(format!(
            "{shown}: not JSON ({e}{hint}); expected a results file of featscope analyze"
        ))
    };
    // Also what only results cannot have: a number beyond all range is passed over where it is not wanted.
    if let Some(e) = error.as_ref().filter(|e| !e.is_data()) {
        return not_json(e);
    }
    let value: Loose = match json(path) {
        Ok(Ok(value)) => value,
        Ok(Err(e)) => return not_json(&e),
        Err(e) => return e,
    };
    match value.schema.as_ref().and_then(Value::as_str) {
        Some(SCHEMA) => {}
        Some(other) => {
            let advice = match value.command.as_ref().and_then(Value::as_str) {
                Some(command) if !command.is_empty() => format!("make it again with: {command}"),
                _ => "analyze again with this version".to_owned(),
            };
            return Error::input(format!("{shown}: schema {other}, expected {SCHEMA}; {advice}"));
        }
        None => {
            return Error::input(format!(
                "{shown}: no \"schema\"; expected a results file of featscope analyze"
            ));
        }
    }
    if let Ok(Ok(Records {
        records: FirstBad(Some((number, record, why))),
    })) = json(path)
    {
        // What can be read of it says what it is about.
        let name = |field: &str| record.get(field).and_then(Value::as_str).map(str::to_owned);
        let about = Record {
            model: name("model").unwrap_or_default(),
            run: name("run"),
            step: record.get("step").and_then(Value::as_u64),
            layer: name("layer").unwrap_or_default(),
            dataset: name("dataset").unwrap_or_default(),
            split: name("split").unwrap_or_default(),
            other_dataset: name("other_dataset"),
            other_split: name("other_split"),
            metric: name("metric").unwrap_or_default(),
            ..Record::default()
        };
        return Error::input(format!(
            "{shown}: {}: {why}; analyze again",
            check::called(number, &about)
        ));
    }
    let why = error.map(|e| e.to_string()).unwrap_or_default();
    Error::input(format!("{shown}: damaged results file ({why}); analyze again"))
}

/// The start of a line of a file, counted from 1.
fn line(path: &Path, number: usize) -> String {
    /// Enough of a line to tell what is wrong with it.
    const ENOUGH: u64 = 1 << 16;
    let read = || {
        let mut file = BufReader::new(files::open(path).ok()?.0);
        for _ in 1..number {
            file.skip_until(b'\n').ok()?;
        }
        let mut start = Vec::new();
        file.take(ENOUGH).read_until(b'\n', &mut start).ok()?;
        Some(String::from_utf8_lossy(&start).into_owned())
    };
    read().unwrap_or_default()
}

impl Analysis {
    /// Reads what [`Analysis::write`] wrote, or a report: a folder, or a results file.
    ///
    /// A folder must be whole, its tables those that were written with its results. A results file that stands without any
    /// of its tables is read without them; [`Results::tables`] then names them. Files that the results do not list are not
    /// looked at.
    ///
    /// # Errors
    /// As [`Results::read`], and for a table that is missing, damaged or of other results.
    pub fn read(path: &Path) -> Result<Self> {
        let is_folder = path.is_dir();
        let file = if is_folder { path.join(FILE) } else { path.to_path_buf() };
        let mut results = Results::read(&file)?;
        let dir = file.parent().unwrap_or(Path::new(""));
        let Some(listed) = results.tables.take() else {
            refuse_strangers(dir, &file, is_folder)?;
            return Ok(Self {
                results,
                tables: Vec::new(),
            });
        };
        let report = std::mem::take(&mut results.report);
        let made: Vec<&Listed> = report.iter().filter(|one| one.is_table()).collect();
        let bound: Vec<&Listed> = listed.iter().chain(made.iter().copied()).collect();
        if let Some((i, one)) = bound
            .iter()
            .enumerate()
            .find(|(i, one)| bound[..*i].iter().any(|o| o.file == one.file))
        {
            return Err(Error::input(format!(
                "{}: lists {} twice (entry {}); analyze again",
                file.display(),
                one.file,
                i + 1
            )));
        }
        // One that cannot be looked at is there: opening it says why.
        let is_there = |one: &&&Listed| one.path(dir).try_exists().unwrap_or(true);
        if !is_folder && !bound.is_empty() && !bound.iter().any(|one| is_there(&one)) {
            results.tables = Some(listed);
            return Ok(Self {
                results,
                tables: Vec::new(),
            });
        }
        for one in made {
            one.open(dir, &file)?;
        }
        let tables = listed
            .iter()
            .map(|one| Table::from_file(one.open(dir, &file)?, &one.path(dir)));
        let tables = tables.collect::<Result<_>>()?;
        Ok(Self { results, tables })
    }
}

/// Results that list nothing must not stand in a folder with tables of an analysis: they may be of another. A file of
/// another name was never a folder's.
fn refuse_strangers(dir: &Path, file: &Path, is_folder: bool) -> Result<()> {
    if !is_folder && file.file_name().is_none_or(|name| name != FILE) {
        return Ok(());
    }
    let strangers = TABLES.iter().map(|name| dir.join(table_file(name)));
    match strangers.into_iter().find(|path| path.exists()) {
        None => Ok(()),
        Some(table) => Err(Error::input(format!(
            "{}: lists no tables, and {} lies beside it, perhaps of other results; analyze again into the folder (-o), or move \
             the tables away to read the records alone",
            file.display(),
            table.display()
        ))),
    }
}
