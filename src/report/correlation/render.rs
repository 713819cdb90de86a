//! Which number predicts transfer, as text.

use super::conclusions::closing;
use super::formats::{csv, json};
use super::ranked::{best, ranked};
use super::tables::{by_dataset, overall};
use crate::compare::correlate::{Correlation, Statistic};
use crate::report::format::{TableFormat, TableStyle};
use crate::report::number::counted;

/// Scores of a text: the best.
const MOST_IN_TEXT: usize = 15;

/// The correlation in `format`, ending in a newline; text and Markdown show one statistic, JSON and CSV all. Text has the best
/// scores and all baselines, unless `all` scores are wanted.
pub fn render_correlation(correlation: &Correlation, statistic: Statistic, format: TableFormat, all: bool) -> String {
    match format {
        TableFormat::Json => json(correlation),
        TableFormat::Csv => csv(correlation),
        TableFormat::Text | TableFormat::Markdown | TableFormat::Latex => {
            let most = if all || format != TableFormat::Text {
                usize::MAX
            } else {
                MOST_IN_TEXT
            };
            page(correlation, statistic, most, format.writing())
        }
    }
}

fn page(correlation: &Correlation, statistic: Statistic, most: usize, writing: TableStyle) -> String {
    let ranked = ranked(correlation, statistic);
    let shown = best(&ranked, most);
    let mut grid = overall(correlation, statistic, &shown);
    let more = ranked.len() - shown.len();
    if more > 0 {
        grid.notes.push(format!(
            "{}: --all shows them, as do other formats.",
            counted(more, "more score")
        ));
    }
    let mut text = (writing.table)(&grid) + "\n";
    if let Some(grid) = by_dataset(correlation, statistic) {
        text.push_str(&(writing.table)(&grid));
        text.push('\n');
    }
    for line in closing(correlation, statistic) {
        text.push_str(&writing.lines(&line));
    }
    text
}
