//! `featscope analyze STORE...`: metrics of each set of features, and of each pair of pretraining and evaluation data.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::inputs::{self, NamedInput, open_all};
use super::{duplicate_layers, followed_library, style};
use crate::analysis::{
    Piece, Plan, Suite, Together, analyse, analyse_pieces, equal_layers, left_out, needs, rows_of_pieces,
};
use crate::error::{Error, Result};
use crate::features::FeatureSet;
use crate::metrics::{Conventions, Metric, select};
use crate::report::{TableFormat, render, render_convergence};
use crate::results::{Analysis, FILE, TABLES, check_folder};

/// Arguments of `featscope analyze`.
#[derive(clap::Args)]
pub struct Args {
    /// Feature stores (folders), or arrays: .npy, .npz, .safetensors, .parquet, .csv, .tsv, .pt. Names of your own go before
    /// the path: [MODEL:]DATASET[/SPLIT]=PATH
    #[arg(required = true, value_name = "STORE", value_parser = inputs::parser())]
    stores: Vec<NamedInput>,
    #[command(flatten)]
    what: What,
    /// Also each value against the number of rows, as a table: printed as text or Markdown, or written to the folder of -o
    #[arg(long)]
    convergence: bool,
    /// How to print the records
    #[arg(long, value_enum, default_value = "text")]
    format: TableFormat,
    /// Write to this file (.json, .csv, .md, .tex, .txt), or to this folder as results.json with the arrays behind the pictures;
    /// earlier results there are replaced, other files stay
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

/// What to measure: shared by every command that analyzes.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct What {
    /// Data set the models were pretrained on (NAME or NAME/SPLIT); may be given several times
    #[arg(long, value_name = "NAME")]
    pub pre: Vec<String>,
    /// Data set the models are evaluated on (NAME or NAME/SPLIT); may be given several times
    #[arg(long, value_name = "NAME")]
    pub eval: Vec<String>,
    /// Split to fit on, for metrics that are fitted on one split and scored on another [default: train]
    #[arg(long, value_name = "SPLIT")]
    pub fit: Option<String>,
    /// Split to score on, and to compare where a data set has several [default: test, else val]
    #[arg(long, value_name = "SPLIT")]
    pub score: Option<String>,
    /// Rows that belong together (patients, scenes, near-duplicates) and are never on both sides of a probe's cut: a file of
    /// ids and groups or of one group a row, or the name of a column of the features' own file. Once for all inputs, or once
    /// for each in their order
    #[arg(long, value_name = "COLUMN|FILE")]
    pub groups: Vec<String>,
    /// Measure the spread over fitting rows (found.fit_sd) of ridge and linear probes too, which takes ten more fits
    #[arg(long)]
    pub fit_sd: bool,
    /// Several evaluation data sets as one benchmark, as in domains=cars,digits,pets: probes get its mean too; may be given
    /// several times
    #[arg(long = "suite", value_name = "NAME=SET,SET,…", value_parser = suite)]
    pub suites: Vec<Suite>,
    /// all, axes, families or ids, separated by commas (see `featscope metrics`)
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "all")]
    pub metrics: Vec<String>,
    /// Another convention of a metric: ID=VARIANT, ID.k=K, ID.C=C or ID.lambda=L; may be given several times
    #[arg(long, value_name = "CHOICE")]
    pub convention: Vec<String>,
    /// Compute each metric as this library or protocol does, where the catalogue knows how: torch-fidelity, prdc,
    /// scikit-dimension, sklearn, thingsvision, stable-pretraining, dinov2, dinov3, kornblith, trex or islam12
    #[arg(long, value_name = "LIBRARY")]
    pub like: Option<String>,
    /// Neighbours of feature mixtureness
    #[arg(long)]
    pub k: Option<usize>,
    /// Only these layers, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub layer: Vec<String>,
    /// Only these columns of a table are channels, separated by commas; * stands for any characters
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Labels of an array: once for each array, in their order
    #[arg(long, value_name = "FILE")]
    pub labels: Vec<PathBuf>,
    /// Model name for arrays
    #[arg(long, value_name = "MODEL")]
    pub name: Option<String>,
    /// Read pickles (.pt, .npy and .npz of objects) that would run code where they are loaded; nothing of them runs here
    #[arg(long)]
    pub allow_unknown_calls: bool,
    /// Seed of every random draw
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Rows of each set that metrics of pairs of rows look at, drawn with the seed (default: all, as long as that takes minutes)
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// Threads (default: one for each processor); the records are the same for any number
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Say first which passes and shared products are needed, and for which metrics
    #[arg(short, long)]
    pub verbose: bool,
}

