//! The containers: safetensors, and PyTorch's zip, tar and pickle files through `pytorch-reader`.
//!
//! `pytorch-reader` executes nothing (calls other than the rebuilding of tensors and plain containers become opaque
//! leaves), checks every declared length against the file, and limits nesting and copies. Two things it leaves to its
//! caller are done here: a tar entry may claim any size (sparse files), and a strided view may claim far more elements
//! than the file has bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use pytorch_reader::{FileFormat, PickleValue, PytorchReader};
use serde_json::Value;

use super::{Checkpoint, Dtype, TensorInfo};
use crate::error::{Error, Result};

/// The largest safetensors header, as the format defines it.
const MAX_HEADER: u64 = 100_000_000;

/// A tensor larger than its file is refused, unless it is small anyway (compressed files, broadcast views).
const ALWAYS_PLAUSIBLE: u64 = 64 << 20;

/// The deepest nesting of dictionaries whose plain values are kept as metadata.
const METADATA_DEPTH: usize = 2;

/// Where tensors' bytes come from.
#[derive(Debug)]
pub(super) enum Source {
    /// Byte ranges of the file.
    Safetensors {
        file: Mutex<File>,
        ranges: HashMap<String, (u64, usize)>,
    },
    /// `pytorch-reader`'s lazy tensors.
    Pytorch(HashMap<String, pytorch_reader::Tensor>),
}

impl Source {
    /// The bytes of one tensor, contiguous, little-endian.
    pub(super) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let absent = || io::Error::new(io::ErrorKind::NotFound, "no such tensor");
        match self {
            Self::Safetensors { file, ranges } => {
                let &(start, len) = ranges.get(name).ok_or_else(absent)?;
                // A panic cannot leave a file half-read in a way that matters: every read seeks first.
                let mut file = file.lock().unwrap_or_else(|e| e.into_inner());
                file.seek(SeekFrom::Start(start))?;
                let mut bytes = vec![0; len];
                file.read_exact(&mut bytes)?;
                Ok(bytes)
            }
            Self::Pytorch(tensors) => tensors.get(name).ok_or_else(absent)?.read(),
        }
    }
}

/// Opens a checkpoint of any container.
pub(super) fn open(path: &Path) -> Result<Checkpoint> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let about = file.metadata().map_err(Error::io(path))?;
    if about.is_dir() {
        return Err(Error::input(format!(
            "{}: a folder; expected a checkpoint file",
            path.display()
        )));
    }
    let mut head = Vec::new();
    file.by_ref()
        .take(512)
        .read_to_end(&mut head)
        .map_err(Error::io(path))?;
    if let Some(what) = mistaken(&head) {
        return Err(Error::input(format!("{}: {what}", path.display())));
    }
    let named_so = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("safetensors"));
    if named_so || head.get(8) == Some(&b'{') {
        return open_safetensors(path, file, about.len(), &head);
    }
    open_pytorch(path, about.len(), &head)
}

/// What people often have in place of a checkpoint.
fn mistaken(head: &[u8]) -> Option<&'static str> {
    const MISTAKES: [(&[u8], &str); 4] = [
        (
            b"version https://git-lfs",
            "a Git LFS pointer, not the checkpoint itself; fetch it with git lfs pull",
        ),
        (b"<!DOCTYPE", "a web page, not a checkpoint; download the file itself"),
        (b"<html", "a web page, not a checkpoint; download the file itself"),
        (
            b"\x89HDF",
            "an HDF5 (Keras) file; expected safetensors or a PyTorch checkpoint",
        ),
    ];
    if head.is_empty() {
        return Some("an empty file; expected a checkpoint");
    }
    MISTAKES
        .iter()
        .find(|(magic, _)| head.len() >= magic.len() && head[..magic.len()].eq_ignore_ascii_case(magic))
        .map(|(_, what)| *what)
}

