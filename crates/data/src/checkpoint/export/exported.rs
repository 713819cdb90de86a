//! A backbone that is exported.

use crate::checkpoint::arch::{Arch, Vit};

/// Whose names the tensors get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportNaming {
    /// torchvision.models.
    Torchvision,
    /// timm.
    Timm,
    /// Detectron2's ResNets.
    Detectron2,
}

impl ExportNaming {
    /// Its name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Torchvision => "torchvision",
            Self::Timm => "timm",
            Self::Detectron2 => "detectron2",
        }
    }
}

/// The file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportContainer {
    /// safetensors.
    Safetensors,
    /// What torch.save writes, for `torch.load(…, weights_only=True)`.
    Pytorch,
}

/// A backbone in somebody's naming.
#[derive(Debug)]
pub struct Export {
    pub(super) arch: Arch,
    pub(super) naming: ExportNaming,
    /// The digest of the file it comes from.
    pub(super) sha256: String,
    pub(super) tensors: Vec<Tensor>,
}

#[derive(Debug)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) data: TensorData,
}

#[derive(Debug)]
pub(super) enum TensorData {
    Floats(Vec<f32>),
    /// How many batches a normalisation has seen.
    Counter(i64),
}

/// DINOv2's layout: the class token has a position of its own, the registers behind it have none.
pub(super) fn has_registers_behind_class(vit: &Vit) -> bool {
    vit.class_token && vit.registers > 0 && vit.placed == 1
}
