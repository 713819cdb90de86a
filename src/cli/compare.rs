//! `featscope compare`: models side by side.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::compare::{CompareOptions, Comparison, Condition, merge};
use crate::error::Error;
use crate::report::{TableFormat, render_comparison};
use crate::results::Analysis;

use super::analyze::{ExtraOutputs, What, analysis_of};
use super::inputs::{self, NamedInput};
use super::style;

/// Sets models side by side: value and interval, paired difference to the baseline, rank.
///
/// Two models are paired only where they saw the same images; what does not separate at 95 % after Holm's correction
/// says "not separable".
#[derive(clap::Args)]
pub struct Args {
    /// Results files, folders that hold a results.json, or feature stores and arrays, which are analyzed first; these may be
    /// given names, as [MODEL:]DATASET[/SPLIT]=PATH
    #[arg(required = true, value_name = "RESULTS|STORE", value_parser = inputs::parser())]
    results: Vec<NamedInput>,
    /// Labels of an array: once for each array, in their order
    #[arg(long, value_name = "FILE")]
    labels: Vec<PathBuf>,
    /// Read pickles (.pt, .npy and .npz of objects) that would run code where they are loaded; nothing of them runs here
    #[arg(long)]
    allow_unknown_calls: bool,
    /// For stores: the data set the models were pretrained on
    #[arg(long, value_name = "NAME")]
    pre: Vec<String>,
    /// For stores: the data set the models are evaluated on
    #[arg(long, value_name = "NAME")]
    eval: Vec<String>,
    /// The model the others are compared with [default: the first one]
    #[arg(long, value_name = "MODEL")]
    baseline: Option<String>,
    /// Metrics, families or axes, separated by commas [default: all that were measured]
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    metrics: Option<Vec<String>>,
    /// A layer, or `all` [default: backbone, else the deepest]
    #[arg(long)]
    layer: Option<String>,
    /// How the tables are written
    #[arg(long, value_enum, default_value_t)]
    format: TableFormat,
    /// Write to FILE instead of to the terminal
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// End with exit code 1 where this holds, as in 'discriminative_ratio(pre) > 1.1 * baseline'
    ///
    /// METRIC[(PLACE)], one of > >= < <=, then a number, `baseline`, a number times `baseline`, or `baseline + 0.1` and the
    /// like; or METRIC[(PLACE)] `separably worse than baseline` (or better, higher, lower), which the verdict of the
    /// comparison decides. PLACE is pre, eval, pair, a data set, a data set/split or a suite, with `@ LAYER` after it where
    /// the layer is another, as in 'linear_top1(vehicles @ stage3) < baseline - 0.01'. Every model is checked at each layer
    /// compared, except the baseline where the condition names it. A value that is missing everywhere is an error, not a
    /// pass, and so is a factor of a baseline below 0.
    #[arg(long, value_name = "CONDITION")]
    fail_if: Option<String>,
}

/// Compares, prints, and checks the condition.
pub fn run(args: &Args) -> Result<ExitCode> {
    let condition = args.fail_if.as_deref().map(Condition::parse).transpose()?;
    let analysis = measured(args)?;
    let mut options = CompareOptions {
        baseline: args.baseline.clone(),
        metrics: args.metrics.clone(),
        layer: args.layer.clone(),
    };
    let comparison = Comparison::of(&analysis.results, &options)?;
    let text = render_comparison(&comparison, &analysis.results, &style::command_line(), args.format);
    style::deliver(&text, args.output.as_deref())?;
    if matches!(args.format, TableFormat::Json | TableFormat::Csv) || args.output.is_some() {
        style::warn(&comparison.warnings);
    }
    let Some(condition) = condition else {
        return Ok(ExitCode::SUCCESS);
    };
    // A condition may be about a metric or a layer that is not shown.
    options.metrics = None;
    options.layer = condition.layer().map(str::to_owned).or(options.layer);
    let outcome = condition.check(&Comparison::of(&analysis.results, &options)?)?;
    outcome
        .skipped
        .iter()
        .for_each(|place| style::say(&format!("--fail-if not checked: {place}")));
    outcome
        .held
        .iter()
        .for_each(|place| style::say(&format!("--fail-if holds: {place}")));
    Ok(if outcome.held.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// The analyses at `paths`, each as it was written.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Analysis>> {
    let read = |path: &PathBuf| Analysis::read(path).with_context(|| format!("cannot compare {}", path.display()));
    paths.iter().map(read).collect()
}

/// The results named, and the stores named after analyzing them.
fn measured(args: &Args) -> Result<Analysis> {
    let (stores, others): (Vec<NamedInput>, Vec<NamedInput>) = args
        .results
        .iter()
        .cloned()
        .partition(|input| inputs::is_store(&input.path));
    if let Some(named) = others.iter().find(|input| input.dataset.is_some()) {
        return Err(Error::input(format!(
            "{}: only feature stores and arrays are given names, and this is neither",
            named.path.display()
        ))
        .into());
    }
    let results: Vec<PathBuf> = others.into_iter().map(|input| input.path).collect();
    if stores.is_empty() {
        return Ok(merge(read(&results)?)?);
    }
    let what = What {
        pre: args.pre.clone(),
        eval: args.eval.clone(),
        labels: args.labels.clone(),
        allow_unknown_calls: args.allow_unknown_calls,
        metrics: args.metrics.clone().unwrap_or_else(|| vec!["all".to_owned()]),
        ..What::default()
    };
    let analyzed = analysis_of(&stores, &what, ExtraOutputs::default())?;
    if results.is_empty() {
        return Ok(analyzed);
    }
    let mut all = read(&results)?;
    all.push(analyzed);
    Ok(merge(all)?)
}
