//! What the elements of a stored array are: one table for every format.

use std::fmt;

use half::{bf16, f16};
use safetensors::Dtype as Safe;

/// What numpy keeps as a pickle.
pub(super) const OBJECTS: &str = "Python objects";

/// The type of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 64-bit float.
    F64,
    /// 32-bit float.
    F32,
    /// 16-bit float.
    F16,
    /// bfloat16.
    Bf16,
    /// Signed integer of 64 bits.
    I64,
    /// Signed integer of 32 bits.
    I32,
    /// Signed integer of 16 bits.
    I16,
    /// Signed integer of 8 bits.
    I8,
    /// Unsigned integer of 64 bits.
    U64,
    /// Unsigned integer of 32 bits.
    U32,
    /// Unsigned integer of 16 bits.
    U16,
    /// Unsigned integer of 8 bits.
    U8,
    /// One byte, zero or not.
    Bool,
    /// Text of so many bytes, padded with zeros.
    Bytes(usize),
    /// Text of so many characters of four bytes, padded with zeros.
    Unicode(usize),
    /// Something never converted (complex numbers, dates, Python objects…): what it is, and its bytes where they are known.
    Other(&'static str, Option<u8>),
}

/// An element, and what numpy's type strings, torch's storages, dtypes and safetensors call it.
type ElementNames = (Element, &'static str, &'static str, &'static str, Safe);

const NAMES: [ElementNames; 13] = [
    (Element::F64, "f8", "DoubleStorage", "float64 double", Safe::F64),
    (Element::F32, "f4", "FloatStorage", "float32 float", Safe::F32),
    (Element::F16, "f2", "HalfStorage", "float16 half", Safe::F16),
    (Element::Bf16, "", "BFloat16Storage", "bfloat16", Safe::BF16),
    (Element::I64, "i8", "LongStorage", "int64 long", Safe::I64),
    (Element::I32, "i4", "IntStorage", "int32 int", Safe::I32),
    (Element::I16, "i2", "ShortStorage", "int16 short", Safe::I16),
    (Element::I8, "i1", "CharStorage", "int8", Safe::I8),
    (Element::U64, "u8", "", "uint64", Safe::U64),
    (Element::U32, "u4", "", "uint32", Safe::U32),
    (Element::U16, "u2", "", "uint16", Safe::U16),
    (Element::U8, "u1", "ByteStorage", "uint8", Safe::U8),
    (Element::Bool, "b1 ?", "BoolStorage", "bool", Safe::BOOL),
];

/// The element with this name among those of one format.
fn named(name: &str, format: impl Fn(&ElementNames) -> &'static str) -> Option<Element> {
    let has = |names: &&ElementNames| format(names).split_whitespace().any(|own| own == name);
    NAMES.iter().find(has).map(|names| names.0)
}

impl Element {
    /// Bytes of one element; `None` where that is not known or overflows.
    pub fn size(self) -> Option<usize> {
        match self {
            Self::F64 | Self::I64 | Self::U64 => Some(8),
            Self::F32 | Self::I32 | Self::U32 => Some(4),
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => Some(2),
            Self::I8 | Self::U8 | Self::Bool => Some(1),
            Self::Bytes(n) => Some(n),
            Self::Unicode(characters) => characters.checked_mul(4),
            Self::Other(_, size) => size.map(usize::from),
        }
    }

    /// Bytes of one element of a tensor, which are always known; 0 for what no tensor has.
    pub(super) fn bytes(self) -> u64 {
        self.size().unwrap_or(0) as u64
    }

    /// True if this is a number.
    pub fn is_number(self) -> bool {
        !matches!(self, Self::Bool | Self::Bytes(_) | Self::Unicode(_) | Self::Other(..))
    }

    /// By the name of a torch storage class (without `torch.`).
    pub fn from_storage(class: &str) -> Option<Self> {
        let other = || match class {
            "ComplexDoubleStorage" => Some(Self::Other("complex128", Some(16))),
            "ComplexFloatStorage" => Some(Self::Other("complex64", Some(8))),
            "QInt32Storage" => Some(Self::Other("quantised", Some(4))),
            "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage" | "QUInt2x4Storage" => {
                Some(Self::Other("quantised", Some(1)))
            }
            _ => None,
        };
        named(class, |names| names.2).or_else(other)
    }

    /// By the name of a dtype of torch (without `torch.`) or numpy.
    pub fn from_dtype(name: &str) -> Option<Self> {
        let other = || match name {
            "complex128" => Some(Self::Other("complex128", Some(16))),
            "complex64" => Some(Self::Other("complex64", Some(8))),
            "complex32" => Some(Self::Other("complex32", Some(4))),
            float8 if float8.starts_with("float8_") => Some(Self::Other("float8", Some(1))),
            _ => None,
        };
        named(name, |names| names.3).or_else(other)
    }

    /// By the kind and the size in a type string of numpy: `f4`, `U12`…; names of dtypes are taken too.
    pub fn from_numpy(code: &str) -> Self {
        let known = named(code, |names| names.1).or_else(|| Self::from_dtype(code));
        let (kind, size) = code.split_at_checked(1).unwrap_or_default();
        known.unwrap_or_else(|| match (kind, size.parse()) {
            ("S" | "a", Ok(n)) => Self::Bytes(n),
            ("U", Ok(characters)) => Self::Unicode(characters),
            ("c", _) => Self::Other("complex", None),
            ("O", _) => Self::Other(OBJECTS, None),
            ("M" | "m", _) => Self::Other("dates", None),
            _ => Self::Other("of no known type", None),
        })
    }

    /// By safetensors' name.
    pub fn from_safetensors(dtype: Safe) -> Self {
        match NAMES.iter().find(|names| names.4 == dtype) {
            Some(names) => names.0,
            // Less than a byte never comes apart: such a tensor is only ever read whole.
            None => Self::Other("a narrow number", Some(dtype.bitsize().div_ceil(8) as u8)),
        }
    }

    /// Appends the numbers in `bytes`, widened to f64; nothing where these are no numbers.
    pub fn widen(self, big_endian: bool, bytes: &[u8], out: &mut Vec<f64>) {
        macro_rules! widen {
            ($number:ty, $to_f64:expr) => {{
                let (chunks, _) = bytes.as_chunks::<{ size_of::<$number>() }>();
                let to_f64 = $to_f64;
                match big_endian {
                    true => out.extend(chunks.iter().map(|c| to_f64(<$number>::from_be_bytes(*c)))),
                    false => out.extend(chunks.iter().map(|c| to_f64(<$number>::from_le_bytes(*c)))),
                }
            }};
        }
        match self {
            Self::F16 => widen!(f16, f16::to_f64),
            Self::Bf16 => widen!(bf16, bf16::to_f64),
            Self::F32 => widen!(f32, f64::from),
            Self::F64 => widen!(f64, |v: f64| v),
            Self::I8 => widen!(i8, f64::from),
            Self::I16 => widen!(i16, f64::from),
            Self::I32 => widen!(i32, f64::from),
            Self::I64 => widen!(i64, |v: i64| v as f64),
            Self::U8 => widen!(u8, f64::from),
            Self::U16 => widen!(u16, f64::from),
            Self::U32 => widen!(u32, f64::from),
            Self::U64 => widen!(u64, |v: u64| v as f64),
            Self::Bool | Self::Bytes(_) | Self::Unicode(_) | Self::Other(..) => {}
        }
    }

    /// Little-endian bytes as f32; `None` where they are no floats or do not divide.
    pub fn to_f32(self, bytes: &[u8]) -> Option<Vec<f32>> {
        match self {
            Self::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => each(bytes, f32::from_le_bytes),
            Self::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
            Self::Bf16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
            _ => None,
        }
    }

    /// Little-endian bytes as whole numbers, booleans as 0 and 1; `None` where they are none or do not divide.
    pub fn to_integers(self, bytes: &[u8]) -> Option<Vec<i128>> {
        match self {
            Self::I64 => each(bytes, |b| i64::from_le_bytes(b).into()),
            Self::I32 => each(bytes, |b| i32::from_le_bytes(b).into()),
            Self::I16 => each(bytes, |b| i16::from_le_bytes(b).into()),
            Self::I8 => each(bytes, |b| i8::from_le_bytes(b).into()),
            Self::U64 => each(bytes, |b| u64::from_le_bytes(b).into()),
            Self::U32 => each(bytes, |b| u32::from_le_bytes(b).into()),
            Self::U16 => each(bytes, |b| u16::from_le_bytes(b).into()),
            Self::U8 => each(bytes, |b: [u8; 1]| b[0].into()),
            Self::Bool => each(bytes, |b: [u8; 1]| (b[0] != 0).into()),
            _ => None,
        }
    }

    /// Little-endian bytes as texts; `None` where they are none, or no Unicode.
    pub fn to_texts(self, bytes: &[u8]) -> Option<Vec<String>> {
        let padded = |text: String| text.trim_end_matches('\0').to_owned();
        match self {
            Self::Bytes(n) if n > 0 => bytes
                .chunks_exact(n)
                .map(|text| std::str::from_utf8(text).ok().map(|text| padded(text.to_owned())))
                .collect(),
            Self::Unicode(n) if n > 0 => bytes
                .chunks_exact(n.checked_mul(4)?)
                .map(|text| {
                    let (characters, _) = text.as_chunks::<4>();
                    let text = characters.iter().map(|c| char::from_u32(u32::from_le_bytes(*c)));
                    text.collect::<Option<String>>().map(padded)
                })
                .collect(),
            _ => None,
        }
    }
}

fn each<T, const N: usize>(bytes: &[u8], to: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
    let (chunks, rest) = bytes.as_chunks::<N>();
    rest.is_empty().then(|| chunks.iter().map(|c| to(*c)).collect())
}

/// A whole number kept as a float, as an integer.
pub fn integral(value: f64) -> Option<String> {
    // Beyond 2^53 a float no longer says which integer it was.
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then(|| (value as i64).to_string())
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(_) | Self::Unicode(_) => f.write_str("text"),
            Self::Other(what, _) => f.write_str(what),
            number => f.write_str(&format!("{number:?}").to_lowercase()),
        }
    }
}
