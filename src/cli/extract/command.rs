//! The arguments of `featscope extract`, and what it does with them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use anyhow::bail;

use super::sources::Source;
use super::teller::{Teller, say_plan};
use crate::cli::{interrupt, style};
use crate::extract::device::{self, DeviceChoice};
use crate::extract::network::{self, Network};
use crate::extract::pipeline::{self, ExtractPlan, OnBadImage, Views};
use crate::extract::precision::Precision;
use crate::images::ImageSet;
use crate::images::augment::Augment;
use crate::images::transform::Preprocess;
use crate::store::StoreShard;

/// Arguments of `featscope extract`.
#[derive(clap::Args)]
#[command(
    after_help = "Layers: stage1, stage2, … (average pooled) or block1, block2, …, backbone, pooler (what a \
transformer pools itself), projector.0, projector.1, … (each step), projector, predictor.0, …, predictor, prototypes, \
logits. `featscope inspect CKPT` lists those of a checkpoint.

TorchScript: libtorch runs the code it brings, with --trust-code alone. A tensor it returns is layer backbone; members of \
a tuple or list are output.0, output.1, …; those of a dictionary have their keys for names. Maps are averaged over space; \
of tokens the first is taken.

Example:
  featscope extract --model sl-mlp.safetensors --data vehicles-test.parquet --layers all --out features"
)]
pub struct Args {
    /// Checkpoint: safetensors, a file of torch.save, TorchScript, or a folder of one (Hugging Face's, with its config.json)
    #[arg(long, value_name = "CKPT")]
    pub(super) model: PathBuf,
    /// Data set: CIFAR batches, IDX, a folder per class, Parquet, WebDataset shards (a .tar, a folder, train-{000..146}.tar),
    /// a CSV table of paths and labels, COCO annotations (ANN.json or ANN.json@IMAGES); may be prefixed FORMAT: with cifar10,
    /// cifar100, idx, folder, parquet, webdataset, csv or coco. May be given several times: the model is loaded once
    #[arg(long, required = true, value_name = "PATH")]
    pub(super) data: Vec<String>,
    /// Folder to write to; the store is DIR/MODEL/DATASET-SPLIT (of a shard: DATASET-SPLIT.shard-I-of-N; with --run and --step:
    /// DIR/MODEL/run-RUN/step-N/DATASET-SPLIT)
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Architecture: auto, resnet50, resnet18-cifar, wide_resnet50_2, vit_base_patch16_224, small-cnn, …
    #[arg(long, default_value = "auto")]
    pub(super) arch: String,
    /// Projector: auto, none, or the name in the file that it lies below
    #[arg(long, default_value = "auto", value_name = "NAME")]
    pub(super) projector: String,
    /// Side of a two-branch method: auto, query, key, teacher, student, online, target, …, or a prefix of names
    #[arg(long, default_value = "auto", value_name = "NAME")]
    pub(super) branch: String,
    /// How a transformer's tokens become one row: auto, class, mean (of the patches) or both
    #[arg(long, default_value = "auto", value_parser = ["auto", "class", "mean", "both"])]
    pub(super) pooling: String,
    /// Load a backbone that is not whole all the same
    #[arg(long)]
    pub(super) allow_partial: bool,
    /// Run the code that a TorchScript file brings: only where you trust its origin
    #[arg(long)]
    pub(super) trust_code: bool,
    /// Load a pickle that would run code where it is loaded all the same; nothing of it runs here
    #[arg(long)]
    pub(super) allow_unknown_calls: bool,
    /// Layers to keep, or all [default: backbone, and projector where there is one]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    layers: Option<Vec<String>>,
    /// Split of the data set, where it has several. Of several data sets: once for all, or once for each in their order, "" for
    /// none; so too --classes and --dataset-name
    #[arg(long)]
    pub(super) split: Vec<String>,
    /// Keep these classes only, by name or index
    #[arg(long, value_name = "A,B,…")]
    pub(super) classes: Vec<String>,
    /// Name of the model in the store [default: the checkpoint's file name]
    #[arg(long, value_name = "MODEL")]
    name: Option<String>,
    /// Which run of the model this is, e.g. its seed, where there are several
    #[arg(long)]
    run: Option<String>,
    /// The training step of the checkpoint, where there are several
    #[arg(long)]
    step: Option<u64>,
    /// Name of the data set in the store [default: from its path]
    #[arg(long, value_name = "DATASET")]
    pub(super) dataset_name: Vec<String>,
    /// Preparation of the images: auto, imagenet, imagenet-bicubic (DINO, MAE), inception (timm's ViTs), cifar, or JSON as in
    /// a store's manifest
    #[arg(long, default_value = "auto", value_name = "HOW")]
    pub(super) preprocess: String,
    /// Where to compute: auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Numbers to compute in: f32, bf16 or f16. Weights, running statistics and activations are cast, features are
    /// stored as f32; the deviation from f32 is measured on the first batch, printed and stored
    #[arg(long, default_value = "f32")]
    precision: Precision,
    /// Images in a forward pass: auto or a number; the same number gives the same bytes
    #[arg(long, default_value = "auto", value_name = "N")]
    batch_size: String,
    /// CPU threads [default: one per core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// What to do with an image that cannot be decoded
    #[arg(long, default_value = "error", value_parser = ["error", "skip"])]
    on_bad_image: String,
    /// Rows of each image: V random views (SimCLR's crop, flip, colours, grey, blur) instead of the fixed one, with ids
    /// ID#view1, ID#view2, …
    #[arg(long, value_name = "V", value_parser = clap::value_parser!(u16).range(1..=1000))]
    views: Option<u16>,
    /// Seed of the views; a view depends on it, the image's id and its number alone
    #[arg(long, default_value_t = 0, requires = "views")]
    seed: u64,
    /// Only part I of N, as in 1/4: whole batches, so give every part the same --batch-size
    #[arg(long, value_name = "I/N")]
    shard: Option<String>,
    /// Take up an extraction that was interrupted
    #[arg(long)]
    resume: bool,
    /// Extract again and replace a finished store that is there, however it was made
    #[arg(long)]
    force: bool,
}

