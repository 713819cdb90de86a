//! The command line of `featscope correlate`, from scores to what is said about them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

use super::score_tables::{read_accuracies, read_scores};
use crate::cli::analyze::{format_of, is_folder, use_threads};
use crate::cli::{compare, style};
use crate::compare::correlate::{Correlation, Evidence, Measured, Statistic, apart};
use crate::compare::{merge, settle};
use crate::error::Error;
use crate::files::write_atomically;
use crate::report::{TableFormat, correlation_files, render_correlation};
use crate::results::Results;

/// Says how well each score of some models agrees with their accuracies, and how sure that is, beside baselines that look at no
/// feature.
///
/// Every value has an interval over models, a permutation test (not with --every-checkpoint), and its range without one model or one
/// family. Text and Markdown show one statistic; JSON and CSV have them all, for each data set and on average.
#[derive(clap::Args)]
pub struct Args {
    /// Scores: tables with the columns model,metric,value[,dataset][,family] (a score without a data set holds for all), results
    /// files, or folders that hold a results.json; without any, what the accuracies alone say
    #[arg(value_name = "SCORES")]
    scores: Vec<PathBuf>,
    /// Accuracies: a table with the columns model,dataset,accuracy[,ci_low,ci_high], or results with probes [default: the probes of
    /// the results among SCORES]
    #[arg(long, value_name = "FILE")]
    accuracy: Option<PathBuf>,
    /// The metric of results that is the accuracy [default: the first measured of linear_top1, ridge_top1, ncm_top1, knn_top1]
    #[arg(long, value_name = "ID")]
    accuracy_metric: Option<String>,
    /// The layer of results [default: backbone, else the last]
    #[arg(long)]
    layer: Option<String>,
    /// Take every run and every step of a model as a point of its own; intervals leave out a model with all its points at once
    #[arg(long)]
    every_checkpoint: bool,
    /// Only these metrics of results, separated by commas [default: all that were measured]
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    metrics: Option<Vec<String>>,
    /// The statistic that text, Markdown and pictures show
    #[arg(long, value_enum, default_value = "weighted_tau")]
    statistic: Statistic,
    /// Show every score in text [default: the best fifteen, and all baselines]
    #[arg(long)]
    all: bool,
    /// Seed of every random draw
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads (default: one for each processor); the numbers are the same for any
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t)]
    format: TableFormat,
    /// Write to this file (.json, .csv, .md, .tex, .txt), or to this folder: a page with pictures, the numbers, the pictures
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

/// Correlates and prints.
pub fn run(args: &Args) -> Result<ExitCode> {
    use_threads(args.threads);
    let (tables, results): (Vec<&PathBuf>, Vec<&PathBuf>) = args.scores.iter().partition(|path| is_table(path));
    let mut evidence = Evidence::default();
    for path in tables {
        read_scores(path, &mut evidence)?;
    }
    let measured = match results.is_empty() {
        true => None,
        false => Some(args.merged(&results.into_iter().cloned().collect::<Vec<_>>(), &mut evidence)?),
    };
    if args.every_checkpoint && measured.is_none() {
        return Err(Error::input("--every-checkpoint is for results; a table has one line for each model").into());
    }
    let by_probe = accuracies(args, measured.as_ref(), &mut evidence)?;
    if let Some(results) = &measured {
        let at_layer = Measured::new(results, args.layer.as_deref())?;
        at_layer.scores(args.metrics.as_deref(), by_probe.as_deref(), &mut evidence)?;
    }
    let inputs = args
        .scores
        .iter()
        .chain(&args.accuracy)
        .map(|path| path.display().to_string())
        .collect();
    let correlation = Correlation::new(&evidence, &style::command_line(), inputs, args.seed)?;
    if let Some(probe) = by_probe {
        style::say(&format!("accuracies are {probe}"));
    }
    match args.output.as_deref() {
        Some(dir) if is_folder(dir) => {
            // Each file is whole, and the page comes last.
            for (file, bytes) in correlation_files(&correlation, args.statistic)? {
                let path = dir.join(file);
                let folder = path.parent().unwrap_or(dir);
                std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
                write_atomically(&path, &bytes)?;
            }
            style::print(&format!("{}\n", dir.join("index.html").display()))?;
        }
        file => {
            let format = file.and_then(format_of).unwrap_or(args.format);
            style::deliver(
                &render_correlation(&correlation, args.statistic, format, args.all),
                file,
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks by its name that a file is delimited text: results are folders or JSON.
fn is_table(path: &Path) -> bool {
    let named = |ending: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending));
    !path.is_dir() && !named("json")
}

impl Args {
    /// One number for each model, or for each of its checkpoints.
    fn merged(&self, paths: &[PathBuf], evidence: &mut Evidence) -> Result<Results> {
        let all = merge(compare::read(paths)?)?.results;
        Ok(match self.every_checkpoint {
            true => apart(all, evidence),
            // The mean of a set of runs, and the last of several steps.
            false => settle(&all).results.into_owned(),
        })
    }
}

/// Adds the accuracies; the probe they are of, where they were measured.
fn accuracies(args: &Args, measured: Option<&Results>, evidence: &mut Evidence) -> Result<Option<String>> {
    let metric = args.accuracy_metric.as_deref();
    let layer = args.layer.as_deref();
    match (&args.accuracy, measured) {
        (Some(path), _) if is_table(path) => {
            read_accuracies(path, evidence)?;
            Ok(None)
        }
        (Some(path), _) => {
            let results = args.merged(std::slice::from_ref(path), evidence)?;
            Ok(Some(Measured::new(&results, layer)?.accuracies(metric, evidence)?))
        }
        (None, Some(results)) => Ok(Some(Measured::new(results, layer)?.accuracies(metric, evidence)?)),
        (None, None) => Err(Error::input(
            "no accuracies: give a table model,dataset,accuracy or results with probes as --accuracy FILE",
        )
        .into()),
    }
}
