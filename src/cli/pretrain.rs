//! `featscope pretrain`: trains a small encoder.

mod teller;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use super::{interrupt, style};
use crate::checkpoint::arch::{Arch, SmallCnn};
use crate::error::Error;
use crate::extract::device::{self, Choice};
use crate::images;
use crate::pretrain::data::Pixels;
use crate::pretrain::evaluate::Accuracy;
use crate::pretrain::{self, Config, METHODS, Run, save};
use teller::Teller;

/// Arguments of `featscope pretrain`.
#[derive(clap::Args)]
#[command(after_help = after_help())]
pub struct Args {
    /// How to train: sl, sl-mlp or simclr
    #[arg(long)]
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
    /// Train on the first so many images of each class alone (unlabelled ones count as a class); the checkpoint says so
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Split to measure held-out accuracy on; same data set, same classes
    #[arg(long, value_name = "SPLIT")]
    eval_split: Option<String>,
    /// Checkpoint to write; the state to continue from lies beside it until the run is done
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
    /// Encoder: small-cnn, resnet18-cifar, resnet18, resnet50, …
    #[arg(long, default_value = "small-cnn")]
    arch: String,
    /// Channels of a small-cnn: stem, then each stage
    #[arg(long, value_name = "STEM,W1,W2,…", value_delimiter = ',')]
    widths: Option<Vec<usize>>,
    /// Projector widths: hidden and output [default: twice the backbone's width, and that width]
    #[arg(long, value_name = "HIDDEN,OUT", value_delimiter = ',', num_args = 1)]
    projector: Option<Vec<usize>>,
    /// Passes over the images
    #[arg(long, default_value_t = 15)]
    epochs: u64,
    /// Images in a batch
    #[arg(long, default_value_t = 128)]
    batch_size: usize,
    /// Highest learning rate; it rises to it during warm-up, then falls to zero as half a cosine
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
    /// Temperature of SimCLR's loss
    #[arg(long, default_value_t = 0.5)]
    temperature: f64,
    /// Bring images to this side in pixels [default: the images' own size]
    #[arg(long, value_name = "PIXELS")]
    image_size: Option<usize>,
    /// Seed of first weights, order of images and augmentations
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to compute: auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    device: Choice,
    /// CPU threads [default: one per core]; the same number gives the same weights
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Continue the run that --out belongs to; starts one where there is none
    #[arg(long)]
    resume: bool,
    /// Write a checkpoint every so many epochs
    #[arg(long, value_name = "EPOCHS", default_value_t = 5)]
    checkpoint_every: u64,
    /// Keep the checkpoint of every so many epochs too, as FILE-epoch-N.safetensors: an experiment draws their course
    #[arg(long, value_name = "EPOCHS", value_parser = clap::value_parser!(u64).range(1..))]
    keep_every: Option<u64>,
}

/// The methods, as the catalogue tells them, and an example.
fn after_help() -> String {
    let methods: String = METHODS.iter().map(|m| format!("  {:8}{}\n", m.id, m.about)).collect();
    format!(
        "Methods:\n{methods}\n\
         The same seed starts every method from the same encoder and shows it the same images in the same order.\n\n\
         Example:\n  featscope pretrain --method sl-mlp --data cifar-10-batches-bin --classes bird,cat,dog \\\n    \
         --eval-split test --epochs 12 --out sl-mlp.safetensors"
    )
}

/// Trains, telling how it goes.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let device = args.device.open()?;
    let threads = device::set_threads(args.threads);
    let arch = args.arch()?;
    let entry = pretrain::method(&args.method)?;
    let projector = match args.projector.as_deref() {
        None => [2 * arch.width(), arch.width()],
        Some(&[hidden, outputs]) => [hidden, outputs],
        Some(_) => bail!("--projector: expected two widths, HIDDEN,OUT"),
    };
    let mut config = Config {
        method: args.method.clone(),
        arch,
        projector,
        epochs: args.epochs,
        batch_size: args.batch_size,
        lr: args.lr,
        warmup_epochs: args.warmup_epochs,
        momentum: args.momentum,
        weight_decay: args.weight_decay,
        temperature: args.temperature,
        // Any valid size, until the images tell theirs.
        image_size: args.image_size.unwrap_or(32),
        seed: args.seed,
        limit: args.limit,
    };
    config.check()?;
    save::prepare_target(&args.out, args.resume)?;

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
    let run = Run {
        config: &config,
        train: &train,
        held_out: held_out.as_ref().map(|(split, pixels)| (*split, pixels)),
        out: &args.out,
        device,
        checkpoint_every: args.checkpoint_every,
        keep_every: args.keep_every,
        resume: args.resume,
        stop: &stop,
    };
    let mut teller = Teller::new(&config);
    let outcome = pretrain::train(&run, &mut |event| teller.tell(event));
    teller.end();
    let outcome = match outcome {
        Err(Error::Interrupted) => bail!("interrupted; {} is whole, --resume continues", args.out.display()),
        outcome => outcome?,
    };
    let mut text = format!(
        "{}: {}, {} parameters\n",
        args.out.display(),
        entry.name,
        outcome.parameters
    );
    if let Some(accuracy) = &outcome.held_out {
        writeln!(text, "held-out accuracy: {}", describe(accuracy))?;
    }
    style::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
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

fn describe(accuracy: &Accuracy) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let classifier = accuracy
        .classifier
        .map(|share| format!("classifier {}, ", percent(share)))
        .unwrap_or_default();
    let nearest = percent(accuracy.nearest_class_mean);
    format!("{classifier}nearest class mean {nearest} ({} images)", accuracy.images)
}
