//! A feature store: the manifest up to the first zero byte, one Parquet part after it.
#![no_main]

use std::fs;

use featscope_data::store::{OpenOptions, open};
use featscope_fuzz::{file, folder, read_all, told};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (manifest, part) = bytes.split_at(end);
    fs::create_dir_all(folder().join("store")).expect("room for a folder");
    file("store/manifest.json", manifest);
    file("store/part-00000.parquet", part.get(1..).unwrap_or_default());
    read_all(told(open(&folder().join("store"), &OpenOptions::default())).unwrap_or_default());
});
