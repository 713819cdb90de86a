//! The arrays behind the pictures.

mod channels;
mod pair;
mod side;
mod subject_columns;

pub use pair::{near_duplicates, of_pair};
pub use side::of_side;
pub use subject_columns::of_subject;
