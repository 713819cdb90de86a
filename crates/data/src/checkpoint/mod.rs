//! Checkpoints: containers, key names, architectures, the loading audit. No libtorch needed to look inside.
//!
//! [`Checkpoint::open`] reads names, types and shapes; [`detect`] searches them for a known network and its heads and
//! writes down what it found ([`Audit`]); tensors are read one at a time, when they are asked for. Nothing in a
//! checkpoint is ever executed.

pub mod arch;
mod audit;
mod branch;
mod candidate;
mod claim;
mod container;
mod detect;
pub mod export;
mod flavour;
mod folder;
mod head;
mod joined;
mod naming;
pub mod own;
mod projection;
mod published;
mod shards;
mod stack;
mod style;
mod summary;
mod tally;
mod traced;
mod training;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::files::{Element, hash_from, hex};

pub use crate::files::{Opaque, UnknownCall, UnknownCalls};

pub use audit::{Audit, MisShaped};
pub use detect::{Loading, Options, detect};
pub use folder::{is_named_as_weights, named_in, weights_in};
pub use head::{FoundClassifier, FoundHead, FoundStep};
pub use own::ClassifierInput;
pub use style::Recipe;
pub use summary::{Summary, summary};
pub use traced::{Traced, TracedLayer};
pub use training::{Counter, Training, training_of};

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

/// An open checkpoint: what is in it is known, the tensors' values are read when asked for.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    /// All its files, in the order of its checksum.
    files: Vec<PathBuf>,
    container: &'static str,
    tensors: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, Value>,
    nests: Vec<String>,
    opaque: Vec<Opaque>,
    calls: UnknownCalls,
    /// Why it holds no weights, of a file that was opened to say what it would call.
    no_weights: Option<String>,
    source: container::Source,
    sha256: OnceLock<String>,
}

/// What a checkpoint is by its bytes, without opening a single file: an index stands for its shards, and the descriptions beside a
/// published model tell what its network computes and how its images are prepared.
///
/// # Errors
/// When a file cannot be read, and for an index whose shards are not those that it names.
pub fn fingerprint(path: &Path) -> Result<String> {
    let weights = match shards::is_index(path) {
        true => Checkpoint::open(path)?.sha256()?.to_owned(),
        false => crate::files::sha256_of(path)?,
    };
    let mut print = weights;
    for name in claim::DESCRIPTIONS {
        let beside = path.with_file_name(name);
        if beside.is_file() {
            print = format!("{print} {}", crate::files::sha256_of(&beside)?);
        }
    }
    Ok(print)
}

impl Checkpoint {
    /// Opens a checkpoint: safetensors, PyTorch's zip, tar and pickle files whatever they are called, or the index of a
    /// checkpoint in several files; or the folder of such an index, of `model.safetensors`, or of one checkpoint.
    ///
    /// # Errors
    /// When the file cannot be read, is no checkpoint, or is damaged; the sentence says which. A file without weights that
    /// would call something elsewhere is none of these: what it is says [`Checkpoint::calls`].
    pub fn open(path: &Path) -> Result<Self> {
        container::open(path)
    }

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

    /// What loading it with Python's pickle would call, beyond what is known to be harmless; [`detect`] refuses such a file.
    pub fn calls(&self) -> &UnknownCalls {
        &self.calls
    }

    /// What the checkpoint says about itself, where this project wrote it.
    ///
    /// # Errors
    /// When it claims to be ours and is damaged or of another version.
    pub fn own(&self) -> Result<Option<own::OwnMetadata>> {
        own::OwnMetadata::from_metadata(&self.metadata).map_err(|e| self.damaged(&e.to_string()))
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

    fn damaged(&self, what: &str) -> Error {
        Error::input(format!("{}: {what}", self.path.display()))
    }
}
