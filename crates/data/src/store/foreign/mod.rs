//! Arrays that other programs wrote, as sets of features.

mod array_file;
mod channels;
mod choice;
mod column;
mod contents;
mod delimited;
mod extension;
mod group_column;
mod groups;
mod held;
mod label_text;
mod labels;
mod names;
mod row_ids;
mod table;
mod text_rows;
mod unknown_calls;

pub use array_file::holds_features;
pub(super) use array_file::open;
pub use delimited::lists_files;
pub use extension::extension;
pub(super) use groups::read as groups_of;
