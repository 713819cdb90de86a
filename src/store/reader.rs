//! Reads a feature store.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::UInt32Type;
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;

use super::batches::ahead;
use super::manifest::{Duplicates, LayerInfo, Manifest};
use super::raw::{Kind, Rows};
use super::{columns, malformed};
use crate::error::{Error, Result};
use crate::features::IdsHash;
use crate::features::{Batches, FeatureSet, Labels, Provenance};
use crate::files::parquet::{ListValues, arrays, damaged, guarded, parquet, plain_list};
use crate::files::{Element, sha256_of};

/// A whole feature store.
///
/// [`FeatureStore::open`] checks the manifest against the parts: files, rows, columns, widths, ids. The SHA-256 of a part is
/// checked the first time its features are read, on a thread beside the reading, so that it costs little time; the
/// batches of an altered part end in an error.
pub struct FeatureStore {
    shared: Arc<Shared>,
}

struct Shared {
    dir: PathBuf,
    manifest: Manifest,
    labels: Option<Labels>,
    /// Per part: whether its SHA-256 was seen to be right.
    verified: Vec<AtomicBool>,
}

/// One layer of a store.
struct StoredLayer {
    store: Arc<Shared>,
    layer: usize,
    provenance: Provenance,
}

impl FeatureStore {
    /// Opens the store at `dir`.
    ///
    /// # Errors
    /// When there is none, it is unfinished, a part is missing, truncated or of another shape than the manifest says, or
    /// an id comes twice.
    pub fn open(dir: &Path) -> Result<Self> {
        let manifest = Manifest::read(dir)?;
        let mut sides = Sides::default();
        for part in &manifest.parts {
            let path = dir.join(&part.file);
            guarded(&path, || {
                check_columns(&path, &manifest.layers)?;
                sides.read(&path, part.rows)
            })?;
        }
        if sides.hash.finish() != manifest.data.ids_sha256 {
            return Err(malformed(
                dir,
                "the ids are not those the manifest was written for; extract again",
            ));
        }
        let labels = named(dir, &sides.labels, &manifest.data.classes)?;
        let verified = manifest.parts.iter().map(|_| AtomicBool::new(false)).collect();
        Ok(Self {
            shared: Arc::new(Shared {
                dir: dir.to_path_buf(),
                manifest,
                labels,
                verified,
            }),
        })
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.shared.manifest
    }

    /// The layers, in network order.
    pub fn layers(&self) -> &[LayerInfo] {
        &self.shared.manifest.layers
    }

    /// The labels, where any row has one.
    pub fn labels(&self) -> Option<&Labels> {
        self.shared.labels.as_ref()
    }

    /// The features of one layer.
    ///
    /// # Errors
    /// When there is no such layer.
    pub fn features(&self, layer: &str) -> Result<impl FeatureSet + use<>> {
        let Shared { dir, manifest, .. } = &*self.shared;
        let Some(index) = manifest.layers.iter().position(|l| l.name == layer) else {
            let names: Vec<&str> = manifest.layers.iter().map(|l| l.name.as_str()).collect();
            return Err(malformed(
                dir,
                format!("no layer {layer:?}; it has {}", names.join(", ")),
            ));
        };
        let provenance = Provenance {
            model: manifest.model.name.clone(),
            layer: layer.to_owned(),
            dataset: manifest.data.name.clone(),
            split: manifest.split(),
            path: dir.display().to_string(),
            ids_sha256: manifest.data.ids_sha256.clone(),
            preprocess_sha256: manifest.preprocess_sha256.clone(),
        };
        Ok(StoredLayer {
            store: self.shared.clone(),
            layer: index,
            provenance,
        })
    }
}

/// What is read of a store when it is opened.
#[derive(Default)]
struct Sides {
    hash: IdsHash,
    seen: Duplicates,
    labels: Vec<Option<u32>>,
}

impl Sides {
    /// Reads the ids and labels of a part of `rows` rows.
    fn read(&mut self, path: &Path, rows: usize) -> Result<()> {
        let before = self.labels.len();
        for batch in side_columns(path, &["id", "label"])? {
            let batch = batch?;
            read_ids(path, &batch, |id| {
                self.hash.add(id);
                match self.seen.is_new(id) {
                    true => Ok(()),
                    false => Err(malformed(path, format!("id {id:?} comes twice; extract again"))),
                }
            })?;
            self.labels.extend(batch_labels(path, &batch)?);
        }
        let found = self.labels.len() - before;
        if found == rows {
            return Ok(());
        }
        Err(malformed(
            path,
            format!("{found} rows, but the manifest says {rows}; extract again"),
        ))
    }
}

impl FeatureSet for StoredLayer {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn rows(&self) -> usize {
        self.store.manifest.rows()
    }

    fn width(&self) -> usize {
        self.store.manifest.layers[self.layer].width
    }

    fn labels(&self) -> Option<&Labels> {
        self.store.labels.as_ref()
    }

    fn audit(&self) -> Option<&serde_json::Value> {
        Some(&self.store.manifest.model.audit).filter(|audit| !audit.is_null())
    }

    fn ids(&self) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for part in &self.store.manifest.parts {
            let path = self.store.dir.join(&part.file);
            ids.extend(guarded(&path, || part_ids(&path))?);
        }
        Ok(ids)
    }

    fn batches(&self, batch_rows: usize) -> Result<Batches<'_>> {
        let (rows, width, layer) = (self.rows(), self.width(), self.layer);
        let store = self.store.clone();
        let path = self.store.dir.clone();
        ahead(path.display().to_string(), rows, move || {
            let content = StoreValues {
                store,
                layer,
                next: 0,
                values: None,
                check: None,
            };
            Ok(Rows {
                path,
                content,
                kind: Kind::little(Element::F32),
                rows,
                width,
                batch_rows,
                done: 0,
            })
        })
    }
}

