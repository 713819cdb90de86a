//! What the figures show, as data: panels, series and words. How they are drawn is `figure`'s business.

mod axes;
mod chart;
mod class_means;
mod depth;
mod efficiency;
mod predictors;
mod scale;
mod scatter;
mod spectrum;
mod trajectory;

pub use chart::{Chart, ClassMatrix, ColourScale, Panel, Plot, Series, stem};
pub use predictors::chart as predictors;
pub use scale::AxisScale;
pub use scatter::chart as scatter;

use crate::compare::{Comparison, trajectories};
use crate::results::Analysis;

/// The figures an analysis gives rise to: none without data.
pub fn charts(analysis: &Analysis, comparison: &Comparison, every_layer: &Comparison) -> Vec<Chart> {
    let over_steps = trajectories(&analysis.results, &comparison.layer);
    let charts = [
        axes::chart(comparison),
        depth::transfer(every_layer),
        depth::pre_and_eval(every_layer),
        efficiency::chart(analysis, comparison),
        Some(depth::chart(every_layer)),
        spectrum::chart(analysis, comparison),
        class_means::chart(analysis, comparison),
    ];
    charts
        .into_iter()
        .flatten()
        .chain(trajectory::charts(&over_steps, comparison))
        .filter(|chart| !chart.rows.is_empty())
        .collect()
}
