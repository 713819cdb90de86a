//! Whose names of transformers they are.

/// Whose names of transformers they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checkpoint) enum Layout {
    /// `ViTModel` and kin: DeiT, MAE, MSN, I-JEPA.
    Vit,
    /// `Dinov2Model`, with registers and without.
    Dinov2,
    /// `CLIPVisionModel` and `SiglipVisionModel`.
    Clip,
    /// `DINOv3ViTModel`.
    Dinov3,
    /// `BeitModel` and `Data2VecVisionModel`.
    Beit,
    /// `ResNetModel`.
    ResNet,
    /// `ConvNextModel` and `ConvNextV2Model`.
    ConvNext,
    /// `SwinModel` and `Swinv2Model`.
    Swin,
}