fn open_safetensors(path: &Path, mut file: File, len: u64, head: &[u8]) -> Result<Checkpoint> {
    let damaged = |what: String| {
        Error::input(format!(
            "{}: damaged safetensors file ({what}); fetch it again",
            path.display()
        ))
    };
    let Some(size) = head.first_chunk::<8>().map(|b| u64::from_le_bytes(*b)) else {
        return Err(damaged("it ends inside its first 8 bytes".to_owned()));
    };
    if size > MAX_HEADER || size > len.saturating_sub(8) {
        return Err(damaged(format!("its header claims {size} bytes, the file has {len}")));
    }
    // Bounded by the file's own length, checked above.
    let mut header = vec![0; size as usize];
    file.seek(SeekFrom::Start(8))
        .and_then(|_| file.read_exact(&mut header))
        .map_err(Error::io(path))?;
    let parsed: safetensors::tensor::Metadata = serde_json::from_slice(&header).map_err(|e| damaged(e.to_string()))?;
    let data_start = 8 + size;
    if parsed.data_len() as u64 != len - data_start {
        return Err(damaged(format!(
            "its tensors need {} bytes, {} are there",
            parsed.data_len(),
            len - data_start
        )));
    }
    let mut tensors = BTreeMap::new();
    let mut ranges = HashMap::new();
    for (name, info) in parsed.tensors() {
        let (start, end) = info.data_offsets;
        if end < start || end > parsed.data_len() {
            return Err(damaged(format!("tensor {name} lies outside the file")));
        }
        ranges.insert(name.clone(), (data_start + start as u64, end - start));
        tensors.insert(
            name,
            TensorInfo {
                dtype: safetensors_dtype(info.dtype),
                shape: info.shape.clone(),
            },
        );
    }
    let metadata = parsed
        .metadata()
        .iter()
        .flatten()
        .map(|(k, v)| (k.clone(), Value::from(v.as_str())))
        .collect();
    finish(
        path,
        "safetensors",
        tensors,
        metadata,
        Vec::new(),
        Source::Safetensors {
            file: Mutex::new(file),
            ranges,
        },
    )
}

fn open_pytorch(path: &Path, len: u64, head: &[u8]) -> Result<Checkpoint> {
    let refused = |what: String| Error::input(format!("{}: {what}", path.display()));
    if head.get(257..262) == Some(b"ustar") {
        check_tar(path, len).map_err(|e| refused(format!("damaged tar file ({e}); fetch it again")))?;
    }
    let zip = head.starts_with(b"PK");
    let failed = |e: pytorch_reader::PytorchError| refused(explain(&e, zip));
    let reader = PytorchReader::new(path).map_err(failed)?;
    let container = match reader.metadata().format_type {
        FileFormat::Zip => "PyTorch zip",
        FileFormat::Tar => "PyTorch tar",
        FileFormat::Legacy => "PyTorch legacy",
        FileFormat::Pickle => "pickle",
    };
    let found = reader.into_tensors();
    let mut tensors = BTreeMap::new();
    for (name, tensor) in &found {
        let bytes = tensor.byte_len() as u64;
        if bytes > len.max(ALWAYS_PLAUSIBLE) {
            return Err(refused(format!(
                "tensor {name} claims {bytes} bytes in a file of {len}; the file is damaged"
            )));
        }
        tensors.insert(
            name.clone(),
            TensorInfo {
                dtype: pytorch_dtype(tensor.dtype()),
                shape: tensor.shape().to_vec(),
            },
        );
    }
    let mut rest = Rest::default();
    rest.walk(
        PytorchReader::read_pickle_data(path, None).map_err(failed)?,
        &mut Vec::new(),
    );
    if let Some(name) = rest.twice {
        return Err(refused(format!(
            "two tensors are named {name}; which one is meant cannot be known"
        )));
    }
    finish(
        path,
        container,
        tensors,
        rest.metadata,
        rest.nests.into_iter().collect(),
        Source::Pytorch(found),
    )
}

fn finish(
    path: &Path,
    container: &'static str,
    tensors: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, Value>,
    nests: Vec<String>,
    source: Source,
) -> Result<Checkpoint> {
    if tensors.is_empty() {
        return Err(Error::input(format!(
            "{}: a {container} file without any tensor; expected a checkpoint",
            path.display()
        )));
    }
    let path = path.to_path_buf();
    Ok(Checkpoint {
        path,
        container,
        tensors,
        metadata,
        nests,
        source,
        sha256: OnceLock::new(),
    })
}

