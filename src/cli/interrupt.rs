//! Ctrl-C: the first asks the work to stop where it is whole, the second ends the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::style;

/// A flag that Ctrl-C sets. `advice` tells the user what happens next.
pub fn flag(advice: &'static str) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let outcome = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::SeqCst) {
            std::process::exit(2);
        }
        style::say(advice);
    });
    // Without a handler Ctrl-C ends the program at once; every file is still whole, being renamed into place.
    if outcome.is_err() {
        style::say("Ctrl-C cannot be caught here and will stop at once");
    }
    flag
}
