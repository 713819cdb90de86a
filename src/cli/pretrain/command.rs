//! The command line of `featscope pretrain`, and the models it trains one after another.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use super::teller::{Teller, describe};
use crate::checkpoint::arch::{Arch, SmallCnn};
use crate::cli::{interrupt, style};
use crate::error::Error;
use crate::extract::device::{self, DeviceChoice};
use crate::images;
use crate::images::small_views::ViewStrength;
use crate::pretrain::pixels::Pixels;
use crate::pretrain::projector::Projector;
use crate::pretrain::{self, METHODS, MethodEntry, TrainingConfig, TrainingRun, checkpoint_files};

/// Stands for the seed in the name of a checkpoint, as in an experiment file.
const SEED: &str = "{seed}";

/// Arguments of `featscope pretrain`.
#[derive(clap::Args)]
#[command(after_help = after_help())]
pub struct Args {
    #[arg(long, help = format!("How to train: {}", METHODS.map(|m| m.id).join(", ")))]
    method: String,
    /// Data set: CIFAR batches, IDX, a folder per class, Parquet; may be prefixed FORMAT:
    #[arg(long, value_name = "PATH")]
    data: String,
    /// Split to train on, where the data set has several
    #[arg(long)]
    split: Option<String>,
    /// Keep these classes only, by name or index
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    classes: Option<Vec<String>>,
    /// Train on the first N images of each class alone (unlabelled ones count as a class); the checkpoint says so
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Split to measure held-out accuracy on; same data set, same classes
    #[arg(long, value_name = "SPLIT")]
    eval_split: Option<String>,
    /// Checkpoint to write, {seed} standing for the seed; the state to continue from lies beside it until the run is done
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
    /// Encoder: small-cnn, resnet18-cifar, resnet18, resnet50, …
    #[arg(long, default_value = "small-cnn")]
    arch: String,
    /// Channels of a small-cnn: stem, then each stage
    #[arg(long, value_name = "STEM,W1,W2,…", value_delimiter = ',')]
    widths: Option<Vec<usize>>,
    /// Layers between encoder and loss: none, or fc, bn and relu joined by hyphens, then the width of each fc
    /// (fc-bn-relu-fc:256,128); or widths alone for the method's own layers [default: these, twice as wide as the encoder
    /// inside and as wide at the end]
    #[arg(long, value_name = "LAYERS[:WIDTHS]")]
    projector: Option<String>,
    /// How views are made: weak (crop of the padded image, flip) or strong (SimCLR's crops, colours and grey) [default: weak
    /// for supervised methods, strong for the others]
    #[arg(long, value_enum)]
    augment: Option<AugmentChoice>,
    /// Passes over the images
    #[arg(long, default_value_t = 15)]
    epochs: u64,
    /// Images in a batch
    #[arg(long, default_value_t = 128)]
    batch_size: usize,
    /// Highest learning rate, which the rate rises to during warm-up before it falls to zero as half a cosine
    #[arg(long, default_value_t = 0.1)]
    lr: f64,
    /// Epochs of warm-up
    #[arg(long, default_value_t = 1.0)]
    warmup_epochs: f64,
    /// Momentum of SGD
    #[arg(long, default_value_t = 0.9)]
    momentum: f64,
    /// L2 penalty on kernels and matrices
    #[arg(long, default_value_t = 5e-4)]
    weight_decay: f64,
    /// Temperature of a contrastive loss [default: 0.5 for simclr, 0.2 for moco-v2]
    #[arg(long)]
    temperature: Option<f64>,
    /// Share of itself that the second encoder of byol and moco-v2 keeps at each step; byol's rises from it to 1 [default: 0.99]
    #[arg(long)]
    ema: Option<f64>,
    /// Past keys that moco-v2 compares with [default: 4096]
    #[arg(long, value_name = "N")]
    queue: Option<usize>,
    /// Bring images to this side in pixels [default: the images' own size]
    #[arg(long, value_name = "PIXELS")]
    image_size: Option<usize>,
    /// Seed of first weights, order of images and augmentations; several make a model each, one after another
    #[arg(long, value_name = "N[,N…]", value_delimiter = ',', default_value = "0")]
    seed: Vec<u64>,
    /// Where to compute: auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// CPU threads [default: one per core]; the same number gives the same weights
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Continue the run that --out belongs to; starts one where there is none
    #[arg(long)]
    resume: bool,
    /// Epochs from one checkpoint to the next
    #[arg(long, value_name = "EPOCHS", default_value_t = 5)]
    checkpoint_every: u64,
    /// Keep a checkpoint at each multiple of so many epochs, as FILE-epoch-N.safetensors: an experiment draws their course
    #[arg(long, value_name = "EPOCHS", value_parser = clap::value_parser!(u64).range(1..))]
    keep_every: Option<u64>,
}

