//! Names that say what no tensor shows.

use serde_json::Value;

use super::radio::SaidByRadio;
use crate::checkpoint::arch::{Arch, Vit};
use crate::checkpoint::claim::Claim;
use crate::checkpoint::weights::Checkpoint;

/// timm's networks with GELU's tanh form, by a part of their names.
const TANH: &[&str] = &[
    "vit_base_patch32_siglip",
    "vit_large_patch16_siglip_512",
    "vit_large_patch16_siglip_gap_512",
    "vit_so400m_patch16_siglip",
    "vit_giantopt",
];

/// What a checkpoint and what lies around it call the network.
#[derive(Debug, Default)]
pub(in crate::checkpoint) struct NetworkNames {
    /// In the file or in timm's `config.json`.
    claim: Option<Claim>,
    /// The file's name, or its folder's where that says nothing; in lower case.
    file: String,
    /// OpenCLIP's description.
    pub(super) open_clip: Option<Value>,
    /// True if it has the scalars that only OpenAI's own files hold.
    pub(super) openai: bool,
    /// What a RADIO says of itself.
    pub(super) radio: SaidByRadio,
}

impl NetworkNames {
    pub(in crate::checkpoint) fn of(checkpoint: &Checkpoint) -> Self {
        let path = checkpoint.path();
        let name = |path: Option<&std::path::Path>| {
            let name = path.and_then(|p| p.file_name()).unwrap_or_default();
            name.to_string_lossy().to_lowercase()
        };
        let mut file = name(Some(path));
        // Published files are all called alike.
        if ["open_clip_", "model.", "pytorch_model."]
            .iter()
            .any(|usual| file.starts_with(usual))
        {
            file = name(path.parent());
        }
        Self {
            claim: Claim::of(checkpoint),
            file,
            open_clip: checkpoint.open_clip_beside(),
            radio: SaidByRadio::of(checkpoint),
            openai: ["input_resolution", "context_length"].iter().all(|scalar| {
                let is = |name: &String| name.rsplit('.').next() == Some(scalar);
                checkpoint.tensors().keys().any(is)
            }),
        }
    }

    /// What the file or timm's `config.json` beside it calls the network.
    pub(super) fn claim(&self) -> Option<&str> {
        self.claim.as_ref().map(|claim| claim.name.as_str())
    }

    /// The name that timm gave it, where it is one.
    pub(super) fn timm(&self) -> Option<String> {
        let name = self.claim.as_ref()?.name.to_lowercase();
        (name.starts_with("vit_") || name.starts_with("eva")).then_some(name)
    }

    /// Who says that it has GELU's tanh form.
    pub(super) fn tanh(&self) -> Option<String> {
        let fits = |name: &str| TANH.iter().any(|part| name.contains(part));
        self.timm()
            .filter(|name| fits(name))
            .or_else(|| fits(&self.file).then(|| self.file.clone()))
            .map(|name| format!("its name {name:?}"))
    }

    /// Who says that timm has it under a name.
    pub(super) fn claimed(&self) -> Option<String> {
        self.timm().map(|name| format!("its name {name:?}"))
    }

    /// The file's own name.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// A name for `--arch` with a word that says the activation.
    pub(super) fn with_word(vit: &Vit, word: &str) -> String {
        let name = Arch::Vit(vit.clone()).name();
        match name.rsplit_once('_') {
            Some((before, image)) => format!("{before}_{word}_{image}"),
            None => name,
        }
    }
}
