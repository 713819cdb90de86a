//! How images are prepared for a network when the user does not say.

use std::path::Path;

use serde_json::{Map, Value};

use super::{timm_preparation, torchvision_preparation};
use crate::checkpoint::arch::{Arch, Positions, Vit};
use crate::checkpoint::{Checkpoint, Conditioner, Loading, Recipe, Traced};
use crate::error::{Error, Result};
use crate::files::ScriptFile;
use crate::images::transform::{Interpolation, Preprocess, Resize};

/// What timm calls its description of how a network is evaluated.
const DESCRIPTIONS: [&str; 2] = ["pretrained_cfg", "default_cfg"];

/// A preparation, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Preparation {
    /// What is done.
    pub preprocess: Preprocess,
    /// Who says so, to read.
    pub from: String,
}

impl Preparation {
    /// A preparation that somebody says.
    pub fn new(preprocess: Preprocess, from: impl Into<String>) -> Self {
        let from = from.into();
        Self { preprocess, from }
    }
}

/// As the checkpoint itself says (this project's, timm's description inside it or in a `config.json` beside it, or
/// transformers' `preprocessor_config.json` beside it), else as torchvision evaluates these very weights, else as its style and architecture are commonly evaluated.
///
/// # Errors
/// When a description is there and is damaged, or asks for what this program does not do.
pub fn prepare(checkpoint: &Checkpoint, loading: &Loading) -> Result<Preparation> {
    let outside = prepare_outside(checkpoint, loading)?;
    let usual = Preprocess::clip(224);
    let (mean, std) = match Conditioner::of(checkpoint, loading)? {
        Conditioner::Absent => return Ok(outside),
        Conditioner::Clip => (usual.mean, usual.std),
        Conditioner::Told { mean, std } => (mean, std),
    };
    let Preparation { mut preprocess, from } = outside;
    // What the network normalises itself comes after what was done before.
    let before = match checkpoint.preparation_beside() {
        Some(_) => (preprocess.mean, preprocess.std),
        None => ([0.0; 3], [1.0; 3]),
    };
    preprocess.mean = [0, 1, 2].map(|i| before.0[i] + before.1[i] * mean[i]);
    preprocess.std = [0, 1, 2].map(|i| before.1[i] * std[i]);
    preprocess
        .check()
        .map_err(|e| Error::input(format!("{}: its input_conditioner: {e}", checkpoint.path().display())))?;
    Ok(Preparation {
        preprocess,
        from: format!("{from}, and its own input_conditioner"),
    })
}

/// As [`prepare`], without what the network itself does first.
fn prepare_outside(checkpoint: &Checkpoint, loading: &Loading) -> Result<Preparation> {
    if let Some(value) = loading.own.as_ref().and_then(|own| own.preprocess.clone()) {
        let preprocess: Preprocess = serde_json::from_value(value).map_err(|e| {
            Error::input(format!(
                "the checkpoint's own preprocessing is damaged ({e}); pass --preprocess"
            ))
        })?;
        preprocess.check()?;
        return Ok(Preparation::new(preprocess, "the checkpoint says so"));
    }
    for name in DESCRIPTIONS {
        if let Some(description) = gathered(checkpoint, name)
            && let Some(found) = described(checkpoint.path(), name, &description)?
        {
            return Ok(found);
        }
    }
    if let Some(found) = open_clip(checkpoint, loading)? {
        return Ok(found);
    }
    let config = checkpoint.path().with_file_name("config.json");
    if let Some(description) = checkpoint
        .config_beside()
        .filter(|d| DESCRIPTIONS.iter().any(|name| d.get(name).is_some()))
        && let Some(found) = described(&config, "config.json beside the checkpoint", &description)?
    {
        return Ok(found);
    }
    if let Some((name, description)) = checkpoint.preparation_beside() {
        let preprocess = Preprocess::from_transformers(&description).map_err(|e| {
            Error::input(format!(
                "{}: {name} beside it {e}; pass --preprocess",
                checkpoint.path().display()
            ))
        })?;
        return Ok(Preparation::new(preprocess, format!("{name} says so")));
    }
    if let Some((preprocess, from)) = torchvision_preparation::published(checkpoint, loading) {
        return Ok(Preparation::new(preprocess, from));
    }
    if let Some(preprocess) = timm_preparation::evaluated(&loading.arch) {
        let from = format!("as timm evaluates its default weights of {}", loading.audit.arch);
        return Ok(Preparation::new(preprocess, from));
    }
    let from = format!("usual for {} {}", loading.audit.style, loading.audit.arch);
    Ok(Preparation::new(by_recipe(checkpoint, loading), from))
}

