//! The sizes of timm's networks of inverted residuals.

use super::plan::Pointwise;

/// A kind of network before it is scaled.
pub(super) struct InvertedKind {
    /// Blocks of each stage, stages with commas between them, the kinds of blocks of one with spaces.
    pub(super) stages: &'static str,
    pub(super) stem: usize,
    /// Channels before the classifier.
    pub(super) last: usize,
    pub(super) act: Pointwise,
    pub(super) head: FinalLayers,
    /// A width is not rounded up where rounding takes more than this share of it.
    pub(super) limit: f64,
    /// True if the first and the last stage keep their depth, and the stem and the head their width.
    pub(super) ends: bool,
}

/// What follows the stages.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum FinalLayers {
    /// A convolution on maps, with a normalisation; its width is scaled.
    Maps,
    /// As [`FinalLayers::Maps`], never narrower than it is.
    Wide,
    /// A convolution with a bias on the mean over positions, not scaled: MobileNet v3.
    Mean,
    /// Nothing.
    Bare,
}

const PLAIN: InvertedKind = InvertedKind {
    stages: "",
    stem: 32,
    last: 1280,
    act: Pointwise::Silu,
    head: FinalLayers::Maps,
    limit: 0.9,
    ends: false,
};

const V1: InvertedKind = InvertedKind {
    stages: "ds_r1_k3_s1_e1_c16_se, ir_r2_k3_s2_e6_c24_se, ir_r2_k5_s2_e6_c40_se, ir_r3_k3_s2_e6_c80_se, \
             ir_r3_k5_s1_e6_c112_se, ir_r4_k5_s2_e6_c192_se, ir_r1_k3_s1_e6_c320_se",
    ..PLAIN
};

const LITE: InvertedKind = InvertedKind {
    stages: "ds_r1_k3_s1_e1_c16, ir_r2_k3_s2_e6_c24, ir_r2_k5_s2_e6_c40, ir_r3_k3_s2_e6_c80, ir_r3_k5_s1_e6_c112, \
             ir_r4_k5_s2_e6_c192, ir_r1_k3_s1_e6_c320",
    act: Pointwise::Relu6,
    ends: true,
    ..PLAIN
};

const EDGE: InvertedKind = InvertedKind {
    stages: "er_r1_k3_s1_e4_c24_fc24_noskip, er_r2_k3_s2_e8_c32, er_r4_k3_s2_e8_c48, ir_r5_k5_s2_e8_c96, \
             ir_r4_k5_s1_e8_c144, ir_r2_k5_s2_e8_c192",
    act: Pointwise::Relu,
    ..PLAIN
};

const V2_BASE: InvertedKind = InvertedKind {
    stages: "cn_r1_k3_s1_e1_c16_skip, er_r2_k3_s2_e4_c32, er_r2_k3_s2_e4_c48, ir_r3_k3_s2_e4_c96_se, \
             ir_r5_k3_s1_e6_c112_se, ir_r8_k3_s2_e6_c192_se",
    limit: 0.0,
    ..PLAIN
};

const V2_S: InvertedKind = InvertedKind {
    stages: "cn_r2_k3_s1_e1_c24_skip, er_r4_k3_s2_e4_c48, er_r4_k3_s2_e4_c64, ir_r6_k3_s2_e4_c128_se, \
             ir_r9_k3_s1_e6_c160_se, ir_r15_k3_s2_e6_c256_se",
    stem: 24,
    ..PLAIN
};

/// As it was before the reference was published.
const V2_RW: InvertedKind = InvertedKind {
    stages: "er_r2_k3_s1_e1_c24, er_r4_k3_s2_e4_c48, er_r4_k3_s2_e4_c64, ir_r6_k3_s2_e4_c128_se, \
             ir_r9_k3_s1_e6_c160_se, ir_r15_k3_s2_e6_c272_se",
    stem: 24,
    last: 1792,
    ..PLAIN
};

const V2_M: InvertedKind = InvertedKind {
    stages: "cn_r3_k3_s1_e1_c24_skip, er_r5_k3_s2_e4_c48, er_r5_k3_s2_e4_c80, ir_r7_k3_s2_e4_c160_se, \
             ir_r14_k3_s1_e6_c176_se, ir_r18_k3_s2_e6_c304_se, ir_r5_k3_s1_e6_c512_se",
    stem: 24,
    ..PLAIN
};

const V2_L: InvertedKind = InvertedKind {
    stages: "cn_r4_k3_s1_e1_c32_skip, er_r7_k3_s2_e4_c64, er_r7_k3_s2_e4_c96, ir_r10_k3_s2_e4_c192_se, \
             ir_r19_k3_s1_e6_c224_se, ir_r25_k3_s2_e6_c384_se, ir_r7_k3_s1_e6_c640_se",
    ..PLAIN
};

