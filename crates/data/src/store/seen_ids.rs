//! Finding ids that come twice.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

/// Finds duplicate ids in 16 bytes an id: half a SHA-256 stands for each.
#[derive(Default)]
pub(super) struct SeenIds(HashSet<u128>);

impl SeenIds {
    /// True if this id is new.
    pub(super) fn is_new(&mut self, id: &str) -> bool {
        let digest = Sha256::digest(id);
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        self.0.insert(u128::from_le_bytes(half))
    }
}
