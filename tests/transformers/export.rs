//! Export: what a file of transformers keeps in parts is one tensor in the other code bases.

use featscope::checkpoint::export::{ExportContainer, ExportNaming, export};
use featscope::checkpoint::{Checkpoint, LoadOptions, detect};

use super::case;

#[test]
fn joined_tensors_are_written_whole_and_loaded_with_their_epsilon() {
    let case = case("vit");
    let tensors = case.file();
    let (folder, _) = case.saved().write();
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let loading = detect(&checkpoint, &LoadOptions::default()).unwrap();
    for (naming, class, qkv) in [
        (ExportNaming::Timm, "cls_token", "blocks.1.attn.qkv.weight"),
        (
            ExportNaming::Torchvision,
            "class_token",
            "encoder.layers.encoder_layer_1.self_attention.in_proj_weight",
        ),
    ] {
        let export = export(&checkpoint, &loading, naming).unwrap();
        let path = folder.path().join(format!("{}.safetensors", naming.name()));
        export.write(&path, ExportContainer::Safetensors).unwrap();
        let written = Checkpoint::open(&path).unwrap();
        let parts = ["query", "key", "value"].map(|part| {
            let name = format!("encoder.layer.1.attention.attention.{part}.weight");
            tensors[&name].1.clone()
        });
        assert_eq!(written.tensor_f32(qkv).unwrap(), (vec![96, 32], parts.concat()));
        assert_eq!(written.tensors()[class].shape, [1, 1, 32]);
        let python = export.python(&path, ExportContainer::Safetensors);
        assert!(
            python.contains("import functools\n")
                && python.contains("norm_layer=functools.partial(torch.nn.LayerNorm, eps=1e-12)"),
            "{python}"
        );
    }
}

#[test]
fn shapes_are_the_other_code_bases_and_clip_is_refused() {
    for (id, refused) in [
        ("dinov2", false),
        ("clip-projection", true),
        ("siglip", true),
        ("vit-unusual", true),
    ] {
        let case = case(id);
        let (folder, _) = case.saved().write();
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        let loading = detect(&checkpoint, &LoadOptions::default()).unwrap();
        match export(&checkpoint, &loading, ExportNaming::Timm) {
            Ok(_) => assert!(!refused, "{id}"),
            Err(error) => assert!(refused && error.to_string().contains("CLIP or SigLIP"), "{id}: {error}"),
        }
    }
}
