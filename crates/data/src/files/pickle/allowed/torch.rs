//! Names of PyTorch.

pub(super) const NAMES: &str = "
# Tensors and parameters, from their storages. Hooks they are given are kept, not run.
call | torch._utils: _rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy
    _rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_parameter _rebuild_parameter_with_state
    _rebuild_qtensor _rebuild_sparse_csr_tensor _rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2
    _rebuild_tensor_v3 _rebuild_xla_tensor
call quiet | torch.nn.parameter: Buffer Parameter UninitializedBuffer UninitializedParameter
call quiet | torch.nn: Buffer Parameter
call quiet | torch.autograd torch.autograd.variable: Variable
call quiet | torch.serialization: _get_layout
# What they call is among their arguments.
judged | torch._tensor torch.tensor: _rebuild_from_type _rebuild_from_type_v2
judged | torch._utils: _rebuild_wrapper_subclass
# Storages and tensors by type; `torch.save` names them.
call quiet | torch torch.cuda: BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage
    ComplexFloatStorage DoubleStorage FloatStorage HalfStorage IntStorage LongStorage QInt32Storage QInt8Storage
    QUInt2x4Storage QUInt4x2Storage QUInt8Storage ShortStorage UntypedStorage
call quiet | torch.storage: TypedStorage UntypedStorage _TypedStorage _UntypedStorage
call | torch torch.cuda torch.sparse torch.cuda.sparse: BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor
    FloatTensor HalfTensor IntTensor LongTensor ShortTensor
call | torch torch._tensor: Tensor
# Extents, devices, generators.
call quiet | torch: Size device
call | torch torch._C: Generator
value quiet | torch: channels_last channels_last_3d contiguous_format jagged per_channel_affine
    per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine per_tensor_symmetric preserve_format
    qint32 qint8 quint2x4 quint4x2 quint8 sparse_bsc sparse_bsr sparse_coo sparse_csc sparse_csr strided
# Tensors that are spread over machines.
new | torch.distributed.tensor torch.distributed._tensor.api: DTensor
new | torch.distributed.tensor._dtensor_spec torch.distributed._tensor.placement_types: DTensorSpec TensorMeta
call | torch.distributed.tensor.placement_types torch.distributed._tensor.placement_types: Partial Replicate Shard
    _Partial
# Modules: made empty, then given their attributes.
new | torch.nn.modules.activation: CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid
    LogSoftmax Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus
    Softshrink Softsign Tanh Tanhshrink Threshold
new | torch.nn.modules.adaptive: AdaptiveLogSoftmaxWithLoss
new | torch.nn.modules.batchnorm: BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d
    LazyBatchNorm3d SyncBatchNorm
new | torch.nn.modules.channelshuffle: ChannelShuffle
new | torch.nn.modules.container: Container ModuleDict ModuleList ParameterDict ParameterList Sequential
new | torch.nn.modules.conv: Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d
    LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d
new | torch.nn.modules.distance: CosineSimilarity PairwiseDistance
new | torch.nn.modules.dropout: AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout
new | torch.nn.modules.flatten: Flatten Unflatten
new | torch.nn.modules.fold: Fold Unfold
new | torch.nn.modules.instancenorm: InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d
    LazyInstanceNorm2d LazyInstanceNorm3d
new | torch.nn.modules.linear: Bilinear Identity LazyLinear Linear NonDynamicallyQuantizableLinear _LinearWithBias
new | torch.nn.modules.loss: BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss
    HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss
    MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss
    TripletMarginLoss TripletMarginWithDistanceLoss
new | torch.nn.modules.module: Module _WrappedHook
new | torch.nn.modules.normalization: CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm
new | torch.nn.modules.padding: CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d
    ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d
    ZeroPad2d ZeroPad3d
new | torch.nn.modules.pixelshuffle: PixelShuffle PixelUnshuffle
new | torch.nn.modules.pooling: AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d
    AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d
    LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d
new | torch.nn.modules.rnn: GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell
new | torch.nn.modules.sparse: Embedding EmbeddingBag
new | torch.nn.modules.transformer: Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder
    TransformerEncoderLayer
new | torch.nn.modules.upsampling: Upsample UpsamplingBilinear2d UpsamplingNearest2d
new | torch.nn.parallel.data_parallel: DataParallel
new | torch.nn.parallel.distributed: DistributedDataParallel
new | torch.nn.utils.spectral_norm: SpectralNorm SpectralNormLoadStateDictPreHook SpectralNormStateDictHook
new | torch.nn.utils.weight_norm: WeightNorm
# What modules were made with before PyTorch 1.0; it gives the one object there is.
call quiet | torch.nn.backends.thnn: _get_thnn_function_backend
# Optimizers, schedules and scalers, made like modules.
new | torch.optim._muon: Muon
new | torch.optim._adafactor: Adafactor
new | torch.optim.adadelta: Adadelta
new | torch.optim.adagrad: Adagrad
new | torch.optim.adam: Adam
new | torch.optim.adamax: Adamax
new | torch.optim.adamw: AdamW
new | torch.optim.asgd: ASGD
new | torch.optim.lbfgs: LBFGS
new | torch.optim.nadam: NAdam
new | torch.optim.optimizer: Optimizer
# Stands for a setting that has to be given, in files of before PyTorch 2.
new quiet | torch.optim.optimizer: _RequiredParameter
new | torch.optim.radam: RAdam
new | torch.optim.rmsprop: RMSprop
new | torch.optim.rprop: Rprop
new | torch.optim.sgd: SGD
new | torch.optim.sparse_adam: SparseAdam
new | torch.optim.swa_utils: AveragedModel SWALR
new | torch.optim.lr_scheduler: ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR
    ExponentialLR LRScheduler LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR PolynomialLR
    ReduceLROnPlateau SequentialLR StepLR _LRScheduler
new | torch.amp.grad_scaler torch.cuda.amp.grad_scaler: GradScaler
# Makes a dictionary.
call quiet | torch.amp.grad_scaler torch.cuda.amp.grad_scaler: OptState _refresh_per_optimizer_state
";
