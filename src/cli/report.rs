//! `featscope report`: a report folder from results.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

use super::{compare, style};
use crate::compare::{CompareOptions, Comparison, merge};
use crate::report::{summary, write_report};
use crate::results::Analysis;

/// Writes a report: one self-contained page that opens offline, the same as Markdown, tables for LaTeX, CSV and Parquet,
/// figures as SVG and PNG, and the results.
#[derive(clap::Args)]
pub struct Args {
    /// Results files, or folders that hold a results.json
    #[arg(required = true, value_name = "RESULTS")]
    results: Vec<PathBuf>,
    /// Folder to write into, made where it is missing; an earlier report there is replaced, other files stay
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The model the others are compared with [default: the first one]
    #[arg(long, value_name = "MODEL")]
    baseline: Option<String>,
    /// The layer of the tables [default: backbone, else the deepest]
    #[arg(long)]
    layer: Option<String>,
    /// Title of the report [default: the models' names]
    #[arg(long)]
    title: Option<String>,
}

/// Writes the report and says where it is.
pub fn run(args: &Args) -> Result<ExitCode> {
    let read = compare::read(&args.results)?;
    for (path, analysis) in args.results.iter().zip(&read) {
        if let Some(tables) = &analysis.results.tables {
            style::say(&format!(
                "warning: {} stands without the {} tables it lists: their pictures are left out",
                path.display(),
                tables.len()
            ));
        }
    }
    let analysis = merge(read)?;
    let options = CompareOptions {
        baseline: args.baseline.clone(),
        metrics: None,
        layer: args.layer.clone(),
    };
    let comparison = write(&analysis, &options, args.title.as_deref(), &args.out)?;
    style::say_all(&summary(&comparison));
    style::print(&format!("{}\n", args.out.join("index.html").display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Compares the models of `analysis` and writes the report into `dir`; warnings are said.
pub fn write(analysis: &Analysis, options: &CompareOptions, title: Option<&str>, dir: &Path) -> Result<Comparison> {
    let comparison = Comparison::of(&analysis.results, options)?;
    style::warn(&comparison.warnings);
    write_report(analysis, &comparison, title, dir)?;
    Ok(comparison)
}
