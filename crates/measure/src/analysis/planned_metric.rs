//! Metrics as a plan asks for them, and their values without each jackknife group.

use crate::error::Result;
use crate::metrics::{Metric, Variant};
use crate::uncertainty::leave_one_out;

/// A metric of the plan in one of its conventions, with what its kind is handed.
#[derive(Clone, Copy)]
pub struct PlannedMetric<E> {
    /// Its place in the plan.
    pub place: usize,
    /// Which metric.
    pub metric: &'static Metric,
    /// In which convention; `None` is the default.
    pub variant: Option<&'static Variant>,
    /// How it is computed.
    pub eval: E,
}

impl<E> PlannedMetric<E> {
    /// The same metric, computed like this.
    pub fn by<F>(&self, eval: F) -> PlannedMetric<F> {
        PlannedMetric {
            place: self.place,
            metric: self.metric,
            variant: self.variant,
            eval,
        }
    }

    /// Whether it has replicates.
    pub fn resamples(&self) -> bool {
        self.metric.error.resamples()
    }
}

/// The values of metrics of one kind without each jackknife group, where they have an interval: `without` makes what they are
/// computed from, for one group and thread at a time. Those of the others are empty; for too few `rows` the reason.
pub fn replicates<E: Copy + Sync, T>(
    asked: &[PlannedMetric<E>],
    rows: u64,
    without: impl Fn(usize) -> Result<T> + Sync,
    value: impl Fn(E, &T) -> Result<f64> + Sync,
) -> Vec<Result<Vec<f64>>> {
    if !asked.iter().any(PlannedMetric::resamples) {
        return asked.iter().map(|_| Ok(Vec::new())).collect();
    }
    let values = |group: usize| {
        let made = without(group);
        Ok(values(asked, made, &value))
    };
    transposed(asked, leave_one_out(rows, values))
}

/// The values of the metrics that have an interval from what was made for one group; the others' are zero and not used.
pub fn values<E: Copy, T>(
    asked: &[PlannedMetric<E>],
    made: Result<T>,
    value: impl Fn(E, &T) -> Result<f64>,
) -> Vec<Result<f64>> {
    let of_one = |asked: &PlannedMetric<E>| match &made {
        _ if !asked.resamples() => Ok(0.0),
        Ok(made) => value(asked.eval, made),
        Err(error) => Err(error.clone()),
    };
    asked.iter().map(of_one).collect()
}

/// From the values of all metrics for each group the values of each metric for all groups.
pub fn transposed<E>(asked: &[PlannedMetric<E>], by_group: Result<Vec<Vec<Result<f64>>>>) -> Vec<Result<Vec<f64>>> {
    let of_metric = |(i, asked): (usize, &PlannedMetric<E>)| match &by_group {
        _ if !asked.resamples() => Ok(Vec::new()),
        Ok(groups) => groups.iter().map(|group| group[i].clone()).collect(),
        Err(error) => Err(error.clone()),
    };
    asked.iter().enumerate().map(of_metric).collect()
}
