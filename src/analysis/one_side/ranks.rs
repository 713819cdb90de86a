//! Metrics of the correlations between the ranks of channels.

use super::super::kinds::{Chosen, replicates_in_turn};
use super::super::outcome::Outcome;
use super::super::{Plan, Side, WIDEST};
use super::channels::{of_correlations, too_wide, value};
use super::within::of_rows;
use crate::stats::ChannelOrders;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let rows = side.rows.len() as u64;
    let width = side.summary.width;
    if width > WIDEST {
        return of_correlations(
            side,
            metrics,
            plan,
            rows,
            &vec![true; width],
            Err(too_wide(width)),
            |_| Vec::new(),
        );
    }
    let orders = ChannelOrders::new(&side.rows);
    let live = orders.live();
    let whole = orders.correlation(&live, None);
    // Each holds the ranks of nearly all rows, and uses every thread.
    let resample = |metrics: &[Chosen]| {
        let without = |group: usize| orders.correlation(&live, Some(group as u8));
        replicates_in_turn(metrics, rows, without, value)
    };
    let mut outcomes = of_correlations(side, metrics, plan, rows, &live, whole, resample);
    for outcome in &mut outcomes {
        of_rows(&mut outcome.convention, side, plan);
    }
    outcomes
}
