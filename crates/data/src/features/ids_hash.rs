//! Hashes over the ids of rows.

use sha2::{Digest as _, Sha256};

use crate::files::hex;

/// SHA-256 (hex) over row ids in order, each followed by a newline: equal means the same images in the same order.
pub fn ids_sha256<S: AsRef<str>>(ids: impl IntoIterator<Item = S>) -> String {
    let mut hash = IdsHash::default();
    ids.into_iter().for_each(|id| hash.add(id.as_ref()));
    hash.finish()
}

/// [`ids_sha256`], one id at a time.
#[derive(Clone, Default)]
pub struct IdsHash(Sha256);

impl IdsHash {
    /// Takes in the next id.
    pub fn add(&mut self, id: &str) {
        self.0.update(id);
        self.0.update(b"\n");
    }

    /// The hash of the ids taken in.
    pub fn finish(self) -> String {
        hex(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf '0\n1\n' | sha256sum
    #[test]
    fn ids_hash_as_lines_of_text() {
        let found = ids_sha256(["0", "1"]);
        assert_eq!(
            found,
            "82c1315e6c757f33c4a77ca58b2a184f5a88614470c05ec77f3d28918db6b8ae"
        );
        assert_ne!(found, ids_sha256(["1", "0"]));
    }
}
