//! `featscope selftest`: the proof of every number on the user's own machine.

use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;

use super::analyze::use_threads;
use super::style;
use crate::metrics::all;
use crate::report::{Cell, Grid};
use crate::selftest::{self, Check, KINDS};

/// Arguments of `featscope selftest`.
#[derive(clap::Args)]
pub struct Args {
    /// Show every check, not one line for each metric
    #[arg(long)]
    all: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Threads (default: one for each processor)
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
}

/// Runs all checks and prints the errors achieved; exit code 1 where one is larger than allowed.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    use_threads(args.threads);
    let start = Instant::now();
    let bar = style::progress(0, "checks");
    let checks = selftest::run(&|_| bar.inc(1))?;
    bar.finish_and_clear();
    let failed: Vec<&Check> = checks.iter().filter(|c| !c.passed()).collect();
    let mut grid = if args.all { every(&checks) } else { by_metric(&checks) };
    for check in &failed {
        grid.notes
            .push(format!("{}: {} ({})", check.kind, check.name, check.detail));
    }
    style::print(&match args.format {
        Format::Text => grid.to_text(),
        Format::Markdown => grid.to_markdown(),
        Format::Json => style::json(&as_json(&checks)),
    })?;
    style::say(&format!(
        "{} checks in {:.1} s, {} failed",
        checks.len(),
        start.elapsed().as_secs_f64(),
        failed.len()
    ));
    Ok(ExitCode::from(u8::from(!failed.is_empty())))
}

/// One line for each metric: of each kind of check the largest error beside what is allowed there.
fn by_metric(checks: &[Check]) -> Grid {
    let mut grid = Grid {
        caption: "largest error of each kind of check / error allowed there".to_owned(),
        header: ["metric", "checks"]
            .iter()
            .chain(KINDS)
            .map(|s| (*s).to_owned())
            .collect(),
        ..Grid::default()
    };
    for metric in all() {
        let of_metric: Vec<&Check> = checks.iter().filter(|c| c.metric == metric.id).collect();
        let mut row = vec![
            Cell::Text(metric.id.to_owned()),
            Cell::Number(of_metric.len().to_string()),
        ];
        row.extend(KINDS.iter().map(|kind| {
            let of_kind = of_metric.iter().filter(|c| c.kind == *kind);
            Cell::Number(
                of_kind
                    .max_by(|a, b| a.used().total_cmp(&b.used()))
                    .map_or("".to_owned(), |c| c.shown()),
            )
        }));
        grid.rows.push(row);
    }
    grid
}

fn every(checks: &[Check]) -> Grid {
    Grid {
        header: ["check", "kind", "error / allowed"].map(str::to_owned).to_vec(),
        rows: checks
            .iter()
            .map(|c| {
                vec![
                    Cell::Text(c.name.clone()),
                    Cell::Text(c.kind.to_owned()),
                    Cell::Number(c.shown()),
                ]
            })
            .collect(),
        ..Grid::default()
    }
}

fn as_json(checks: &[Check]) -> serde_json::Value {
    let each = |c: &Check| {
        json!({
            "metric": c.metric, "kind": c.kind, "check": c.name, "error": c.error, "allowed": c.tolerance,
            "passed": c.passed(), "detail": c.detail,
        })
    };
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "checks": checks.iter().map(each).collect::<Vec<_>>(),
    })
}
