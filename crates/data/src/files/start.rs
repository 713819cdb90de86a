//! What the first bytes of a file say of it.

use std::io::Read as _;
use std::path::Path;

/// The first bytes of a file, as many as there are; none of what cannot be read.
fn start<const N: usize>(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(N);
    if let Ok((file, _)) = super::regular::open(path) {
        // What a broken file still gives is enough.
        let _ = file.take(N as u64).read_to_end(&mut bytes);
    }
    bytes
}

/// True if a file is a zip archive or a pickle: what PyTorch writes, whatever it is called.
pub fn is_zip_or_pickle(path: &Path) -> bool {
    is_zip(path) || matches!(start::<2>(path).as_slice(), [0x80, 2..=5])
}

/// True if a file is a zip archive.
pub fn is_zip(path: &Path) -> bool {
    start::<4>(path) == b"PK\x03\x04"
}

/// True if a file begins with a header as safetensors has it.
pub fn is_safetensors(path: &Path) -> bool {
    start::<10>(path).get(8..).is_some_and(|header| header == b"{\"")
}
