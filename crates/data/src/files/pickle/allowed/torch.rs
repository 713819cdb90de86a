//! Of PyTorch.

use super::uses::Use::{Call, Judged, New, Value};
use super::uses::{UseGroup, group};

pub(super) const GROUPS: &[UseGroup] = &[
    // Tensors and parameters, from their storages. Hooks they are given are kept, not run.
    group(
        Call,
        false,
        "torch._utils",
        "_rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy _rebuild_meta_tensor_no_storage \
         _rebuild_nested_tensor _rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_csr_tensor \
         _rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_xla_tensor",
    ),
    group(
        Call,
        true,
        "torch.nn.parameter",
        "Buffer Parameter UninitializedBuffer UninitializedParameter",
    ),
    group(Call, true, "torch.nn", "Buffer Parameter"),
    group(Call, true, "torch.autograd torch.autograd.variable", "Variable"),
    group(Call, true, "torch.serialization", "_get_layout"),
    // What they call is among their arguments.
    group(
        Judged,
        false,
        "torch._tensor torch.tensor",
        "_rebuild_from_type _rebuild_from_type_v2",
    ),
    group(Judged, false, "torch._utils", "_rebuild_wrapper_subclass"),
    // Storages and tensors by type; `torch.save` names them.
    group(
        Call,
        true,
        "torch torch.cuda",
        "BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage ComplexFloatStorage DoubleStorage \
         FloatStorage HalfStorage IntStorage LongStorage QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage \
         QUInt8Storage ShortStorage UntypedStorage",
    ),
    group(
        Call,
        true,
        "torch.storage",
        "TypedStorage UntypedStorage _TypedStorage _UntypedStorage",
    ),
    group(
        Call,
        false,
        "torch torch.cuda torch.sparse torch.cuda.sparse",
        "BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor ShortTensor",
    ),
    group(Call, false, "torch torch._tensor", "Tensor"),
    // Extents, devices, generators.
    group(Call, true, "torch", "Size device"),
    group(Call, false, "torch torch._C", "Generator"),
    group(
        Value,
        true,
        "torch",
        "channels_last channels_last_3d contiguous_format jagged per_channel_affine per_channel_affine_float_qparams \
         per_channel_symmetric per_tensor_affine per_tensor_symmetric preserve_format qint32 qint8 quint2x4 quint4x2 quint8 \
         sparse_bsc sparse_bsr sparse_coo sparse_csc sparse_csr strided",
    ),
    // Tensors that are spread over machines.
    group(
        New,
        false,
        "torch.distributed.tensor torch.distributed._tensor.api",
        "DTensor",
    ),
    group(
        New,
        false,
        "torch.distributed.tensor._dtensor_spec torch.distributed._tensor.placement_types",
        "DTensorSpec TensorMeta",
    ),
    group(
        Call,
        false,
        "torch.distributed.tensor.placement_types torch.distributed._tensor.placement_types",
        "Partial Replicate Shard _Partial",
    ),
    // Modules: made empty, then given their attributes.
    group(
        New,
        false,
        "torch.nn.modules.activation",
        "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish MultiheadAttention \
         PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink \
         Threshold",
    ),
    group(New, false, "torch.nn.modules.adaptive", "AdaptiveLogSoftmaxWithLoss"),
    group(
        New,
        false,
        "torch.nn.modules.batchnorm",
        "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d SyncBatchNorm",
    ),
    group(New, false, "torch.nn.modules.channelshuffle", "ChannelShuffle"),
    group(
        New,
        false,
        "torch.nn.modules.container",
        "Container ModuleDict ModuleList ParameterDict ParameterList Sequential",
    ),
    group(
        New,
        false,
        "torch.nn.modules.conv",
        "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d LazyConv3d \
         LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d",
    ),
    group(
        New,
        false,
        "torch.nn.modules.distance",
        "CosineSimilarity PairwiseDistance",
    ),
    group(
        New,
        false,
        "torch.nn.modules.dropout",
        "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    ),
    group(New, false, "torch.nn.modules.flatten", "Flatten Unflatten"),
    group(New, false, "torch.nn.modules.fold", "Fold Unfold"),
    group(
        New,
        false,
        "torch.nn.modules.instancenorm",
        "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d",
    ),
    group(
        New,
        false,
        "torch.nn.modules.linear",
        "Bilinear Identity LazyLinear Linear NonDynamicallyQuantizableLinear _LinearWithBias",
    ),
    group(
        New,
        false,
        "torch.nn.modules.loss",
        "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss \
         KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss \
         NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss",
    ),
    group(New, false, "torch.nn.modules.module", "Module _WrappedHook"),
    group(
        New,
        false,
        "torch.nn.modules.normalization",
        "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm",
    ),
    group(
        New,
        false,
        "torch.nn.modules.padding",
        "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d \
         ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d",
    ),
    group(
        New,
        false,
        "torch.nn.modules.pixelshuffle",
        "PixelShuffle PixelUnshuffle",
    ),
    group(
        New,
        false,
        "torch.nn.modules.pooling",
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d \
         AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool2d \
         MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d",
    ),
    group(
        New,
        false,
        "torch.nn.modules.rnn",
        "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell",
    ),
    group(New, false, "torch.nn.modules.sparse", "Embedding EmbeddingBag"),
    group(
        New,
        false,
        "torch.nn.modules.transformer",
        "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer",
    ),
    group(
        New,
        false,
        "torch.nn.modules.upsampling",
        "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
    ),
    group(New, false, "torch.nn.parallel.data_parallel", "DataParallel"),
    group(New, false, "torch.nn.parallel.distributed", "DistributedDataParallel"),
    group(
        New,
        false,
        "torch.nn.utils.spectral_norm",
        "SpectralNorm SpectralNormLoadStateDictPreHook SpectralNormStateDictHook",
    ),
    group(New, false, "torch.nn.utils.weight_norm", "WeightNorm"),
    // What modules were made with before PyTorch 1.0; it gives the one object there is.
    group(Call, true, "torch.nn.backends.thnn", "_get_thnn_function_backend"),
    // Optimizers, schedules and scalers, made like modules.
    group(New, false, "torch.optim._muon", "Muon"),
    group(New, false, "torch.optim._adafactor", "Adafactor"),
    group(New, false, "torch.optim.adadelta", "Adadelta"),
    group(New, false, "torch.optim.adagrad", "Adagrad"),
    group(New, false, "torch.optim.adam", "Adam"),
    group(New, false, "torch.optim.adamax", "Adamax"),
    group(New, false, "torch.optim.adamw", "AdamW"),
    group(New, false, "torch.optim.asgd", "ASGD"),
    group(New, false, "torch.optim.lbfgs", "LBFGS"),
    group(New, false, "torch.optim.nadam", "NAdam"),
    group(New, false, "torch.optim.optimizer", "Optimizer"),
    // Stands for a setting that has to be given, in files of before PyTorch 2.
    group(New, true, "torch.optim.optimizer", "_RequiredParameter"),
    group(New, false, "torch.optim.radam", "RAdam"),
    group(New, false, "torch.optim.rmsprop", "RMSprop"),
    group(New, false, "torch.optim.rprop", "Rprop"),
    group(New, false, "torch.optim.sgd", "SGD"),
    group(New, false, "torch.optim.sparse_adam", "SparseAdam"),
    group(New, false, "torch.optim.swa_utils", "AveragedModel SWALR"),
    group(
        New,
        false,
        "torch.optim.lr_scheduler",
        "ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR ExponentialLR LRScheduler \
         LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR PolynomialLR ReduceLROnPlateau SequentialLR StepLR \
         _LRScheduler",
    ),
    group(
        New,
        false,
        "torch.amp.grad_scaler torch.cuda.amp.grad_scaler",
        "GradScaler",
    ),
    // Makes a dictionary.
    group(
        Call,
        true,
        "torch.amp.grad_scaler torch.cuda.amp.grad_scaler",
        "OptState _refresh_per_optimizer_state",
    ),
];
