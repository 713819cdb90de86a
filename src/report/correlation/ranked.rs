//! Agreements in order, the best predictor first.

use crate::compare::correlate::{Agreement, CEILING, Correlation, Statistic};

/// The records that one number for each metric is of, the best predictor first: a lower-is-better metric by its value turned
/// round. The ceiling is the last.
pub(super) fn ranked(correlation: &Correlation, statistic: Statistic) -> Vec<&Agreement> {
    let data = correlation.overall();
    let of_data = |r: &&Agreement| r.dataset.as_deref() == data && r.statistic == statistic;
    let mut records: Vec<&Agreement> = correlation.records.iter().filter(of_data).collect();
    records.sort_by(|a, b| {
        let last = |r: &Agreement| (r.metric == CEILING, r.value.is_none());
        last(a).cmp(&last(b)).then(b.turned().total_cmp(&a.turned()))
    });
    records
}

/// The first `most` scores of ranked records, and all baselines.
pub(super) fn best<'r>(ranked: &[&'r Agreement], most: usize) -> Vec<&'r Agreement> {
    let mut scores = 0;
    let is_shown = |r: &&&Agreement| {
        scores += usize::from(!r.baseline);
        r.baseline || scores <= most
    };
    ranked.iter().filter(is_shown).copied().collect()
}
