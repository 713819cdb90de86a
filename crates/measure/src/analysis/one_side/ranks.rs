//! Metrics of the correlations between the ranks of channels.

use super::channels::{CORRELATIONS, of_correlations, resampled, value};
use super::rows_used::say_held;
use crate::analysis::limits::{WIDEST, too_wide};
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::{PlannedMetric, transposed, values};
use crate::analysis::side::Side;
use crate::metrics::FromCorrelation;
use crate::stats::ChannelOrders;
use crate::uncertainty::leave_one_out_in_turn;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromCorrelation>], plan: &Plan) -> Vec<Outcome> {
    let rows = side.rows.len() as u64;
    let width = side.summary.width;
    let orders = (width <= WIDEST).then(|| ChannelOrders::new(&side.rows));
    let live = orders.as_ref().map_or_else(|| vec![true; width], ChannelOrders::live);
    let correlation = |group: Option<u8>| match &orders {
        Some(orders) => orders.correlation(&live, group),
        None => Err(too_wide(width, CORRELATIONS)),
    };
    let whole = correlation(None);
    let resampled = resampled(asked, &whole, || {
        // Each holds the ranks of nearly all rows, and uses every thread.
        let without = |group: usize| Ok(values(asked, correlation(Some(group as u8)), value));
        transposed(asked, leave_one_out_in_turn(rows, without))
    });
    let mut outcomes = of_correlations(side, asked, rows, &live, &whole, resampled);
    for outcome in outcomes.iter_mut().filter(|_| orders.is_some()) {
        say_held(side, outcome, plan);
    }
    outcomes
}
