//! Writes a feature store: parts of a bounded number of rows, then the manifest, then the whole folder into its place.
//!
//! Everything is written into `.NAME.partial` beside the store. Each part is written under a temporary name, synced, its
//! hash noted beside it, and renamed; the manifest is last; then the folder is renamed to NAME, and only then does an older
//! store of that name go. A killed writer leaves no store that opens, and [`Writer::resume`] takes up the parts that still
//! have the hash that was noted. The bytes depend on the rows and the description alone: rows are gathered into groups of fixed size first, so it
//! does not matter in what portions they came, or whether the writer was killed in between.
//!
//! Features are stored plain. Measured on 50,000 x 2048 random normals, zstd saves 7 % of the size and makes reading four
//! times slower; where ReLU has made half of them zero, 43 % and six times. Ids and classes are compressed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Schema};
use ndarray::Array2;
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempPath;

use super::columns::{GROUP_ROWS, distinct, properties, schema};
use super::file_names::{DESCRIPTION, MANIFEST, is_note, is_part, part_name};
use super::findings::Findings;
use super::journal::{self, PartState};
use super::manifest::{Description, Manifest, Part};
use super::places::{Places, sync};
use super::refusal::malformed;
use super::seen_ids::SeenIds;
use super::sides;
use crate::error::{Error, Result};
use crate::features::IdsHash;
use crate::files::{self, write_atomically};

/// Rows of a part.
pub const PART_ROWS: usize = 10_000;

/// Writes one feature store.
pub struct Writer {
    places: Places,
    description: Description,
    schema: Arc<Schema>,
    pending: Pending,
    part: Option<OpenPart>,
    parts: Vec<Part>,
    rows: usize,
    ids: IdsHash,
    seen: SeenIds,
    /// What the caller noted since the last part was closed.
    memory: Vec<Value>,
    taken: TakenUp,
    /// Held until the end: one writer for one store.
    _lock: File,
}

/// What [`Writer::resume`] found.
#[derive(Debug, Default)]
pub struct TakenUp {
    /// What was noted with [`Writer::remember`] before the last whole part was closed, in order.
    pub memory: Vec<Value>,
    /// Why a part that was there is made again, if one is.
    pub distrusted: Option<String>,
}

/// Rows that do not fill a row group yet.
#[derive(Default)]
struct Pending {
    ids: Vec<String>,
    labels: Vec<Option<u32>>,
    layers: Vec<Vec<f32>>,
}

/// A part that is being written under its temporary name.
struct OpenPart {
    /// Goes with its owner: a part that cannot be finished leaves no rest on a disk that may be full.
    temporary: TempPath,
    writer: ArrowWriter<Hashing>,
    rows: usize,
}

/// Hashes what passes through it.
struct Hashing {
    file: BufWriter<File>,
    hash: Sha256,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Writer {
    /// Starts a store at `dir` from nothing. A finished store that is there stays until the new one is whole.
    ///
    /// # Errors
    /// When `dir` holds anything but a feature store, when another writer is at it, or when the disk refuses.
    pub fn create(dir: &Path, description: Description) -> Result<Self> {
        Self::start(dir, description, false)
    }

    /// As [`Writer::create`], taking up the whole parts of a writer that was killed, if it wrote the same description.
    /// [`Writer::rows`] says how many rows are there already: append the rows after them.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub fn resume(dir: &Path, description: Description) -> Result<Self> {
        Self::start(dir, description, true)
    }

    fn start(dir: &Path, description: Description, resume: bool) -> Result<Self> {
        description.check(dir)?;
        let places = Places::of(dir)?;
        let lock = places.prepare()?;
        let text = serde_json::to_string_pretty(&description).map_err(|e| malformed(dir, e))?;
        let described = places.partial.join(DESCRIPTION);
        let same = resume && files::read_text(&described, files::MAX_TEXT).is_ok_and(|before| before == text);
        places.clear(|name| same && (name == DESCRIPTION || is_part(name) || is_note(name)))?;
        if !same {
            write_atomically(&described, text.as_bytes())?;
        }
        let schema = Arc::new(schema(&description));
        let mut writer = Self {
            pending: Pending {
                layers: vec![Vec::new(); description.layers.len()],
                ..Pending::default()
            },
            places,
            description,
            schema,
            part: None,
            parts: Vec::new(),
            rows: 0,
            ids: IdsHash::default(),
            seen: SeenIds::default(),
            memory: Vec::new(),
            taken: TakenUp::default(),
            _lock: lock,
        };
        writer.take_up()?;
        Ok(writer)
    }

