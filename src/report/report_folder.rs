//! The report folder: pages, tables, figures and results, written all or nothing.

use std::path::Path;

use super::axes::AXES;
use super::charts::{charts, stem};
use super::comparison::{long_grid, overview};
use super::comparison_table::long_table;
use super::figure::{draw, inline};
use super::grid::Grid;
use super::page::pages;
use super::records::{csv, table};
use super::suites::{suite_grid, suite_table};
use crate::compare::{CompareOptions, Comparison, SuiteTable, distinct};
use crate::error::Result;
use crate::results::{Analysis, FILE, FolderWriter, Table};

/// Writes a report on `analysis` into `dir`: `index.html`, `report.md`, `results.json`, `tables/` (every table as CSV and
/// Parquet with every digit, the axes also as LaTeX) and `figures/` (SVG and PNG). The folder is a results folder too. Its title is the
/// models' names unless given.
///
/// # Errors
/// When the folder cannot be written, or holds files that are not of earlier results: it then is as it was.
pub fn write_report(analysis: &Analysis, comparison: &Comparison, title: Option<&str>, dir: &Path) -> Result<()> {
    let at_layer = |layer: Option<String>| {
        let metrics = Some(comparison.tables.iter().map(|t| t.metric.clone()).collect());
        Comparison::of(
            &analysis.results,
            &CompareOptions {
                baseline: comparison.baseline.clone(),
                metrics,
                layer,
            },
        )
    };
    // The tables stand at one layer; depth has its own.
    let one_layer = if comparison.layer == "all" {
        &at_layer(None)?
    } else {
        comparison
    };
    let every_layer = at_layer(Some("all".to_owned()))?;
    let mut folder = FolderWriter::start(dir)?;
    let mut files = write_tables(analysis, one_layer, &mut folder)?;
    let mut drawn = Vec::new();
    for chart in charts(analysis, one_layer, &every_layer) {
        let picture = draw(&chart)?;
        for (kind, bytes) in [("svg", picture.svg.as_bytes()), ("png", &picture.png[..])] {
            let file = format!("figures/{}.{kind}", chart.name);
            folder.of_report(&file, bytes)?;
            files.push(file);
        }
        drawn.push(inline(&chart, &picture.svg));
    }
    files.push(FILE.to_owned());
    let (html, markdown) = pages(analysis, one_layer, &every_layer, &drawn, &files, title)?;
    folder.of_report("report.md", markdown.as_bytes())?;
    folder.of_report("index.html", html.as_bytes())?;
    folder.finish(&analysis.results)
}

fn write_tables(analysis: &Analysis, comparison: &Comparison, folder: &mut FolderWriter) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut write = |name: &str, table: Option<&Table>, grid: Option<Grid>| -> Result<()> {
        let mut put = |kind: &str, bytes: &[u8]| {
            let file = format!("tables/{name}.{kind}");
            folder.of_report(&file, bytes)?;
            files.push(file);
            Ok(())
        };
        if let Some(table) = table {
            put("csv", csv(table).as_bytes())?;
            put("parquet", &table.to_parquet()?)?;
        }
        match grid.filter(|g| !g.rows.is_empty()) {
            Some(grid) => put("tex", grid.to_latex().as_bytes()),
            None => Ok(()),
        }
    };
    write("overview", None, Some(overview(comparison)))?;
    for axis in &AXES {
        let of_axis = Comparison {
            tables: axis
                .metrics
                .iter()
                .filter_map(|id| comparison.table(id))
                .cloned()
                .collect(),
            ..comparison.clone()
        };
        if !of_axis.tables.is_empty() {
            write(
                axis.id,
                Some(&long_table(&of_axis)),
                Some(long_grid(comparison, axis.metrics)),
            )?;
        }
    }
    let suites = distinct(comparison.suites.iter().map(|table| table.suite.as_str()));
    for (i, suite) in suites.iter().enumerate() {
        let of_suite: Vec<&SuiteTable> = comparison.suites.iter().filter(|table| table.suite == *suite).collect();
        // Names that differ in signs alone give one stem.
        let name = match suites[..i].iter().any(|other| stem(other) == stem(suite)) {
            true => format!("suite-{}-{}", stem(suite), i + 1),
            false => format!("suite-{}", stem(suite)),
        };
        write(&name, Some(&suite_table(&name, &of_suite)), None)?;
        for table in of_suite {
            write(&format!("{name}-{}", table.metric), None, Some(suite_grid(table)))?;
        }
    }
    write("comparison", Some(&long_table(comparison)), None)?;
    write("records", Some(&table(&analysis.results.records)), None)?;
    for table in &analysis.tables {
        folder.table(table)?;
        files.push(format!("tables/{}.parquet", table.name));
    }
    Ok(files)
}
