//! One plan gives the same records for any number of threads.

use super::check::Check;
use super::formula_data::{Formula, analyse_pair, matched, plan, similar};
use crate::error::{Error, Result};
use crate::metrics;
use crate::results::Record;

/// Every metric of an analysis and of a comparison of layers with 1, 2 and 4 threads: equal to the bit.
pub(super) fn checks() -> Result<Vec<Check>> {
    let side = |seed| {
        Formula {
            seed,
            counts: vec![25, 24, 23],
            d: 12,
            ..Formula::default()
        }
        .data()
    };
    let (pre, eval) = (side(41), side(42));
    // Dear ones are not among all unless they are named.
    let by_name = metrics::all()
        .filter(|m| m.only_by_name() || m.eval.needs().logits || m.eval.needs().views.is_some())
        .map(|m| m.id);
    let named: Vec<&str> = std::iter::once("all").chain(by_name).collect();
    let all = |threads: usize| -> Result<Vec<Record>> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| Error::input(format!("{threads} threads cannot be started ({e})")))?;
        pool.install(|| {
            let mut records = analyse_pair(pre.clone(), eval.clone(), &plan(&named, &[])?)?
                .results
                .records;
            records.extend(similar(pre.clone(), matched(&pre.0), &plan(&["similarity"], &[])?)?.records);
            records.iter_mut().for_each(|r| r.seconds = 0.0);
            Ok(records)
        })
    };
    let one = all(1)?;
    let mut checks = Vec::new();
    for threads in [2, 4] {
        for (a, b) in one.iter().zip(all(threads)?) {
            checks.push(Check {
                kind: "threads",
                metric: a.metric.clone(),
                name: format!("{} on {} with 1 and {threads} threads", a.metric, a.dataset),
                error: (*a == b).then_some(0.0),
                tolerance: 0.0,
                detail: format!("{:?} and {:?}", a.value, b.value),
            });
        }
    }
    Ok(checks)
}
