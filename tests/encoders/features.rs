//! Features: every layer of every case.

use serde_json::{Value, json};

use super::support::golden_rows::{GoldenRows, images};
use super::{case, cases_of};

#[test]
fn encoders_give_their_librarys_features() {
    compare("encoders");
}

#[test]
fn radio_gives_the_features_of_its_own_code() {
    compare("radio");
}

fn compare(golden: &str) {
    let mut expected = GoldenRows::open(&format!("{golden}.safetensors"));
    for case in cases_of(&format!("{golden}.json")) {
        let images = images(case.side).narrow(2, 0, case.rows.unwrap_or(case.side));
        let (loading, taps) = case.saved().run(&images);
        // What a method trains after the network is compared elsewhere.
        let is_left = |tap: &str| {
            tap.contains('.') || ["iBOT", "MSN"].contains(&&*loading.audit.style) && !expected.has(&case.id, tap)
        };
        let taps: Vec<_> = taps.into_iter().filter(|(tap, _)| !is_left(tap)).collect();
        expected.compare(&case.id, &taps);
    }
    expected.finish();
}

/// How the images of a case are prepared where OpenCLIP's description says this of it.
fn prepared(id: &str, said: Value) -> Result<String, String> {
    let mut saved = case(id).saved();
    let config = saved.beside.entry("open_clip_config.json".to_owned());
    config.or_insert_with(|| json!({}))["preprocess_cfg"] = said;
    saved.prepared().map(|(prepared, from)| {
        assert_eq!(from, "open_clip_config.json says so");
        prepared
    })
}

#[test]
fn openclips_description_prepares_the_images() {
    let found = prepared(
        "open-clip",
        json!({
            "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4], "interpolation": "bilinear", "resize_mode": "squash"
        }),
    )
    .unwrap();
    let says = "resized to 32 x 32 (bilinear), centre 32 x 32, mean [0.5, 0.4, 0.3], std [0.2, 0.3, 0.4]";
    assert!(found.starts_with(says), "{found}");
    let usual = prepared("open-clip", json!({})).unwrap();
    assert!(
        usual.starts_with("shorter side to 32 (bicubic), centre 32 x 32, mean [0.48"),
        "{usual}"
    );
    for (key, value) in [("interpolation", "random"), ("resize_mode", "longest"), ("mean", "0.5")] {
        let sentence = prepared("open-clip", json!({key: value})).unwrap_err();
        let says = format!("open_clip_config.json beside it says {key} \"{value}\"; expected");
        assert!(sentence.contains(&says), "{sentence}");
    }
}
