//! The folder on which number predicts transfer: the page, the numbers, the figures.

use minijinja::context;

use super::conclusions::closing;
use super::formats::{csv, json};
use super::ranked::ranked;
use super::tables::{by_dataset, overall, shown_metrics};
use crate::compare::correlate::{Correlation, Statistic};
use crate::error::Result;
use crate::report::charts::{Chart, predictors, scatter};
use crate::report::figure::{INKS, draw, inline};
use crate::report::number::typeset;
use crate::report::template::{Shown, environment, fault};

/// The figures: all metrics below one another, and the best of them beside the accuracies.
fn correlation_charts(correlation: &Correlation, statistic: Statistic) -> Vec<Chart> {
    let ranked = ranked(correlation, statistic);
    let drawn = shown_metrics(correlation, statistic);
    predictors(correlation, &ranked)
        .into_iter()
        .chain(
            drawn
                .into_iter()
                .filter_map(|metric| scatter(correlation, metric, statistic)),
        )
        .collect()
}

/// The files of a folder on it, by their paths in the folder, the page last: `correlation.json`, `tables/correlation.csv`,
/// `figures/`, `index.html`.
///
/// # Errors
/// When a figure or the page cannot be made: a fault of this program.
pub fn correlation_files(correlation: &Correlation, statistic: Statistic) -> Result<Vec<(String, Vec<u8>)>> {
    let mut figures = Vec::new();
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("correlation.json".to_owned(), json(correlation).into_bytes()),
        ("tables/correlation.csv".to_owned(), csv(correlation).into_bytes()),
    ];
    for chart in correlation_charts(correlation, statistic) {
        let picture = draw(&chart)?;
        figures.push(inline(&chart, &picture.svg));
        files.push((format!("figures/{}.svg", chart.name), picture.svg.into_bytes()));
        files.push((format!("figures/{}.png", chart.name), picture.png));
    }
    let mut tables = vec![Shown::new(overall(
        correlation,
        statistic,
        &ranked(correlation, statistic),
    ))];
    tables.extend(by_dataset(correlation, statistic).map(Shown::new));
    let lines: Vec<String> = closing(correlation, statistic)
        .iter()
        .map(|line| typeset(line))
        .collect();
    let environment = environment()?;
    let template = environment.get_template("correlation.html").map_err(fault)?;
    let html = template
        .render(context! { correlation, tables, figures, lines, inks => INKS })
        .map_err(fault)?;
    files.push(("index.html".to_owned(), html.into_bytes()));
    Ok(files)
}
