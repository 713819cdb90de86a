//! What the elements of a stored tensor are.

use super::Dtype;

/// Element type, as far as reading needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
    /// Anything never converted (complex, quantised, 8-bit floats, …), by its size in bytes.
    Other(u8),
}

impl Element {
    /// Bytes of one element.
    pub(super) fn size(self) -> u64 {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::Other(size) => size.into(),
        }
    }

    pub(super) fn dtype(self) -> Dtype {
        match self {
            Self::F64 => Dtype::F64,
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::Bf16 => Dtype::Bf16,
            _ => Dtype::Other,
        }
    }

    /// By the name of a torch storage class (without `torch.`).
    pub(super) fn of_storage(class: &str) -> Option<Self> {
        Some(match class {
            "DoubleStorage" => Self::F64,
            "FloatStorage" => Self::F32,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::Bf16,
            "LongStorage" => Self::I64,
            "IntStorage" => Self::I32,
            "ShortStorage" => Self::I16,
            "CharStorage" => Self::I8,
            "ByteStorage" => Self::U8,
            "BoolStorage" => Self::Bool,
            "ComplexDoubleStorage" => Self::Other(16),
            "ComplexFloatStorage" => Self::Other(8),
            "QInt32Storage" => Self::Other(4),
            "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage" | "QUInt2x4Storage" => Self::Other(1),
            _ => return None,
        })
    }

    /// By the name of a torch dtype (without `torch.`).
    pub(super) fn of_dtype(name: &str) -> Option<Self> {
        Some(match name {
            "float64" | "double" => Self::F64,
            "float32" | "float" => Self::F32,
            "float16" | "half" => Self::F16,
            "bfloat16" => Self::Bf16,
            "int64" | "long" => Self::I64,
            "int32" | "int" => Self::I32,
            "int16" | "short" => Self::I16,
            "int8" => Self::I8,
            "uint8" => Self::U8,
            "bool" => Self::Bool,
            "complex128" => Self::Other(16),
            "uint64" => Self::U64,
            "uint32" => Self::U32,
            "uint16" => Self::U16,
            "complex64" => Self::Other(8),
            "complex32" => Self::Other(4),
            float8 if float8.starts_with("float8_") => Self::Other(1),
            _ => return None,
        })
    }

    /// By safetensors' name.
    pub(super) fn of_safetensors(dtype: safetensors::Dtype) -> Self {
        use safetensors::Dtype as St;
        match dtype {
            St::F64 => Self::F64,
            St::F32 => Self::F32,
            St::F16 => Self::F16,
            St::BF16 => Self::Bf16,
            St::I64 => Self::I64,
            St::I32 => Self::I32,
            St::I16 => Self::I16,
            St::I8 => Self::I8,
            St::U64 => Self::U64,
            St::U32 => Self::U32,
            St::U16 => Self::U16,
            St::U8 => Self::U8,
            St::BOOL => Self::Bool,
            // Less than a byte never comes apart: such a tensor is only ever read whole.
            other => Self::Other(other.bitsize().div_ceil(8) as u8),
        }
    }

    /// Little-endian bytes as f32; `None` where they are no floats or do not divide.
    pub(super) fn to_f32(self, bytes: &[u8]) -> Option<Vec<f32>> {
        match self {
            Self::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => each(bytes, f32::from_le_bytes),
            Self::F16 => each(bytes, |b| half::f16::from_le_bytes(b).to_f32()),
            Self::Bf16 => each(bytes, |b| half::bf16::from_le_bytes(b).to_f32()),
            _ => None,
        }
    }

    /// Little-endian bytes as whole numbers; `None` where they are none or do not divide.
    pub(super) fn to_i64(self, bytes: &[u8]) -> Option<Vec<i64>> {
        match self {
            Self::I64 => each(bytes, i64::from_le_bytes),
            Self::I32 => each(bytes, |b| i32::from_le_bytes(b).into()),
            Self::I16 => each(bytes, |b| i16::from_le_bytes(b).into()),
            Self::I8 => each(bytes, |b| i8::from_le_bytes(b).into()),
            Self::U8 => each(bytes, |b: [u8; 1]| b[0].into()),
            Self::Bool => each(bytes, |b: [u8; 1]| (b[0] != 0).into()),
            _ => None,
        }
    }
}

fn each<T, const N: usize>(bytes: &[u8], to: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
    let (chunks, rest) = bytes.as_chunks::<N>();
    rest.is_empty().then(|| chunks.iter().map(|c| to(*c)).collect())
}