/// The values of one layer through all parts, as bytes.
struct StoreValues {
    store: Arc<Shared>,
    layer: usize,
    /// The part to open next.
    next: usize,
    values: Option<io::Take<ListValues>>,
    /// The check of the part being read.
    check: Option<JoinHandle<Result<()>>>,
}

impl StoreValues {
    /// Opens the next part; false at the end.
    fn advance(&mut self) -> Result<bool> {
        let index = self.next;
        let Some(part) = self.store.manifest.parts.get(index) else {
            return Ok(false);
        };
        self.next += 1;
        let path = self.store.dir.join(&part.file);
        if !self.store.verified[index].load(Ordering::Relaxed) {
            let (store, path) = (self.store.clone(), path.clone());
            let check = std::thread::Builder::new().name("featscope-check".to_owned());
            let check = check.spawn(move || store.verify(index, &path));
            self.check = Some(check.map_err(Error::io(&self.store.dir))?);
        }
        let layer = &self.store.manifest.layers[self.layer];
        let file = parquet(&path)?;
        let Some(leaf) = plain_list(&file, &layer.name).filter(|(_, element)| *element == Element::F32) else {
            return Err(malformed(
                &path,
                format!("column {:?} is not as featscope writes it; extract again", layer.name),
            ));
        };
        let bytes = (part.rows as u64)
            .saturating_mul(layer.width as u64)
            .saturating_mul(size_of::<f32>() as u64);
        self.values = Some(ListValues::new(&path, &file, leaf, layer.width)?.take(bytes));
        Ok(true)
    }

    /// Waits for the check of the part that was read.
    fn checked(&mut self) -> Result<()> {
        match self.check.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(malformed(&self.store.dir, "a part could not be checked")),
        }
    }
}

impl Shared {
    fn verify(&self, index: usize, path: &Path) -> Result<()> {
        if sha256_of(path)? != self.manifest.parts[index].sha256 {
            let message = "does not have the SHA-256 its manifest says: it was altered or damaged; extract again";
            return Err(malformed(path, message));
        }
        self.verified[index].store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Read for StoreValues {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(values) = &mut self.values {
                let n = values.read(out)?;
                // The check is waited for before the last bytes of a part are let through.
                if n > 0 && values.limit() > 0 {
                    return Ok(n);
                }
                self.checked().map_err(io::Error::other)?;
                if n > 0 {
                    return Ok(n);
                }
            }
            if !self.advance().map_err(io::Error::other)? {
                return Ok(0);
            }
        }
    }
}

/// Batches of the named columns of one of our parts.
fn side_columns(path: &Path, names: &[&str]) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let builder = arrays(path)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
    let reader = builder
        .with_projection(mask)
        .with_batch_size(8192)
        .build()
        .map_err(|e| damaged(path, &e))?;
    let path = path.to_path_buf();
    Ok(reader.map(move |batch| batch.map_err(|e| damaged(&path, &e))))
}

/// The ids of one of our parts.
pub(super) fn part_ids(path: &Path) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for batch in side_columns(path, &["id"])? {
        read_ids(path, &batch?, |id| {
            ids.push(id.to_owned());
            Ok(())
        })?;
    }
    Ok(ids)
}

fn read_ids(path: &Path, batch: &RecordBatch, mut each: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let column = batch.column_by_name("id").and_then(|c| c.as_string_opt::<i32>());
    let column = column.ok_or_else(|| malformed(path, "no column \"id\" of text; extract again"))?;
    column
        .iter()
        .try_for_each(|id| each(id.ok_or_else(|| malformed(path, "a row without an id; extract again"))?))
}

fn batch_labels(path: &Path, batch: &RecordBatch) -> Result<Vec<Option<u32>>> {
    let column = batch
        .column_by_name("label")
        .and_then(|c| c.as_primitive_opt::<UInt32Type>());
    let column = column.ok_or_else(|| malformed(path, "no column \"label\" of u32; extract again"))?;
    Ok(column.iter().collect())
}

/// Checks that a part has a column of the right width for every layer.
fn check_columns(path: &Path, layers: &[LayerInfo]) -> Result<()> {
    if !path.exists() {
        return Err(malformed(path, "is missing, but the manifest names it; extract again"));
    }
    let builder = arrays(path)?;
    for layer in layers {
        let field = builder.schema().field_with_name(&layer.name);
        let field = field.map_err(|_| malformed(path, format!("no column {:?}; extract again", layer.name)))?;
        match field.data_type() {
            DataType::FixedSizeList(item, width)
                if *item.data_type() == DataType::Float32
                    && usize::try_from(*width).is_ok_and(|w| w == layer.width) => {}
            other => {
                let (name, width) = (&layer.name, layer.width);
                let message =
                    format!("column {name:?} is {other}, but the manifest says {width} channels of f32; extract again");
                return Err(malformed(path, message));
            }
        }
    }
    Ok(())
}

/// Labels from indices into `classes`. A name that two classes share (as in ImageNet) gets its index behind it.
fn named(dir: &Path, labels: &[Option<u32>], classes: &[String]) -> Result<Option<Labels>> {
    if let Some(label) = labels.iter().flatten().find(|&&label| label as usize >= classes.len()) {
        return Err(malformed(
            dir,
            format!("label {label}, but the manifest names {} classes", classes.len()),
        ));
    }
    if labels.iter().all(Option::is_none) {
        return Ok(None);
    }
    let names = columns::distinct(classes);
    let rows: Vec<Option<&str>> = labels
        .iter()
        .map(|label| label.map(|l| names[l as usize].as_str()))
        .collect();
    Ok(Some(Labels::from_optional(&rows)))
}
