//! CIFAR-10 and CIFAR-100, in the binary and the Python form of their makers.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::format::DatasetFormat;
use super::located::Located;
use super::records::{PixelLayout, RecordFile, SplitRecords};
use super::source::SplitContents;
use super::split::Splits;
use super::{archive, classes};
use crate::error::{Error, Result};
use crate::files::{self, PlainPickle};

const LAYOUT: PixelLayout = PixelLayout {
    width: 32,
    height: 32,
    planes: 3,
};
const PIXELS: usize = 3072;
const CIFAR10: &str = "airplane automobile bird cat deer dog frog horse ship truck";

/// One of the four official forms.
#[derive(Clone, Copy)]
struct Form {
    format: DatasetFormat,
    binary: bool,
    train: &'static [&'static str],
    test: &'static str,
    names: &'static str,
}

const FORMS: [Form; 4] = [
    Form {
        format: DatasetFormat::Cifar10,
        binary: true,
        train: &[
            "data_batch_1.bin",
            "data_batch_2.bin",
            "data_batch_3.bin",
            "data_batch_4.bin",
            "data_batch_5.bin",
        ],
        test: "test_batch.bin",
        names: "batches.meta.txt",
    },
    Form {
        format: DatasetFormat::Cifar10,
        binary: false,
        train: &[
            "data_batch_1",
            "data_batch_2",
            "data_batch_3",
            "data_batch_4",
            "data_batch_5",
        ],
        test: "test_batch",
        names: "batches.meta",
    },
    Form {
        format: DatasetFormat::Cifar100,
        binary: true,
        train: &["train.bin"],
        test: "test.bin",
        names: "fine_label_names.txt",
    },
    Form {
        format: DatasetFormat::Cifar100,
        binary: false,
        train: &["train"],
        test: "test",
        names: "meta",
    },
];

impl Form {
    fn files(&self, split: &str) -> &[&'static str] {
        if split == "train" {
            self.train
        } else {
            std::slice::from_ref(&self.test)
        }
    }

    /// The splits of which at least one file is there; `train` and `test` without an ending tell nothing alone.
    fn splits(&self, names: &[String]) -> Vec<String> {
        let has = |file: &&str| names.iter().any(|n| n == *file);
        if self.format == DatasetFormat::Cifar100 && !self.binary && !has(&self.names) {
            return Vec::new();
        }
        let found = [("train", self.train.iter().any(has)), ("test", has(&self.test))];
        found
            .iter()
            .filter(|(_, found)| *found)
            .map(|(split, _)| (*split).to_owned())
            .collect()
    }

    fn is_cifar10(&self) -> bool {
        self.format == DatasetFormat::Cifar10
    }

    fn classes(&self) -> usize {
        if self.is_cifar10() { 10 } else { 100 }
    }
}

/// The CIFAR formats that files of these names belong to.
pub(super) fn formats(names: &[String]) -> Vec<DatasetFormat> {
    let mut found: Vec<DatasetFormat> = FORMS
        .iter()
        .filter(|f| !f.splits(names).is_empty())
        .map(|f| f.format)
        .collect();
    found.dedup();
    found
}

fn listing(path: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(path).map_err(Error::io(path))?;
    Ok(entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect())
}

pub(super) fn splits(at: &Located) -> Result<Splits> {
    if at.path.is_file() {
        return Ok(Splits::Named(vec!["train".to_owned(), "test".to_owned()]));
    }
    let names = listing(&at.path)?;
    let form = FORMS
        .iter()
        .find(|f| f.format == at.format && !f.splits(&names).is_empty());
    Ok(Splits::Named(form.map(|f| f.splits(&names)).unwrap_or_default()))
}

/// Where the batches lie once an archive is unpacked.
struct BatchFiles {
    form: Form,
    dir: PathBuf,
    shown: String,
    split: String,
}

pub(super) fn open(at: &Located, split: &str) -> Result<SplitContents> {
    let unpacked: Option<TempDir> = match at.path.is_file() {
        true => Some(archive::unpack(&at.path, |name| {
            FORMS
                .iter()
                .any(|f| f.format == at.format && (f.files(split).contains(&name) || f.names == name))
        })?),
        false => None,
    };
    let dir = unpacked.as_ref().map_or(at.path.as_path(), TempDir::path).to_path_buf();
    let names = listing(&dir)?;
    let form = FORMS
        .iter()
        .find(|f| f.format == at.format && f.splits(&names).iter().any(|s| s == split));
    let form = *form.ok_or_else(|| Error::input(format!("{}: has no {split} batch of {}", at.shown, at.format)))?;
    let batches = BatchFiles {
        form,
        dir,
        shown: at.shown.clone(),
        split: split.to_owned(),
    };
    // The files stay open, so an unpacked folder may be removed when this returns.
    if form.binary {
        batches.open_binary()
    } else {
        batches.open_python()
    }
}

impl BatchFiles {
    fn shown(&self, file: &str) -> String {
        format!("{}/{file}", self.shown.trim_end_matches('/'))
    }

    fn open_file(&self, name: &str) -> Result<File> {
        let opened = files::open(&self.dir.join(name));
        Ok(opened
            .map_err(|e| match e.is_absent() {
                true => Error::input(format!(
                    "{}: {name} is missing, one of the files of the {} split ({}); download it again",
                    self.shown,
                    self.split,
                    self.form.files(&self.split).join(", ")
                )),
                false => e,
            })?
            .0)
    }

    fn check_label(&self, label: i64, file: &str, row: usize) -> Result<Option<u32>> {
        let classes = self.form.classes();
        u32::try_from(label)
            .ok()
            .filter(|&l| (l as usize) < classes)
            .map(Some)
            .ok_or_else(|| {
                let shown = self.shown(file);
                Error::input(format!(
                    "{shown}: image {row} has label {label}, expected 0 to {}; not {}, or damaged: download it again",
                    classes - 1,
                    self.form.format
                ))
            })
    }

