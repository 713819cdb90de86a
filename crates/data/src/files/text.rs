//! Delimited text, however it is delimited.
//!
//! The delimiter is the tab, semicolon or comma that splits the first lines into as many fields each; else the space.
//! Lines before the rows that begin with `#`, as numpy writes them, are comments; the last of them is the header where it
//! has as many fields as the rows.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use super::regular::{broken, open};
use crate::error::{Error, Result};

/// Bytes of the first lines looked at: more than any array's channels need.
const LOOKED_AT: u64 = 1 << 26;

/// Lines looked at for the delimiter.
const LINES: usize = 20;

/// How a table of text is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextLayout {
    /// What stands between fields.
    pub delimiter: u8,
    /// The fields of the first line that is no comment, or of the commented header.
    pub first: Vec<String>,
    /// True if `first` was a comment, and so can only be a header.
    pub commented: bool,
    /// True if as many fields stand in all of the first lines.
    pub even: bool,
    /// The fields of the lines behind the first one, as far as they were looked at.
    pub next: Vec<Vec<String>>,
    /// Bytes before the first line that is no comment, and how many lines they are.
    start: (u64, u64),
}

/// Looks at the first lines of a file; `None` where it has no lines.
///
/// # Errors
/// When it cannot be read, or is no text.
pub fn layout(path: &Path) -> Result<Option<TextLayout>> {
    let (file, _) = open(path)?;
    let mut lines = BufReader::new(file.take(LOOKED_AT));
    let (mut comment, mut kept) = (None, Vec::new());
    let (mut start, mut number) = ((0, 0), 0);
    while kept.len() < LINES {
        let mut line = Vec::new();
        let bytes = lines.read_until(b'\n', &mut line).map_err(|e| broken(path, e))?;
        if bytes == 0 {
            break;
        }
        number += 1;
        let text = decoded(path, &line, number)?;
        if kept.is_empty() && (text.trim().is_empty() || text.starts_with('#')) {
            comment = text.strip_prefix('#').map(|text| text.trim().to_owned()).or(comment);
            start = (start.0 + bytes as u64, start.1 + 1);
        } else if !text.trim().is_empty() {
            kept.push(text);
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let (delimiter, even) = delimiter(path, &kept);
    let mut first = fields(&kept[0], delimiter);
    let behind = if comment.is_some() { 0 } else { 1 };
    let next = kept[behind..].iter().map(|line| fields(line, delimiter)).collect();
    let header = comment.map(|comment| fields(&comment, delimiter));
    let header = header.filter(|header| header.len() == first.len() && even);
    let commented = header.is_some();
    first = header.unwrap_or(first);
    Ok(Some(TextLayout {
        delimiter,
        first,
        commented,
        even,
        next,
        start,
    }))
}

/// A line as text, without the mark some programs begin a file with.
fn decoded(path: &Path, line: &[u8], number: u64) -> Result<String> {
    let refused = |what: String| Error::input(format!("{}: {what}; save it as UTF-8", path.display()));
    if number == 1 && (line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff")) {
        return Err(refused("is UTF-16".to_owned()));
    }
    let text = std::str::from_utf8(line).map_err(|_| refused(format!("line {number} is not UTF-8")))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// The delimiter that splits all lines into as many fields; whether there is one, or the lines have one field each.
fn delimiter(path: &Path, lines: &[String]) -> (u8, bool) {
    let count = |delimiter: u8| {
        let counts: Vec<usize> = lines.iter().map(|line| fields(line, delimiter).len()).collect();
        (counts[0], counts.iter().all(|n| *n == counts[0]))
    };
    let named_so = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
    // Decimal commas and texts with commas stand between semicolons or tabs, not these between commas.
    let mut candidates: Vec<(bool, bool, usize, u8)> = [b',', b';', b'\t']
        .into_iter()
        .enumerate()
        .map(|(rank, delimiter)| (count(delimiter), rank, delimiter))
        .filter(|((n, _), ..)| *n > 1)
        .map(|((_, even), rank, delimiter)| (named_so && delimiter == b'\t', even, rank, delimiter))
        .collect();
    candidates.sort_unstable();
    match candidates.last() {
        Some(&(_, even, _, delimiter)) => (delimiter, even),
        None => match count(b' ') {
            (n, true) if n > 1 => (b' ', true),
            // One field in each line, whatever blanks are in it.
            _ => (b',', true),
        },
    }
}

fn fields(line: &str, delimiter: u8) -> Vec<String> {
    let mut reader = builder(delimiter).from_reader(line.as_bytes());
    let record = reader
        .records()
        .next()
        .and_then(std::result::Result::ok)
        .unwrap_or_default();
    record.iter().map(str::to_owned).collect()
}

fn builder(delimiter: u8) -> csv::ReaderBuilder {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).has_headers(false).trim(csv::Trim::All);
    builder
}

/// The longest record, in bytes: a million numbers fit.
const MAX_RECORD: u64 = 64 << 20;

/// The bytes of a table, as long as no record of it is endless: one would be held whole.
pub struct TableRecords {
    file: File,
    delimiter: u8,
    /// True inside quotes.
    quoted: bool,
    /// True where quotes may open.
    may_open: bool,
    /// The line that is read, from 1, and that of the last quote that opened.
    line: u64,
    opened: u64,
    /// Bytes since the record began.
    length: u64,
    is_start: bool,
}

impl TableRecords {
    fn new(file: File, delimiter: u8) -> Self {
        Self {
            file,
            delimiter,
            quoted: false,
            may_open: true,
            line: 1,
            opened: 0,
            length: 0,
            is_start: true,
        }
    }

    fn step(&mut self, byte: u8) {
        let quote = byte == b'"';
        if quote && !self.quoted && self.may_open {
            (self.quoted, self.opened) = (true, self.line);
        } else if quote && self.quoted {
            // Right behind a closing quote another one means a quote inside the field.
            (self.quoted, self.may_open) = (false, true);
        } else {
            self.may_open = byte == self.delimiter || matches!(byte, b'\n' | b'\r');
        }
        self.line += u64::from(byte == b'\n');
        self.length = match byte == b'\n' && !self.quoted {
            true => 0,
            false => self.length + 1,
        };
    }
}

impl Read for TableRecords {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let mut bytes = &buffer[..read];
        if std::mem::take(&mut self.is_start) {
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        for &byte in bytes {
            self.step(byte);
        }
        match self.length > MAX_RECORD {
            true => Err(io::Error::other(Error::input(format!(
                "line {} is part of a record of more than {} MB; no table has so long a line",
                self.line,
                MAX_RECORD >> 20
            )))),
            false => Ok(read),
        }
    }
}

impl TextLayout {
    /// The rows behind the header, where `header` says that the first line is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rows(&self, path: &Path, header: bool) -> Result<csv::Reader<TableRecords>> {
        let (mut file, _) = open(path)?;
        file.seek(SeekFrom::Start(self.start.0)).map_err(Error::io(path))?;
        let skip = header && !self.commented;
        Ok(builder(self.delimiter)
            .has_headers(skip)
            .from_reader(TableRecords::new(file, self.delimiter)))
    }

    /// What is wrong with a table, in a sentence.
    pub fn wrong(&self, path: &Path, error: &csv::Error) -> Error {
        let shown = path.display();
        let line = self.start.1 + error.position().map_or(1, csv::Position::line);
        Error::input(match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
                "{shown}: line {line} has {len} fields, the lines before it {expected_len}; repair it, or put fields that \
                 contain the delimiter in quotes"
            ),
            csv::ErrorKind::Utf8 { .. } => format!("{shown}: line {line} is not UTF-8; save it as UTF-8"),
            csv::ErrorKind::Io(error) => format!("{shown}: {error}"),
            _ => format!("{shown}: not readable as delimited text ({error})"),
        })
    }

    /// The line of the file that a record stands in.
    pub fn line(&self, record: &csv::StringRecord) -> u64 {
        self.start.1 + record.position().map_or(0, csv::Position::line)
    }

    /// Refuses a quote that is never closed: a reader would take the rest of the file for one field.
    ///
    /// # Errors
    /// Where there is one, naming its line.
    pub fn refuse_open_quote(&self, path: &Path) -> Result<()> {
        let (mut file, _) = open(path)?;
        file.seek(SeekFrom::Start(self.start.0)).map_err(Error::io(path))?;
        let mut reader = BufReader::new(TableRecords::new(file, self.delimiter));
        loop {
            let read = reader.fill_buf().map_err(|e| broken(path, e))?.len();
            if read == 0 {
                break;
            }
            reader.consume(read);
        }
        let records = reader.into_inner();
        let opened = self.start.1 + records.opened;
        match records.quoted {
            true => Err(Error::input(format!(
                "{}: the quote opened in line {opened} is never closed; close it, or double quotes inside fields",
                path.display()
            ))),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(name: &str, text: &str) -> TextLayout {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join(name);
        std::fs::write(&path, text).unwrap();
        layout(&path).unwrap().unwrap()
    }

    #[test]
    fn the_delimiter_is_what_splits_every_line_alike() {
        for (name, text, delimiter, first) in [
            (
                "a.csv",
                "id;name\n1;tench, Tinca tinca\n2;b, c, d\n",
                b';',
                vec!["id", "name"],
            ),
            ("a.tsv", "a, b\tc\n1\t2\n", b'\t', vec!["a, b", "c"]),
            ("a.csv", "1,5;2,5\n3,5;4,5\n", b';', vec!["1,5", "2,5"]),
            ("a.csv", "1 2 3\n4 5 6\n", b' ', vec!["1", "2", "3"]),
            ("a.csv", "great white shark\ntench\n", b',', vec!["great white shark"]),
        ] {
            let found = look(name, text);
            assert_eq!(
                (found.delimiter, found.first),
                (delimiter, first.into_iter().map(str::to_owned).collect()),
                "{text}"
            );
        }
        assert!(!look("a.csv", "a, b\nc\n").even);
    }

    #[test]
    fn a_header_of_numpy_is_one_and_other_comments_are_passed_over() {
        let found = look("a.csv", "# made by a script\n# f0,f1\n1,2\n");
        assert!(found.commented);
        assert_eq!(
            (found.first, found.start),
            (vec!["f0".to_owned(), "f1".to_owned()], (27, 2))
        );
        let found = look("a.csv", "# made by a script\n1,2\n3,4\n");
        assert!(!found.commented);
        assert_eq!(found.first, ["1", "2"]);
    }

    #[test]
    fn utf_16_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a.csv");
        std::fs::write(&path, b"\xff\xfea\x00,\x00b\x00\n\x00").unwrap();
        assert!(layout(&path).unwrap_err().to_string().contains("UTF-16"));
        std::fs::write(&path, b"").unwrap();
        assert_eq!(layout(&path).unwrap(), None);
    }
}
