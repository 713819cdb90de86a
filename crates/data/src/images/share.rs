//! The memory that images take while they are decoded and used: one budget for all threads together.

use std::sync::{Condvar, Mutex, PoisonError};

use super::clause::Clause;

/// What all images in use may take, in bytes: what the decoders hold, and the pixels made of it. A picture of the most
/// pixels there may be fits in RGB, and so do 44 million pixels of 16 bits and four channels.
const MOST: u64 = 512 << 20;

/// What is taken at the moment.
static TAKEN: Mutex<u64> = Mutex::new(0);
/// Told whenever something is given back.
static FREED: Condvar = Condvar::new();

/// What one image has of the budget, for as long as it is used.
#[derive(Debug, Default)]
pub(super) struct Share(u64);

impl Share {
    /// Takes so many bytes, and gives back those it had; waits until other images have left enough. An image that takes
    /// more than there is gets none.
    pub(super) fn take(&mut self, bytes: u64) -> Clause<()> {
        // Whoever kept some and waited for more might wait for another who does the same.
        self.give_back();
        if bytes > MOST {
            return Err(format!(
                "it takes {} MB to decode, more than {}",
                bytes.div_ceil(1 << 20),
                MOST >> 20
            ));
        }
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = FREED
            .wait_while(taken, |taken| *taken + bytes > MOST)
            .unwrap_or_else(PoisonError::into_inner);
        *taken += bytes;
        self.0 = bytes;
        Ok(())
    }

    fn give_back(&mut self) {
        if self.0 > 0 {
            *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= std::mem::take(&mut self.0);
            FREED.notify_all();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn all_threads_together_never_take_more_than_there_is() {
        let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let (held, most) = (&held, &most);
                scope.spawn(move || {
                    for round in 0..50 {
                        let bytes = (thread * 31 + round * 17) % 7 * MOST / 6;
                        let mut share = Share::default();
                        share.take(bytes).unwrap();
                        most.fetch_max(held.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
                        std::thread::yield_now();
                        held.fetch_sub(bytes, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!((1..=MOST).contains(&most.into_inner()));
        let refused = Share::default().take(MOST + 1).unwrap_err();
        assert_eq!(refused, "it takes 513 MB to decode, more than 512");
    }
}
