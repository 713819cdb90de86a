//! Ctrl-C: the first asks the work to stop where it is whole, the second ends the program. And the end of a caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{CALLED, style};

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

/// Where another program called this one: ends this one as soon as that one is gone, even if it was killed.
pub fn end_with_caller() {
    if std::env::var_os(CALLED).is_some() {
        std::thread::spawn(|| {
            // Nothing is ever written to it; it ends with the caller.
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            // What is on disk is whole at any moment, and an orderly exit could wait for threads at work.
            std::process::abort();
        });
    }
}
