//! How Hugging Face's transformers names its vision models: in its files, and since its version 5 otherwise in memory,
//! which is what `torch.save(model.state_dict())` writes.

mod kin;
mod row;
mod tables;

pub(super) use kin::{
    BEIT_IN_FILES, BEIT_IN_MEMORY, BEIT_IN_PARTS, DINOV3_GATED_IN_FILES, DINOV3_GATED_IN_MEMORY, DINOV3_IN_FILES,
    DINOV3_IN_MEMORY,
};
pub(super) use tables::{
    CLIP_IN_FILES, DINOV2_IN_FILES, DINOV2_IN_MEMORY, MSN_IN_PARTS, RESNET, SWIGLU_IN_FILES, SWIGLU_IN_MEMORY,
    VIT_IN_FILES, VIT_IN_MEMORY,
};
