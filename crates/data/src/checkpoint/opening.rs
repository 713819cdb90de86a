//! Opening a checkpoint of any container, in one file or in several.

use std::path::Path;

use super::container::{finish, open_file};
use super::weights::Checkpoint;
use super::{folder, shards};
use crate::error::{Error, Result};

impl Checkpoint {
    /// Opens a checkpoint: safetensors, PyTorch's zip, tar and pickle files whatever they are called, or the index of a
    /// checkpoint in several files; or the folder of such an index, of `model.safetensors`, or of one checkpoint.
    ///
    /// # Errors
    /// When the file cannot be read, is no checkpoint, or is damaged; the sentence says which. A file without weights that
    /// would call something elsewhere is no error: see [`Checkpoint::calls`].
    pub fn open(path: &Path) -> Result<Self> {
        let about = std::fs::metadata(path).map_err(Error::io(path))?;
        let held = match about.is_dir() {
            true => folder::one_in(path)?,
            false => path.to_path_buf(),
        };
        if folder::is_index(&held) {
            return shards::open(&held, path);
        }
        let (file, container) = open_file(&held)?;
        let kind = container.kind;
        finish(path, vec![held], vec![(file, container)], kind)
    }
}
