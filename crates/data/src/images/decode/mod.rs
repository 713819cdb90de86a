//! From the bytes of an image file to 8-bit RGB, as Pillow's `convert("RGB")` gives it.

mod image_file;
mod jpeg;
mod picture;

pub(super) use image_file::decode;
pub(super) use picture::Picture;
