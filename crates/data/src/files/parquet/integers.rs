//! The whole numbers of a column, of whatever type.

use arrow_array::Array;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_schema::DataType;

/// The whole numbers of an array, to the last digit; `None` where it holds others.
pub fn integers(array: &dyn Array) -> Option<Vec<Option<i128>>> {
    fn wide<T: ArrowPrimitiveType<Native: Into<i128>>>(array: &dyn Array) -> Option<Vec<Option<i128>>> {
        let numbers = array.as_primitive_opt::<T>()?.iter();
        Some(numbers.map(|n| n.map(Into::into)).collect())
    }
    match array.data_type() {
        DataType::Int8 => wide::<Int8Type>(array),
        DataType::Int16 => wide::<Int16Type>(array),
        DataType::Int32 => wide::<Int32Type>(array),
        DataType::Int64 => wide::<Int64Type>(array),
        DataType::UInt8 => wide::<UInt8Type>(array),
        DataType::UInt16 => wide::<UInt16Type>(array),
        DataType::UInt32 => wide::<UInt32Type>(array),
        DataType::UInt64 => wide::<UInt64Type>(array),
        _ => None,
    }
}