    /// Counts the parts that are whole.
    fn take_up(&mut self) -> Result<()> {
        loop {
            let file = part_name(self.parts.len());
            let (part, memory) = match journal::look(&self.places.partial, &file)? {
                // A shorter part is the last one of a writer that was killed while it finished: written again.
                PartState::Whole(part, memory) if part.rows == PART_ROWS => (part, memory),
                found => {
                    if let PartState::Unsound(why) = found {
                        self.taken.distrusted = Some(why);
                    }
                    break;
                }
            };
            for id in sides::part_ids(&self.places.partial.join(&file))? {
                self.ids.add(&id);
                self.seen.is_new(&id);
            }
            self.rows += part.rows;
            self.parts.push(part);
            self.taken.memory.extend(memory);
        }
        let kept: Vec<&str> = self.parts.iter().map(|part| part.file.as_str()).collect();
        self.places.clear(|name| {
            let part = match is_note(name) {
                true => format!("{}.parquet", name.trim_end_matches(".json")),
                false => name.to_owned(),
            };
            name == DESCRIPTION || kept.contains(&part.as_str())
        })
    }

    /// What was taken up of an earlier writer's work.
    pub fn taken_up(&self) -> &TakenUp {
        &self.taken
    }

    /// Notes what the caller wants to know again should it be killed. It is kept with the next part that is closed; note
    /// it before the rows it goes with are appended.
    pub fn remember(&mut self, notes: impl IntoIterator<Item = Value>) {
        self.memory.extend(notes);
    }

    /// Rows written or taken up so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Appends rows: an id and a label (index into the description's classes, `None` where unlabelled) each, and per layer
    /// an array (rows, width).
    ///
    /// # Errors
    /// Arrays of other shapes than the description promised, an id that was there before, a value that is not finite, or
    /// a disk that refuses (a full disk leaves the whole parts for [`Writer::resume`]).
    pub fn append(&mut self, ids: &[String], labels: &[Option<u32>], layers: &[Array2<f32>]) -> Result<()> {
        self.check(ids, labels, layers)?;
        let mut from = 0;
        while from < ids.len() {
            let to = ids.len().min(from + GROUP_ROWS - self.pending.ids.len());
            self.pending.ids.extend_from_slice(&ids[from..to]);
            self.pending.labels.extend_from_slice(&labels[from..to]);
            for (pending, layer) in self.pending.layers.iter_mut().zip(layers) {
                pending.extend(layer.slice(ndarray::s![from..to, ..]).iter());
            }
            if self.pending.ids.len() == GROUP_ROWS {
                self.write_group()?;
            }
            from = to;
        }
        ids.iter().for_each(|id| self.ids.add(id));
        self.rows += ids.len();
        Ok(())
    }

    fn check(&mut self, ids: &[String], labels: &[Option<u32>], layers: &[Array2<f32>]) -> Result<()> {
        let dir = &self.places.store;
        let known = &self.description.layers;
        if labels.len() != ids.len() || layers.len() != known.len() {
            let found = (ids.len(), labels.len(), layers.len());
            return Err(malformed(
                dir,
                format!(
                    "{} ids, {} labels, {} layers do not fit together",
                    found.0, found.1, found.2
                ),
            ));
        }
        for (layer, array) in known.iter().zip(layers) {
            if array.dim() != (ids.len(), layer.width) {
                let expected = (ids.len(), layer.width);
                let message = format!("layer {:?} is {:?}, expected {expected:?}", layer.name, array.dim());
                return Err(malformed(dir, message));
            }
            if let Some(((row, channel), value)) = array.indexed_iter().find(|(_, v)| !v.is_finite()) {
                let message = format!(
                    "layer {:?} gives {value} in channel {channel} for {:?}; features must be finite: check the checkpoint, \
                     or extract in a wider precision",
                    layer.name, ids[row]
                );
                return Err(malformed(dir, message));
            }
        }
        let classes = self.description.data.classes.len();
        if let Some(label) = labels.iter().flatten().find(|&&l| l as usize >= classes) {
            return Err(malformed(dir, format!("label {label} with {classes} classes")));
        }
        match ids.iter().find(|id| !self.seen.is_new(id)) {
            Some(id) => Err(malformed(
                dir,
                format!("id {id:?} comes twice; every image needs an id of its own"),
            )),
            None => Ok(()),
        }
    }

