//! All checks, one after another or at once.

use rayon::prelude::*;

use super::check::Check;
use super::{closed_forms, golden, laws, threads};
use crate::error::Result;

/// Runs every check; `done` is called with each as it ends.
///
/// # Errors
/// When a golden file inside the program cannot be read, which a build of this program's own sources does not do.
pub fn run(done: &(dyn Fn(&Check) + Sync)) -> Result<Vec<Check>> {
    let mut tasks: Vec<Box<dyn Fn() -> Result<Vec<Check>> + Send + Sync>> = Vec::new();
    for case in golden::cases()? {
        tasks.push(Box::new(move || case.checks()));
    }
    for metric in crate::metrics::all() {
        tasks.push(Box::new(|| laws::checks(metric)));
    }
    tasks.push(Box::new(closed_forms::checks));
    let mut checks: Vec<Check> = tasks
        .par_iter()
        .map(|task| {
            let checks = task()?;
            checks.iter().for_each(done);
            Ok(checks)
        })
        .collect::<Result<Vec<_>>>()?
        .concat();
    // On pools of its own: not inside another pool's work.
    let threads = threads::checks()?;
    threads.iter().for_each(done);
    checks.extend(threads);
    Ok(checks)
}
