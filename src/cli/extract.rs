//! `featscope extract`: features of every asked-for layer, in one pass over the images.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;

use super::{interrupt, style};
use crate::checkpoint::arch::Pooling;
use crate::checkpoint::{Checkpoint, Loading, Options, detect};
use crate::error::Error;
use crate::extract::device::{self, Choice};
use crate::extract::model::Model;
use crate::extract::pipeline::{self, OnBadImage, Plan};
use crate::images;
use crate::images::transform::Preprocess;

/// Skipped images named one by one; the others are counted.
const NAMED: usize = 5;

/// Arguments of `featscope extract`.
#[derive(clap::Args)]
#[command(
    after_help = "Layers: stage1, stage2, … (average pooled) or block1, block2, …, backbone, projector.0, projector.1, … (each step), projector, \
predictor.0, …, predictor, prototypes, logits. `featscope inspect CKPT` lists those of a checkpoint.

Example:
  featscope extract --model sl-mlp.safetensors --data vehicles-test.parquet --layers all --out features"
)]
pub struct Args {
    /// Checkpoint: safetensors, or a file of torch.save
    #[arg(long, value_name = "CKPT")]
    model: PathBuf,
    /// Data set: CIFAR batches, IDX, a folder per class, Parquet, WebDataset shards (a .tar, a folder, train-{000..146}.tar),
    /// a CSV table of paths and labels, COCO annotations (ANN.json or ANN.json@IMAGES); may be prefixed FORMAT: with cifar10,
    /// cifar100, idx, folder, parquet, webdataset, csv or coco
    #[arg(long, value_name = "PATH")]
    data: String,
    /// Folder to write to; the store is DIR/MODEL/DATASET-SPLIT
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Architecture: auto, resnet50, resnet18-cifar, wide_resnet50_2, vit_base_patch16_224, small-cnn, …
    #[arg(long, default_value = "auto")]
    arch: String,
    /// Projector: auto, none, or the name in the file that it lies below
    #[arg(long, default_value = "auto", value_name = "NAME")]
    projector: String,
    /// Side of a two-branch method: auto, query, key, teacher, student, online, target, …, or a prefix of names
    #[arg(long, default_value = "auto", value_name = "NAME")]
    branch: String,
    /// How a transformer's tokens become one row: auto, class, mean (of the patches) or both
    #[arg(long, default_value = "auto", value_parser = ["auto", "class", "mean", "both"])]
    pooling: String,
    /// Load a backbone that is not whole all the same
    #[arg(long)]
    allow_partial: bool,
    /// Layers to keep, or all [default: backbone, and projector where there is one]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    layers: Option<Vec<String>>,
    /// Split of the data set, where it has several
    #[arg(long)]
    split: Option<String>,
    /// Keep these classes only, by name or index
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    classes: Option<Vec<String>>,
    /// Name of the model in the store [default: the checkpoint's file name]
    #[arg(long, value_name = "MODEL")]
    name: Option<String>,
    /// Name of the data set in the store [default: from its path]
    #[arg(long, value_name = "DATASET")]
    dataset_name: Option<String>,
    /// Preparation of the images: auto, imagenet, imagenet-bicubic (DINO, MAE), inception (timm's ViTs), cifar, or JSON as in
    /// a store's manifest
    #[arg(long, default_value = "auto", value_name = "HOW")]
    preprocess: String,
    /// Where to compute: auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: Choice,
    /// Images in a forward pass: auto or a number; the same number gives the same bytes
    #[arg(long, default_value = "auto", value_name = "N")]
    batch_size: String,
    /// CPU threads [default: one per core]
    #[arg(long)]
    threads: Option<usize>,
    /// What to do with an image that cannot be decoded
    #[arg(long, default_value = "error", value_parser = ["error", "skip"])]
    on_bad_image: String,
    /// Take up an extraction that was interrupted
    #[arg(long)]
    resume: bool,
}