/// How views are made, as users write it.
#[derive(Clone, Copy, clap::ValueEnum)]
enum AugmentChoice {
    Weak,
    Strong,
}

impl From<AugmentChoice> for ViewStrength {
    fn from(augment: AugmentChoice) -> Self {
        match augment {
            AugmentChoice::Weak => Self::Weak,
            AugmentChoice::Strong => Self::Strong,
        }
    }
}

/// The methods, as the catalogue tells them, and an example.
fn after_help() -> String {
    let methods: String = METHODS.iter().map(|m| format!("  {:8}{}\n", m.id, m.about)).collect();
    format!(
        "Methods:\n{methods}\n\
         The same seed starts every method from the same encoder and shows it the same images in the same order.\n\n\
         Examples:\n  featscope pretrain --method sl-mlp --data cifar-10-batches-bin --classes bird,cat,dog \\\n    \
         --eval-split test --epochs 12 --out sl-mlp.safetensors\n  \
         featscope pretrain --method byol --data photos --image-size 32 --seed 0,1,2 --resume --out 'byol-{{seed}}.safetensors'"
    )
}

/// Trains, telling how it goes.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let device = args.device.open()?;
    let threads = device::set_threads(args.threads);
    let entry = pretrain::method(&args.method)?;
    let mut config = args.config(entry)?;
    let outs = args.outs()?;
    for out in &outs {
        checkpoint_files::prepare_target(out, args.resume)?;
    }

    let open = |split: Option<&str>| images::open(&args.data, split, args.classes.as_deref());
    let whole = open(args.split.as_deref())?;
    let images = whole.len();
    let train = Pixels::read(
        &match args.limit {
            Some(limit) => whole.first_of_each(limit),
            None => whole,
        },
        args.image_size,
    )?;
    config.image_size = train.side();
    let held_out = match &args.eval_split {
        Some(split) => Some((split.as_str(), Pixels::read(&open(Some(split))?, Some(train.side()))?)),
        None => None,
    };
    style::say_headed(
        entry.name,
        &format!(
            "on {} images{} (classes: {}; {} px) on {} (threads: {threads})",
            train.len(),
            args.limit
                .map_or_else(String::new, |limit| format!(" of {images}, --limit {limit}")),
            train.classes().len(),
            train.side(),
            device::describe(device),
        ),
    );
    let stop = interrupt::flag("stopping after this step; run again with --resume to continue");
    for (&seed, out) in args.seed.iter().zip(&outs) {
        config.seed = seed;
        if outs.len() > 1 {
            style::say(&format!("seed {seed}: {}", out.display()));
        }
        let run = TrainingRun {
            config: &config,
            train: &train,
            held_out: held_out.as_ref().map(|(split, pixels)| (*split, pixels)),
            out,
            device,
            checkpoint_every: args.checkpoint_every,
            keep_every: args.keep_every,
            resume: args.resume,
            stop: &stop,
        };
        train_one(&run, entry)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Trains one model, and says what came out.
fn train_one(run: &TrainingRun, entry: &MethodEntry) -> anyhow::Result<()> {
    let mut teller = Teller::new(run.config.batch_size as u64, run.config.epochs);
    let outcome = pretrain::train(run, &mut |event| teller.tell(event));
    let collapsed = teller.end();
    let outcome = match outcome {
        Err(Error::Interrupted) => bail!("interrupted; {} is whole, --resume continues", run.out.display()),
        outcome => outcome?,
    };
    let mut text = format!(
        "{}: {}, {} parameters\n",
        run.out.display(),
        entry.name,
        outcome.parameters
    );
    if let Some(accuracy) = &outcome.held_out {
        writeln!(text, "held-out accuracy: {}", describe(accuracy))?;
    }
    if let Some(spread) = collapsed {
        writeln!(
            text,
            "collapsed: all outputs point one way (spread {spread:.2} of 1); its features say little, try a lower --lr"
        )?;
    }
    style::print(&text)
}

impl Args {
    /// What decides the weights, as far as it is known before the images are read.
    fn config(&self, entry: &MethodEntry) -> anyhow::Result<TrainingConfig> {
        let arch = self.arch()?;
        let asked = self.projector.as_deref().unwrap_or(entry.projector);
        let projector = Projector::parse(asked, arch.width(), entry.projector)?;
        if projector.is_none() && asked.starts_with(|c: char| c.is_ascii_digit()) {
            style::say(&format!(
                "{} has no projector of its own, so --projector {asked} sets nothing; fc-bn-relu-fc:{asked} gives it one",
                entry.name
            ));
        }
        if self.temperature.is_some() && entry.temperature.is_none() {
            bail!("--temperature has no meaning for {}; leave it out", entry.name);
        }
        let config = TrainingConfig {
            method: self.method.clone(),
            arch,
            projector,
            augment: self
                .augment
                .map(ViewStrength::from)
                .filter(|asked| *asked != entry.augment),
            ema: self.ema.or(entry.ema),
            queue: self.queue.or(entry.queue),
            epochs: self.epochs,
            batch_size: self.batch_size,
            lr: self.lr,
            warmup_epochs: self.warmup_epochs,
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            temperature: self.temperature.or(entry.temperature).unwrap_or(0.5),
            // Any valid size, until the images tell theirs.
            image_size: self.image_size.unwrap_or(32),
            seed: 0,
            limit: self.limit,
        };
        config.check()?;
        Ok(config)
    }

    /// The checkpoint of each seed.
    fn outs(&self) -> anyhow::Result<Vec<PathBuf>> {
        let text = self.out.to_string_lossy();
        let mut seen = std::collections::BTreeSet::new();
        if let Some(twice) = self.seed.iter().find(|seed| !seen.insert(**seed)) {
            bail!("--seed names {twice} twice");
        }
        if self.seed.len() > 1 && !text.contains(SEED) {
            bail!(
                "--seed names {} seeds; put {SEED} into --out, so that each has a file of its own",
                self.seed.len()
            );
        }
        let out = |seed: &u64| match text.contains(SEED) {
            true => PathBuf::from(text.replace(SEED, &seed.to_string())),
            false => self.out.clone(),
        };
        Ok(self.seed.iter().map(out).collect())
    }

    fn arch(&self) -> anyhow::Result<Arch> {
        let arch = Arch::parse(&self.arch)?;
        match (self.widths.as_deref(), &arch) {
            (_, Arch::Vit(_)) => bail!(
                "--arch {}: transformers are not trained here; name a ResNet or small-cnn",
                self.arch
            ),
            (None, _) => Ok(arch),
            (Some([stem, stages @ ..]), Arch::SmallCnn(_)) if !stages.is_empty() => Ok(Arch::SmallCnn(SmallCnn {
                stem: *stem,
                stages: stages.to_vec(),
            })),
            (Some(_), Arch::SmallCnn(_)) => bail!("--widths: expected the stem's width and at least one stage's"),
            (Some(_), _) => bail!("--widths is for --arch small-cnn; {} has its own", self.arch),
        }
    }
}
