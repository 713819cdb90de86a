//! Decoding against Pillow, and whole chains against torchvision: fixtures/golden/decode.py wrote files and values.

use std::collections::HashMap;
use std::path::PathBuf;

use featscope::images::transform::{Orientation, Preprocess};
use image::RgbImage;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::open;

#[derive(Deserialize)]
struct Golden {
    files: Vec<File>,
    chains: Vec<Chain>,
}

#[derive(Deserialize)]
struct File {
    file: String,
    width: u32,
    height: u32,
    sha256: String,
    upright: (u32, u32, String),
    first: Vec<[u8; 3]>,
}

#[derive(Deserialize)]
struct Chain {
    file: String,
    preprocess: Preprocess,
    sha256: String,
    pixels: String,
    normalised: [f32; 3],
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../fixtures/golden/decode.json")).unwrap()
}

/// Every file of the fixture, decoded.
fn decoded(orientation: Orientation) -> HashMap<String, RgbImage> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden/decode");
    let set = open(&folder, None);
    let raws = set.read(0..set.len()).unwrap();
    raws.iter()
        .filter_map(|raw| Some((raw.id().to_owned(), raw.decode(orientation).ok()?)))
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[test]
fn every_file_has_pillows_pixels_to_the_bit() {
    let golden = golden();
    let (stored, upright) = (decoded(Orientation::Stored), decoded(Orientation::Exif));
    let mut wrong = Vec::new();
    for File {
        file,
        width,
        height,
        sha256: hash,
        upright: (upright_width, upright_height, upright_hash),
        first,
    } in &golden.files
    {
        let (Some(image), Some(turned)) = (stored.get(file), upright.get(file)) else {
            wrong.push(format!("{file}: not decoded"));
            continue;
        };
        let row: Vec<[u8; 3]> = image.pixels().take(first.len()).map(|p| p.0).collect();
        if (image.dimensions(), &sha256(image.as_raw())) != ((*width, *height), hash) {
            wrong.push(format!(
                "{file}: {:?} {row:?}, Pillow has {width} x {height} {first:?}",
                image.dimensions()
            ));
        }
        if (turned.dimensions(), &sha256(turned.as_raw())) != ((*upright_width, *upright_height), upright_hash) {
            wrong.push(format!("{file} upright: {:?}", turned.dimensions()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whole_chains_give_torchvisions_pixels() {
    let images = decoded(Orientation::Stored);
    for Chain {
        file,
        preprocess,
        sha256: hash,
        pixels,
        normalised,
    } in golden().chains
    {
        let plain = Preprocess {
            mean: [0.0; 3],
            std: [1.0; 3],
            ..preprocess.clone()
        };
        let levels: Vec<u8> = plain
            .apply(&images[&file])
            .iter()
            .map(|v| (v * 255.0).round() as u8)
            .collect();
        let (height, width) = plain.size();
        let every = |i: &usize| (i % width).is_multiple_of(8) && (i / width % height).is_multiple_of(8);
        let kept: Vec<u8> = (0..levels.len()).filter(every).map(|i| levels[i]).collect();
        let hex = pixels.as_bytes().chunks(2).map(|h| std::str::from_utf8(h).unwrap());
        let wanted: Vec<u8> = hex.map(|h| u8::from_str_radix(h, 16).unwrap()).collect();
        assert_eq!(kept, wanted, "{file} {preprocess:?}");
        assert_eq!(sha256(&levels), hash, "{file} {preprocess:?}");
        let values = preprocess.apply(&images[&file]);
        let corner = [0, height * width, 2 * height * width].map(|i| values[i]);
        assert_eq!(corner, normalised, "{file} {preprocess:?}");
    }
}
