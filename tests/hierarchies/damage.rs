//! Damage: twelve kinds of it to every layout, each refused with the right reason and the tensor's own name.

use super::support::damage::{Parts, every_kind};
use super::support::prefixed;
use super::{Case, cases, refused};

/// The second stage and its first block, by what their names hold.
const SECOND: [[&str; 2]; 5] = [
    ["features.3.", "features.3.0."],
    ["stages.1.", "stages.1.blocks.0."],
    ["stages.1.", "stages.1.layers.0."],
    ["stages.1.", "stages.1.0."],
    ["layers.1.", "layers.1.blocks.0."],
];

fn parts(case: &Case) -> Parts {
    let find = |ends: &[&str], within: &str| {
        let fits = |name: &&String| name.contains(within) && ends.iter().any(|end| name.ends_with(end));
        let mut names = case.tensors.iter().map(|(name, _)| name);
        let found = names
            .find(fits)
            .unwrap_or_else(|| panic!("{} has none of {ends:?}", case.id));
        found.clone()
    };
    let holds = |part: &&str| case.tensors.iter().any(|(name, _)| name.contains(*part));
    let [stage, block] = SECOND.into_iter().find(|pair| pair.iter().all(&holds)).unwrap();
    // With what stands before them.
    let begin = |part: &str| {
        let name = find(&[""], part);
        name[..name.find(part).unwrap() + part.len()].to_owned()
    };
    let matrices = [
        "fc1.weight",
        "pwconv1.weight",
        "intermediate.dense.weight",
        "mlp.0.weight",
        "block.3.weight",
    ];
    let norms = [
        "norm.weight",
        "norm1.weight",
        "layernorm.weight",
        "layernorm_before.weight",
        "block.2.weight",
    ];
    let stems = [
        "stem.0.weight",
        "downsample_layers.0.0.weight",
        "patch_embeddings.weight",
        "projection.weight",
        "patch_embed.proj.weight",
        "features.0.0.weight",
    ];
    let matrix = find(&matrices, block);
    Parts {
        bias: matrix.replace(".weight", ".bias"),
        matrix,
        norm: find(&norms, block),
        stem: find(&stems, ""),
        stage: begin(stage),
        block: begin(block),
    }
}

#[test]
fn every_damage_to_every_layout_is_refused_with_its_reason() {
    for case in cases() {
        let mut options = case.options();
        // Its other side would be taken where one is not whole.
        if case.id == "swin moby" {
            options.branch = "query".to_owned();
        }
        every_kind(&case.id, &case.file(), &parts(&case), &|tensors| {
            refused(tensors, case.config.as_ref(), &options)
        });
    }
}

#[test]
fn prefixes_do_not_matter() {
    for case in cases() {
        let whole = super::load(&case.file(), case.config.as_ref(), &case.options()).unwrap();
        for prefix in ["module.", "_orig_mod.module.", "model.backbone."] {
            let found = super::load(&prefixed(&case.file(), prefix), case.config.as_ref(), &case.options());
            let found = found.unwrap_or_else(|e| panic!("{} below {prefix}: {e}", case.id));
            assert_eq!(found.arch, whole.arch, "{} below {prefix}", case.id);
            assert!(found.audit.prefix.starts_with(prefix), "{}", found.audit.prefix);
        }
    }
}
