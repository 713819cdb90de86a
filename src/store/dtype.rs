//! Element types of arrays of plain numbers.

use std::fmt;

use half::{bf16, f16};

/// The kind of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    F16,
    Bf16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

/// The element type of an array of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dtype {
    pub(super) number: Number,
    pub(super) big_endian: bool,
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", format!("{:?}", self.number).to_lowercase())
    }
}

impl Dtype {
    pub(super) fn little(number: Number) -> Self {
        Self {
            number,
            big_endian: false,
        }
    }

    /// Bytes of an element.
    pub(super) fn size(self) -> usize {
        match self.number {
            Number::I8 | Number::U8 => 1,
            Number::F16 | Number::Bf16 | Number::I16 | Number::U16 => 2,
            Number::F32 | Number::I32 | Number::U32 => 4,
            Number::F64 | Number::I64 | Number::U64 => 8,
        }
    }

    /// Appends the elements in `bytes`, widened to f64.
    pub(super) fn widen(self, bytes: &[u8], out: &mut Vec<f64>) {
        macro_rules! widen {
            ($number:ty, $to_f64:expr) => {{
                let to_f64 = $to_f64;
                let chunks = bytes.chunks_exact(size_of::<$number>());
                // The lengths are those of chunks_exact, so the copies never fail.
                let bytes_of = |c: &[u8]| c.try_into().unwrap_or_default();
                if self.big_endian {
                    out.extend(chunks.map(|c| to_f64(<$number>::from_be_bytes(bytes_of(c)))));
                } else {
                    out.extend(chunks.map(|c| to_f64(<$number>::from_le_bytes(bytes_of(c)))));
                }
            }};
        }
        match self.number {
            Number::F16 => widen!(f16, f16::to_f64),
            Number::Bf16 => widen!(bf16, bf16::to_f64),
            Number::F32 => widen!(f32, f64::from),
            Number::F64 => widen!(f64, f64::from),
            Number::I8 => widen!(i8, f64::from),
            Number::I16 => widen!(i16, f64::from),
            Number::I32 => widen!(i32, f64::from),
            Number::I64 => widen!(i64, |v: i64| v as f64),
            Number::U8 => widen!(u8, f64::from),
            Number::U16 => widen!(u16, f64::from),
            Number::U32 => widen!(u32, f64::from),
            Number::U64 => widen!(u64, |v: u64| v as f64),
        }
    }

    /// The integers in `bytes`.
    pub(super) fn integers(self, bytes: &[u8]) -> Option<Vec<i128>> {
        macro_rules! integers {
            ($number:ty) => {{
                let bytes_of = |c: &[u8]| c.try_into().unwrap_or_default();
                let value = |c: &[u8]| match self.big_endian {
                    true => <$number>::from_be_bytes(bytes_of(c)),
                    false => <$number>::from_le_bytes(bytes_of(c)),
                };
                Some(
                    bytes
                        .chunks_exact(size_of::<$number>())
                        .map(|c| i128::from(value(c)))
                        .collect(),
                )
            }};
        }
        match self.number {
            Number::I8 => integers!(i8),
            Number::I16 => integers!(i16),
            Number::I32 => integers!(i32),
            Number::I64 => integers!(i64),
            Number::U8 => integers!(u8),
            Number::U16 => integers!(u16),
            Number::U32 => integers!(u32),
            Number::U64 => integers!(u64),
            Number::F16 | Number::Bf16 | Number::F32 | Number::F64 => None,
        }
    }
}
