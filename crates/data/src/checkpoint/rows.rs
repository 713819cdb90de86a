//! Tables whose rows are of one struct.

/// Rows of `$kind`: of each the fields in which it differs from `$base`.
macro_rules! rows {
    ($kind:ident, $base:ident; $($($field:ident: $value:expr),+;)*) => {
        &[$($kind { $($field: $value,)+ ..$base }),*]
    };
}

pub(super) use rows;
