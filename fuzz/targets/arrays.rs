//! A file as an array of another program: the first byte chooses its ending, the rest is in it.
#![no_main]

use featscope_data::store::{OpenOptions, open};
use featscope_fuzz::{file, read_all, told};
use libfuzzer_sys::fuzz_target;

const ENDINGS: [&str; 8] = ["npy", "npz", "csv", "tsv", "parquet", "safetensors", "pt", "pkl"];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let ending = ENDINGS[usize::from(*first) % ENDINGS.len()];
    let path = file(&format!("array.{ending}"), rest);
    read_all(told(open(&path, &OpenOptions::default())).unwrap_or_default());
});