    fn contents(
        &self,
        classes: Vec<String>,
        labels: Vec<Option<u32>>,
        files: Vec<RecordFile>,
    ) -> Result<SplitContents> {
        let expected = self.form.classes();
        if classes.len() != expected {
            let (shown, n) = (self.shown(self.form.names), classes.len());
            return Err(Error::input(format!(
                "{shown}: {n} class names, expected {expected}; download it again"
            )));
        }
        Ok(SplitContents {
            classes,
            labels,
            left_out: Vec::new(),
            source: Box::new(SplitRecords::new(files, LAYOUT, &self.split)),
        })
    }

    fn open_binary(&self) -> Result<SplitContents> {
        let label_bytes = if self.form.is_cifar10() { 1 } else { 2 };
        let stride = label_bytes + PIXELS;
        let (mut labels, mut files) = (Vec::new(), Vec::new());
        for name in self.form.files(&self.split) {
            let file = self.open_file(name)?;
            let (shown, size) = (
                self.shown(name),
                file.metadata().map_err(Error::io(self.shown(name)))?.len(),
            );
            if size == 0 || size % stride as u64 != 0 {
                return Err(Error::input(format!(
                    "{shown}: {size} bytes, expected a multiple of {stride} ({label_bytes} of label and {PIXELS} of \
                     pixels an image); truncated or not {}: download it again",
                    self.form.format
                )));
            }
            let rows = (size / stride as u64) as usize;
            let mut reader = BufReader::with_capacity(1 << 18, file);
            let mut record = vec![0; stride];
            for row in 0..rows {
                reader.read_exact(&mut record).map_err(Error::io(&shown))?;
                // CIFAR-100 has a coarse label before the fine one.
                labels.push(self.check_label(i64::from(record[label_bytes - 1]), name, row)?);
            }
            let file = reader.into_inner();
            files.push(RecordFile {
                file,
                shown,
                rows,
                offset: label_bytes as u64,
                stride: stride as u64,
            });
        }
        self.contents(self.names_in_text()?, labels, files)
    }

    fn names_in_text(&self) -> Result<Vec<String>> {
        match files::read_text(&self.dir.join(self.form.names), files::MAX_TEXT) {
            Ok(text) => Ok(classes::lines(&text)),
            Err(e) if e.is_absent() => Ok(self.default_names()),
            Err(e) => Err(e),
        }
    }

    /// Ten names everybody knows; a hundred nobody does stay numbers.
    fn default_names(&self) -> Vec<String> {
        match self.form.format {
            DatasetFormat::Cifar10 => CIFAR10.split(' ').map(str::to_owned).collect(),
            _ => (0..self.form.classes()).map(|i| i.to_string()).collect(),
        }
    }

    fn unpickle(&self, name: &str) -> Result<PlainPickle> {
        let file = self.open_file(name)?;
        let unreadable = |reason: String| {
            let shown = self.shown(name);
            Error::input(format!(
                "{shown}: not a readable CIFAR pickle ({reason}); download it again"
            ))
        };
        let pickle = PlainPickle::read(&mut BufReader::with_capacity(1 << 18, file)).map_err(unreadable)?;
        match pickle.calls().is_empty() {
            true => Ok(pickle),
            false => Err(unreadable(format!("it {}", pickle.calls().describe()))),
        }
    }

    /// Pickles are read whole, one at a time, and their pixels set down in one temporary file.
    fn open_python(&self) -> Result<SplitContents> {
        let mut spool = tempfile::tempfile().map_err(Error::io(std::env::temp_dir()))?;
        let key = if self.form.is_cifar10() {
            "labels"
        } else {
            "fine_labels"
        };
        let mut labels = Vec::new();
        for name in self.form.files(&self.split) {
            let batch = self.unpickle(name)?;
            let shown = self.shown(name);
            let lacks =
                |what: &str| Error::input(format!("{shown}: {what}; not {}: download it again", self.form.format));
            let (shape, data) = batch.bytes("data").map_err(|what| lacks(&what))?;
            let listed = batch
                .integers(key)
                .ok_or_else(|| lacks(&format!("has no list {key:?}")))?;
            if shape[..] != [listed.len() as u64, PIXELS as u64] || listed.is_empty() {
                return Err(lacks(&format!(
                    "data of shape {shape:?} for {} labels, expected {PIXELS} columns",
                    listed.len()
                )));
            }
            for (row, label) in listed.iter().enumerate() {
                let label = label.ok_or_else(|| lacks(&format!("label {row} is no integer")))?;
                labels.push(self.check_label(label, name, row)?);
            }
            spool.write_all(&data).map_err(Error::io(std::env::temp_dir()))?;
        }
        let names = match self.dir.join(self.form.names).exists() {
            true => self.names_in_pickle()?,
            false => self.default_names(),
        };
        spool.rewind().map_err(Error::io(std::env::temp_dir()))?;
        let rows = labels.len();
        let file = RecordFile {
            file: spool,
            shown: self.shown.clone(),
            rows,
            offset: 0,
            stride: PIXELS as u64,
        };
        self.contents(names, labels, vec![file])
    }

    fn names_in_pickle(&self) -> Result<Vec<String>> {
        let key = if self.form.is_cifar10() {
            "label_names"
        } else {
            "fine_label_names"
        };
        let meta = self.unpickle(self.form.names)?;
        let names: Option<Vec<String>> = meta.list(key).and_then(|names| names.into_iter().collect());
        names.ok_or_else(|| {
            Error::input(format!(
                "{}: has no list {key:?} of names; download it again",
                self.shown(self.form.names)
            ))
        })
    }
}
