//! The classes and functions that a pickle may call: known to make a value and to do nothing else.
//!
//! Every name is spelled whole, so that nothing which a module happens to import can be reached through it. Of a class,
//! what setting its state does counts too.

/// Names by the module they are of.
pub(super) const HARMLESS: &[(&str, &str)] = &[
    // Python: plain values and containers.
    (
        "builtins",
        "bool bytearray bytes complex dict float frozenset getattr int list long object range set slice str tuple unicode xrange",
    ),
    ("collections", "ChainMap Counter OrderedDict defaultdict deque"),
    ("copyreg", "__newobj__ __newobj_ex__ _reconstructor"),
    ("_codecs", "encode"),
    ("codecs", "encode"),
    ("functools", "partial"),
    ("datetime", "date datetime time timedelta timezone"),
    ("decimal", "Decimal"),
    ("fractions", "Fraction"),
    ("uuid", "SafeUUID UUID"),
    (
        "pathlib",
        "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    ),
    (
        "pathlib._local",
        "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    ),
    ("types", "SimpleNamespace"),
    ("argparse", "Namespace"),
    // numpy: arrays, scalars and the states of its random numbers.
    (
        "numpy",
        "bool bool_ bytes_ complex128 complex64 datetime64 dtype float16 float32 float64 int16 int32 int64 int8 ndarray recarray \
         str_ timedelta64 uint16 uint32 uint64 uint8 void",
    ),
    ("numpy.core.multiarray", "_reconstruct scalar"),
    ("numpy._core.multiarray", "_reconstruct scalar"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    (
        "numpy.dtypes",
        "BoolDType ByteDType BytesDType CLongDoubleDType Complex128DType Complex64DType DateTime64DType Float16DType Float32DType \
         Float64DType Int16DType Int32DType Int64DType Int8DType LongDType LongDoubleDType LongLongDType ObjectDType ShortDType \
         StrDType StringDType TimeDelta64DType UByteDType UInt16DType UInt32DType UInt64DType UInt8DType ULongDType \
         ULongLongDType UShortDType VoidDType",
    ),
    ("numpy.ma.core", "MaskedArray _mareconstruct"),
    (
        "numpy.random._pickle",
        "__bit_generator_ctor __generator_ctor __randomstate_ctor",
    ),
    ("numpy.random._generator", "Generator"),
    ("numpy.random._mt19937", "MT19937"),
    ("numpy.random._pcg64", "PCG64 PCG64DXSM"),
    ("numpy.random._philox", "Philox"),
    ("numpy.random._sfc64", "SFC64"),
    ("numpy.random.bit_generator", "SeedSequence"),
    ("numpy.random.mtrand", "RandomState"),
    // torch: tensors, parameters and what describes them.
    (
        "torch._utils",
        "_rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy _rebuild_meta_tensor_no_storage \
         _rebuild_nested_tensor _rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_csr_tensor \
         _rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_wrapper_subclass _rebuild_xla_tensor",
    ),
    ("torch._tensor", "_rebuild_from_type _rebuild_from_type_v2"),
    ("torch.autograd.variable", "Variable"),
    (
        "torch.nn.parameter",
        "Buffer Parameter UninitializedBuffer UninitializedParameter",
    ),
    ("torch.serialization", "_get_layout"),
    // Calls torch's loader on bytes: such a file is refused in words of its own.
    ("torch.storage", "TypedStorage UntypedStorage _load_from_bytes"),
    ("torch.torch_version", "TorchVersion"),
    ("torch", "Generator Size Tensor device"),
    // torch: networks that were saved whole.
    (
        "torch.nn.modules.activation",
        "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish MultiheadAttention PReLU \
         RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold",
    ),
    ("torch.nn.modules.adaptive", "AdaptiveLogSoftmaxWithLoss"),
    (
        "torch.nn.modules.batchnorm",
        "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d SyncBatchNorm",
    ),
    ("torch.nn.modules.channelshuffle", "ChannelShuffle"),
    (
        "torch.nn.modules.container",
        "Container ModuleDict ModuleList ParameterDict ParameterList Sequential",
    ),
    (
        "torch.nn.modules.conv",
        "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d LazyConv3d \
         LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d",
    ),
    ("torch.nn.modules.distance", "CosineSimilarity PairwiseDistance"),
    (
        "torch.nn.modules.dropout",
        "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    ),
    ("torch.nn.modules.flatten", "Flatten Unflatten"),
    ("torch.nn.modules.fold", "Fold Unfold"),
    (
        "torch.nn.modules.instancenorm",
        "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d",
    ),
    (
        "torch.nn.modules.linear",
        "Bilinear Identity LazyLinear Linear NonDynamicallyQuantizableLinear",
    ),
    (
        "torch.nn.modules.loss",
        "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss \
         KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss \
         NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss",
    ),
    ("torch.nn.modules.module", "Module"),
    (
        "torch.nn.modules.normalization",
        "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm",
    ),
    (
        "torch.nn.modules.padding",
        "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d \
         ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d",
    ),
    ("torch.nn.modules.pixelshuffle", "PixelShuffle PixelUnshuffle"),
    (
        "torch.nn.modules.pooling",
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d \
         AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool2d MaxPool3d \
         MaxUnpool1d MaxUnpool2d MaxUnpool3d",
    ),
    (
        "torch.nn.modules.rnn",
        "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
    ),
    ("torch.nn.modules.sparse", "Embedding EmbeddingBag"),
    (
        "torch.nn.modules.transformer",
        "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer",
    ),
    (
        "torch.nn.modules.upsampling",
        "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
    ),
    ("torch.nn.backends.thnn", "_get_thnn_function_backend"),
    ("torch.nn.parallel.data_parallel", "DataParallel"),
    ("torch.utils.hooks", "RemovableHandle"),
    // torch: how a training stood.
    ("torch.amp.grad_scaler", "GradScaler"),
    ("torch.cuda.amp.grad_scaler", "GradScaler"),
    ("torch.optim.adadelta", "Adadelta"),
    ("torch.optim.adagrad", "Adagrad"),
    ("torch.optim.adam", "Adam"),
    ("torch.optim.adamax", "Adamax"),
    ("torch.optim.adamw", "AdamW"),
    ("torch.optim.asgd", "ASGD"),
    ("torch.optim.lbfgs", "LBFGS"),
    (
        "torch.optim.lr_scheduler",
        "ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR ExponentialLR LRScheduler LambdaLR \
         LinearLR MultiStepLR MultiplicativeLR OneCycleLR PolynomialLR ReduceLROnPlateau SequentialLR StepLR _LRScheduler",
    ),
    ("torch.optim.nadam", "NAdam"),
    ("torch.optim.radam", "RAdam"),
    ("torch.optim.rmsprop", "RMSprop"),
    ("torch.optim.rprop", "Rprop"),
    ("torch.optim.sgd", "SGD"),
    ("torch.optim.sparse_adam", "SparseAdam"),
    ("torch.optim.swa_utils", "AveragedModel SWALR"),
    // Networks and transforms of torchvision.
    ("torchvision.models.convnext", "CNBlock ConvNeXt LayerNorm2d"),
    (
        "torchvision.models.densenet",
        "DenseNet _DenseBlock _DenseLayer _Transition",
    ),
    ("torchvision.models.resnet", "BasicBlock Bottleneck ResNet"),
    (
        "torchvision.models.swin_transformer",
        "PatchMerging PatchMergingV2 ShiftedWindowAttention ShiftedWindowAttentionV2 SwinTransformer SwinTransformerBlock \
         SwinTransformerBlockV2",
    ),
    ("torchvision.models.vgg", "VGG"),
    (
        "torchvision.models.vision_transformer",
        "Encoder EncoderBlock MLPBlock VisionTransformer",
    ),
    (
        "torchvision.ops.misc",
        "Conv2dNormActivation ConvNormActivation FrozenBatchNorm2d MLP Permute SqueezeExcitation",
    ),
    ("torchvision.ops.stochastic_depth", "StochasticDepth"),
    ("torchvision.transforms.functional", "InterpolationMode"),
    (
        "torchvision.transforms.transforms",
        "CenterCrop ColorJitter Compose GaussianBlur Normalize RandomApply RandomGrayscale RandomHorizontalFlip RandomResizedCrop \
         Resize ToTensor",
    ),
    // Networks of timm.
    ("timm.layers.drop", "DropPath"),
    ("timm.layers.mlp", "Mlp"),
    ("timm.layers.norm", "LayerNorm LayerNorm2d"),
    ("timm.layers.norm_act", "BatchNormAct2d"),
    ("timm.layers.patch_embed", "PatchEmbed"),
    (
        "timm.layers.adaptive_avgmax_pool",
        "FastAdaptiveAvgPool2d SelectAdaptivePool2d",
    ),
    (
        "timm.models.convnext",
        "ConvNeXt ConvNeXtBlock ConvNeXtStage Downsample",
    ),
    ("timm.models.layers.drop", "DropPath"),
    ("timm.models.layers.mlp", "Mlp"),
    ("timm.models.layers.patch_embed", "PatchEmbed"),
    (
        "timm.models.layers.adaptive_avgmax_pool",
        "FastAdaptiveAvgPool2d SelectAdaptivePool2d",
    ),
    ("timm.models.resnet", "BasicBlock Bottleneck ResNet"),
    (
        "timm.models.vision_transformer",
        "Attention Block LayerScale VisionTransformer",
    ),
    // Settings as code bases keep them: dictionaries with attributes.
    ("addict.addict", "Dict"),
    ("detectron2.config.config", "CfgNode"),
    ("easydict", "EasyDict"),
    ("fvcore.common.config", "CfgNode"),
    ("lightning.fabric.utilities.data", "AttributeDict"),
    ("lightning_fabric.utilities.data", "AttributeDict"),
    ("mmcv.utils.config", "Config ConfigDict"),
    ("mmengine.config.config", "Config ConfigDict"),
    ("mmengine.logging.history_buffer", "HistoryBuffer"),
    ("munch", "Munch"),
    ("omegaconf.base", "ContainerMetadata Metadata"),
    ("omegaconf.dictconfig", "DictConfig"),
    ("omegaconf.listconfig", "ListConfig"),
    (
        "omegaconf.nodes",
        "AnyNode BooleanNode BytesNode EnumNode FloatNode IntegerNode PathNode StringNode",
    ),
    ("pytorch_lightning.utilities.data", "AttributeDict"),
    ("pytorch_lightning.utilities.parsing", "AttributeDict"),
    ("yacs.config", "CfgNode"),
];

/// Those of them that call one of their arguments, and which: a class to make an object of, or a function that they keep.
pub(super) const CALL_AN_ARGUMENT: &[(&str, usize)] = &[
    ("collections.defaultdict", 0),
    ("copyreg.__newobj__", 0),
    ("copyreg.__newobj_ex__", 0),
    ("copyreg._reconstructor", 0),
    ("functools.partial", 0),
    ("numpy._core.multiarray._reconstruct", 0),
    ("numpy.core.multiarray._reconstruct", 0),
    ("numpy.ma.core._mareconstruct", 0),
    ("torch._tensor._rebuild_from_type", 1),
    ("torch._tensor._rebuild_from_type_v2", 1),
    ("torch._utils._rebuild_wrapper_subclass", 0),
];
