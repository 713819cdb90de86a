//! What a checkpoint calls its network. Tensors cannot tell networks apart that differ only in what has no weights (a
//! blur before a stride, another activation): there the name decides.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::arch::Arch;
use super::elsewhere::ELSEWHERE;
use super::weights::Checkpoint;
use crate::files;

/// Where code bases write the name, inside the file.
const PLACES: &str = "\
    arch architecture model_name pretrained_cfg.architecture default_cfg.architecture args.arch \
    hyper_parameters.arch hyper_parameters.backbone.name hyper_parameters.model_name";

/// A description beside the file is not longer.
const LONGEST: u64 = 1 << 20;

/// Networks that are not computed here and have the tensors of others, by a part of timm's name for them, and how they differ.
const LOOKALIKES: &[(&str, &str)] = &[
    ("resnetaa", "averages positions before its strides"),
    ("resnetblur", "blurs before its strides"),
    ("patch16_rpn", "normalises after its attention and its MLP"),
    ("test_convnext", "has GELU's tanh form"),
    ("eva02_enormous", "normalises after its attention and its MLP"),
    ("eva02-e-14", "normalises after its attention and its MLP"),
    ("evae-14", "normalises after its attention and its MLP"),
    ("efficientnet_blur", "blurs before its strides"),
];

/// Those that have tensors of their own.
const STRANGERS: &[(&str, &str)] = &[
    ("resnet50_gn", GROUPS),
    ("resnetv2_", "normalises before its convolutions"),
    ("efficientnet_b0_gn", GROUPS),
    ("efficientnet_b0_g8_gn", GROUPS),
    ("efficientnet_b3_gn", GROUPS),
    ("efficientnet_b3_g8_gn", GROUPS),
    ("ecaresnet50d_pruned", CUT),
    ("ecaresnet101d_pruned", CUT),
    ("efficientnet_b1_pruned", CUT),
    ("efficientnet_b2_pruned", CUT),
    ("efficientnet_b3_pruned", CUT),
    ("mobilenetv3_rw", "squeezes and excites by the inputs of its blocks"),
    ("mobilenetv4_", "has blocks of another kind than the first three"),
    ("regnetv_", "normalises before its convolutions"),
    ("regnetz_", "has inverted bottlenecks"),
];

const GROUPS: &str = "normalises by groups of channels";

const CUT: &str = "had channels cut out";

/// The name a checkpoint has for its network.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Claim {
    pub(super) name: String,
    /// Where it stands.
    place: String,
}

impl Claim {
    /// What the file itself says, else the `config.json` beside it.
    pub(super) fn of(checkpoint: &Checkpoint) -> Option<Self> {
        let claim = |name: &Value, place: &str| {
            let name = name.as_str().filter(|n| !n.is_empty() && n.len() < 100)?;
            Some(Self {
                name: name.to_owned(),
                place: place.to_owned(),
            })
        };
        PLACES
            .split(' ')
            .find_map(|place| claim(checkpoint.metadata().get(place)?, place))
            .or_else(|| {
                let beside = checkpoint.config_beside()?;
                // timm's word, else transformers'.
                let name = beside
                    .get("architecture")
                    .or_else(|| beside.get("architectures")?.get(0))?;
                claim(name, "config.json beside it")
            })
    }

