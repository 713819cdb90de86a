//! The options of `featscope extract`.

use std::path::PathBuf;

use crate::extract::device::DeviceChoice;
use crate::extract::precision::Precision;

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
    pub(super) out: PathBuf,
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
    pub(super) layers: Option<Vec<String>>,
    /// Split of the data set, where it has several. Of several data sets: once for all, or once for each in their order, "" for
    /// none; so too --classes and --dataset-name
    #[arg(long)]
    pub(super) split: Vec<String>,
    /// Keep these classes only, by name or index
    #[arg(long, value_name = "A,B,…")]
    pub(super) classes: Vec<String>,
    /// Name of the model in the store [default: the checkpoint's file name]
    #[arg(long, value_name = "MODEL")]
    pub(super) name: Option<String>,
    /// Which run of the model this is, e.g. its seed, where there are several
    #[arg(long)]
    pub(super) run: Option<String>,
    /// The training step of the checkpoint, where there are several
    #[arg(long)]
    pub(super) step: Option<u64>,
    /// Name of the data set in the store [default: from its path]
    #[arg(long, value_name = "DATASET")]
    pub(super) dataset_name: Vec<String>,
    /// Preparation of the images: auto, imagenet, imagenet-bicubic (DINO, MAE), inception (timm's ViTs), cifar, or JSON as in
    /// a store's manifest
    #[arg(long, default_value = "auto", value_name = "HOW")]
    pub(super) preprocess: String,
    /// Where to compute: auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value = "auto")]
    pub(super) device: DeviceChoice,
    /// Numbers to compute in: f32, bf16 or f16. Weights, running statistics and activations are cast, features are
    /// stored as f32; the deviation from f32 is measured on the first batch, printed and stored
    #[arg(long, default_value = "f32")]
    pub(super) precision: Precision,
    /// Images in a forward pass: auto or a number; the same number gives the same bytes
    #[arg(long, default_value = "auto", value_name = "N")]
    pub(super) batch_size: String,
    /// CPU threads [default: one per core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
    /// What to do with an image that cannot be decoded
    #[arg(long, default_value = "error", value_parser = ["error", "skip"])]
    pub(super) on_bad_image: String,
    /// Rows of each image: V random views (SimCLR's crop, flip, colours, grey, blur) instead of the fixed one, with ids
    /// ID#view1, ID#view2, …
    #[arg(long, value_name = "V", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) views: Option<u16>,
    /// Seed of the views; a view depends on it, the image's id and its number alone
    #[arg(long, default_value_t = 0, requires = "views")]
    pub(super) seed: u64,
    /// Only part I of N, as in 1/4: whole batches, so give every part the same --batch-size
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<String>,
    /// Take up an extraction that was interrupted
    #[arg(long)]
    pub(super) resume: bool,
    /// Extract again and replace a finished store that is there, however it was made
    #[arg(long)]
    pub(super) force: bool,
}
