//! Results: the records of an analysis, schema `featscope/results/2`, and the arrays behind the pictures.
//!
//! A results folder is one result: `results.json` names every file that was written with it and its SHA-256, is written last,
//! and is refused with a table that is another one.

mod analysis;
mod check;
mod earlier_results;
mod file;
mod listed;
mod read;
mod record;
mod table;
mod write;

pub use analysis::Analysis;
pub use check::RecordKey;
pub use earlier_results::check_folder;
pub use file::{AnalysedInput, FILE, Results, SCHEMA, json_schema};
pub use listed::{Listed, TABLES};
pub use record::{DATASETS, DEFAULT, NEAREST, RIGHT, Record, SPLITS, SuiteMember};
pub use table::{Column, Table, TableBuilder};
pub use write::FolderWriter;