/// `NAME=SET,SET,…`
fn suite(word: &str) -> std::result::Result<Suite, String> {
    let expected = "expected NAME=SET,SET,… with the names of evaluation data sets, each once";
    let (name, sets) = word.split_once('=').ok_or(expected)?;
    let datasets: Vec<String> = sets.split(',').map(|set| set.trim().to_owned()).collect();
    let twice = (1..datasets.len()).any(|i| datasets[..i].contains(&datasets[i]));
    if name.is_empty() || twice || datasets.iter().any(String::is_empty) {
        return Err(expected.to_owned());
    }
    Ok(Suite {
        name: name.to_owned(),
        datasets,
    })
}

impl What {
    /// Which splits and layers belong together.
    fn together(&self) -> Together {
        let usual = Together::default();
        Together {
            fit: self.fit.clone().unwrap_or(usual.fit),
            score: self.score.clone().map_or(usual.score, |score| vec![score]),
            ..usual
        }
    }

    /// How stores and arrays are read.
    pub fn reading(&self) -> inputs::ArrayOptions<'_> {
        inputs::ArrayOptions {
            labels: &self.labels,
            name: self.name.as_deref(),
            layers: &self.layer,
            columns: &self.columns,
            groups: &self.groups,
            allow_unknown_calls: self.allow_unknown_calls,
        }
    }
}

