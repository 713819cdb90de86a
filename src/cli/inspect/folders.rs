//! Folders of several things: checkpoints, feature stores, a run; and what else a folder holds.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::results::of_results;
use super::sheet::Sheet;
use crate::cli::run::{STATE, State};
use crate::cli::style::counted;
use crate::kind::PathKind;
use crate::results::FILE;
use crate::store::stores_in;
use crate::{checkpoint, files, images};

/// A folder of several checkpoints.
pub(super) fn of_checkpoints(path: &Path) -> (Sheet, Value) {
    let all = names(&checkpoint::weights_in(path));
    let mut sheet = Sheet::new(format!("folder {}", path.display()));
    sheet.line("holds", format!("{} checkpoints; inspect one of them", all.len()));
    sheet.list("checkpoints", &all);
    (sheet, json!({"kind": "checkpoints", "path": path, "checkpoints": all}))
}

/// A folder of feature stores.
pub(super) fn of_stores(path: &Path) -> (Sheet, Value) {
    let all = stores_in(path);
    let mut sheet = Sheet::new(format!("folder {}", path.display()));
    let one = if all.len() == 1 { "it" } else { "one of them" };
    let stores = counted(all.len(), "feature store");
    sheet.line("holds", format!("{stores}; inspect {one}"));
    sheet.list("stores", &all);
    (sheet, json!({"kind": "stores", "path": path, "stores": all}))
}

/// The folder of a run, or its `run.json`.
pub(super) fn of_run(path: &Path) -> anyhow::Result<(Sheet, Value)> {
    let folder = match path.is_dir() {
        true => path,
        false => path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    };
    let file = folder.join(STATE);
    let state: State = serde_json::from_str(&files::read_text(&file, files::MAX_TEXT)?).map_err(|e| {
        let shown = file.display();
        anyhow::anyhow!("{shown}: not what featscope run writes ({e}); run the experiment again, which makes it anew")
    })?;
    let (there, gone): (Vec<&String>, Vec<&String>) = state
        .stores
        .keys()
        .partition(|name| folder.join(name).join("manifest.json").is_file());
    let mut sheet = Sheet::new(format!("run folder {}", folder.display()));
    sheet.line("features", counted(there.len(), "feature store"));
    sheet.list("  stores", &there);
    sheet.list("  gone", &gone);
    sheet.list("parts", state.parts.keys());
    let (report, results) = (folder.join("report/index.html"), folder.join(FILE));
    let is_shown = report.is_file();
    sheet.line(
        "report",
        if is_shown {
            report.display().to_string()
        } else {
            "none yet".to_owned()
        },
    );
    let mut value = json!({
        "kind": "run", "path": folder, "stores": there, "gone": gone, "parts": state.parts.keys().collect::<Vec<_>>(),
        "report": is_shown.then_some(report), "results": Value::Null,
    });
    match results.is_file().then(|| of_results(&results)) {
        None => sheet.line("results", "none yet; run the experiment again to finish it"),
        // The rest of the folder is told all the same.
        Some(Err(why)) => {
            sheet.line("problem", &why);
            value["problem"] = json!(why.to_string());
        }
        Some(Ok((inner, of_results))) => {
            sheet.line("results", results.display());
            let indented = inner.lines.into_iter().map(|(name, shown)| match name.is_empty() {
                true => (name, shown),
                false => (format!("  {name}"), shown),
            });
            sheet.lines.extend(indented);
            value["results"] = of_results;
        }
    }
    Ok((sheet, value))
}

/// What a folder holds beside what it was taken for, and how to name it. Folders that were made here hold nothing else.
pub(super) fn also(path: &Path, kind: PathKind, taken: &Value) -> Vec<String> {
    if !path.is_dir() || !matches!(kind, PathKind::Checkpoint | PathKind::Images) {
        return Vec::new();
    }
    let shown = path.display();
    let taken_for = |format: &images::DatasetFormat| taken["format"] == format.name();
    let formats = images::formats(path).into_iter().filter(|format| !taken_for(format));
    let mut all: Vec<String> = formats
        .map(|format| format!("{}: {format}:{shown}", described(format)))
        .collect();
    if kind == PathKind::Images {
        all.extend(match checkpoint::weights_in(path).as_slice() {
            [] => None,
            [one] => Some(format!("a checkpoint: {}", one.display())),
            [first, ..] => {
                let n = checkpoint::weights_in(path).len();
                Some(format!("{n} checkpoints, for example {}", first.display()))
            }
        });
    }
    all
}

fn described(format: images::DatasetFormat) -> &'static str {
    match format {
        images::DatasetFormat::Cifar10 | images::DatasetFormat::Cifar100 => "batches of CIFAR",
        images::DatasetFormat::Idx => "IDX files",
        images::DatasetFormat::Folder => "folders of images",
        images::DatasetFormat::Parquet => "Parquet files",
        images::DatasetFormat::WebDataset => "tar shards",
        images::DatasetFormat::Csv => "a table of paths",
        images::DatasetFormat::Coco => "annotations of objects",
    }
}

fn names(paths: &[PathBuf]) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().map(|n| n.to_string_lossy().into_owned());
    paths.iter().filter_map(name).collect()
}
