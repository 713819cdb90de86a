//! Names of the libraries that people pretrain with: holders of settings, and the networks that are read here.

pub(super) const NAMES: &str = "
# Settings. Their `__setstate__` puts attributes down and looks at types.
new | omegaconf.dictconfig: DictConfig
new | omegaconf.listconfig: ListConfig
new | omegaconf.base: ContainerMetadata Metadata UnionNode
new | omegaconf.nodes: AnyNode BooleanNode BytesNode EnumNode FloatNode IntegerNode PathNode StringNode
new | yacs.config: CfgNode
new | fvcore.common.config: CfgNode
new | detectron2.config.config: CfgNode
new | easydict: EasyDict
new | addict.addict: Dict
new | munch: Munch
new | attrdict.dictionary: AttrDict
new | ml_collections.config_dict.config_dict: ConfigDict FieldReference FrozenConfigDict
new | jsonargparse.namespace jsonargparse._namespace: Namespace
new | pytorch_lightning.utilities.parsing lightning.pytorch.utilities.parsing: AttributeDict
new | lightning_fabric.utilities.data lightning.fabric.utilities.data: AttributeDict
# The dictionary is made of another one; the whole configuration could read a file, and is only ever made empty.
call | mmengine.config.config mmcv.utils.config: ConfigDict
new | mmengine.config.config mmcv.utils.config: Config
new | vissl.utils.hydra_config vissl.config.attr_dict: AttrDict
# Averages of a training.
new | mmengine.logging.history_buffer: HistoryBuffer
new | fvcore.common.history_buffer: HistoryBuffer
new | fairseq.meters fairseq.logging.meters: AverageMeter MetersDict StopwatchMeter SumMeter TimeMeter
new | fairseq.data.dictionary: Dictionary
new | timm.utils.metrics: AverageMeter
# Arguments of a training, and words of a fixed list.
new | transformers.training_args: TrainingArguments
new | transformers.trainer_pt_utils: AcceleratorConfig
new | accelerate.state: PartialState
call quiet | transformers.training_args: OptimizerNames
call quiet | transformers.trainer_utils: EvaluationStrategy FSDPOption HubStrategy IntervalStrategy SaveStrategy
    SchedulerType ShardedDDPOption
call quiet | accelerate.utils.dataclasses: DistributedType
call quiet | torchvision.transforms.functional: InterpolationMode
call quiet | PIL.Image: Resampling
# How images were prepared.
new | torchvision.transforms.transforms: CenterCrop ColorJitter Compose GaussianBlur Normalize PILToTensor
    RandomApply RandomGrayscale RandomHorizontalFlip RandomResizedCrop Resize ToTensor
# Networks that were saved whole, made like torch's modules.
new | torchvision.models.resnet: BasicBlock Bottleneck ResNet
new | torchvision.models.vision_transformer: Encoder EncoderBlock MLPBlock VisionTransformer
new | torchvision.ops.misc: Conv2dNormActivation ConvNormActivation FrozenBatchNorm2d MLP Permute SqueezeExcitation
new | torchvision.ops.stochastic_depth: StochasticDepth
new | torchvision.models._utils: IntermediateLayerGetter
new | timm.models.resnet: BasicBlock Bottleneck ResNet
new | timm.models.vision_transformer: Attention Block LayerScale ParallelScalingBlock ParallelThingsBlock
    ResPostBlock VisionTransformer
new | timm.models._pretrained: PretrainedCfg
new | timm.layers.activations timm.models.layers.activations: GELU GELUTanh HardSigmoid HardSwish Mish PReLU
    QuickGELU Sigmoid Swish Tanh
new | timm.layers.adaptive_avgmax_pool timm.models.layers.adaptive_avgmax_pool: AdaptiveAvgMaxPool2d
    AdaptiveCatAvgMaxPool2d FastAdaptiveAvgPool FastAdaptiveAvgPool2d FastAdaptiveMaxPool SelectAdaptivePool2d
new | timm.layers.attention: Attention AttentionRope
new | timm.layers.attention_pool: AttentionPoolLatent
new | timm.layers.blur_pool timm.models.layers.blur_pool: BlurPool2d
new | timm.layers.classifier timm.models.layers.classifier: ClassifierHead
new | timm.layers.drop timm.models.layers.drop: DropBlock2d DropPath
call quiet | timm.layers.format: Format
new | timm.layers.layer_scale: LayerScale LayerScale2d
new | timm.layers.mlp timm.models.layers.mlp: ConvMlp GatedMlp GluMlp Mlp SwiGLU
new | timm.layers.norm timm.models.layers.norm: GroupNorm GroupNorm1 LayerNorm LayerNorm2d LayerNormFp32 RmsNorm
    RmsNorm2d SimpleNorm SimpleNorm2d
new | timm.layers.norm_act timm.models.layers.norm_act: BatchNormAct2d GroupNormAct LayerNormAct LayerNormAct2d
new | timm.layers.patch_dropout: PatchDropout
new | timm.layers.patch_embed timm.models.layers.patch_embed: PatchEmbed PatchEmbedWithSize
new | timm.layers.squeeze_excite timm.models.layers.squeeze_excite: EffectiveSEModule SEModule
new | timm.layers.std_conv timm.models.layers.std_conv: ScaledStdConv2d ScaledStdConv2dSame StdConv2d StdConv2dSame
";
