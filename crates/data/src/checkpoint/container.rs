//! A checkpoint put together from its files.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use super::weights::{Checkpoint, Dtype, TensorInfo, TensorSource};
use crate::error::{Error, Result};
use crate::files::{Container, Element, UnknownCalls};

/// Opens one file of weights. One without any that would call something elsewhere is opened too, to say so.
pub(super) fn open_file(path: &Path) -> Result<(File, Container)> {
    let (file, container) = Container::of_weights(path)?;
    match no_weights(&container).filter(|_| container.calls.is_empty()) {
        Some(what) => Err(Error::input(format!("{}: {what}", path.display()))),
        None => Ok((file, container)),
    }
}

/// Why this is no checkpoint, whatever tensors it has.
fn no_weights(container: &Container) -> Option<String> {
    let holder = container.opaque.iter().find(|o| o.tensors > 0);
    match (container.arrays.is_empty(), holder, &container.root) {
        (true, Some(holder), _) => Some(format!(
            "it holds tensors in an object of type {}, which cannot be read without running code; save its state_dict() \
             instead",
            holder.class
        )),
        (true, None, Some(root)) => Some(format!("not a state dict ({root}); save model.state_dict() instead")),
        _ if container.arrays.iter().any(|array| array.name.is_empty()) => {
            Some("not a state dict (a single tensor); save model.state_dict() instead".to_owned())
        }
        _ => None,
    }
}

/// A checkpoint of files that were opened, all of `container`; `paths` are what its checksum covers, in order.
pub(super) fn finish(
    path: &Path,
    paths: Vec<PathBuf>,
    parts: Vec<(File, Container)>,
    container: &'static str,
) -> Result<Checkpoint> {
    let mut checkpoint = Checkpoint {
        path: path.to_path_buf(),
        files: paths,
        container,
        tensors: Default::default(),
        metadata: Default::default(),
        nests: Vec::new(),
        opaque: Vec::new(),
        calls: UnknownCalls::default(),
        no_weights: None,
        source: TensorSource {
            files: Vec::new(),
            tensors: HashMap::new(),
        },
        sha256: OnceLock::new(),
    };
    for (index, (file, part)) in parts.into_iter().enumerate() {
        checkpoint.no_weights = checkpoint.no_weights.or_else(|| no_weights(&part));
        checkpoint.calls.extend(&part.calls);
        for array in part.arrays {
            let info = TensorInfo {
                dtype: dtype(array.element),
                shape: array.shape.iter().map(|&n| n as usize).collect(),
            };
            checkpoint.tensors.insert(array.name.clone(), info);
            checkpoint.source.tensors.insert(array.name.clone(), (index, array));
        }
        checkpoint.metadata.extend(part.metadata);
        checkpoint.nests.extend(part.nests);
        checkpoint.opaque.extend(part.opaque);
        checkpoint.source.files.push(Mutex::new(file));
    }
    if checkpoint.tensors.is_empty() {
        let what = format!("a {container} file without any tensor; expected a checkpoint");
        if checkpoint.calls.is_empty() {
            return Err(Error::input(format!("{}: {what}", path.display())));
        }
        checkpoint.no_weights.get_or_insert(what);
    }
    checkpoint.nests.sort();
    checkpoint.nests.dedup();
    Ok(checkpoint)
}

fn dtype(element: Element) -> Dtype {
    match element {
        Element::F64 => Dtype::F64,
        Element::F32 => Dtype::F32,
        Element::F16 => Dtype::F16,
        Element::Bf16 => Dtype::Bf16,
        _ => Dtype::Other,
    }
}
