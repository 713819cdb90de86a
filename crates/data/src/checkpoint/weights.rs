//! An open checkpoint: what is in it is known, the tensors' values are read when asked for.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::own::OwnMetadata;
use crate::error::{Error, Result};
use crate::files::{Array, Element, Opaque, UnknownCalls, hash_from, hex};

/// Element type of a stored tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 64-bit float.
    F64,
    /// 32-bit float.
    F32,
    /// 16-bit float.
    F16,
    /// bfloat16.
    Bf16,
    /// Integers, booleans and everything that is no plain float; never converted.
    Other,
}

/// A tensor's type and shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TensorInfo {
    /// Element type.
    pub dtype: Dtype,
    /// Extents, outermost first.
    pub shape: Vec<usize>,
}

impl TensorInfo {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The bytes of all tensors of a checkpoint.
#[derive(Debug)]
pub(super) struct TensorSource {
    pub(super) files: Vec<Mutex<File>>,
    /// Each tensor, and the file it is in.
    pub(super) tensors: HashMap<String, (usize, Array)>,
}

impl TensorSource {
    /// The bytes of one tensor: contiguous, row-major, little-endian.
    pub(super) fn read(&self, name: &str) -> io::Result<(Element, Vec<u8>)> {
        let (file, array) = self
            .tensors
            .get(name)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such tensor"))?;
        // A panic cannot leave a file in a state that matters: every read seeks first.
        let mut file = self.files[*file].lock().unwrap_or_else(|e| e.into_inner());
        Ok((array.element, array.read(&mut file)?))
    }
}

/// An open checkpoint: what is in it is known, the tensors' values are read when asked for.
#[derive(Debug)]
pub struct Checkpoint {
    pub(super) path: PathBuf,
    /// All its files, in the order of its checksum.
    pub(super) files: Vec<PathBuf>,
    pub(super) container: &'static str,
    pub(super) tensors: BTreeMap<String, TensorInfo>,
    pub(super) metadata: BTreeMap<String, Value>,
    pub(super) nests: Vec<String>,
    pub(super) opaque: Vec<Opaque>,
    pub(super) calls: UnknownCalls,
    /// Why it holds no weights, of a file that was opened to say what it would call.
    pub(super) no_weights: Option<String>,
    pub(super) source: TensorSource,
    pub(super) sha256: OnceLock<String>,
}

impl Checkpoint {
    /// The path it was opened from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The container: `safetensors`, `PyTorch zip`, `PyTorch legacy`, `PyTorch tar`, `safetensors in shards`, ….
    pub fn container(&self) -> &str {
        self.container
    }

    /// Every tensor by name; in a nested file the names of the dictionaries come first, joined by dots.
    pub fn tensors(&self) -> &BTreeMap<String, TensorInfo> {
        &self.tensors
    }

    /// What else the file says: safetensors metadata, or the plain values beside the tensors of a PyTorch file.
    pub fn metadata(&self) -> &BTreeMap<String, Value> {
        &self.metadata
    }

    /// The dictionaries (dotted) that tensors are nested in, the root left out: `state_dict`, …
    pub fn nests(&self) -> &[String] {
        &self.nests
    }

    /// What was not interpreted: objects of unknown classes, where they are and what they are.
    pub fn opaque(&self) -> &[Opaque] {
        &self.opaque
    }

    /// What loading it with Python's pickle would call, beyond what is known to be harmless; [`detect`](super::detect()) refuses such a file.
    pub fn calls(&self) -> &UnknownCalls {
        &self.calls
    }

    /// What the checkpoint says about itself, where this project wrote it.
    ///
    /// # Errors
    /// When it claims to be ours and is damaged or of another version.
    pub fn own(&self) -> Result<Option<OwnMetadata>> {
        OwnMetadata::from_metadata(&self.metadata).map_err(|e| self.damaged(&e.to_string()))
    }

    /// SHA-256 of the file, hex; computed once. Of several files: of the index and the shards, one after the other.
    ///
    /// # Errors
    /// When the file can no longer be read.
    pub fn sha256(&self) -> Result<&str> {
        if let Some(known) = self.sha256.get() {
            return Ok(known);
        }
        let mut hash = Sha256::new();
        for path in &self.files {
            hash_from(path, 0, &mut hash)?;
        }
        Ok(self.sha256.get_or_init(|| hex(hash)))
    }

    /// Reads one tensor, converted to f32: its shape and its values in row-major order. `{query,key,value}` in a name stands
    /// for several, joined along their first axis.
    ///
    /// # Errors
    /// When there is no such tensor, it holds no floats, or its bytes are missing or damaged.
    pub fn tensor_f32(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let parts = self.parts(name);
        if parts.len() > 1 {
            return self.joined_f32(&parts);
        }
        self.tensor(
            name,
            Element::to_f32,
            "floating-point numbers; expected f32, f16, bf16 or f64",
        )
    }

    /// Reads one tensor of whole numbers (counters): its shape and its values in row-major order.
    ///
    /// # Errors
    /// When there is no such tensor, it holds no integers, or its bytes are missing or damaged.
    pub fn tensor_i64(&self, name: &str) -> Result<(Vec<usize>, Vec<i64>)> {
        let integers = |element: Element, bytes: &[u8]| {
            let wide = element.to_integers(bytes)?;
            wide.into_iter().map(|i| i64::try_from(i).ok()).collect()
        };
        self.tensor(name, integers, "whole numbers; expected integers or booleans")
    }

    fn tensor<T>(
        &self,
        name: &str,
        convert: impl Fn(Element, &[u8]) -> Option<Vec<T>>,
        expected: &str,
    ) -> Result<(Vec<usize>, Vec<T>)> {
        let info = self
            .tensors
            .get(name)
            .ok_or_else(|| self.damaged(&format!("there is no tensor {name}")))?;
        let (element, bytes) = self.source.read(name).map_err(|e| {
            self.damaged(&format!(
                "tensor {name} cannot be read ({e}); the file is damaged or incomplete: fetch it again"
            ))
        })?;
        let values =
            convert(element, &bytes).ok_or_else(|| self.damaged(&format!("tensor {name} does not hold {expected}")))?;
        if values.len() != info.elements() {
            return Err(self.damaged(&format!(
                "tensor {name} has {} values where its shape {:?} needs {}",
                values.len(),
                info.shape,
                info.elements()
            )));
        }
        Ok((info.shape.clone(), values))
    }

    pub(super) fn damaged(&self, what: &str) -> Error {
        Error::input(format!("{}: {what}", self.path.display()))
    }
}