/// As OpenCLIP's description beside the checkpoint says, where the network is named as there.
fn open_clip(checkpoint: &Checkpoint, loading: &Loading) -> Result<Option<Preparation>> {
    let described = checkpoint
        .open_clip_beside()
        .filter(|_| loading.audit.prefix.contains("visual"));
    let Some(Value::Object(said)) = described.as_ref().and_then(|whole| whole.get("preprocess_cfg")) else {
        return Ok(None);
    };
    let wrong = |key: &str, value: &Value, expected: &str| {
        Error::input(format!(
            "{}: open_clip_config.json beside it says {key} {value}; expected {expected}; pass --preprocess",
            checkpoint.path().display()
        ))
    };
    let side = described
        .as_ref()
        .and_then(|whole| whole.pointer("/model_cfg/vision_cfg/image_size"))
        .and_then(Value::as_u64)
        .and_then(|side| u32::try_from(side).ok());
    let mut preprocess = match (&loading.arch, side) {
        // No tensor of theirs shows the size of the images.
        (Arch::Cnn(cnn), Some(side)) if cnn.image().is_none() => Preprocess::clip(side),
        _ => by_recipe(checkpoint, loading),
    };
    for (key, place) in [("mean", &mut preprocess.mean), ("std", &mut preprocess.std)] {
        if let Some(value) = said.get(key) {
            *place = serde_json::from_value(value.clone()).map_err(|_| wrong(key, value, "three numbers"))?;
        }
    }
    match said.get("interpolation") {
        None => {}
        Some(value) if value == "bicubic" => preprocess.interpolation = Interpolation::Bicubic,
        Some(value) if value == "bilinear" => preprocess.interpolation = Interpolation::Bilinear,
        Some(value) => return Err(wrong("interpolation", value, "bicubic or bilinear")),
    }
    let (high, wide) = preprocess.crop;
    match said.get("resize_mode") {
        None => {}
        Some(value) if value == "shortest" => preprocess.resize = Some(Resize::Shorter(high)),
        Some(value) if value == "squash" => preprocess.resize = Some(Resize::Exact(high, wide)),
        Some(value) => return Err(wrong("resize_mode", value, "shortest or squash")),
    }
    preprocess.check()?;
    Ok(Some(Preparation::new(preprocess, "open_clip_config.json says so")))
}

/// As the TorchScript file says that was written by `scripts/trace.py`, else as for ImageNet.
///
/// # Errors
/// When its description is damaged.
pub fn prepare_script(path: &Path) -> Result<Preparation> {
    let script = ScriptFile::look(path)?.unwrap_or_default();
    let Some(traced) = Traced::in_script(path, &script)? else {
        let from = "assumed, for a TorchScript file does not say; --preprocess does";
        return Ok(Preparation::new(Preprocess::imagenet(), from));
    };
    let preprocess: Preprocess = serde_json::from_value(traced.preprocess).map_err(|e| {
        Error::input(format!(
            "{}: the preparation in its description is damaged ({e}); pass --preprocess",
            path.display()
        ))
    })?;
    preprocess.check()?;
    Ok(Preparation::new(preprocess, "who traced it says so"))
}

