//! Image data sets: which images there are, their labels and ids, and their pixels, read in order.
//!
//! [`open`] takes a path, optionally prefixed `FORMAT:`; without the prefix the format is found by looking.
//!
//! | format | what it is |
//! |---|---|
//! | `cifar10`, `cifar100` | the official binary or Python batches: a folder or the `.tar.gz` |
//! | `idx` | the MNIST family: `train-images-idx3-ubyte` and so on, gzipped or not; `classes.txt` beside them may name the classes |
//! | `folder` | one folder per class, under `train`, `val`, `test` folders where there are splits |
//! | `parquet` | encoded images, the Hugging Face layout: a file, or a folder with `train-*.parquet` and so on |
//! | `webdataset` | tar shards of samples `KEY.jpg` with `KEY.cls` or `KEY.json`: one `.tar`, a folder of them, or a pattern such as `train-{000..146}.tar` |
//! | `csv` | a table with a header, a column of paths (relative to the table) and maybe one of labels |
//! | `coco` | COCO annotations of objects, a row for each box: `ANN.json`, `ANN.json@IMAGES`, or the folder that holds `annotations` |
//!
//! A folder that fits several is taken for the first; the prefix says otherwise. Integer labels of `idx`, `webdataset`
//! and `csv` are named by a `classes.txt` beside them, one name a line, if it is there.
//!
//! An [`ImageSet`] keeps a label per image and, where they have names, those; pixels are read range by range, so memory
//! does not grow with their number.

mod archive;
pub mod augment;
mod cifar;
mod classes;
mod clause;
mod coco;
mod csv;
mod decode;
mod duplicates;
mod files;
mod folder;
mod format;
mod idx;
mod image_set;
mod locate;
mod located;
mod parquet;
mod raw;
mod records;
mod resize;
mod shards;
mod share;
pub mod small_views;
mod source;
mod split;
mod summary;
pub mod transform;
mod webdataset;

pub use duplicates::{Digest, Duplicates, Met};
pub use format::DatasetFormat;
pub use image_set::{ImageSet, open};
pub use locate::{formats, with_paths};
pub use raw::Raw;
pub use summary::{ImageSummary, SplitSummary, summary};
