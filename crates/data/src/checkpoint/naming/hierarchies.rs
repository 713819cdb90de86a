//! How code bases name hierarchical networks: ConvNeXt by timm, by its authors, by transformers.

use super::super::arch::Family;
use super::{Form, Layout, Naming, Rule, naming};

/// The stages of a ConvNeXt: ours and theirs, each with the rules of `$body` for what lies in a block.
macro_rules! convnext {
    ($body:tt $($ours:literal $before:literal $down:literal $blocks:literal;)*) => {
        &[$(convnext!(@stage $ours $before $down $blocks $body)),*]
    };
    (@stage $ours:literal $before:literal $down:literal $blocks:literal { $($from:literal => $to:literal,)* }) => {
        &[
            (concat!("features.", $before), $down),
            $((concat!("features.", $ours, ".*.", $from), concat!($blocks, ".*.", $to)),)*
        ] as &[Rule]
    };
}

const TIMM: &[&[Rule]] = convnext! {
    {
        "block.0" => "conv_dw",
        "block.2" => "norm",
        "block.3" => "mlp.fc1",
        "block.5" => "mlp.fc2",
        "grn" => "mlp.grn",
        "layer_scale" => "gamma",
    }
    "1" "0" "stem" "stages.0.blocks";
    "3" "2" "stages.1.downsample" "stages.1.blocks";
    "5" "4" "stages.2.downsample" "stages.2.blocks";
    "7" "6" "stages.3.downsample" "stages.3.blocks";
    "9" "8" "stages.4.downsample" "stages.4.blocks";
    "11" "10" "stages.5.downsample" "stages.5.blocks";
};

const AUTHORS: &[&[Rule]] = convnext! {
    {
        "block.0" => "dwconv",
        "block.2" => "norm",
        "block.3" => "pwconv1",
        "block.5" => "pwconv2",
        "grn.weight" => "grn.gamma",
        "grn.bias" => "grn.beta",
        "layer_scale" => "gamma",
    }
    "1" "0" "downsample_layers.0" "stages.0";
    "3" "2" "downsample_layers.1" "stages.1";
    "5" "4" "downsample_layers.2" "stages.2";
    "7" "6" "downsample_layers.3" "stages.3";
    "9" "8" "downsample_layers.4" "stages.4";
    "11" "10" "downsample_layers.5" "stages.5";
};

const TRANSFORMERS: &[&[Rule]] = convnext! {
    {
        "block.0" => "dwconv",
        "block.2" => "layernorm",
        "block.3" => "pwconv1",
        "block.5" => "pwconv2",
        "grn" => "grn",
        "layer_scale" => "layer_scale_parameter",
    }
    "1" "0.0" "embeddings.patch_embeddings" "encoder.stages.0.layers";
    "3" "2" "encoder.stages.1.downsampling_layer" "encoder.stages.1.layers";
    "5" "4" "encoder.stages.2.downsampling_layer" "encoder.stages.2.layers";
    "7" "6" "encoder.stages.3.downsampling_layer" "encoder.stages.3.layers";
    "9" "8" "encoder.stages.4.downsampling_layer" "encoder.stages.4.layers";
    "11" "10" "encoder.stages.5.downsampling_layer" "encoder.stages.5.layers";
};

/// Rules of six stages, and more.
macro_rules! rules {
    ($stages:ident, $more:expr) => {
        &[
            $stages[0], $stages[1], $stages[2], $stages[3], $stages[4], $stages[5], $more,
        ]
    };
}

const TIMM_RULES: &[&[Rule]] = rules!(TIMM, &[("classifier.0", "head.norm")]);
const AUTHORS_RULES: &[&[Rule]] = rules!(AUTHORS, &[("classifier.0", "norm")]);
const TRANSFORMERS_RULES: &[&[Rule]] = rules!(
    TRANSFORMERS,
    &[("features.0.1", "embeddings.layernorm"), ("classifier.0", "layernorm")]
);

/// What is scaled channel by channel has one axis there.
const FLAT: (&str, Form) = ("layer_scale", Form::Flat);
/// Global response normalisation as it is multiplied with maps.
const WIDE: [(&str, Form); 2] = [("grn.weight", Form::Before(3)), ("grn.bias", Form::Before(3))];

pub(super) const CONVNEXT_TORCHVISION: Naming = naming("torchvision", Family::ConvNext, &[]);

pub(super) const CONVNEXT_TIMM: Naming = Naming {
    forms: &[FLAT],
    ..naming("timm", Family::ConvNext, TIMM_RULES)
};

pub(super) const CONVNEXT_AUTHORS: Naming = Naming {
    forms: &[FLAT, WIDE[0], WIDE[1]],
    ..naming("ConvNeXt", Family::ConvNext, AUTHORS_RULES)
};

pub(super) const CONVNEXT_TRANSFORMERS: Naming = Naming {
    forms: &[FLAT, WIDE[0], WIDE[1]],
    layout: Some(Layout::ConvNext),
    ..naming("transformers ConvNeXt", Family::ConvNext, TRANSFORMERS_RULES)
};
