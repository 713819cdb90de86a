//! Features: every layer of every case, and networks that differ from one of them in what no tensor shows.

use super::support::golden_rows::{GoldenRows, images};
use super::{case, golden};

#[test]
fn folders_give_transformers_features() {
    let mut expected = GoldenRows::open("hugging_face.safetensors");
    for case in golden().cases {
        let saved = case.saved().pooled(case.pooling);
        let (_, taps) = saved.run(&images(case.side));
        // The steps of a head are not all of the library's outputs.
        expected.compare(&case.id, taps.iter().filter(|(tap, _)| !tap.contains('.')));
    }
    expected.finish();
}

#[test]
fn what_no_tensor_shows_shows_in_the_features() {
    let expected = GoldenRows::open("hugging_face.safetensors");
    for (id, key, value) in [
        ("clip-vision", "hidden_act", "gelu".into()),
        ("clip-vision-gelu", "hidden_act", "quick_gelu".into()),
        ("vit", "hidden_act", "quick_gelu".into()),
        ("vit-unusual", "layer_norm_eps", 1e-12.into()),
        ("vit", "num_attention_heads", 2.into()),
        ("siglip-vision", "hidden_act", "gelu".into()),
    ] {
        let mut case = case(id);
        let images = images(case.side);
        let right = expected.off(id, &case.saved(), &images);
        case.config[key] = value;
        let wrong = expected.off(id, &case.saved(), &images);
        assert!(
            right <= 1e-4 && wrong > 1e-4,
            "{id} {key}: {right:e} as it says, {wrong:e} otherwise"
        );
    }
}
