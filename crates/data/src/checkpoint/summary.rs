//! What `featscope inspect` says of a checkpoint.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::audit::Audit;
use super::detect::{self, refuse_calls};
use super::loading::LoadOptions;
use super::traced::Traced;
use super::training::Training;
use super::weights::{Checkpoint, TensorInfo};
use crate::error::Result;
use crate::files::{Opaque, ScriptFile, UnknownCalls, sha256_of};

/// A layer that can be tapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tap {
    /// Layer name.
    pub name: String,
    /// Channels.
    pub width: usize,
}

/// Everything worth knowing about a checkpoint before using it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckpointSummary {
    /// The path, as given.
    pub path: String,
    /// Container.
    pub container: String,
    /// Dictionaries that tensors are nested in.
    pub nests: Vec<String>,
    /// The files of code in a TorchScript file, and what each defines. None of it was run.
    pub code: Vec<String>,
    /// How a TorchScript file was traced, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traced: Option<Traced>,
    /// Number of tensors of any kind; of a TorchScript file, of their storages.
    pub tensors: usize,
    /// Their elements together.
    pub elements: usize,
    /// Number of tensors of each element type.
    pub dtypes: BTreeMap<String, usize>,
    /// SHA-256, hex.
    pub sha256: String,
    /// Architecture name, where one was recognised.
    pub arch: Option<String>,
    /// Every layer that can be tapped, in network order.
    pub taps: Vec<Tap>,
    /// The projector in words; `None`: this file has no projector.
    pub projector: Option<String>,
    /// The classifier in words.
    pub classifier: Option<String>,
    /// Method and the like, where this project wrote the file.
    pub method: Option<String>,
    /// How far the training had come, where the file says so.
    pub training: Option<Training>,
    /// The loading audit, where a network was recognised.
    pub audit: Option<Audit>,
    /// Objects of unknown classes beside the tensors, which were not run.
    pub opaque: Vec<Opaque>,
    /// What loading it with Python's pickle would call, beyond what is known to be harmless.
    #[serde(skip_serializing_if = "UnknownCalls::is_empty")]
    pub calls: UnknownCalls,
    /// Why it cannot be used for extraction as it is, if so.
    pub problem: Option<String>,
    /// Plain values beside the tensors.
    pub metadata: BTreeMap<String, Value>,
}

/// Looks into a checkpoint.
///
/// # Errors
/// When it cannot be read or is no checkpoint. A network that is unknown or not whole is no error here: the summary says so.
pub fn summary(path: &Path) -> Result<CheckpointSummary> {
    if let Some(script) = ScriptFile::look(path)? {
        return of_script(path, &script);
    }
    let checkpoint = Checkpoint::open(path)?;
    let mut dtypes = BTreeMap::new();
    for info in checkpoint.tensors().values() {
        *dtypes.entry(format!("{:?}", info.dtype).to_lowercase()).or_insert(0) += 1;
    }
    let found = detect::inspect(&checkpoint, &LoadOptions::default());
    let problem = match &found {
        // What extraction would say first.
        Ok(loading) => refuse_calls(&checkpoint)
            .and_then(|()| loading.audit.verdict(path))
            .err(),
        Err(_) => refuse_calls(&checkpoint).err(),
    };
    let (loading, failed) = match found {
        Ok(loading) => (Some(loading), None),
        Err(error) => (None, Some(error)),
    };
    Ok(CheckpointSummary {
        path: path.display().to_string(),
        container: checkpoint.container().to_owned(),
        nests: checkpoint.nests().to_vec(),
        code: Vec::new(),
        traced: None,
        tensors: checkpoint.tensors().len(),
        elements: checkpoint.tensors().values().map(TensorInfo::elements).sum(),
        dtypes,
        sha256: checkpoint.sha256()?.to_owned(),
        arch: loading.as_ref().map(|l| l.audit.arch.clone()),
        taps: loading
            .iter()
            .flat_map(|l| l.taps())
            .map(|(name, width)| Tap { name, width })
            .collect(),
        projector: loading.as_ref().and_then(|l| l.audit.projector.clone()),
        classifier: loading.as_ref().and_then(|l| l.audit.classifier.clone()),
        method: loading.as_ref().and_then(|l| Some(l.own.as_ref()?.method.clone())),
        // Also of a network that is not known.
        training: match &loading {
            Some(loading) => loading.audit.training.clone(),
            None => Training::of(&checkpoint, checkpoint.own().ok().flatten().as_ref()),
        },
        problem: problem.or(failed).map(|e| e.to_string()),
        audit: loading.map(|l| l.audit),
        opaque: checkpoint.opaque().to_vec(),
        calls: checkpoint.calls().clone(),
        metadata: checkpoint
            .metadata()
            .iter()
            .filter(|(k, _)| *k != "featscope")
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
    })
}

/// What is known of a TorchScript file without running it.
fn of_script(path: &Path, script: &ScriptFile) -> Result<CheckpointSummary> {
    let (tensors, bytes) = script.storages;
    Ok(CheckpointSummary {
        path: path.display().to_string(),
        container: format!("TorchScript, a program with {bytes} bytes of tensors"),
        code: script.lines(),
        traced: Traced::in_script(path, script)?,
        tensors,
        sha256: sha256_of(path)?,
        problem: Some(match &script.unsound {
            Some(what) => format!("{what}, which libtorch's parser cannot bear"),
            None => {
                "it brings code of its own, of which nothing was run: featscope extract runs it with --trust-code alone"
                    .to_owned()
            }
        }),
        ..CheckpointSummary::default()
    })
}
