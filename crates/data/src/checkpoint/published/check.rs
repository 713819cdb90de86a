//! Checks that the `config.json` beside a network describes it, and asks for nothing that is not supported.

use super::description::Published;
use super::models::MODELS;
use super::{agree, convnext, resnet, swin};
use crate::checkpoint::arch::{Arch, Shapes};
use crate::checkpoint::naming::Layout;
use crate::checkpoint::weights::Checkpoint;
use crate::error::{Error, Result};

/// The kinds that are known, to read.
fn kinds() -> String {
    let pairs = MODELS.iter().filter_map(|m| m.pair);
    MODELS
        .iter()
        .map(|m| m.kind)
        .chain(pairs)
        .chain(convnext::KINDS)
        .chain(swin::KINDS)
        .collect::<Vec<_>>()
        .join(", ")
}

fn refuse(checkpoint: &Checkpoint, what: &str) -> Error {
    Error::input(format!("{}: {what}", checkpoint.path().display()))
}

/// Refuses what its `config.json` says that this program does not do, or that its tensors contradict; `named`: whether the
/// user said which architecture it is, `partial`: whether it need not be whole.
pub(in crate::checkpoint) fn check(
    checkpoint: &Checkpoint,
    published: &Published,
    layout: Layout,
    arch: &Arch,
    shape: Shapes,
    [named, partial]: [bool; 2],
) -> Result<()> {
    if published.damaged {
        return Err(refuse(
            checkpoint,
            "the config.json beside it is no JSON, and it would say what no tensor shows (attention heads, activation); fetch it again",
        ));
    }
    let Some(kind) = &published.kind else {
        // OpenAI's CLIPs and the others' have the same tensors and other activations.
        if let Arch::Vit(vit) = arch
            && published.model(layout, shape).kind == "clip_vision_model"
            && !named
        {
            let named = match vit.heads_known() {
                true => arch.name(),
                false => format!(
                    "vit_width{}_depth{}_headsN_patch{}_{}",
                    vit.width,
                    vit.depth,
                    vit.patch,
                    vit.image()
                ),
            };
            return Err(refuse(
                checkpoint,
                &format!(
                    "a CLIP by transformers' names, and no config.json beside it says whether its activation is quick_gelu or gelu; put \
                     its config.json there, or pass --arch {named} to take quick_gelu"
                ),
            ));
        }
        return Ok(());
    };
    let contradiction = match (published.model, arch) {
        (Some(model), Arch::Vit(vit)) => agree::first_contradiction(published, model, layout, vit, shape, partial),
        (None, Arch::ResNet(net)) if kind == resnet::KIND => {
            resnet::first_contradiction(&published.fields, net, partial)
        }
        (None, Arch::Cnn(cnn)) if convnext::KINDS.contains(&kind.as_str()) => {
            convnext::first_contradiction(published, cnn, shape, partial)
        }
        (Some(_), _) => Some(agree::of_another(kind)),
        (None, Arch::Swin(net)) if swin::KINDS.contains(&kind.as_str()) => {
            swin::first_contradiction(published, net, shape, partial)
        }
        (None, _) if swin::KINDS.contains(&kind.as_str()) => Some(agree::of_another(kind)),
        (None, _) if kind == resnet::KIND || convnext::KINDS.contains(&kind.as_str()) => Some(agree::of_another(kind)),
        (None, _) => {
            return Err(refuse(
                checkpoint,
                &format!(
                    "config.json beside it says model_type {kind:?}, whose features this program does not compute; of transformers it \
                 loads {}; compute them there and give them to analyze as an array",
                    kinds()
                ),
            ));
        }
    };
    match contradiction {
        Some(what) => Err(refuse(checkpoint, &what)),
        None => Ok(()),
    }
}
