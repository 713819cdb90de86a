//! Ctrl-C and SIGTERM: the first asks the work to stop at the next safe point, the second ends the program. Also the end
//! of the calling program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::caller::CALLED;
use super::style;

/// A flag that Ctrl-C and SIGTERM set. `advice` tells the user what happens next.
pub fn flag(advice: &'static str) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let outcome = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::SeqCst) {
            end();
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
            end();
        });
    }
}

/// Ends the program with exit code 2 while its threads are at work. What is on disk is whole at any moment; an orderly exit
/// would take libtorch apart under them, or wait for them.
#[allow(unsafe_code)]
fn end() -> ! {
    // SAFETY: it takes no memory of this program and does not come back.
    unsafe { libc::_exit(2) }
}