/// One sentence for what `pytorch-reader` says.
fn explain(error: &pytorch_reader::PytorchError, zip: bool) -> String {
    use pytorch_reader::{PickleError, PytorchError};
    match error {
        PytorchError::Pickle(PickleError::UnsupportedType(name)) if name.starts_with("__torch__") => {
            "a TorchScript module; expected a state dict: save model.state_dict() instead".to_owned()
        }
        PytorchError::Pickle(PickleError::UnsupportedType(name)) => {
            format!(
                "it holds tensors in an object of type {name}, which cannot be read without running code; save its state_dict() instead"
            )
        }
        PytorchError::Pickle(PickleError::NoDataSource) => {
            "a pickle that names tensors but does not hold them; expected a file written by torch.save".to_owned()
        }
        PytorchError::InvalidFormat(what) if !zip && what.starts_with("not a PyTorch") => {
            "not a checkpoint; expected safetensors or a file written by torch.save".to_owned()
        }
        PytorchError::InvalidFormat(what) if what.starts_with("No data.pkl") => {
            "a zip file, but not a PyTorch checkpoint (it has no data.pkl); expected a file written by torch.save"
                .to_owned()
        }
        PytorchError::InvalidFormat(what) if what.starts_with("Expected a dictionary") => {
            format!("not a state dict ({what}); save model.state_dict() instead")
        }
        PytorchError::Zip(e) => format!("damaged PyTorch zip file ({e}); it is cut short or not whole: fetch it again"),
        other => format!("damaged PyTorch file ({other}); fetch it again"),
    }
}

/// Refuses a tar whose entries claim more than the file holds (sparse entries can).
fn check_tar(path: &Path, len: u64) -> io::Result<()> {
    let mut archive = tar::Archive::new(File::open(path)?);
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        if entry.size() > len {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("an entry claims {} bytes in a file of {len}", entry.size()),
            ));
        }
    }
    Ok(())
}

/// What a pickle holds besides the tensors' values: the plain values, and the dictionaries tensors are nested in.
#[derive(Default)]
struct Rest {
    metadata: BTreeMap<String, Value>,
    nests: BTreeSet<String>,
    tensors: BTreeSet<String>,
    twice: Option<String>,
}

impl Rest {
    fn walk(&mut self, value: PickleValue, path: &mut Vec<String>) {
        match value {
            PickleValue::Dict(items) => {
                for (key, item) in items {
                    path.push(key);
                    self.walk(item, path);
                    path.pop();
                }
            }
            PickleValue::List(items) => {
                for (i, item) in items.into_iter().enumerate() {
                    path.push(i.to_string());
                    self.walk(item, path);
                    path.pop();
                }
            }
            PickleValue::Unsupported(kind) if kind == "torch.Tensor" => {
                for depth in 1..path.len() {
                    self.nests.insert(path[..depth].join("."));
                }
                if !self.tensors.insert(path.join(".")) {
                    self.twice = Some(path.join("."));
                }
            }
            plain if path.len() <= METADATA_DEPTH => {
                self.metadata.extend(plain_value(plain).map(|v| (path.join("."), v)));
            }
            _ => {}
        }
    }
}

fn plain_value(value: PickleValue) -> Option<Value> {
    match value {
        PickleValue::Bool(b) => Some(b.into()),
        PickleValue::Int(i) => Some(i.into()),
        PickleValue::Float(f) => serde_json::Number::from_f64(f).map(Value::Number),
        PickleValue::String(s) => Some(s.into()),
        _ => None,
    }
}

fn safetensors_dtype(dtype: safetensors::Dtype) -> Dtype {
    match dtype {
        safetensors::Dtype::F64 => Dtype::F64,
        safetensors::Dtype::F32 => Dtype::F32,
        safetensors::Dtype::F16 => Dtype::F16,
        safetensors::Dtype::BF16 => Dtype::Bf16,
        _ => Dtype::Other,
    }
}

fn pytorch_dtype(dtype: pytorch_reader::DType) -> Dtype {
    match dtype {
        pytorch_reader::DType::F64 => Dtype::F64,
        pytorch_reader::DType::F32 => Dtype::F32,
        pytorch_reader::DType::F16 => Dtype::F16,
        pytorch_reader::DType::BF16 => Dtype::Bf16,
        _ => Dtype::Other,
    }
}

/// Little-endian bytes as f32; `None` where they are no floats or do not divide.
pub(super) fn to_f32(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], to: impl Fn([u8; N]) -> f32) -> Option<Vec<f32>> {
        let (chunks, rest) = bytes.as_chunks::<N>();
        rest.is_empty().then(|| chunks.iter().map(|c| to(*c)).collect())
    }
    match dtype {
        Dtype::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::F32 => each(bytes, f32::from_le_bytes),
        Dtype::F16 => each(bytes, |b| half::f16::from_le_bytes(b).to_f32()),
        Dtype::Bf16 => each(bytes, |b| half::bf16::from_le_bytes(b).to_f32()),
        Dtype::Other => None,
    }
}