    /// How the network of that name differs from the one it is taken for, where it does. `is_whole`: that one has all its tensors,
    /// so it is none that has others.
    pub(super) fn difference(&self, is_whole: bool) -> Option<&'static str> {
        let name = self.name.to_lowercase();
        differing(is_whole, |part| name.contains(part))
    }

    /// As [`Claim::difference`], of the network that the file's name begins with: anything may stand after it.
    pub(super) fn difference_of_file(path: &Path, is_whole: bool) -> Option<(String, &'static str)> {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let lower = name.to_lowercase();
        let how = differing(is_whole, |part| lower.starts_with(part))?;
        Some((name, how))
    }

    /// Why a file that was not understood is no wonder: what it calls itself, or is called, is not computed here.
    pub(super) fn stranger(checkpoint: &Checkpoint) -> Option<String> {
        let (who, how) = match Self::of(checkpoint) {
            Some(claim) => (format!("it calls itself {:?}", claim.name), claim.difference(false)?),
            None => {
                let (file, how) = Self::difference_of_file(checkpoint.path(), false)?;
                (format!("its file is called {file:?}"), how)
            }
        };
        Some(format!("{who}, which {how}; that is not computed here: {ELSEWHERE}"))
    }

    /// For the audit: the name, and what the tensors are where they contradict it.
    pub(super) fn describe(&self, found: &Arch) -> String {
        // timm's names end in the training's tag.
        let bare = self.name.split('.').next().unwrap_or_default();
        let contradicts = Arch::parse(bare).is_ok_and(|named| named.family() == found.family() && !same(&named, found));
        format!(
            "it calls its network {:?} ({}){}",
            self.name,
            self.place,
            if contradicts {
                format!(", but the tensors are those of a {}", found.name())
            } else {
                String::new()
            }
        )
    }
}

/// How the first network differs of whose name a part fits.
fn differing(is_whole: bool, fits: impl Fn(&str) -> bool) -> Option<&'static str> {
    let others = STRANGERS.iter().filter(|_| !is_whole);
    LOOKALIKES
        .iter()
        .chain(others)
        .find(|(part, _)| fits(part))
        .map(|(_, how)| *how)
}

/// True if two networks have the same blocks; names do not say the stem, the image or the tokens.
fn same(named: &Arch, found: &Arch) -> bool {
    match (named, found) {
        (Arch::ResNet(a), Arch::ResNet(b)) => {
            (a.block, a.layers, a.width_per_group, a.groups) == (b.block, b.layers, b.width_per_group, b.groups)
        }
        (Arch::Vit(a), Arch::Vit(b)) => (a.width, a.depth, a.patch) == (b.width, b.depth, b.patch),
        (Arch::Swin(a), Arch::Swin(b)) => (a.second, a.width, &a.depths) == (b.second, b.width, &b.depths),
        (Arch::Cnn(a), Arch::Cnn(b)) => a.name == b.name,
        _ => true,
    }
}

/// What a published model says of itself, beside its weights.
pub(super) const CONFIG: &str = "config.json";

/// What OpenCLIP's models say of themselves, in its place.
const OPEN_CLIP: &str = "open_clip_config.json";

/// Where transformers describes how images are prepared; the later holds it under the second name.
const PREPARATIONS: [(&str, Option<&str>); 2] = [
    ("preprocessor_config.json", None),
    ("processor_config.json", Some("image_processor")),
];

/// All descriptions that may lie beside the weights of a published model.
pub(super) const DESCRIPTIONS: [&str; 4] = [CONFIG, OPEN_CLIP, PREPARATIONS[0].0, PREPARATIONS[1].0];

impl Checkpoint {
    /// The `config.json` beside the file, as Hugging Face's folders have it; `None` where there is none that is JSON.
    pub fn config_beside(&self) -> Option<Value> {
        self.beside(CONFIG, LONGEST)
    }

    /// The `open_clip_config.json` beside the file; `None` where there is none that is JSON.
    pub fn open_clip_beside(&self) -> Option<Value> {
        self.beside(OPEN_CLIP, LONGEST)
    }

    /// How transformers prepares its images, and the file beside it that says so.
    pub fn preparation_beside(&self) -> Option<(&'static str, Value)> {
        PREPARATIONS.iter().find_map(|(file, member)| {
            let whole = self.beside(file, LONGEST)?;
            let description = match member {
                Some(member) => whole.get(member)?.clone(),
                None => whole,
            };
            Some((*file, description))
        })
    }

    /// The JSON file of that name beside the file, or in the folder that was opened; `None` where there is none, or one of
    /// more than `longest` bytes.
    pub(super) fn beside(&self, name: &str, longest: u64) -> Option<Value> {
        serde_json::from_slice(&files::read(&self.path_beside(name), longest).ok()?).ok()
    }

    /// Where a file of that name would lie.
    pub(super) fn path_beside(&self, name: &str) -> PathBuf {
        match self.path().is_dir() {
            true => self.path().join(name),
            false => self.path().with_file_name(name),
        }
    }
}
