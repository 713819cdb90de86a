//! How torchvision evaluates the weights it publishes, where that differs from the usual. Which weights a file holds is told by its
//! SHA-256, whose beginning torchvision writes into their name, or by that name.

use crate::checkpoint::{Checkpoint, Loading};
use crate::images::transform::Interpolation::{self, Bicubic, Bilinear};
use crate::images::transform::{Preprocess, Resize};

/// Name of the file, the shorter side, side of the crop, interpolation.
type Row = (&'static str, u32, u32, Interpolation);

const WEIGHTS: &[Row] = &[
    ("convnext_base-6075fbad", 232, 224, Bilinear),
    ("convnext_large-ea097f82", 232, 224, Bilinear),
    ("convnext_small-0c510722", 230, 224, Bilinear),
    ("convnext_tiny-983f1562", 236, 224, Bilinear),
    ("efficientnet_b0_rwightman-7f5810bc", 256, 224, Bicubic),
    ("efficientnet_b1-c27df63c", 255, 240, Bilinear),
    ("efficientnet_b1_rwightman-bac287d4", 256, 240, Bicubic),
    ("efficientnet_b2_rwightman-c35c1473", 288, 288, Bicubic),
    ("efficientnet_b3_rwightman-b3899882", 320, 300, Bicubic),
    ("efficientnet_b4_rwightman-23ab8bcd", 384, 380, Bicubic),
    ("efficientnet_b5_lukemelas-1a07897c", 456, 456, Bicubic),
    ("efficientnet_b6_lukemelas-24a108a5", 528, 528, Bicubic),
    ("efficientnet_b7_lukemelas-c5b4e57e", 600, 600, Bicubic),
    ("efficientnet_v2_l-59c71312", 480, 480, Bicubic),
    ("efficientnet_v2_m-dc08266a", 480, 480, Bilinear),
    ("efficientnet_v2_s-dd5fe13b", 384, 384, Bilinear),
    ("mobilenet_v2-7ebf99e0", 232, 224, Bilinear),
    ("mobilenet_v3_large-5c1a4163", 232, 224, Bilinear),
    ("regnet_x_16gf-ba3796d7", 232, 224, Bilinear),
    ("regnet_x_1_6gf-a12f2b72", 232, 224, Bilinear),
    ("regnet_x_32gf-6eb8fdc6", 232, 224, Bilinear),
    ("regnet_x_3_2gf-7071aa85", 232, 224, Bilinear),
    ("regnet_x_400mf-62229a5f", 232, 224, Bilinear),
    ("regnet_x_800mf-94a99ebd", 232, 224, Bilinear),
    ("regnet_x_8gf-2b70d774", 232, 224, Bilinear),
    ("regnet_y_128gf_lc_swag-cbe8ce12", 224, 224, Bicubic),
    ("regnet_y_128gf_swag-c8ce3e52", 384, 384, Bicubic),
    ("regnet_y_16gf-3e4a00f9", 232, 224, Bilinear),
    ("regnet_y_16gf_lc_swag-f3ec0043", 224, 224, Bicubic),
    ("regnet_y_16gf_swag-43afe44d", 384, 384, Bicubic),
    ("regnet_y_1_6gf-0d7bc02a", 232, 224, Bilinear),
    ("regnet_y_32gf-8db6d4b5", 232, 224, Bilinear),
    ("regnet_y_32gf_lc_swag-e1583746", 224, 224, Bicubic),
    ("regnet_y_32gf_swag-04fdfa75", 384, 384, Bicubic),
    ("regnet_y_3_2gf-9180c971", 232, 224, Bilinear),
    ("regnet_y_400mf-e6988f5f", 232, 224, Bilinear),
    ("regnet_y_800mf-58fc7688", 232, 224, Bilinear),
    ("regnet_y_8gf-dc2b1b54", 232, 224, Bilinear),
    ("resnet101-cd907fc2", 232, 224, Bilinear),
    ("resnet152-f82ba261", 232, 224, Bilinear),
    ("resnet50-11ad3fa6", 232, 224, Bilinear),
    ("resnext101_32x8d-110c445d", 232, 224, Bilinear),
    ("resnext101_64x4d-173b62eb", 232, 224, Bilinear),
    ("resnext50_32x4d-1a0047aa", 232, 224, Bilinear),
    ("swin_b-68c6b09e", 238, 224, Bicubic),
    ("swin_s-5e29d889", 246, 224, Bicubic),
    ("swin_t-704ceda3", 232, 224, Bicubic),
    ("swin_v2_b-781e5279", 272, 256, Bicubic),
    ("swin_v2_s-637d8ceb", 260, 256, Bicubic),
    ("swin_v2_t-b137f0e2", 260, 256, Bicubic),
    ("vgg16_features-amdegroot-88682ab5", 256, 224, Bilinear),
    ("vit_b_16_lc_swag-4e70ced5", 224, 224, Bicubic),
    ("vit_b_16_swag-9ac1b537", 384, 384, Bicubic),
    ("vit_h_14_lc_swag-c1eb923e", 224, 224, Bicubic),
    ("vit_h_14_swag-80465313", 518, 518, Bicubic),
    ("vit_l_16-852ce7e3", 242, 224, Bilinear),
    ("vit_l_16_lc_swag-4d563306", 224, 224, Bicubic),
    ("vit_l_16_swag-4f3808c9", 512, 512, Bicubic),
    ("wide_resnet101_2-d733dc28", 232, 224, Bilinear),
    ("wide_resnet50_2-9ba9bcbe", 232, 224, Bilinear),
];

/// Whose mean and deviation are 0.5.
const HALF: &str = "efficientnet_v2_l-59c71312";

/// Trained as Caffe had it: a mean of its own, and values of 0 to 255.
const BYTES: &str = "vgg16_features-amdegroot-88682ab5";

/// How these very weights are evaluated, and what says that it is these; `None` where it is none of them.
pub(super) fn published(checkpoint: &Checkpoint, loading: &Loading) -> Option<(Preprocess, String)> {
    let stem = checkpoint.path().file_stem().unwrap_or_default().to_string_lossy();
    evaluated(&stem, &loading.audit.sha256)
}

/// By the name of the file and its SHA-256.
fn evaluated(stem: &str, sha256: &str) -> Option<(Preprocess, String)> {
    let by_bytes = |name: &str| {
        let begin = name.rsplit_once('-').map(|(_, begin)| begin);
        begin.is_some_and(|begin| sha256.starts_with(begin))
    };
    let (row, from) = match WEIGHTS.iter().find(|row| by_bytes(row.0)) {
        Some(row) => (row, "the SHA-256"),
        None => (WEIGHTS.iter().find(|row| stem.starts_with(row.0))?, "the name"),
    };
    let said = format!("torchvision evaluates {} so, and by {from} it is that", row.0);
    Some((evaluation(row), said))
}

/// How an EfficientNet of this name is evaluated whose weights are not known: as the first that were published of it, of two rows the
/// later. `None` for other networks.
pub(super) fn efficientnet(name: &str) -> Option<Preprocess> {
    let is_of = |row: &&Row| {
        let rest = row.0.strip_prefix(name).and_then(|rest| rest.split_once('-'));
        rest.is_some_and(|(trainer, _)| ["", "_rwightman", "_lukemelas"].contains(&trainer))
    };
    let mut rows = WEIGHTS.iter().filter(|_| name.starts_with("efficientnet"));
    rows.rfind(is_of).map(evaluation)
}

fn evaluation(&(name, shorter, side, interpolation): &Row) -> Preprocess {
    let usual = match name {
        HALF => Preprocess::inception(side),
        BYTES => Preprocess {
            mean: [0.48235, 0.45882, 0.40784],
            std: [1.0 / 255.0; 3],
            ..Preprocess::imagenet()
        },
        _ => Preprocess::imagenet(),
    };
    Preprocess {
        resize: Some(Resize::Shorter(shorter)),
        interpolation,
        crop: (side, side),
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_ends_in_the_beginning_of_a_checksum() {
        for (name, shorter, side, _) in WEIGHTS {
            let (_, begin) = name.rsplit_once('-').unwrap();
            assert!(
                begin.len() == 8 && begin.chars().all(|c| c.is_ascii_hexdigit()),
                "{name}"
            );
            assert!(shorter >= side, "{name}");
        }
        assert!(
            [HALF, BYTES]
                .iter()
                .all(|name| WEIGHTS.iter().any(|row| row.0 == *name))
        );
    }

    #[test]
    fn weights_are_known_by_their_bytes_and_by_their_name() {
        let said = |stem: &str, sha256: &str| evaluated(stem, sha256).map(|(p, from)| (p.to_string(), from));
        let (large, from) = said("x", "59c71312aa").unwrap();
        let wanted = "shorter side to 480 (bicubic), centre 480 x 480, mean [0.5, 0.5, 0.5], std [0.5, 0.5, 0.5]";
        assert_eq!(large, wanted);
        assert!(
            from.contains("efficientnet_v2_l-59c71312 so, and by the SHA-256"),
            "{from}"
        );
        let (vgg, _) = said("vgg16_features-amdegroot-88682ab5", "0").unwrap();
        let wanted = "shorter side to 256 (bilinear), centre 224 x 224, mean [0.48235, 0.45882, 0.40784], \
                      std [0.00392156862745098, 0.00392156862745098, 0.00392156862745098]";
        assert_eq!(vgg, wanted);
        let (swin, from) = said("swin_v2_b-781e5279", "0").unwrap();
        assert!(
            swin.starts_with("shorter side to 272 (bicubic), centre 256 x 256"),
            "{swin}"
        );
        assert!(from.contains("by the name"), "{from}");
        // The bytes count where somebody called the file otherwise.
        assert!(
            said("swin_v2_b-781e5279", "983f1562")
                .unwrap()
                .0
                .starts_with("shorter side to 236")
        );
        assert_eq!(said("convnext_tiny", "0123"), None);
    }

    #[test]
    fn an_efficientnet_is_evaluated_as_its_first_weights() {
        let said = |name: &str| efficientnet(name).map(|p| p.to_string());
        let first = said("efficientnet_b1").unwrap();
        assert!(
            first.starts_with("shorter side to 256 (bicubic), centre 240 x 240"),
            "{first}"
        );
        for name in (0..8)
            .map(|i| format!("b{i}"))
            .chain(["v2_s", "v2_m", "v2_l"].map(str::to_owned))
        {
            assert!(said(&format!("efficientnet_{name}")).is_some(), "{name}");
        }
        assert_eq!((said("regnet_y_16gf"), said("efficientnet_b")), (None, None));
    }
}
