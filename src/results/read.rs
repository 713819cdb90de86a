//! Reading results: nothing is taken that cannot be, and no table that is not of these results.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::listed::{Listed, TABLES, table_file};
use super::{Analysis, FILE, MAX_BYTES, Record, Results, SCHEMA, Table, check};
use crate::error::{Error, Result};
use crate::files;

impl Results {
    /// Reads a results file.
    ///
    /// # Errors
    /// When it cannot be read, is not JSON, names another schema, or holds a record that cannot be or one twice.
    pub fn read(path: &Path) -> Result<Self> {
        let text = files::read_text(path, MAX_BYTES)?;
        let results = match serde_json::from_str::<Self>(&text) {
            Ok(results) if results.schema == SCHEMA => results,
            read => return Err(not_results(path, &text, read.err())),
        };
        check::check(path, &results.records)?;
        Ok(results)
    }
}

/// What tells results from other JSON.
#[derive(Deserialize)]
struct Loose {
    schema: Option<Value>,
}

/// Its records, whatever they are.
#[derive(Deserialize)]
struct Records {
    #[serde(default)]
    records: Vec<Value>,
}

/// Why a text is no results file.
fn not_results(path: &Path, text: &str, error: Option<serde_json::Error>) -> Error {
    let shown = path.display();
    let not_json = |e: &serde_json::Error| {
        let line = text.lines().nth(e.line().saturating_sub(1)).unwrap_or_default();
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
    let value: Loose = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(e) => return not_json(&e),
    };
    match value.schema.as_ref().and_then(Value::as_str) {
        Some(SCHEMA) => {}
        Some(other) => {
            return Error::input(format!(
                "{shown}: schema {other}, expected {SCHEMA}; analyze again with this version"
            ));
        }
        None => {
            return Error::input(format!(
                "{shown}: no \"schema\"; expected a results file of featscope analyze"
            ));
        }
    }
    // One after the other: what a file holds beside its results may be large.
    let records = serde_json::from_str(text).map_or(Vec::new(), |Records { records }| records);
    for (i, record) in records.iter().enumerate() {
        if let Some(why) = check::malformed(record) {
            // What can be read of it says what it is about.
            let name = |field: &str| record.get(field).and_then(Value::as_str).map(str::to_owned);
            let about = Record {
                model: name("model").unwrap_or_default(),
                layer: name("layer").unwrap_or_default(),
                dataset: name("dataset").unwrap_or_default(),
                split: name("split").unwrap_or_default(),
                other_dataset: name("other_dataset"),
                metric: name("metric").unwrap_or_default(),
                ..Record::default()
            };
            return Error::input(format!(
                "{shown}: {}: {why}; analyze again",
                check::called(i + 1, &about)
            ));
        }
    }
    let why = error.map(|e| e.to_string()).unwrap_or_default();
    Error::input(format!("{shown}: damaged results file ({why}); analyze again"))
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
        if !is_folder && !bound.is_empty() && !bound.iter().any(|one| one.path(dir).exists()) {
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

/// Results that list nothing must not stand in a folder with tables of an analysis: nobody knows whose they are. A file of
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
