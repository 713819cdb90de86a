//! Image data sets, decoding, transforms.
