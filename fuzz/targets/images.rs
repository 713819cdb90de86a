//! A file as images: the first byte chooses an ending, of a picture in a folder or of a data set in one file, the rest is in it.
#![no_main]

use std::fs;

use featscope_data::images::open;
use featscope_data::images::transform::Orientation;
use featscope_fuzz::{file, folder, told};
use libfuzzer_sys::fuzz_target;

const PICTURES: [&str; 6] = ["jpg", "png", "webp", "bmp", "gif", "tif"];
const SETS: [&str; 4] = ["parquet", "tar", "csv", "json"];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let which = usize::from(*first) % (PICTURES.len() + SETS.len());
    let place = match PICTURES.get(which) {
        Some(ending) => {
            let set = folder().join("set");
            let _ = fs::remove_dir_all(&set);
            fs::create_dir_all(set.join("one")).expect("room for a folder");
            file(&format!("set/one/picture.{ending}"), rest);
            set
        }
        None => file(&format!("set.{}", SETS[which - PICTURES.len()]), rest),
    };
    let Some(set) = told(open(&place.display().to_string(), None, None)) else {
        return;
    };
    let most = set.len().min(8);
    for raw in told(set.read(0..most)).unwrap_or_default() {
        let _ = told(raw.decoded(Orientation::Exif, |image| image.len()));
    }
});
