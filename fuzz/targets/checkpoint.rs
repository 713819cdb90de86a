//! A file as a checkpoint: PyTorch's zip, its older container, a tar, a bare pickle, safetensors. All tensors are read, and the
//! whole is audited.
#![no_main]

use featscope_data::checkpoint::{Checkpoint, LoadOptions, detect};
use featscope_fuzz::{file, told};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(checkpoint) = told(Checkpoint::open(&file("checkpoint.pth", bytes))) else {
        return;
    };
    for name in checkpoint.tensors().keys() {
        if let Some((shape, values)) = told(checkpoint.tensor_f32(name)) {
            assert_eq!(shape.iter().product::<usize>(), values.len());
        }
    }
    let _ = told(detect(&checkpoint, &LoadOptions::default()));
});
