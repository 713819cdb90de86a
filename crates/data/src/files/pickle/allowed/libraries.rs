//! Of the libraries that people pretrain with: holders of settings, and the networks that are read here.

use super::uses::Use::{Call, New};
use super::uses::{UseGroup, group};

pub(super) const GROUPS: &[UseGroup] = &[
    // Settings. Their `__setstate__` puts attributes down and looks at types.
    group(New, false, "omegaconf.dictconfig", "DictConfig"),
    group(New, false, "omegaconf.listconfig", "ListConfig"),
    group(New, false, "omegaconf.base", "ContainerMetadata Metadata UnionNode"),
    group(
        New,
        false,
        "omegaconf.nodes",
        "AnyNode BooleanNode BytesNode EnumNode FloatNode IntegerNode PathNode StringNode",
    ),
    group(New, false, "yacs.config", "CfgNode"),
    group(New, false, "fvcore.common.config", "CfgNode"),
    group(New, false, "detectron2.config.config", "CfgNode"),
    group(New, false, "easydict", "EasyDict"),
    group(New, false, "addict.addict", "Dict"),
    group(New, false, "munch", "Munch"),
    group(New, false, "attrdict.dictionary", "AttrDict"),
    group(
        New,
        false,
        "ml_collections.config_dict.config_dict",
        "ConfigDict FieldReference FrozenConfigDict",
    ),
    group(
        New,
        false,
        "jsonargparse.namespace jsonargparse._namespace",
        "Namespace",
    ),
    group(
        New,
        false,
        "pytorch_lightning.utilities.parsing lightning.pytorch.utilities.parsing lightning_fabric.utilities.data \
         lightning.fabric.utilities.data",
        "AttributeDict",
    ),
    // The dictionary is made of another one; the whole configuration could read a file, and is only ever made empty.
    group(Call, false, "mmengine.config.config mmcv.utils.config", "ConfigDict"),
    group(New, false, "mmengine.config.config mmcv.utils.config", "Config"),
    group(
        New,
        false,
        "vissl.utils.hydra_config vissl.config.attr_dict",
        "AttrDict",
    ),
    // Averages of a training.
    group(New, false, "mmengine.logging.history_buffer", "HistoryBuffer"),
    group(New, false, "fvcore.common.history_buffer", "HistoryBuffer"),
    group(
        New,
        false,
        "fairseq.meters fairseq.logging.meters",
        "AverageMeter MetersDict StopwatchMeter SumMeter TimeMeter",
    ),
    group(New, false, "fairseq.data.dictionary", "Dictionary"),
    group(New, false, "timm.utils.metrics", "AverageMeter"),
    // Arguments of a training, and words of a fixed list.
    group(New, false, "transformers.training_args", "TrainingArguments"),
    group(New, false, "transformers.trainer_pt_utils", "AcceleratorConfig"),
    group(New, false, "accelerate.state", "PartialState"),
    group(Call, true, "transformers.training_args", "OptimizerNames"),
    group(
        Call,
        true,
        "transformers.trainer_utils",
        "EvaluationStrategy FSDPOption HubStrategy IntervalStrategy SaveStrategy SchedulerType ShardedDDPOption",
    ),
    group(Call, true, "accelerate.utils.dataclasses", "DistributedType"),
    group(Call, true, "torchvision.transforms.functional", "InterpolationMode"),
    group(Call, true, "PIL.Image", "Resampling"),
    // How images were prepared.
    group(
        New,
        false,
        "torchvision.transforms.transforms",
        "CenterCrop ColorJitter Compose GaussianBlur Normalize PILToTensor RandomApply RandomGrayscale RandomHorizontalFlip \
         RandomResizedCrop Resize ToTensor",
    ),
    // Networks that were saved whole, made like torch's modules.
    group(New, false, "torchvision.models.resnet", "BasicBlock Bottleneck ResNet"),
    group(
        New,
        false,
        "torchvision.models.vision_transformer",
        "Encoder EncoderBlock MLPBlock VisionTransformer",
    ),
    group(
        New,
        false,
        "torchvision.ops.misc",
        "Conv2dNormActivation ConvNormActivation FrozenBatchNorm2d MLP Permute SqueezeExcitation",
    ),
    group(New, false, "torchvision.ops.stochastic_depth", "StochasticDepth"),
    group(New, false, "torchvision.models._utils", "IntermediateLayerGetter"),
    group(New, false, "timm.models.resnet", "BasicBlock Bottleneck ResNet"),
    group(
        New,
        false,
        "timm.models.vision_transformer",
        "Attention Block LayerScale ParallelScalingBlock ParallelThingsBlock ResPostBlock VisionTransformer",
    ),
    group(New, false, "timm.models._pretrained", "PretrainedCfg"),
    group(
        New,
        false,
        "timm.layers.activations timm.models.layers.activations",
        "GELU GELUTanh HardSigmoid HardSwish Mish PReLU QuickGELU Sigmoid Swish Tanh",
    ),
    group(
        New,
        false,
        "timm.layers.adaptive_avgmax_pool timm.models.layers.adaptive_avgmax_pool",
        "AdaptiveAvgMaxPool2d AdaptiveCatAvgMaxPool2d FastAdaptiveAvgPool FastAdaptiveAvgPool2d FastAdaptiveMaxPool \
         SelectAdaptivePool2d",
    ),
    group(New, false, "timm.layers.attention", "Attention AttentionRope"),
    group(New, false, "timm.layers.attention_pool", "AttentionPoolLatent"),
    group(
        New,
        false,
        "timm.layers.blur_pool timm.models.layers.blur_pool",
        "BlurPool2d",
    ),
    group(
        New,
        false,
        "timm.layers.classifier timm.models.layers.classifier",
        "ClassifierHead",
    ),
    group(
        New,
        false,
        "timm.layers.drop timm.models.layers.drop",
        "DropBlock2d DropPath",
    ),
    group(Call, true, "timm.layers.format", "Format"),
    group(New, false, "timm.layers.layer_scale", "LayerScale LayerScale2d"),
    group(
        New,
        false,
        "timm.layers.mlp timm.models.layers.mlp",
        "ConvMlp GatedMlp GluMlp Mlp SwiGLU",
    ),
    group(
        New,
        false,
        "timm.layers.norm timm.models.layers.norm",
        "GroupNorm GroupNorm1 LayerNorm LayerNorm2d LayerNormFp32 RmsNorm RmsNorm2d SimpleNorm SimpleNorm2d",
    ),
    group(
        New,
        false,
        "timm.layers.norm_act timm.models.layers.norm_act",
        "BatchNormAct2d GroupNormAct LayerNormAct LayerNormAct2d",
    ),
    group(New, false, "timm.layers.patch_dropout", "PatchDropout"),
    group(
        New,
        false,
        "timm.layers.patch_embed timm.models.layers.patch_embed",
        "PatchEmbed PatchEmbedWithSize",
    ),
    group(
        New,
        false,
        "timm.layers.squeeze_excite timm.models.layers.squeeze_excite",
        "EffectiveSEModule SEModule",
    ),
    group(
        New,
        false,
        "timm.layers.std_conv timm.models.layers.std_conv",
        "ScaledStdConv2d ScaledStdConv2dSame StdConv2d StdConv2dSame",
    ),
];