/// Extracts, telling what was loaded and how it goes; the store's path is the result.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let device = args.device.open()?;
    let threads = device::set_threads(args.threads);
    let checkpoint = Checkpoint::open(&args.model)?;
    let options = Options {
        arch: args.arch.clone(),
        projector: args.projector.clone(),
        branch: args.branch.clone(),
        pooling: match args.pooling.as_str() {
            "class" => Some(Pooling::Class),
            "mean" => Some(Pooling::Mean),
            "both" => Some(Pooling::Both),
            _ => None,
        },
        allow_partial: args.allow_partial,
    };
    let loading = detect(&checkpoint, &options)?;
    let images = images::open(&args.data, args.split.as_deref(), args.classes.as_deref())?;
    let plan = args.plan(&loading, &images, |preprocess| {
        pipeline::batch_size_for(preprocess, device)
    })?;
    let model = Model::load(&checkpoint, &loading, device)?;
    for line in loading.audit.lines() {
        style::say(&line);
    }
    let layers: Vec<_> = plan
        .layers
        .iter()
        .map(|(name, width)| format!("{name} {width}"))
        .collect();
    style::say(&format!("{:<10} {}", "layers", layers.join(", ")));
    style::say(&format!(
        "{:<10} {} images of {}; {}, {threads} threads, batches of {}",
        "images",
        images.len(),
        plan.dataset,
        device::describe(device),
        plan.batch_size
    ));

    let dir = store_path(&args.out, &plan, images.split());
    let bar = style::progress(images.len() as u64, "extracting");
    let stop = interrupt::flag("stopping after this batch; run again with --resume to go on");
    let outcome = pipeline::extract(&model, &loading, &images, &plan, &dir, &stop, &mut |done| {
        bar.set_position(done as u64)
    });
    bar.finish_and_clear();
    let outcome = outcome?;
    if !outcome.skipped.is_empty() {
        style::say(&format!("{} images were left out:", outcome.skipped.len()));
        outcome
            .skipped
            .iter()
            .take(NAMED)
            .for_each(|why| style::say(&format!("  {why}")));
    }
    style::print(&format!("{}\n", dir.display()))?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn plan(
        &self,
        loading: &Loading,
        images: &images::ImageSet,
        auto: impl Fn(&Preprocess) -> usize,
    ) -> anyhow::Result<Plan> {
        let preprocess = self.preprocess(loading)?;
        let batch_size = match self.batch_size.as_str() {
            "auto" => auto(&preprocess),
            number => match number.parse() {
                Ok(n) if (1..=65_536).contains(&n) => n,
                _ => bail!("--batch-size {number}: expected auto or a number from 1 to 65536"),
            },
        };
        let stem = || self.model.file_stem().map(|s| s.to_string_lossy().into_owned());
        let model = self.name.clone().or_else(stem).unwrap_or_else(|| "model".to_owned());
        let dataset = self.dataset_name.clone().unwrap_or_else(|| images.name().to_owned());
        for (option, name) in [("--name", &model), ("--dataset-name", &dataset)] {
            if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
                bail!("{option} {name:?}: expected a name that can be a folder's");
            }
        }
        Ok(Plan {
            model,
            dataset,
            layers: pipeline::choose_layers(loading, self.layers.as_deref())?,
            preprocess,
            batch_size,
            on_bad_image: if self.on_bad_image == "skip" {
                OnBadImage::Skip
            } else {
                OnBadImage::Error
            },
            resume: self.resume,
        })
    }

    fn preprocess(&self, loading: &Loading) -> anyhow::Result<Preprocess> {
        Ok(match self.preprocess.as_str() {
            "auto" => pipeline::preprocess_for(loading)?,
            "imagenet" => Preprocess::imagenet(),
            "imagenet-bicubic" => Preprocess::imagenet_bicubic(),
            "inception" => Preprocess::inception(224),
            "cifar" => pipeline::cifar(),
            json if json.trim_start().starts_with('{') => {
                let preprocess: Preprocess = serde_json::from_str(json)
                    .map_err(|e| Error::input(format!("--preprocess: {e}; the manifest of a store shows the form")))?;
                preprocess.check()?;
                preprocess
            }
            other => bail!(
                "--preprocess {other:?} is not known; expected auto, imagenet, imagenet-bicubic, inception, cifar or JSON"
            ),
        })
    }
}

fn store_path(out: &Path, plan: &Plan, split: &str) -> PathBuf {
    let data = if split.is_empty() {
        plan.dataset.clone()
    } else {
        format!("{}-{split}", plan.dataset)
    };
    out.join(&plan.model).join(data)
}
