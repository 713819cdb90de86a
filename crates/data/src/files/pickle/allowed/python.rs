//! Of Python itself and of numpy.

use super::uses::Use::{Call, Judged, New, Value};
use super::uses::{UseGroup, group};

pub(super) const GROUPS: &[UseGroup] = &[
    // Containers, numbers and texts: made of what the file holds.
    group(
        Call,
        true,
        "builtins",
        "bool bytearray bytes complex dict float frozenset int list object range set slice str tuple",
    ),
    group(Value, true, "builtins", "Ellipsis NoneType NotImplemented"),
    group(
        Call,
        true,
        "collections",
        "ChainMap Counter IterableUserDict OrderedDict UserDict UserList UserString deque",
    ),
    // Times, exact numbers, names of files: parsed, never opened.
    group(Call, true, "datetime", "date datetime time timedelta timezone"),
    group(Call, true, "decimal", "Decimal"),
    group(Call, true, "fractions", "Fraction"),
    group(Call, true, "uuid", "SafeUUID UUID"),
    group(
        Call,
        true,
        "pathlib pathlib._local",
        "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    ),
    group(Call, true, "array", "_array_reconstructor array"),
    group(Call, true, "types", "GenericAlias"),
    // Made empty: they would take anything for an attribute.
    group(New, true, "types", "SimpleNamespace"),
    group(New, false, "argparse", "Namespace"),
    // Only compiles a pattern.
    group(Call, true, "re", "_compile"),
    // The state of a generator.
    group(Call, false, "random", "Random"),
    // Act on what they are given, which decides.
    group(Judged, true, "_codecs codecs", "encode"),
    group(Judged, true, "builtins", "getattr type"),
    group(Judged, true, "collections", "defaultdict"),
    group(Judged, true, "copyreg", "__newobj__ __newobj_ex__ _reconstructor"),
    group(Judged, false, "functools", "partial"),
    group(Judged, false, "_operator operator", "getitem"),
    // Arrays and scalars, from their bytes.
    group(
        Call,
        true,
        "numpy.core.multiarray numpy._core.multiarray numpy.core._multiarray_umath numpy._core._multiarray_umath",
        "_reconstruct scalar",
    ),
    group(Call, true, "numpy.core.numeric numpy._core.numeric", "_frombuffer"),
    group(
        Call,
        true,
        "numpy.core._internal numpy._core._internal",
        "_convert_to_stringdtype_kwargs",
    ),
    group(
        Call,
        true,
        "numpy",
        "bool bool_ bytes_ complex128 complex64 datetime64 dtype float16 float32 float64 int16 int32 int64 int8 longdouble \
         matrix ndarray recarray record str_ timedelta64 uint16 uint32 uint64 uint8 void",
    ),
    group(Call, true, "numpy.dtype", "dtype"),
    group(
        Call,
        true,
        "numpy.dtypes",
        "BoolDType BytesDType Complex128DType Complex64DType DateTime64DType Float16DType Float32DType Float64DType \
         Int16DType Int32DType Int64DType Int8DType LongDoubleDType ObjectDType StrDType StringDType TimeDelta64DType \
         UInt16DType UInt32DType UInt64DType UInt8DType VoidDType",
    ),
    group(
        Call,
        true,
        "numpy.rec numpy.core.records numpy._core.records",
        "recarray record",
    ),
    group(Call, true, "numpy.matrixlib.defmatrix", "matrix"),
    group(Call, true, "numpy.ma numpy.ma.core", "MaskedArray _mareconstruct"),
    // States of random numbers.
    group(
        Call,
        false,
        "numpy.random._pickle",
        "__bit_generator_ctor __generator_ctor __randomstate_ctor",
    ),
    group(Call, false, "numpy.random", "Generator RandomState SeedSequence"),
    group(Call, false, "numpy.random.mtrand", "RandomState"),
    group(Call, false, "numpy.random._generator", "Generator"),
    group(Call, false, "numpy.random._mt19937", "MT19937"),
    group(Call, false, "numpy.random._pcg64", "PCG64 PCG64DXSM"),
    group(Call, false, "numpy.random._philox", "Philox"),
    group(Call, false, "numpy.random._sfc64", "SFC64"),
    group(
        Call,
        false,
        "numpy.random.bit_generator numpy.random._bit_generator",
        "SeedSequence SeedlessSeedSequence __pyx_unpickle_SeedSequence __pyx_unpickle_SeedlessSeedSequence",
    ),
];