    /// Writes the pending rows as one row group.
    fn write_group(&mut self) -> Result<()> {
        let batch = self.group()?;
        let mut part = match self.part.take() {
            Some(part) => part,
            None => self.open_part()?,
        };
        part.rows += batch.num_rows();
        let written = part.writer.write(&batch).and_then(|()| part.writer.flush());
        written.map_err(|e| refused(&part.temporary, e))?;
        let full = part.rows >= PART_ROWS;
        self.part = Some(part);
        if full { self.close_part() } else { Ok(()) }
    }

    fn group(&mut self) -> Result<RecordBatch> {
        let classes = distinct(&self.description.data.classes);
        let labels = std::mem::take(&mut self.pending.labels);
        let class = |label: &Option<u32>| label.map(|l| classes[l as usize].as_str());
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(self.pending.ids.drain(..))),
            Arc::new(labels.iter().copied().collect::<UInt32Array>()),
            Arc::new(labels.iter().map(class).collect::<StringArray>()),
        ];
        let damaged = |e: arrow_schema::ArrowError| malformed(&self.places.store, e);
        for (field, values) in self.schema.fields().iter().skip(3).zip(&mut self.pending.layers) {
            let DataType::FixedSizeList(item, width) = field.data_type() else {
                continue;
            };
            let values = Arc::new(Float32Array::from(std::mem::take(values)));
            let list = FixedSizeListArray::try_new(item.clone(), *width, values, None).map_err(damaged)?;
            columns.push(Arc::new(list));
        }
        RecordBatch::try_new(self.schema.clone(), columns).map_err(damaged)
    }

    fn open_part(&self) -> Result<OpenPart> {
        let path = self
            .places
            .partial
            .join(format!(".{}.tmp", part_name(self.parts.len())));
        let file = File::create(&path).map_err(Error::io(&path))?;
        let temporary = TempPath::try_from_path(&path).map_err(Error::io(&path))?;
        let sink = Hashing {
            file: BufWriter::with_capacity(1 << 18, file),
            hash: Sha256::new(),
        };
        let writer =
            ArrowWriter::try_new(sink, self.schema.clone(), Some(properties())).map_err(|e| refused(&temporary, e))?;
        Ok(OpenPart {
            temporary,
            writer,
            rows: 0,
        })
    }

    fn close_part(&mut self) -> Result<()> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let path = part.temporary;
        let sink = part.writer.into_inner().map_err(|e| refused(&path, e))?;
        let file = sink.file.into_inner().map_err(|e| Error::io(&path)(e.into_error()))?;
        file.sync_all().map_err(Error::io(&path))?;
        let closed = Part {
            file: part_name(self.parts.len()),
            rows: part.rows,
            sha256: files::hex(sink.hash),
        };
        journal::write(&self.places.partial, &closed, std::mem::take(&mut self.memory))?;
        let whole = self.places.partial.join(&closed.file);
        path.persist(&whole).map_err(|e| Error::io(&whole)(e.error))?;
        sync(&self.places.partial)?;
        self.parts.push(closed);
        Ok(())
    }

    /// Writes what is left and the manifest, and puts the store in its place. An older store there goes last.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(self) -> Result<Manifest> {
        self.finish_with(Findings::default())
    }

    /// As [`Writer::finish`], with what was found out on the way.
    ///
    /// # Errors
    /// When the disk refuses, or findings and rows do not fit together.
    pub fn finish_with(mut self, found: Findings) -> Result<Manifest> {
        if !self.pending.ids.is_empty() {
            self.write_group()?;
        }
        self.close_part()?;
        let manifest = self.description.into_manifest(self.ids.finish(), found, self.parts);
        manifest
            .sound()
            .map_err(|why| malformed(&self.places.store, format!("{why}; this cannot be written")))?;
        let path = self.places.partial.join(MANIFEST);
        write_atomically(&path, manifest.to_json().as_bytes())?;
        self.places.settle()?;
        Ok(manifest)
    }
}

/// A refusal of the disk, as the Parquet writer wraps it.
fn refused(path: &Path, error: parquet::errors::ParquetError) -> Error {
    if let parquet::errors::ParquetError::External(inner) = error {
        return match inner.downcast::<io::Error>() {
            Ok(source) => Error::io(path)(*source),
            Err(other) => malformed(path, format!("cannot be written ({other})")),
        };
    }
    malformed(path, format!("cannot be written ({error})"))
}
