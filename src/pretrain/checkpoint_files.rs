//! Files: the checkpoint users read, and beside it the state a run is continued from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};
use tch::{Kind, Tensor};

pub use crate::checkpoint::own::STATE_SCHEMA;
use crate::error::{Error, Result};
use crate::files::{self, write_atomically};

/// Tensors by name, and the metadata of a safetensors file.
#[derive(Debug, Default)]
pub struct CheckpointContents {
    /// f32 tensors.
    pub tensors: BTreeMap<String, Tensor>,
    /// Metadata; by the format's rule every value is a string.
    pub metadata: BTreeMap<String, String>,
}

impl CheckpointContents {
    /// Writes the file whole or not at all. The same contents give the same bytes: the `safetensors` crate would write
    /// the metadata in an order that changes from run to run, so the header is laid out here.
    ///
    /// # Errors
    /// When the folder or disk refuses.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut header = Map::new();
        header.insert("__metadata__".to_owned(), json!(self.metadata));
        let mut data = Vec::new();
        for (name, tensor) in &self.tensors {
            let start = data.len();
            for value in floats(tensor)? {
                data.extend_from_slice(&value.to_le_bytes());
            }
            let entry = json!({"dtype": "F32", "shape": tensor.size(), "data_offsets": [start, data.len()]});
            header.insert(name.clone(), entry);
        }
        let mut header = Value::Object(header).to_string().into_bytes();
        // The format pads its header with spaces, so that the data is aligned.
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.append(&mut header);
        bytes.append(&mut data);
        write_atomically(path, &bytes)
    }

    /// Reads a file that [`CheckpointContents::write`] wrote.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = files::read(path, u64::MAX - 1)?;
        let damaged = |why: String| {
            Error::input(format!(
                "{}: damaged ({why}); remove it and start again",
                path.display()
            ))
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(e.to_string()))?;
        let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
        let file = SafeTensors::deserialize(&bytes).map_err(|e| damaged(e.to_string()))?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.iter() {
            if view.dtype() != Dtype::F32 {
                return Err(damaged(format!("tensor {name} is not f32")));
            }
            let shape: Vec<i64> = view.shape().iter().map(|&s| s as i64).collect();
            let tensor =
                Tensor::f_from_data_size(view.data(), &shape, Kind::Float).map_err(|e| damaged(e.to_string()))?;
            tensors.insert(name.to_owned(), tensor);
        }
        Ok(Self { tensors, metadata })
    }

    /// One value of the metadata.
    ///
    /// # Errors
    /// When it is not there.
    pub fn value(&self, key: &str) -> Result<&str> {
        self.metadata
            .get(key)
            .map(String::as_str)
            .ok_or_else(|| Error::input(format!("the metadata has no {key:?}")))
    }
}

fn floats(tensor: &Tensor) -> Result<Vec<f32>> {
    let flat = tensor
        .detach()
        .to_device(tch::Device::Cpu)
        .to_kind(Kind::Float)
        .contiguous()
        .view([-1]);
    Vec::try_from(&flat).map_err(|e| Error::input(format!("a tensor cannot be read: {e}")))
}

/// Where the state of the run that makes `checkpoint` is kept.
pub fn state_path(checkpoint: &Path) -> PathBuf {
    checkpoint.with_extension("state.safetensors")
}

/// Where the checkpoint of an epoch is kept, beside the last one.
pub fn kept_path(checkpoint: &Path, epoch: u64) -> PathBuf {
    let stem = checkpoint.file_stem().unwrap_or_default().to_string_lossy();
    checkpoint.with_file_name(format!("{stem}-epoch-{epoch}.safetensors"))
}

/// What a run that makes `checkpoint` holds while it does.
pub fn lock_path(checkpoint: &Path) -> PathBuf {
    let name = checkpoint.file_name().unwrap_or_default().to_string_lossy();
    checkpoint.with_file_name(format!(".{name}.lock"))
}

/// Makes the folder of a checkpoint, and refuses to write over one that is there.
///
/// # Errors
/// When the name does not end in `.safetensors`, the file is there and `resume` is not asked for, or the folder cannot
/// be made.
pub fn prepare_target(checkpoint: &Path, resume: bool) -> Result<()> {
    let shown = checkpoint.display();
    if checkpoint.extension().is_none_or(|e| e != "safetensors") || checkpoint.is_dir() {
        return Err(Error::input(format!(
            "{shown}: expected the name of a file that ends in .safetensors"
        )));
    }
    if !resume {
        for path in [checkpoint.to_path_buf(), state_path(checkpoint)] {
            if path.exists() {
                let shown = path.display();
                return Err(Error::input(format!(
                    "{shown}: is there already; pass --resume to continue that run, or remove it"
                )));
            }
        }
    }
    match checkpoint.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        Some(dir) => std::fs::create_dir_all(dir).map_err(Error::io(dir)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_by_the_crate_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a ü.safetensors");
        let mut contents = CheckpointContents::default();
        contents.tensors.insert(
            "b.weight".to_owned(),
            Tensor::from_slice(&[1.5f32, -2.0, 0.0, 7.0]).view([2, 2]).tr(),
        );
        contents.tensors.insert("a".to_owned(), Tensor::from_slice(&[0.1f32]));
        contents.metadata.insert("schema".to_owned(), STATE_SCHEMA.to_owned());
        contents.metadata.insert("epoch".to_owned(), "3".to_owned());
        contents.write(&path).unwrap();
        let read = CheckpointContents::read(&path).unwrap();
        assert_eq!(read.metadata, contents.metadata);
        assert_eq!(read.tensors, contents.tensors);
        let once = std::fs::read(&path).unwrap();
        contents.write(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), once);
        std::fs::write(&path, &once[..once.len() - 1]).unwrap();
        assert!(
            CheckpointContents::read(&path)
                .unwrap_err()
                .to_string()
                .contains("damaged")
        );
    }

    #[test]
    fn the_state_lies_beside_its_checkpoint() {
        assert_eq!(
            state_path(Path::new("x/sl-mlp.safetensors")),
            Path::new("x/sl-mlp.state.safetensors")
        );
        assert_eq!(
            kept_path(Path::new("x/sl-mlp.safetensors"), 12),
            Path::new("x/sl-mlp-epoch-12.safetensors")
        );
    }
}
