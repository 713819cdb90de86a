//! `featscope metrics ID --on STORE...`: what every convention of one metric gives on the user's features.

use std::path::PathBuf;

use anyhow::bail;

use super::analyze::{ExtraOutputs, What, plan, run_plan};
use super::inputs::{self, NamedInput};
use crate::analysis::NEEDS_LABELS;
use crate::metrics::{Metric, select};
use crate::results::Record;

/// On what, and how.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct On {
    /// Print the value of every convention on these feature stores or arrays
    #[arg(long, value_name = "STORE", num_args = 1.., requires = "id", value_parser = inputs::parser())]
    pub on: Vec<NamedInput>,
    /// Data set the model was pretrained on (NAME or NAME/SPLIT)
    #[arg(long, value_name = "NAME", requires = "on")]
    pre: Vec<String>,
    /// Data set it is evaluated on (NAME or NAME/SPLIT)
    #[arg(long, value_name = "NAME", requires = "on")]
    eval: Vec<String>,
    /// Labels of an array: once for each array, in their order
    #[arg(long, value_name = "FILE", requires = "on")]
    labels: Vec<PathBuf>,
    /// Only these layers, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "on")]
    layer: Vec<String>,
    /// Read pickles (.pt, .npy and .npz of objects) that would run code where they are loaded; nothing of them runs here
    #[arg(long, requires = "on")]
    allow_unknown_calls: bool,
    /// Seed of every random draw
    #[arg(long, default_value_t = 0, requires = "on")]
    seed: u64,
    /// Rows of each set that metrics of pairs of rows look at
    #[arg(long, value_name = "N", requires = "on")]
    rows: Option<usize>,
}

/// The records of every convention of a metric: for each of its sides the default first, then the variants in their order.
///
/// # Errors
/// For input that cannot be read, and where the metric needs what the input does not have.
pub fn measured(metric: &Metric, on: &On) -> anyhow::Result<Vec<Record>> {
    let what = What {
        pre: on.pre.clone(),
        eval: on.eval.clone(),
        metrics: vec![metric.id.to_owned()],
        layer: on.layer.clone(),
        labels: on.labels.clone(),
        allow_unknown_calls: on.allow_unknown_calls,
        seed: on.seed,
        rows: on.rows,
        ..What::default()
    };
    let mut plan = plan(&what, select, ExtraOutputs::default())?;
    plan.conventions.take_every();
    let records = run_plan(&plan, &on.on, &what)?.results.records;
    refuse_what_lacks(metric, &records)?;
    Ok(records)
}

/// Says what a metric needs that no input has.
fn refuse_what_lacks(metric: &Metric, records: &[Record]) -> anyhow::Result<()> {
    let lacking = |r: &Record| r.note.clone().filter(|note| note.starts_with(NEEDS_LABELS));
    let notes: Option<Vec<String>> = records.iter().map(lacking).collect();
    match notes.as_deref() {
        Some([note, ..]) => bail!("{} {note}", metric.id),
        _ => Ok(()),
    }
}
