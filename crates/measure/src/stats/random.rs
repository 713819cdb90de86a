//! Random draws that are the same on every machine.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// A generator for one named purpose under the user's seed, so that no draw depends on which others were made.
pub fn generator(seed: u64, purpose: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose);
    rng
}