const V2_XL: InvertedKind = InvertedKind {
    stages: "cn_r4_k3_s1_e1_c32_skip, er_r8_k3_s2_e4_c64, er_r8_k3_s2_e4_c96, ir_r16_k3_s2_e4_c192_se, \
             ir_r24_k3_s1_e6_c256_se, ir_r32_k3_s2_e6_c512_se, ir_r8_k3_s1_e6_c640_se",
    ..PLAIN
};

const MOBILE1: InvertedKind = InvertedKind {
    stages: "dsa_r1_k3_s1_e1_c64, dsa_r2_k3_s2_e1_c128, dsa_r2_k3_s2_e1_c256, dsa_r6_k3_s2_e1_c512, \
             dsa_r2_k3_s2_e1_c1024",
    act: Pointwise::Relu6,
    head: FinalLayers::Bare,
    ..PLAIN
};

const MOBILE1_HEAD: InvertedKind = InvertedKind {
    last: 1024,
    head: FinalLayers::Wide,
    ..MOBILE1
};

const MOBILE2: InvertedKind = InvertedKind {
    stages: "ds_r1_k3_s1_e1_c16, ir_r2_k3_s2_e6_c24, ir_r3_k3_s2_e6_c32, ir_r4_k3_s2_e6_c64, ir_r3_k3_s1_e6_c96, \
             ir_r3_k3_s2_e6_c160, ir_r1_k3_s1_e6_c320",
    act: Pointwise::Relu6,
    head: FinalLayers::Wide,
    ..PLAIN
};

const MOBILE2_ENDS: InvertedKind = InvertedKind { ends: true, ..MOBILE2 };

const LARGE: InvertedKind = InvertedKind {
    stages: "ds_r1_k3_s1_e1_c16_nre, ir_r1_k3_s2_e4_c24_nre ir_r1_k3_s1_e3_c24_nre, ir_r3_k5_s2_e3_c40_se_nre, \
             ir_r1_k3_s2_e6_c80 ir_r1_k3_s1_e2.5_c80 ir_r2_k3_s1_e2.3_c80, ir_r2_k3_s1_e6_c112_se, \
             ir_r3_k5_s2_e6_c160_se, cn_r1_k1_s1_e1_c960",
    stem: 16,
    act: Pointwise::Hardswish,
    head: FinalLayers::Mean,
    ..PLAIN
};

const LARGE_MINIMAL: InvertedKind = InvertedKind {
    stages: "ds_r1_k3_s1_e1_c16, ir_r1_k3_s2_e4_c24 ir_r1_k3_s1_e3_c24, ir_r3_k3_s2_e3_c40, \
             ir_r1_k3_s2_e6_c80 ir_r1_k3_s1_e2.5_c80 ir_r2_k3_s1_e2.3_c80, ir_r2_k3_s1_e6_c112, ir_r3_k3_s2_e6_c160, \
             cn_r1_k1_s1_e1_c960",
    act: Pointwise::Relu,
    ..LARGE
};

const SMALL: InvertedKind = InvertedKind {
    stages: "ds_r1_k3_s2_e1_c16_se_nre, ir_r1_k3_s2_e4.5_c24_nre ir_r1_k3_s1_e3.67_c24_nre, \
             ir_r1_k5_s2_e4_c40_se ir_r2_k5_s1_e6_c40_se, ir_r2_k5_s1_e3_c48_se, ir_r3_k5_s2_e6_c96_se, \
             cn_r1_k1_s1_e1_c576",
    last: 1024,
    ..LARGE
};

const SMALL_MINIMAL: InvertedKind = InvertedKind {
    stages: "ds_r1_k3_s2_e1_c16, ir_r1_k3_s2_e4.5_c24 ir_r1_k3_s1_e3.67_c24, ir_r1_k3_s2_e4_c40 ir_r2_k3_s1_e6_c40, \
             ir_r2_k3_s1_e3_c48, ir_r3_k3_s2_e6_c96, cn_r1_k1_s1_e1_c576",
    act: Pointwise::Relu,
    ..SMALL
};

/// Who has a network of a size: the one that is padded alike on all sides, the one that is padded as TensorFlow does, or timm has both.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum PaddingForms {
    Even,
    Tensorflow,
    Both,
}

/// Name without `tf_`, kind, factors of width and of depth (of the first four stages, of the others), which forms there are.
pub(super) type SizeRow = (&'static str, &'static InvertedKind, f64, [f64; 2], PaddingForms);

const fn row(name: &'static str, kind: &'static InvertedKind, width: f64, depth: f64, has: PaddingForms) -> SizeRow {
    (name, kind, width, [depth, depth], has)
}

