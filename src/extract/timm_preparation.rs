//! How timm evaluates its own convolutional networks, where nothing beside a file says so: the configuration that timm 1.0.31 has
//! for the default weights of each name. Those with the usual one (224 px of 256, bicubic, ImageNet's mean) are not listed.

use serde_json::json;

use crate::checkpoint::arch::Arch;
use crate::images::transform::Preprocess;

/// A line for each configuration: side of the images, the share of a side that is cut out, filter, crop, mean and deviation (those of
/// ImageNet, or one half), then the networks.
const CONFIGURATIONS: &str = "\
192 0.875 bicubic center imagenet tf_efficientnetv2_b0
192 0.882 bicubic center imagenet tf_efficientnetv2_b1
208 0.89 bicubic center imagenet tf_efficientnetv2_b2
224 0.875 bicubic center half mobilenetv1_100 mobilenetv1_100h tf_efficientnet_es tf_efficientnet_lite0
224 0.875 bilinear center imagenet mobilenetv3_large_075 vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn
224 0.875 bilinear center half tf_mobilenetv3_large_075 tf_mobilenetv3_large_100 tf_mobilenetv3_large_minimal_100 tf_mobilenetv3_small_075 tf_mobilenetv3_small_100 tf_mobilenetv3_small_minimal_100
224 0.9 bicubic center half mobilenetv1_125
224 0.95 bicubic center imagenet regnety_032 regnety_040 regnety_064 regnety_080 regnety_120 regnety_160
224 0.965 bicubic center imagenet regnetx_004_tv regnetx_008 regnetx_016 regnetx_032 regnetx_080 regnetx_160 regnetx_320 regnety_004 regnety_008_tv regnety_016 regnety_080_tv regnety_320
224 1.0 bicubic center imagenet efficientnetv2_rw_t
240 0.882 bicubic center imagenet efficientnet_em efficientnet_lite1 tf_efficientnet_b1
240 0.882 bicubic center half tf_efficientnet_em tf_efficientnet_lite1
240 0.9 bicubic center half efficientnet_b1
240 0.9 bicubic squash half tf_efficientnetv2_b3
256 0.875 bicubic center imagenet efficientnet_b2
256 0.95 bilinear center half mobilenetv3_large_150d
260 0.89 bicubic center imagenet efficientnet_lite2 tf_efficientnet_b2
260 0.89 bicubic center half tf_efficientnet_lite2
288 0.875 bicubic center imagenet efficientnet_b3
288 1.0 bicubic center imagenet efficientnetv2_rw_s efficientnetv2_s
300 0.904 bicubic center imagenet efficientnet_el efficientnet_lite3 tf_efficientnet_b3
300 0.904 bicubic center half tf_efficientnet_el
300 0.904 bilinear center half tf_efficientnet_lite3
300 1.0 bicubic center half tf_efficientnetv2_s
320 0.875 bicubic center imagenet efficientnet_b4
320 1.0 bicubic center imagenet efficientnetv2_m efficientnetv2_rw_m
380 0.92 bilinear center half tf_efficientnet_lite4
380 0.922 bicubic center imagenet efficientnet_lite4 tf_efficientnet_b4
384 1.0 bicubic center imagenet efficientnetv2_l efficientnetv2_xl regnety_1280 regnety_640
384 1.0 bicubic squash half tf_efficientnetv2_l tf_efficientnetv2_m tf_efficientnetv2_xl
448 1.0 bicubic squash imagenet efficientnet_b5
456 0.934 bicubic center imagenet tf_efficientnet_b5
475 0.936 bicubic center imagenet tf_efficientnet_l2
528 0.942 bicubic center imagenet efficientnet_b6 tf_efficientnet_b6
600 0.949 bicubic center imagenet efficientnet_b7 tf_efficientnet_b7
672 0.954 bicubic center imagenet efficientnet_b8
672 0.954 bicubic center half tf_efficientnet_b8
800 0.961 bicubic center imagenet efficientnet_l2";

/// How timm evaluates the default weights of this network; `None` where that is the usual way.
pub(super) fn evaluated(arch: &Arch) -> Option<Preprocess> {
    let Arch::Cnn(cnn) = arch else {
        return None;
    };
    let mut rows = CONFIGURATIONS.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let row = rows.find(|row| cnn.details.timm && row.iter().skip(5).any(|name| *name == cnn.name))?;
    let [side, share, interpolation, crop, mean] = *row.first_chunk()?;
    let (side, share): (u32, f64) = (side.parse().ok()?, share.parse().ok()?);
    let mut described = json!({
        "input_size": [3, side, side], "crop_pct": share, "interpolation": interpolation, "crop_mode": crop,
    });
    if mean == "half" {
        described["mean"] = json!([0.5, 0.5, 0.5]);
        described["std"] = json!([0.5, 0.5, 0.5]);
    }
    Preprocess::from_timm(&described).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_network_of_timm_and_can_be_followed() {
        let mut seen = std::collections::BTreeSet::new();
        for name in CONFIGURATIONS.lines().flat_map(|line| line.split(' ').skip(5)) {
            let Ok(Arch::Cnn(mut cnn)) = Arch::parse(name) else {
                panic!("{name} is not known");
            };
            cnn.details.timm = true;
            assert!(seen.insert(name), "{name} is there twice");
            assert!(evaluated(&Arch::Cnn(cnn)).is_some(), "{name}");
        }
    }

    #[test]
    fn timms_values_are_those_of_its_configurations() {
        let of_name = |name: &str| {
            let Ok(Arch::Cnn(cnn)) = Arch::parse(name) else {
                panic!("{name} is not known");
            };
            evaluated(&Arch::Cnn(cnn)).map(|p| p.to_string())
        };
        let shown = of_name("tf_efficientnet_b7").unwrap();
        assert!(shown.contains("632") && shown.contains("600 x 600"), "{shown}");
        let shown = of_name("tf_mobilenetv3_small_100").unwrap();
        assert!(shown.contains("bilinear") && shown.contains("0.5"), "{shown}");
        assert_eq!(of_name("efficientnet_lite0"), None);
    }
}
