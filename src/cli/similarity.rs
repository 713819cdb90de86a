//! `featscope similarity A [B]`: layers and models that saw the same images, side by side.

use std::path::PathBuf;
use std::process::ExitCode;

use super::analyze::{ExtraOutputs, What, deliver, is_folder, plan, use_threads};
use super::inputs::{self, NamedInput};
use super::{duplicate_layers, style};
use crate::analysis::{equal_layers, similarity};
use crate::features::{FeatureSet, common};
use crate::metrics::select_matched;
use crate::report::{TableFormat, render_similarity};
use crate::results::{Analysis, check_folder};
use crate::store::OpenOptions;

/// Arguments of `featscope similarity`.
#[derive(clap::Args)]
pub struct Args {
    /// Feature store (a folder) or array; alone, its layers are compared with one another
    #[arg(value_name = "A", value_parser = inputs::parser())]
    first: NamedInput,
    /// Another store or array of the same images: rows are matched by id, or by position where a side has no ids
    #[arg(value_name = "B", value_parser = inputs::parser())]
    second: Option<NamedInput>,
    /// all, or ids, separated by commas: cka, cka_debiased, svcca, pwcca, procrustes, rsa, mutual_knn, cycle_knn
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "all")]
    metrics: Vec<String>,
    /// Another convention of a metric: ID=VARIANT, ID.k=K or ID.bandwidth=F; may be given several times
    #[arg(long, value_name = "CHOICE")]
    convention: Vec<String>,
    /// Only these layers of each side, separated by commas; a side may lack some
    #[arg(long, value_name = "LIST", value_delimiter = ',', visible_alias = "layer")]
    layers: Vec<String>,
    /// Model name for arrays: once for each side, in their order
    #[arg(long, value_name = "MODEL")]
    name: Vec<String>,
    /// Read pickles (.pt, .npy and .npz of objects) that would run code where they are loaded; nothing of them runs here
    #[arg(long)]
    allow_unknown_calls: bool,
    /// Seed of every random draw
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Rows that rsa (default 2,000, at most 10,000), mutual_knn and cycle_knn (5,000) look at, drawn with the seed
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Threads (default: one for each processor); the records are the same for any number
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// How to print the records: text and markdown as one matrix of layers for each metric
    #[arg(long, value_enum, default_value = "text")]
    format: TableFormat,
    /// Write to this file (.json, .csv, .md, .tex, .txt), or to this folder as results.json; earlier results there are
    /// replaced, other files stay
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

/// Compares and prints.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    use_threads(args.threads);
    let what = What {
        metrics: args.metrics.clone(),
        convention: args.convention.clone(),
        seed: args.seed,
        rows: args.rows,
        ..What::default()
    };
    let plan = plan(&what, select_matched, ExtraOutputs::default())?;
    if let Some(dir) = args.output.as_deref().filter(|path| is_folder(path)) {
        check_folder(dir, &[])?;
    }
    let a = layers(args, &args.first, 0)?;
    let b = args.second.as_ref().map(|input| layers(args, input, 1)).transpose()?;
    // Each layer is read once for itself and once for each of its pairs.
    let rows = a.first().map_or(0, |set| set.rows() as u64);
    let (own, other) = (a.len() as u64, b.as_ref().map_or(0, |b| b.len() as u64));
    let pairs = if b.is_some() {
        own * other
    } else {
        own * own.saturating_sub(1) / 2
    };
    let bar = style::progress(rows * (own + other + pairs), "rows");
    let results = similarity(&a, b.as_deref(), &plan, &|rows| bar.inc(rows));
    bar.finish_and_clear();
    let results = results?;
    inputs::say(&a, false);
    inputs::say(b.as_deref().unwrap_or_default(), false);
    if let (Some(a), Some(b)) = (a.first(), b.as_ref().and_then(|b| b.first())) {
        say_matched(args, a.as_ref(), b.as_ref(), &results)?;
    }
    let analysis = Analysis {
        results,
        tables: Vec::new(),
    };
    deliver(&analysis, args.output.as_deref(), args.format, |analysis, format| {
        render_similarity(&analysis.results, format)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The wanted layers of one side.
fn layers(args: &Args, input: &NamedInput, side: usize) -> anyhow::Result<Vec<Box<dyn FeatureSet>>> {
    let options = OpenOptions {
        model: args.name.get(side).cloned().filter(|_| !input.path.is_dir()),
        allow_unknown_calls: args.allow_unknown_calls,
        ..OpenOptions::default()
    };
    let mut sets = input.open(options.clone())?;
    if args.layers.is_empty() {
        let equal = equal_layers(&sets)?;
        style::say_all(&duplicate_layers::describe(&equal));
        return Ok(duplicate_layers::without(sets, &equal));
    }
    let wanted = |set: &dyn FeatureSet| args.layers.contains(&set.subject().layer);
    if !sets.iter().any(|set| wanted(set.as_ref())) {
        // Says which layers there are.
        let layers = Some(args.layers.clone());
        return Ok(input.open(OpenOptions { layers, ..options })?);
    }
    sets.retain(|set| wanted(set.as_ref()));
    Ok(sets)
}

/// Says how rows were matched, and how many had no match.
fn say_matched(
    args: &Args,
    a: &dyn FeatureSet,
    b: &dyn FeatureSet,
    results: &crate::results::Results,
) -> anyhow::Result<()> {
    let (Some(record), Some(second)) = (results.records.first(), &args.second) else {
        return Ok(());
    };
    let (first, second) = (args.first.path.display(), second.path.display());
    let (of_a, of_b) = (a.id_columns()?, b.id_columns()?);
    let (p, q) = (first.to_string(), second.to_string());
    let Some((own, other)) = common((&p, &of_a), (&q, &of_b))? else {
        let without = match (a.has_ids(), b.has_ids()) {
            (false, false) => "neither side has ids".to_owned(),
            (true, _) => format!("{second} has no ids"),
            _ => format!("{first} has no ids"),
        };
        style::say(&format!("{} rows matched by position: {without}", a.rows()));
        return Ok(());
    };
    let count = |key: &str| record.found.get(key).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let (left, left_of_other) = (count("rows_left_out"), count("other_rows_left_out"));
    let rows = a.rows() as u64 - left;
    let by = match own.name == other.name {
        true => format!("{:?}", own.name),
        false => format!("{:?} and {:?}", own.name, other.name),
    };
    style::say(&match left + left_of_other {
        0 => format!("{rows} rows matched by id ({by})"),
        _ => format!("{rows} rows matched by id ({by}); left out: {left} of {first} and {left_of_other} of {second}"),
    });
    Ok(())
}
