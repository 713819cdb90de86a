//! The report folder: pages, tables, results and figures, each file written whole, `index.html` last.

use std::path::Path;

use super::axes::AXES;
use super::charts::{Chart, charts};
use super::comparison::{long_grid, long_table, overview};
use super::figure::{INKS, draw};
use super::grid::Grid;
use super::page::{Figure, pages};
use super::records::{csv, table};
use crate::compare::{Comparison, Options};
use crate::error::{Error, Result};
use crate::results::{Analysis, Table, write_atomically};

/// What a report is told beside the numbers.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    /// Its title; the models' names unless given.
    pub title: Option<String>,
}

/// Writes a report on `analysis` into `dir`: `index.html`, `report.md`, `results.json`, `tables/` (every table as CSV and
/// Parquet with every digit, the axes also as LaTeX) and `figures/` (SVG and PNG). The folder is a results folder too.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_report(analysis: &Analysis, comparison: &Comparison, meta: &Meta, dir: &Path) -> Result<()> {
    let at_layer = |layer: Option<String>| {
        let metrics = Some(comparison.tables.iter().map(|t| t.metric.clone()).collect());
        Comparison::of(
            &analysis.results,
            &Options {
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
    let (tables, figures) = (dir.join("tables"), dir.join("figures"));
    for folder in [&tables, &figures] {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    let mut files = write_tables(analysis, one_layer, &tables)?;
    let mut drawn = Vec::new();
    for chart in charts(analysis, one_layer, &every_layer) {
        let picture = draw(&chart)?;
        write_atomically(&figures.join(format!("{}.svg", chart.name)), picture.svg.as_bytes())?;
        write_atomically(&figures.join(format!("{}.png", chart.name)), &picture.png)?;
        files.extend(["svg", "png"].map(|kind| format!("figures/{}.{kind}", chart.name)));
        drawn.push(figure(&chart, &picture.svg));
    }
    files.push("results.json".to_owned());
    write_atomically(&dir.join("results.json"), analysis.results.to_json().as_bytes())?;
    let (html, markdown) = pages(analysis, one_layer, &every_layer, &drawn, &files, meta)?;
    write_atomically(&dir.join("report.md"), markdown.as_bytes())?;
    write_atomically(&dir.join("index.html"), html.as_bytes())
}

fn write_tables(analysis: &Analysis, comparison: &Comparison, dir: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut write = |name: &str, table: Option<&Table>, grid: Option<Grid>| -> Result<()> {
        if let Some(table) = table {
            write_atomically(&dir.join(format!("{name}.csv")), csv(table).as_bytes())?;
            table.write_parquet(&dir.join(format!("{name}.parquet")))?;
            files.extend(["csv", "parquet"].map(|kind| format!("tables/{name}.{kind}")));
        }
        if let Some(grid) = grid.filter(|g| !g.rows.is_empty()) {
            write_atomically(&dir.join(format!("{name}.tex")), grid.to_latex().as_bytes())?;
            files.push(format!("tables/{name}.tex"));
        }
        Ok(())
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
    write("comparison", Some(&long_table(comparison)), None)?;
    write("records", Some(&table(&analysis.results.records)), None)?;
    let written: Vec<String> = files.clone();
    for table in &analysis.tables {
        let file = format!("tables/{}.parquet", table.name);
        if !written.contains(&file) {
            table.write_parquet(&dir.join(format!("{}.parquet", table.name)))?;
            files.push(file);
        }
    }
    Ok(files)
}

/// The drawing as part of a page: it takes the page's width and colours, and says in words what it is.
fn figure(chart: &Chart, svg: &str) -> Figure {
    let start = svg.find("<svg").unwrap_or(0);
    let body = svg[start..].find('>').map_or("", |end| &svg[start + end + 1..]);
    let view_box = svg
        .split("viewBox=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or("0 0 1 1");
    let mut inline = format!(
        "<svg viewBox=\"{view_box}\" role=\"img\" aria-label=\"{}: {}\">{}",
        chart.title,
        chart
            .caption
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;"),
        body.trim()
    );
    for (colour, variable) in INKS {
        inline = inline.replace(&format!("\"{colour}\""), &format!("\"var({variable})\""));
    }
    Figure {
        name: chart.name.to_owned(),
        title: chart.title.to_owned(),
        caption: chart.caption.clone(),
        svg: inline.replace(" opacity=\"1\"", "").replace("\n", ""),
    }
}