/// Analyzes and prints.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let folder = args.output.as_deref().filter(|path| is_folder(path));
    let beside = ExtraOutputs {
        tables: folder.is_some(),
        convergence: args.convergence,
    };
    let format = args.output.as_deref().and_then(format_of).unwrap_or(args.format);
    if args.convergence && folder.is_none() && matches!(format, TableFormat::Json | TableFormat::Csv) {
        return Err(Error::input(
            "--convergence: the table has no place among JSON or CSV records; name a folder with -o, or print text or Markdown",
        )
        .into());
    }
    if let Some(dir) = folder {
        // What takes hours must not be done for nothing.
        check_folder(dir, TABLES)?;
    }
    let analysis = analysis_of(&args.stores, &args.what, beside)?;
    deliver(&analysis, args.output.as_deref(), args.format, |analysis, format| {
        let mut text = render(&analysis.results, format);
        if let Some(table) = analysis.table("convergence") {
            text.push_str(&render_convergence(table, format));
        }
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Prints an analysis as `render` shows it, or writes it to a file, or to a folder with its tables.
///
/// # Errors
/// When the output cannot be written.
pub fn deliver(
    analysis: &Analysis,
    output: Option<&Path>,
    format: TableFormat,
    render: impl Fn(&Analysis, TableFormat) -> String,
) -> anyhow::Result<()> {
    if let Some(dir) = output.filter(|path| is_folder(path)) {
        analysis.write(dir)?;
        style::say(&format!(
            "wrote {} records to {}",
            analysis.results.records.len(),
            dir.join(FILE).display()
        ));
        return Ok(());
    }
    let format = output.and_then(format_of).unwrap_or(format);
    style::deliver(&render(analysis, format), output)
}

/// Sets the number of threads, where the user names one.
pub fn use_threads(threads: Option<u16>) {
    if let Some(threads) = threads {
        // A second call in one process keeps the first pool; the records do not depend on it.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global();
    }
}

/// What is wanted beside the records.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExtraOutputs {
    /// The arrays behind the pictures.
    pub tables: bool,
    /// Each value against the number of rows.
    pub convergence: bool,
}

/// Opens the stores and runs the analysis, with progress.
///
/// # Errors
/// For input that cannot be read or does not fit together.
pub fn analysis_of(stores: &[NamedInput], what: &What, beside: ExtraOutputs) -> anyhow::Result<Analysis> {
    let (plan, said) = planned(what, select, beside)?;
    style::say_all(&said);
    run_plan(&plan, stores, what)
}

/// Opens the stores and runs a plan on them, with progress; layers that are the same under several names are measured once.
///
/// # Errors
/// For input that cannot be read or does not fit together.
pub fn run_plan(plan: &Plan, stores: &[NamedInput], what: &What) -> anyhow::Result<Analysis> {
    use_threads(what.threads);
    let sets = open_all(stores, &what.reading())?;
    let same = equal_layers(&sets)?;
    style::say_all(&duplicate_layers::describe(&same));
    let sets = duplicate_layers::without(sets, &same);
    if what.verbose {
        inputs::say(&sets, true);
        style::say_all(&needs(&sets, plan)?);
    }
    let all = |_: &Piece| true;
    let analysis = with_progress(&sets, plan, &all, |read| analyse(&sets, plan, read))?;
    if !what.verbose {
        inputs::say(&sets, true);
    }
    style::say_all(&left_out(&sets, plan)?);
    Ok(analysis)
}

/// Measures some pieces of what a plan measures on these sets, with progress; says what was made of the sets, too.
///
/// # Errors
/// For input that cannot be read or does not fit together.
pub fn run_pieces(plan: &Plan, sets: &[Box<dyn FeatureSet>], pieces: &[Piece]) -> anyhow::Result<Vec<Analysis>> {
    let wants = |piece: &Piece| pieces.contains(piece);
    let measured = with_progress(sets, plan, &wants, |read| analyse_pieces(sets, plan, pieces, read))?;
    inputs::say(sets, true);
    style::say_all(&left_out(sets, plan)?);
    Ok(measured)
}

/// Shows how many rows have been read while the pieces that are wanted are measured.
fn with_progress<T>(
    sets: &[Box<dyn FeatureSet>],
    plan: &Plan,
    wants: &dyn Fn(&Piece) -> bool,
    measure: impl FnOnce(&(dyn Fn(u64) + Sync)) -> Result<T>,
) -> Result<T> {
    let bar = style::progress(rows_of_pieces(sets, plan, wants)?, "rows");
    let measured = measure(&|rows| bar.inc(rows));
    bar.finish_and_clear();
    measured
}

/// The plan that a command line means, of the metrics that `select` makes of its words.
///
/// # Errors
/// For metrics and conventions that are not known.
pub fn plan(
    what: &What,
    select: fn(&[String]) -> Result<Vec<&'static Metric>>,
    beside: ExtraOutputs,
) -> anyhow::Result<Plan> {
    Ok(planned(what, select, beside)?.0)
}

/// The same, with what following a library changed.
fn planned(
    what: &What,
    select: fn(&[String]) -> Result<Vec<&'static Metric>>,
    beside: ExtraOutputs,
) -> anyhow::Result<(Plan, Vec<String>)> {
    let mut conventions = Conventions::default();
    for choice in &what.convention {
        conventions.choose(choice)?;
    }
    if let Some(k) = what.k {
        conventions.set_mixtureness_k(k);
    }
    let metrics = select(&what.metrics)?;
    let said = match &what.like {
        Some(library) => followed_library::describe(library, &conventions.follow(library, &metrics)?),
        None => Vec::new(),
    };
    let plan = Plan {
        metrics,
        named: what.metrics.clone(),
        conventions,
        pre: what.pre.clone(),
        eval: what.eval.clone(),
        together: what.together(),
        suites: what.suites.clone(),
        seed: what.seed,
        rows: what.rows,
        fit_sd: what.fit_sd,
        tables: beside.tables,
        convergence: beside.convergence,
        command: style::command_line(),
    };
    plan.check()?;
    Ok((plan, said))
}

/// Checks that an output path means a folder: one that is there, or a name without a table's ending.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir() || format_of(path).is_none()
}

pub fn format_of(path: &Path) -> Option<TableFormat> {
    match path.extension()?.to_str()? {
        "json" => Some(TableFormat::Json),
        "csv" => Some(TableFormat::Csv),
        "md" => Some(TableFormat::Markdown),
        "txt" => Some(TableFormat::Text),
        "tex" => Some(TableFormat::Latex),
        _ => None,
    }
}
