//! The command line of `featscope inspect`: what a path is, and which file of this folder describes it.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::checkpoint::of_checkpoint;
use super::experiment::of_experiment;
use super::images::of_images;
use super::results::of_results;
use super::store::of_store;
use super::{folders, json_files};
use crate::cli::style::{self, TextOrJson};
use crate::kind::{PathKind, kind};

/// Arguments of `featscope inspect`.
#[derive(clap::Args)]
pub struct Args {
    /// A checkpoint, data set (optionally FORMAT:PATH), feature store, array, results or experiment file, or a folder of these
    /// or of a run
    path: String,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: TextOrJson,
}

/// Looks at what the path is, and says what it holds.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let path = PathBuf::from(&args.path);
    let kind = if path.exists() { kind(&path)? } else { PathKind::Images };
    let (mut sheet, mut value) = match kind {
        PathKind::Checkpoint => of_checkpoint(&path)?,
        PathKind::Checkpoints => folders::of_checkpoints(&path),
        PathKind::Store | PathKind::Array => of_store(&path)?,
        PathKind::Stores => folders::of_stores(&path),
        PathKind::Run => folders::of_run(&path)?,
        PathKind::Results => match json_files::settings_sheet(&path)? {
            Some(settings) => settings,
            None => of_results(&path)?,
        },
        PathKind::Experiment => of_experiment(&path)?,
        PathKind::Images => of_images(&args.path)?,
    };
    let also = folders::also(&path, kind, &value);
    if !also.is_empty() {
        // Before all that the first of them has to say.
        let rest = std::mem::take(&mut sheet.lines);
        sheet.list("also here", &also);
        sheet.lines.extend(rest);
        value["also"] = json!(also);
    }
    style::print(&match args.format {
        TextOrJson::Text => sheet.to_text(),
        TextOrJson::Json => style::json(&value),
    })?;
    Ok(ExitCode::SUCCESS)
}
