//! DINOv3, BEiT and data2vec: what their `config.json` tells, and what they share with a ViT.

use featscope::checkpoint::arch::{Activation, Arch, FinalNorm, Pooling, Relative, Rotary, Vit};

use super::support::saved::Saved;
use super::{Case, case};

fn vit(case: &Case) -> Vit {
    match case.load().arch {
        Arch::Vit(vit) => vit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn config_json_tells_what_no_tensor_shows() {
    let found = vit(&case("dinov3-mean"));
    assert_eq!(
        found.rotary,
        Some(Rotary::Centred {
            base: 10,
            periods: false
        })
    );
    assert_eq!(
        (found.pooling, found.heads, found.epsilon.value()),
        (Pooling::Class, 4, 1e-5)
    );
    assert_eq!(vit(&case("dinov3-gated")).gate, Activation::Silu);
    assert_eq!(vit(&case("dinov3-gated-gelu-in-memory")).gate, Activation::Gelu);
    for (id, relative, absolute, norm) in [
        ("beit", Some(Relative::Own), false, FinalNorm::Pooled),
        ("beit-shared", Some(Relative::Shared), true, FinalNorm::Tokens),
        ("beit-absolute-at-48", None, true, FinalNorm::Tokens),
        ("data2vec-bare", Some(Relative::Own), false, FinalNorm::Absent),
    ] {
        let found = vit(&case(id));
        assert_eq!(
            (found.relative, found.absolute, found.norm),
            (relative, absolute, norm),
            "{id}"
        );
    }
}

#[test]
fn without_it_tables_tell_the_heads() {
    let beit = case("beit");
    let loading = Saved::folder(beit.file(), None).load().unwrap();
    let Arch::Vit(found) = &loading.arch else { panic!() };
    assert_eq!((found.heads, found.norm), (4, FinalNorm::Pooled));
    let notes = loading.audit.notes.join("; ");
    assert!(
        notes.contains("GELU, epsilon 1e-12: there is no config.json beside it"),
        "{notes}"
    );
    // With them a ViT is a ViT, whatever its keys have.
    let vit = case("vit");
    let mut tensors = vit.file();
    tensors.retain(|name, _| !name.ends_with("key.bias"));
    let sentence = vit.saved().holding(tensors).refused();
    assert!(
        sentence.contains("query.bias") || sentence.contains("qkv_bias"),
        "{sentence}"
    );
}
