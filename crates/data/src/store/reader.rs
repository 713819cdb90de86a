//! Reads a feature store.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::batches::ahead;
use super::manifest::{LayerInfo, Manifest};
use super::raw::{NumberKind, RowReader};
use super::refusal::malformed;
use super::sides::{IdsAndLabels, check_columns, check_folder, part_ids};
use crate::error::{Error, Result};
use crate::features::{Batches, FeatureSet, Labels, Provenance, Subject};
use crate::files::parquet::{ListValues, guarded, parquet, plain_list};
use crate::files::{Element, sha256_of};

/// A whole feature store.
///
/// [`FeatureStore::open`] checks the manifest against the parts: files, rows, columns and their order, widths, ids, classes.
/// The SHA-256 of a part is checked before the first of its features is given away, that of the next part while this one is
/// read; [`FeatureStore::verify`] checks them all.
pub struct FeatureStore {
    shared: Arc<Shared>,
}

struct Shared {
    dir: PathBuf,
    manifest: Manifest,
    labels: Option<Labels>,
    /// Per part: whether its SHA-256 was seen to be right. Who asks while another one looks waits for the answer.
    verified: Vec<Mutex<bool>>,
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
    /// When there is none, it is unfinished, its manifest is none that is ever written, a part is missing, truncated, too
    /// many or other than the manifest says, or an id comes twice.
    pub fn open(dir: &Path) -> Result<Self> {
        let manifest = Manifest::read(dir)?;
        check_folder(dir, &manifest.parts)?;
        let mut sides = IdsAndLabels::new(&manifest.data.classes);
        for part in &manifest.parts {
            let path = dir.join(&part.file);
            guarded(&path, || {
                check_columns(&path, &manifest.layers)?;
                sides.read(&path, part.rows)
            })?;
        }
        let labels = sides.labels();
        if sides.hash.finish() != manifest.data.ids_sha256 {
            return Err(malformed(
                dir,
                "the ids are not those the manifest was written for; extract again",
            ));
        }
        let verified = manifest.parts.iter().map(|_| Mutex::new(false)).collect();
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

    /// Reads every part to its end and checks its SHA-256.
    ///
    /// # Errors
    /// For the first part that is not as it was written.
    pub fn verify(&self) -> Result<()> {
        (0..self.shared.verified.len()).try_for_each(|part| self.shared.verify(part))
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
            subject: Subject {
                model: manifest.model.name.clone(),
                run: manifest.model.run.clone(),
                step: manifest.model.step,
                layer: layer.to_owned(),
                dataset: manifest.data.name.clone(),
                split: manifest.split(),
            },
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
                ahead: None,
            };
            Ok(RowReader {
                path,
                content,
                kind: NumberKind::little(Element::F32),
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
    /// The check of the part to open next.
    ahead: Option<JoinHandle<Result<()>>>,
}

impl StoreValues {
    /// Opens the next part; false at the end. It is checked by then: whoever stops reading early has nothing of an altered
    /// part.
    fn advance(&mut self) -> Result<bool> {
        let index = self.next;
        let Some(part) = self.store.manifest.parts.get(index) else {
            return Ok(false);
        };
        self.next += 1;
        match self.ahead.take().map(JoinHandle::join) {
            None => self.store.verify(index)?,
            Some(Ok(checked)) => checked?,
            Some(Err(_)) => return Err(malformed(&self.store.dir, "a part could not be checked")),
        }
        if self.next < self.store.manifest.parts.len() {
            let (store, next) = (self.store.clone(), self.next);
            let thread = std::thread::Builder::new().name("featscope-check".to_owned());
            let check = thread.spawn(move || store.verify(next));
            self.ahead = Some(check.map_err(Error::io(&self.store.dir))?);
        }
        let path = self.store.dir.join(&part.file);
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
}

impl Shared {
    /// Checks the SHA-256 of a part, once.
    fn verify(&self, index: usize) -> Result<()> {
        let mut verified = self.verified[index].lock().unwrap_or_else(PoisonError::into_inner);
        let part = &self.manifest.parts[index];
        let path = self.dir.join(&part.file);
        if !*verified && sha256_of(&path)? != part.sha256 {
            let message = "does not have the SHA-256 its manifest says: it was altered or damaged; extract again";
            return Err(malformed(&path, message));
        }
        *verified = true;
        Ok(())
    }
}

impl Read for StoreValues {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(values) = &mut self.values {
                let n = values.read(out)?;
                if n > 0 || out.is_empty() {
                    return Ok(n);
                }
            }
            if !self.advance().map_err(io::Error::other)? {
                return Ok(0);
            }
        }
    }
}
