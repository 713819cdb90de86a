//! Names of Python itself and of numpy.

pub(super) const NAMES: &str = "
# Containers, numbers and texts: made of what the file holds.
call quiet | builtins: bool bytearray bytes complex dict float frozenset int list object range set slice str tuple
value quiet | builtins: Ellipsis NoneType NotImplemented
call quiet | collections: ChainMap Counter IterableUserDict OrderedDict UserDict UserList UserString deque
# Times, exact numbers, names of files: parsed, never opened.
call quiet | datetime: date datetime time timedelta timezone
call quiet | decimal: Decimal
call quiet | fractions: Fraction
call quiet | uuid: SafeUUID UUID
call quiet | pathlib pathlib._local: Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath
call quiet | array: _array_reconstructor array
call quiet | types: GenericAlias
# Made empty: they would take anything for an attribute.
new quiet | types: SimpleNamespace
new | argparse: Namespace
# Only compiles a pattern.
call quiet | re: _compile
# The state of a generator.
call | random: Random
# Act on what they are given, which decides.
judged quiet | _codecs codecs: encode
judged quiet | builtins: getattr type
judged quiet | collections: defaultdict
judged quiet | copyreg: __newobj__ __newobj_ex__ _reconstructor
judged | functools: partial
judged | _operator operator: getitem
# Arrays and scalars, from their bytes.
call quiet | numpy.core.multiarray numpy._core.multiarray: _reconstruct scalar
call quiet | numpy.core._multiarray_umath numpy._core._multiarray_umath: _reconstruct scalar
call quiet | numpy.core.numeric numpy._core.numeric: _frombuffer
call quiet | numpy.core._internal numpy._core._internal: _convert_to_stringdtype_kwargs
call quiet | numpy: bool bool_ bytes_ complex128 complex64 datetime64 dtype float16 float32 float64 int16 int32
    int64 int8 longdouble matrix ndarray recarray record str_ timedelta64 uint16 uint32 uint64 uint8 void
call quiet | numpy.dtype: dtype
call quiet | numpy.dtypes: BoolDType BytesDType Complex128DType Complex64DType DateTime64DType Float16DType
    Float32DType Float64DType Int16DType Int32DType Int64DType Int8DType LongDoubleDType ObjectDType StrDType
    StringDType TimeDelta64DType UInt16DType UInt32DType UInt64DType UInt8DType VoidDType
call quiet | numpy.rec numpy.core.records numpy._core.records: recarray record
call quiet | numpy.matrixlib.defmatrix: matrix
call quiet | numpy.ma numpy.ma.core: MaskedArray _mareconstruct
# States of random numbers.
call | numpy.random._pickle: __bit_generator_ctor __generator_ctor __randomstate_ctor
call | numpy.random: Generator RandomState SeedSequence
call | numpy.random.mtrand: RandomState
call | numpy.random._generator: Generator
call | numpy.random._mt19937: MT19937
call | numpy.random._pcg64: PCG64 PCG64DXSM
call | numpy.random._philox: Philox
call | numpy.random._sfc64: SFC64
call | numpy.random.bit_generator numpy.random._bit_generator: SeedSequence SeedlessSeedSequence
    __pyx_unpickle_SeedSequence __pyx_unpickle_SeedlessSeedSequence
";
