//! Parquet files from anywhere: what must hold before one is read, and where its values are.

mod guards;
mod integers;
mod levels;
mod pages;
mod values;

pub use guards::{arrays, damaged, guarded, largest_page, parquet, simple_arrays};
pub use integers::integers;
pub use values::{ListValues, plain_list};
