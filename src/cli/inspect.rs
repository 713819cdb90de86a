//! `featscope inspect PATH`: what a checkpoint, a data set, a feature store, an array, a results file or a run holds.

mod folders;
mod settings;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::experiment::Experiment;
use super::style;
use crate::kind::{Kind, kind};
use crate::results::{Analysis, Results};
use crate::shown::sentence;
use crate::store::Kept;
use crate::{checkpoint, images, store};

/// Arguments of `featscope inspect`.
#[derive(clap::Args)]
pub struct Args {
    /// A checkpoint, data set (optionally FORMAT:PATH), feature store, array, results or experiment file, or a folder of these
    /// or of a run
    path: String,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Names and values, one under another; long lists are cut and counted, long values lose their middle.
struct Sheet {
    title: String,
    lines: Vec<(String, String)>,
}

impl Sheet {
    fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            lines: Vec::new(),
        }
    }

    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        let value = value.to_string();
        if !value.is_empty() {
            self.lines.push((name.to_owned(), value));
        }
    }

    fn list<T: std::fmt::Display>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        const SHOWN: usize = 24;
        for (i, item) in items.into_iter().enumerate() {
            match i {
                0 => self.line(name, item),
                i if i < SHOWN => self.lines.push((String::new(), item.to_string())),
                SHOWN => self
                    .lines
                    .push((String::new(), "… (--format json shows all)".to_owned())),
                _ => {}
            }
        }
    }

    fn to_text(&self) -> String {
        let width = self.lines.iter().map(|(n, _)| n.chars().count()).max().unwrap_or(0);
        let mut text = format!("{}\n", sentence(&self.title));
        for (name, value) in &self.lines {
            text.push_str(&format!("  {name:width$}  {}\n", sentence(value)));
        }
        text
    }
}

