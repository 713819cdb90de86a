//! How far a run has come.

use std::time::Instant;

use crate::cli::style;

/// How far some work has come, in lines that a log keeps.
pub(super) struct Progress {
    verb: &'static str,
    total: usize,
    began: Instant,
}

impl Progress {
    pub(super) fn new(verb: &'static str, total: usize) -> Self {
        Self {
            verb,
            total,
            began: Instant::now(),
        }
    }

    /// Says what comes next, after so many and at so many at once, and how long the rest may take.
    pub(super) fn say(&self, done: usize, next: usize, what: &str) {
        let rest = self.began.elapsed().as_secs_f64() / done.max(1) as f64 * (self.total - done) as f64;
        let left = match rest {
            _ if done == 0 || rest < 10.0 => String::new(),
            rest if rest < 90.0 => format!(", about {:.0} s left", (rest / 10.0).round() * 10.0),
            rest => format!(", about {:.0} min left", rest / 60.0),
        };
        let which = match next {
            1 => format!("{}", done + 1),
            _ => format!("{} to {}", done + 1, done + next),
        };
        style::say(&format!("{} {which} of {}: {what}{left}", self.verb, self.total));
    }
}