fn described(path: &Path, name: &str, description: &Value) -> Result<Option<Preparation>> {
    let preprocess = Preprocess::from_timm(description)
        .map_err(|e| Error::input(format!("{}: {name}: {e}; or pass --preprocess", path.display())))?;
    Ok(preprocess.map(|preprocess| Preparation::new(preprocess, format!("{name} says so"))))
}

/// The description that lies in a PyTorch file as a dictionary of plain values.
fn gathered(checkpoint: &Checkpoint, name: &str) -> Option<Value> {
    let mut fields = Map::new();
    for (key, value) in checkpoint.metadata() {
        let Some(field) = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) else {
            continue;
        };
        match field.split_once('.') {
            // Metadata is sorted, and these lists have fewer than ten members.
            Some((list, _)) => match fields.entry(list).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(items) => items.push(value.clone()),
                _ => return None,
            },
            None => {
                fields.insert(field.to_owned(), value.clone());
            }
        }
    }
    (!fields.is_empty()).then_some(Value::Object(fields))
}

fn by_recipe(checkpoint: &Checkpoint, loading: &Loading) -> Preprocess {
    let preprocess = match loading.recipe {
        Recipe::Cifar => return cifar(),
        Recipe::Imagenet => Preprocess::imagenet(),
        Recipe::ImagenetBicubic => Preprocess::imagenet_bicubic(),
        Recipe::Inception => Preprocess::inception(224),
        Recipe::Squared => Preprocess::small(224, 224, [0.5; 3], [0.5; 3]),
        Recipe::SquaredImagenet => {
            let usual = Preprocess::imagenet();
            Preprocess::small(224, 224, usual.mean, usual.std)
        }
        Recipe::Clip => Preprocess::clip(224),
    };
    match &loading.arch {
        Arch::Vit(vit) if vit.positions == Positions::Cropped => preprocess.with_size(radio_side(checkpoint, vit)),
        // What torchvision publishes at another size than 224 is evaluated so.
        Arch::Vit(vit) if vit.image() != 224 && loading.audit.naming.starts_with("torchvision") => Preprocess {
            resize: Some(Resize::Shorter(vit.image() as u32)),
            interpolation: Interpolation::Bicubic,
            ..preprocess.with_size(vit.image() as u32)
        },
        // DINOv2 was trained at 518 px last, and is evaluated at 224.
        Arch::Vit(vit) if vit.image() != 518 => preprocess.with_size(vit.image() as u32),
        Arch::Swin(swin) => preprocess.with_size(swin.image() as u32),
        Arch::Cnn(cnn) if cnn.image().is_some() => preprocess.with_size(cnn.image().unwrap_or(224) as u32),
        Arch::Cnn(cnn) if cnn.is_convnext() && loading.audit.prefix.contains("visual") => Preprocess::clip(224),
        Arch::Cnn(cnn) if loading.recipe == Recipe::Imagenet => {
            torchvision_preparation::efficientnet(&cnn.name).unwrap_or(preprocess)
        }
        _ => preprocess,
    }
}

/// Side of the images that a RADIO prefers, as its `config.json` says, else that of the later ones: they are trained at many
/// sizes, and have positions for the largest.
fn radio_side(checkpoint: &Checkpoint, vit: &Vit) -> u32 {
    const USUAL: u32 = 512;
    const LARGEST: u64 = 2048;
    let said = checkpoint
        .config_beside()
        .and_then(|config| config.pointer("/preferred_resolution/0")?.as_u64());
    let side = said
        .filter(|side| (1..=LARGEST).contains(side))
        .map_or(USUAL, |side| side as u32);
    let patch = (vit.patch as u32).max(1);
    let most = vit.image() as u32;
    (side.min(most) / patch).max(1) * patch
}

/// 32 x 32 px, CIFAR-10's mean and deviation.
pub fn cifar() -> Preprocess {
    Preprocess::small(32, 32, [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616])
}