/// Looks at what the path is, and says what it holds.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let path = PathBuf::from(&args.path);
    let kind = if path.exists() { kind(&path)? } else { Kind::Images };
    let (mut sheet, mut value) = match kind {
        Kind::Checkpoint => of_checkpoint(&path)?,
        Kind::Checkpoints => folders::of_checkpoints(&path),
        Kind::Store | Kind::Array => of_store(&path)?,
        Kind::Stores => folders::of_stores(&path),
        Kind::Run => folders::of_run(&path)?,
        Kind::Results => match settings::of(&path)? {
            Some(settings) => settings,
            None => of_results(&path)?,
        },
        Kind::Experiment => of_experiment(&path)?,
        Kind::Images => of_images(&args.path)?,
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
        Format::Text => sheet.to_text(),
        Format::Json => style::json(&value),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn of_checkpoint(path: &std::path::Path) -> anyhow::Result<(Sheet, Value)> {
    let s = checkpoint::summary(path)?;
    let mut sheet = Sheet::new(format!("checkpoint {}", s.path));
    sheet.line("container", &s.container);
    sheet.list("nested under", &s.nests);
    let dtypes: Vec<String> = s
        .dtypes
        .iter()
        .map(|(name, count)| format!("{count} of {name}"))
        .collect();
    let tensors = match s.code.is_empty() {
        true => format!("{} ({}), {} numbers", s.tensors, dtypes.join(", "), s.elements),
        false => format!("{} storages", s.tensors),
    };
    sheet.line("tensors", tensors);
    sheet.line("sha256", &s.sha256);
    if !s.code.is_empty() {
        if let Some(traced) = &s.traced {
            sheet.line("traced", traced.describe());
            let layer = |l: &checkpoint::TracedLayer| match l.module.is_empty() {
                true => format!("{} (the network's own output; pooling: {})", l.name, l.pooling),
                false => format!("{} ({}; pooling: {})", l.name, l.module, l.pooling),
            };
            sheet.list("layers", traced.layers.iter().map(layer));
        }
        sheet.list("code, not run", &s.code);
        sheet.line("problem", s.problem.as_deref().unwrap_or_default());
        return Ok((sheet, serde_json::to_value(&s)?));
    }
    sheet.line("method", s.method.as_deref().unwrap_or_default());
    sheet.line(
        "training",
        s.training
            .as_ref()
            .map(checkpoint::Training::describe)
            .unwrap_or_default(),
    );
    sheet.line("architecture", s.arch.as_deref().unwrap_or("not recognised"));
    sheet.line(
        "projector",
        s.projector.as_deref().unwrap_or("this file has no projector"),
    );
    sheet.line("classifier", s.classifier.as_deref().unwrap_or_default());
    sheet.list(
        "layers",
        s.taps.iter().map(|t| format!("{} ({} wide)", t.name, t.width)),
    );
    match &s.audit {
        Some(audit) => sheet.list("audit", audit.lines()),
        None if s.calls.is_empty() => {}
        None => sheet.line("calls", s.calls.describe()),
    }
    sheet.line("problem", s.problem.as_deref().unwrap_or_default());
    Ok((sheet, serde_json::to_value(&s)?))
}

fn of_store(path: &std::path::Path) -> anyhow::Result<(Sheet, Value)> {
    let s = store::summary(path)?;
    let what = if s.kind == Kept::Array {
        "array"
    } else {
        "feature store"
    };
    let mut sheet = Sheet::new(format!("{what} {}", s.path));
    sheet.line("model", [s.model.name.as_str(), s.model.arch.as_str()].join(" ").trim());
    sheet.line("data set", [s.dataset.as_str(), s.split.as_str()].join(" ").trim());
    if let Some(shard) = &s.shard {
        let (from, to) = (shard.first_image, shard.first_image + shard.images);
        sheet.line(
            "part",
            format!("{shard}: images {from} to {to} of the data set, not the whole"),
        );
    }
    sheet.line("rows", s.rows);
    if let Some(skipped) = &s.skipped {
        sheet.line("left out", style::images(skipped.count as u64));
    }
    if let Some(repeated) = &s.duplicates {
        sheet.line(
            "duplicates",
            format!("{} repeating an earlier one", style::images(repeated.count as u64)),
        );
    }
    sheet.list(
        "layers",
        s.layers.iter().map(|l| format!("{} ({} wide)", l.name, l.width)),
    );
    sheet.list(
        "classes",
        s.classes.iter().map(|c| format!("{} ({} rows)", c.name, c.rows)),
    );
    if s.unlabelled > 0 {
        sheet.line("unlabelled", format!("{} rows", s.unlabelled));
    }
    sheet.list("read as", &s.said);
    sheet.line("precision", &s.precision);
    sheet.list(
        "off f32 by",
        s.deviation.iter().flat_map(|d| &d.layers).map(|l| {
            format!(
                "{} {:.1e} of its scale, cosine at least {:.6}",
                l.name,
                l.max_error,
                l.cosine_at_least()
            )
        }),
    );
    sheet.line("device", &s.device);
    sheet.line("checkpoint sha256", &s.model.sha256);
    sheet.line("training", s.training.as_deref().unwrap_or_default());
    sheet.line("images sha256", &s.fingerprint);
    sheet.line("row ids sha256", &s.ids_sha256);
    if !s.preprocess.is_null() {
        sheet.line("preprocessing", &s.preprocess);
    }
    let whole = if s.verified {
        ", every part with the SHA-256 of its manifest"
    } else {
        ""
    };
    sheet.line(
        "size",
        format!("{:.1} MB in {} files{whole}", s.bytes as f64 / 1e6, s.parts),
    );
    Ok((sheet, serde_json::to_value(&s)?))
}

fn of_results(path: &std::path::Path) -> anyhow::Result<(Sheet, Value)> {
    let Analysis { results, tables } = Analysis::read(path)?;
    let Results {
        version,
        created,
        command,
        seed,
        inputs,
        records,
        ..
    } = &results;
    let mut sheet = Sheet::new(format!("results {}", path.display()));
    sheet.line("written", format!("{created} by featscope {version}"));
    sheet.line("command", command);
    sheet.line("seed", seed);
    sheet.list(
        "inputs",
        inputs.iter().map(|i| {
            format!(
                "{} on {} {}: {} rows, layers {}",
                i.model,
                i.dataset,
                i.split,
                i.rows,
                i.layers.join(", ")
            )
        }),
    );
    let undefined = records.iter().filter(|r| r.value.is_none()).count();
    sheet.line("records", format!("{}, {undefined} of them undefined", records.len()));
    let tables: Vec<&str> = tables.iter().map(|t| t.name.as_str()).collect();
    sheet.line("tables", tables.join(", "));
    let absent: Vec<&str> = results.tables.iter().flatten().map(|one| one.file.as_str()).collect();
    sheet.line("not beside it", absent.join(", "));
    let value = json!({
        "kind": "results", "version": version, "created": created, "command": command, "seed": seed,
        "inputs": inputs, "records": records.len(), "undefined": undefined, "tables": tables,
        "absent": absent,
    });
    Ok((sheet, value))
}

fn of_experiment(path: &std::path::Path) -> anyhow::Result<(Sheet, Value)> {
    let e = Experiment::read(path)?;
    let mut sheet = Sheet::new(format!("experiment {}", path.display()));
    let models: Vec<String> = e
        .models
        .iter()
        .map(|m| match m.found.as_slice() {
            [one] => format!("{}: {}", m.name, one.path.display()),
            all => {
                let runs: BTreeSet<_> = all.iter().filter_map(|f| f.run.as_ref()).collect();
                let steps: BTreeSet<_> = all.iter().filter_map(|f| f.step).collect();
                format!(
                    "{}: {} checkpoints, {} runs, {} steps, {} to {}",
                    m.name,
                    all.len(),
                    runs.len().max(1),
                    steps.len().max(1),
                    all[0].path.display(),
                    all[all.len() - 1].path.display()
                )
            }
        })
        .collect();
    let data: Vec<String> = e
        .datasets
        .iter()
        .map(|d| format!("{} ({}): {}", d.name, d.role.as_str(), d.path))
        .collect();
    sheet.list("models", &models);
    sheet.list("data sets", &data);
    sheet.line("layers", e.layers.joined());
    sheet.line("baseline", e.analysis.baseline.as_deref().unwrap_or_default());
    sheet.line("writes to", e.out.display());
    Ok((
        sheet,
        json!({"kind": "experiment", "models": models, "datasets": data, "out": e.out}),
    ))
}

fn of_images(path: &str) -> anyhow::Result<(Sheet, Value)> {
    let s = images::summary(path, None)?;
    let mut sheet = Sheet::new(format!("images {path}"));
    sheet.line("format", &s.format);
    sheet.line("splits", s.splits.join(", "));
    for part in &s.parts {
        let name = if part.split.is_empty() {
            "images"
        } else {
            part.split.as_str()
        };
        sheet.line(name, style::images(part.images as u64));
        sheet.list(
            "  classes",
            part.counts.iter().map(|(class, n)| format!("{class} ({n})")),
        );
        if part.unlabelled > 0 {
            sheet.line("  unlabelled", part.unlabelled);
        }
        let sizes = part
            .sizes
            .iter()
            .map(|(w, h, n)| format!("{w} x {h} ({n} of {} looked at)", part.sampled));
        sheet.list("  pixels", sizes);
        sheet.list("  not decodable", &part.undecodable);
        sheet.list("  left out", &part.left_out);
        let copies = &part.duplicates;
        if part.sampled > 0 {
            let (n, sampled) = (copies.count, part.sampled);
            sheet.line("  exact copies", format!("{n} among {sampled} looked at"));
        }
        let examples = copies.examples.iter();
        sheet.list(
            "  for example",
            examples.map(|(first, later)| format!("{later} is {first}")),
        );
        sheet.line("  sha256", &part.fingerprint);
    }
    Ok((sheet, serde_json::to_value(&s)?))
}