/// Extracts, telling what was loaded and how it goes; the stores' paths are the result.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let device = args.device.open()?;
    device::set_threads(args.threads);
    let sources = args.sources()?;
    let open = || sources.iter().map(Source::open).collect::<anyhow::Result<Vec<_>>>();
    // Code of a file is run when all else is known to be right.
    let (sets, mut loaded) = match args.script()? {
        Some(trusted) => (open()?, args.scripted(trusted, device)?),
        None => {
            let network = args.network(device)?;
            (open()?, network)
        }
    };
    let plans = sources.iter().zip(&sets);
    let plans: Vec<ExtractPlan> = plans
        .map(|(source, images)| args.plan(&*loaded.0, loaded.1.preprocess.clone(), source, images))
        .collect::<anyhow::Result<_>>()?;
    style::say_all(&loaded.0.lines());
    let stop = interrupt::flag("stopping after this batch; run again with --resume to go on");
    for (i, (images, plan)) in sets.iter().zip(&plans).enumerate() {
        // Weights that were cast for the data set before are not those of the file.
        if i > 0 && args.precision != Precision::F32 {
            loaded = match args.script()? {
                Some(trusted) => args.scripted(trusted, device)?,
                None => args.network(device)?,
            };
        }
        extract(args, &mut *loaded.0, &loaded.1.from, images, plan, &stop)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Extracts the features of one data set.
fn extract(
    args: &Args,
    network: &mut dyn Network,
    from: &str,
    images: &ImageSet,
    plan: &ExtractPlan,
    stop: &AtomicBool,
) -> anyhow::Result<()> {
    let shard = pipeline::shard_of(plan, images.len())?;
    say_plan(plan, images, shard.as_ref(), network.device(), from);
    let dir = store_path(&args.out, plan, images.split(), shard.as_ref());
    let mut teller = Teller::new(plan);
    let outcome = pipeline::extract(network, images, plan, &dir, stop, &mut |event| teller.tell(event));
    teller.end();
    teller.say_done(&outcome?);
    style::print(&format!("{}\n", dir.display()))?;
    Ok(())
}

impl Args {
    fn plan(
        &self,
        network: &dyn Network,
        preprocess: Preprocess,
        source: &Source,
        images: &ImageSet,
    ) -> anyhow::Result<ExtractPlan> {
        let views = self.views.map(|count| Views {
            count: usize::from(count),
            seed: self.seed,
            augment: Augment::simclr(),
        });
        let batch_size = match self.batch_size.as_str() {
            "auto" => {
                let each = views.as_ref().map_or(1, |v| v.count);
                pipeline::batch_size_for(&preprocess, each, network.device())
            }
            number => match number.parse() {
                Ok(n) if (1..=65_536).contains(&n) => n,
                _ => bail!("--batch-size {number}: expected auto or a number from 1 to 65536"),
            },
        };
        let stem = || self.model.file_stem().map(|s| s.to_string_lossy().into_owned());
        let model = self.name.clone().or_else(stem).unwrap_or_else(|| "model".to_owned());
        let dataset = source.name.unwrap_or(images.name()).to_owned();
        let run = self.run.as_ref().map(|run| ("--run", run));
        for (option, name) in [("--name", &model), ("--dataset-name", &dataset)]
            .into_iter()
            .chain(run)
        {
            if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
                bail!("{option} {name:?}: expected a name that can be a folder's");
            }
        }
        Ok(ExtractPlan {
            model,
            run: self.run.clone(),
            step: self.step,
            dataset,
            layers: network::choose_layers(network, self.layers.as_deref())?,
            preprocess,
            views,
            precision: self.precision,
            shard: self.shard.as_deref().map(pipeline::parse_shard).transpose()?,
            batch_size,
            on_bad_image: if self.on_bad_image == "skip" {
                OnBadImage::Skip
            } else {
                OnBadImage::Error
            },
            resume: self.resume,
            force: self.force,
        })
    }
}

fn store_path(out: &Path, plan: &ExtractPlan, split: &str, shard: Option<&StoreShard>) -> PathBuf {
    let mut data = plan.dataset.clone();
    if !split.is_empty() {
        data.push_str(&format!("-{split}"));
    }
    if let Some(shard) = shard {
        data.push_str(&format!(".shard-{}-of-{}", shard.index, shard.count));
    }
    let mut folder = out.join(&plan.model);
    folder.extend(plan.run.as_ref().map(|run| format!("run-{run}")));
    folder.extend(plan.step.map(|step| format!("step-{step}")));
    folder.join(data)
}
