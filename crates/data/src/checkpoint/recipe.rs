//! How images are prepared.

/// How images are prepared for a network whose file does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// Shorter side 256 bilinear, centre 224, ImageNet's mean and deviation.
    Imagenet,
    /// As [`Recipe::Imagenet`], bicubic: DINO, DINOv2, MAE, MoCo v3.
    ImagenetBicubic,
    /// Bicubic, nine tenths of the image, mean and deviation 0.5: timm's vision transformers.
    Inception,
    /// 32 x 32 px, CIFAR-10's mean and deviation.
    Cifar,
    /// The whole image to a square, mean and deviation 0.5: transformers' `ViTImageProcessor`.
    Squared,
    /// As [`Recipe::Squared`], ImageNet's mean and deviation: DINOv3.
    SquaredImagenet,
    /// Bicubic, shorter side and centre alike, CLIP's mean and deviation.
    Clip,
}
