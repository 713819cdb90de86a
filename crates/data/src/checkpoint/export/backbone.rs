//! From a backbone to its export.

use std::collections::BTreeMap;
use std::path::Path;

use super::exported::{Export, ExportContainer, ExportNaming, Tensor, TensorData, has_registers_behind_class};
use super::{python, write};
use crate::checkpoint::arch::{Activation, Arch, ArchFamily, FinalNorm, Vit};
use crate::checkpoint::loading::Loading;
use crate::checkpoint::naming::{self, NAMINGS};
use crate::checkpoint::weights::Checkpoint;
use crate::error::{Error, Result};

/// Reads the backbone, and gives its tensors the names of `naming`.
///
/// # Errors
/// When that naming has no such network, or a tensor cannot be read.
pub fn export(checkpoint: &Checkpoint, loading: &Loading, naming: ExportNaming) -> Result<Export> {
    let row = names(&loading.arch, naming)?;
    // Some files leave leading axes of length one out.
    let shapes: BTreeMap<_, _> = loading.arch.tensors().into_iter().map(|e| (e.name, e.shape)).collect();
    let mut tensors = Vec::new();
    // transformers' pooler is none of timm's or torchvision's.
    for (ours, theirs) in loading.backbone.iter().filter(|(ours, _)| !ours.starts_with("pooler.")) {
        let (shape, values) = checkpoint.tensor_f32(theirs)?;
        let shape = shapes.get(ours).cloned().unwrap_or(shape);
        tensors.push(Tensor {
            name: row.rename(ours),
            shape,
            data: TensorData::Floats(values),
        });
        // Detectron2's frozen normalisations have no counter, and its own files none either.
        if let Some(layer) = ours
            .strip_suffix(".running_var")
            .filter(|_| naming != ExportNaming::Detectron2)
        {
            let counter = theirs.replace(".running_var", ".num_batches_tracked");
            let count = match checkpoint.tensors().get(&counter) {
                Some(info) if info.elements() == 1 => checkpoint.tensor_i64(&counter)?.1[0],
                // As PyTorch itself counts where a file says nothing.
                _ => 0,
            };
            tensors.push(Tensor {
                name: row.rename(&format!("{layer}.num_batches_tracked")),
                shape: Vec::new(),
                data: TensorData::Counter(count),
            });
        }
    }
    if let (Arch::Vit(vit), ExportNaming::Timm) = (&loading.arch, naming)
        && has_registers_behind_class(vit)
    {
        place_class_token(&mut tensors, vit.width);
    }
    Ok(Export {
        arch: loading.arch.clone(),
        naming,
        sha256: checkpoint.sha256()?.to_owned(),
        tensors,
    })
}

impl Export {
    /// Tensors in it.
    pub fn tensors(&self) -> usize {
        self.tensors.len()
    }

    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// When the folder or the disk refuses.
    pub fn write(&self, path: &Path, container: ExportContainer) -> Result<()> {
        match container {
            ExportContainer::Safetensors => write::safetensors(self, path),
            ExportContainer::Pytorch => write::pytorch(self, path),
        }
    }

    /// Python that loads the file strictly, and says what the network is without.
    pub fn python(&self, path: &Path, container: ExportContainer) -> String {
        python::python(self, path, container)
    }
}

/// The table row with the names of a network; an error where the code base has no such network.
fn names(arch: &Arch, naming: ExportNaming) -> Result<&'static naming::Naming> {
    let refused = |why: &str| {
        Err(Error::input(format!(
            "{} cannot be named as in {}: {why}",
            arch.name(),
            naming.name()
        )))
    };
    let row = match (arch, naming) {
        (Arch::SmallCnn(_), _) => {
            return refused("it is this project's own network; its checkpoint already has its names");
        }
        (Arch::Swin(_), _) => return refused("Swins are not exported; their files are read as they are"),
        (Arch::Cnn(c), _) if !c.is_torchvisions() => {
            return refused("torchvision has no network of this size with these normalisations and activations");
        }
        (Arch::Cnn(_), ExportNaming::Torchvision) => "torchvision",
        (Arch::Cnn(_), _) => return refused("it is torchvision's; expected --naming torchvision"),
        (Arch::ResNet(r), _) if r.bare_stem => {
            return refused("no activation follows its stem, and in every other ResNet one does");
        }
        (Arch::ResNet(r), ExportNaming::Detectron2) if r.cifar_stem => {
            return refused("its ResNets have a stem of 7x7; expected --naming torchvision or timm");
        }
        (Arch::ResNet(_), ExportNaming::Detectron2) => "detectron2",
        // timm took torchvision's names.
        (Arch::ResNet(_), _) => "torchvision",
        (Arch::Vit(v), _) if has_positions_inside(v) => {
            return refused(
                "what it has of DINOv3, BEiT or EVA (positions inside attention, a key without a bias, normalisations inside a block) is \
                 not in those networks",
            );
        }
        (Arch::Vit(v), _) if v.pre_norm || v.attention_pool || !v.patch_bias || v.activation != Activation::Gelu => {
            return refused(
                "what it has of CLIP or SigLIP (a normalisation before its blocks, attention pooling, another activation than GELU) is \
                 not in those networks",
            );
        }
        (Arch::Vit(_), ExportNaming::Detectron2) => {
            return refused(
                "it has no vision transformer that is named by its own; expected --naming torchvision or timm",
            );
        }
        (Arch::Vit(v), ExportNaming::Torchvision) if !is_plain(v) => {
            return refused(
                "its transformers have a class token with a position, biases and one last normalisation, and neither registers, \
                 LayerScale nor SwiGLU; expected --naming timm",
            );
        }
        (Arch::Vit(_), ExportNaming::Torchvision) => "torchvision",
        (Arch::Vit(v), ExportNaming::Timm)
            if v.placed != 0 && v.placed != v.prefix() && !has_registers_behind_class(v) =>
        {
            return refused("its position embeddings cover either all tokens or the patches only");
        }
        (Arch::Vit(_), ExportNaming::Timm) => "timm",
    };
    let family: ArchFamily = arch.family();
    let found = NAMINGS.iter().find(|n| n.name == row && n.family == family);
    found.map_or_else(|| refused("its names are not known"), Ok)
}

fn has_positions_inside(vit: &Vit) -> bool {
    let inside = vit.rotary.is_some() || vit.relative.is_some() || !vit.absolute;
    inside || vit.split_bias || vit.masked_bias || vit.attn_norm || vit.mlp_norm || vit.gate != Activation::Silu
}

fn is_plain(vit: &Vit) -> bool {
    vit.class_token
        && vit.placed == 1
        && vit.registers == 0
        && vit.qkv_bias
        && vit.norm == FinalNorm::Tokens
        && !vit.layer_scale
        && !vit.swiglu
}

/// Adds the class token's position to the token itself, as timm keeps such networks: the sum is what they compute anyway.
fn place_class_token(tensors: &mut [Tensor], width: usize) {
    let mut first = Vec::new();
    for tensor in tensors.iter_mut().filter(|t| t.name == "pos_embed") {
        if let TensorData::Floats(values) = &mut tensor.data {
            first = values.drain(..width).collect();
            tensor.shape[1] -= 1;
        }
    }
    for tensor in tensors.iter_mut().filter(|t| t.name == "cls_token") {
        if let TensorData::Floats(values) = &mut tensor.data {
            values.iter_mut().zip(&first).for_each(|(value, p)| *value += p);
        }
    }
}