pub(super) const NAMED: &[SizeRow] = &[
    row("efficientnet_b0", &V1, 1.0, 1.0, PaddingForms::Both),
    row("efficientnet_b1", &V1, 1.0, 1.1, PaddingForms::Both),
    row("efficientnet_b2", &V1, 1.1, 1.2, PaddingForms::Both),
    row("efficientnet_b3", &V1, 1.2, 1.4, PaddingForms::Both),
    row("efficientnet_b4", &V1, 1.4, 1.8, PaddingForms::Both),
    row("efficientnet_b5", &V1, 1.6, 2.2, PaddingForms::Both),
    row("efficientnet_b6", &V1, 1.8, 2.6, PaddingForms::Both),
    row("efficientnet_b7", &V1, 2.0, 3.1, PaddingForms::Both),
    row("efficientnet_b8", &V1, 2.2, 3.6, PaddingForms::Both),
    row("efficientnet_l2", &V1, 4.3, 5.3, PaddingForms::Both),
    row("efficientnet_lite0", &LITE, 1.0, 1.0, PaddingForms::Both),
    row("efficientnet_lite1", &LITE, 1.0, 1.1, PaddingForms::Both),
    row("efficientnet_lite2", &LITE, 1.1, 1.2, PaddingForms::Both),
    row("efficientnet_lite3", &LITE, 1.2, 1.4, PaddingForms::Both),
    row("efficientnet_lite4", &LITE, 1.4, 1.8, PaddingForms::Both),
    row("efficientnet_es", &EDGE, 1.0, 1.0, PaddingForms::Both),
    row("efficientnet_em", &EDGE, 1.0, 1.1, PaddingForms::Both),
    row("efficientnet_el", &EDGE, 1.2, 1.4, PaddingForms::Both),
    row("efficientnetv2_b0", &V2_BASE, 1.0, 1.0, PaddingForms::Tensorflow),
    row("efficientnetv2_b1", &V2_BASE, 1.0, 1.1, PaddingForms::Tensorflow),
    row("efficientnetv2_b2", &V2_BASE, 1.1, 1.2, PaddingForms::Tensorflow),
    row("efficientnetv2_b3", &V2_BASE, 1.2, 1.4, PaddingForms::Tensorflow),
    row("efficientnetv2_s", &V2_S, 1.0, 1.0, PaddingForms::Both),
    row("efficientnetv2_m", &V2_M, 1.0, 1.0, PaddingForms::Both),
    row("efficientnetv2_l", &V2_L, 1.0, 1.0, PaddingForms::Both),
    row("efficientnetv2_xl", &V2_XL, 1.0, 1.0, PaddingForms::Both),
    row("efficientnetv2_rw_t", &V2_S, 0.8, 0.9, PaddingForms::Even),
    row("efficientnetv2_rw_s", &V2_RW, 1.0, 1.0, PaddingForms::Even),
    ("efficientnetv2_rw_m", &V2_RW, 1.2, [1.2, 1.6], PaddingForms::Even),
    row("mobilenetv1_100", &MOBILE1, 1.0, 1.0, PaddingForms::Even),
    row("mobilenetv1_100h", &MOBILE1_HEAD, 1.0, 1.0, PaddingForms::Even),
    row("mobilenetv1_125", &MOBILE1, 1.25, 1.0, PaddingForms::Even),
    row("mobilenetv2_035", &MOBILE2, 0.35, 1.0, PaddingForms::Even),
    row("mobilenetv2_050", &MOBILE2, 0.5, 1.0, PaddingForms::Even),
    row("mobilenetv2_075", &MOBILE2, 0.75, 1.0, PaddingForms::Even),
    row("mobilenetv2_100", &MOBILE2, 1.0, 1.0, PaddingForms::Even),
    row("mobilenetv2_140", &MOBILE2, 1.4, 1.0, PaddingForms::Even),
    row("mobilenetv2_110d", &MOBILE2_ENDS, 1.1, 1.2, PaddingForms::Even),
    row("mobilenetv2_120d", &MOBILE2_ENDS, 1.2, 1.4, PaddingForms::Even),
    row("mobilenetv3_large_075", &LARGE, 0.75, 1.0, PaddingForms::Both),
    row("mobilenetv3_large_100", &LARGE, 1.0, 1.0, PaddingForms::Both),
    row("mobilenetv3_large_150d", &LARGE, 1.5, 1.2, PaddingForms::Even),
    row(
        "mobilenetv3_large_minimal_100",
        &LARGE_MINIMAL,
        1.0,
        1.0,
        PaddingForms::Tensorflow,
    ),
    row("mobilenetv3_small_050", &SMALL, 0.5, 1.0, PaddingForms::Even),
    row("mobilenetv3_small_075", &SMALL, 0.75, 1.0, PaddingForms::Both),
    row("mobilenetv3_small_100", &SMALL, 1.0, 1.0, PaddingForms::Both),
    row(
        "mobilenetv3_small_minimal_100",
        &SMALL_MINIMAL,
        1.0,
        1.0,
        PaddingForms::Tensorflow,
    ),
];
