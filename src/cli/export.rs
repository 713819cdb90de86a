//! `featscope export`: a backbone without its heads, for other programs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use super::style;
use crate::checkpoint::export::{self, ExportContainer, ExportNaming};
use crate::checkpoint::{Checkpoint, LoadOptions, detect};

/// Arguments of `featscope export`.
#[derive(clap::Args)]
#[command(after_help = "What is printed is Python that loads the file with strict=True.

Example:
  featscope export --model moco.pth.tar --naming torchvision -o backbone.safetensors")]
pub struct Args {
    /// Checkpoint: safetensors (also the index of shards), or a file of torch.save
    #[arg(long, value_name = "CKPT")]
    model: PathBuf,
    /// Architecture: auto, resnet18, resnet50, vit_small_patch16_224, …
    #[arg(long, default_value = "auto")]
    arch: String,
    /// Projector: auto, none, or the name in the file that it lies below; it is left out
    #[arg(long, default_value = "auto", value_name = "NAME")]
    projector: String,
    /// Side of a two-branch method: auto, query, key, teacher, student, online, target, …, or a prefix of names
    #[arg(long, default_value = "auto", value_name = "NAME")]
    branch: String,
    /// Load a pickle that would run code where it is loaded all the same; nothing of it runs here
    #[arg(long)]
    allow_unknown_calls: bool,
    /// The library whose names the tensors get
    #[arg(long, value_enum)]
    naming: NamingName,
    /// Format of the file [default: by the ending of its name]
    #[arg(long, value_enum)]
    container: Option<ContainerName>,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum NamingName {
    Torchvision,
    Timm,
    Detectron2,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ContainerName {
    Safetensors,
    Pytorch,
}

/// Writes the backbone, and prints how to load it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let container = args.container()?;
    let shown = args.output.display();
    if args.output.is_dir() {
        bail!("{shown}: a folder; expected the name of a file to write");
    }
    if args.output.exists() && !args.force {
        bail!("{shown}: is there already; pass --force to write over it");
    }
    let checkpoint = Checkpoint::open(&args.model)?;
    let options = LoadOptions {
        arch: args.arch.clone(),
        projector: args.projector.clone(),
        branch: args.branch.clone(),
        allow_unknown_calls: args.allow_unknown_calls,
        ..LoadOptions::default()
    };
    let loading = detect(&checkpoint, &options)?;
    let naming = match args.naming {
        NamingName::Torchvision => ExportNaming::Torchvision,
        NamingName::Timm => ExportNaming::Timm,
        NamingName::Detectron2 => ExportNaming::Detectron2,
    };
    let export = export::export(&checkpoint, &loading, naming)?;
    export.write(&args.output, container)?;
    for line in loading.audit.lines() {
        style::say(&line);
    }
    style::say(&format!(
        "{shown}: {} tensors of {} in {}'s names, without projector and classifier; in Python:",
        export.tensors(),
        loading.arch.name(),
        naming.name()
    ));
    style::print(&export.python(&args.output, container))?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn container(&self) -> anyhow::Result<ExportContainer> {
        let ending = self.output.extension().map(|e| e.to_ascii_lowercase());
        Ok(match (self.container, ending.as_deref().and_then(|e| e.to_str())) {
            (Some(ContainerName::Safetensors), _) | (None, Some("safetensors")) => ExportContainer::Safetensors,
            (Some(ContainerName::Pytorch), _) | (None, Some("pth" | "pt" | "bin" | "ckpt")) => ExportContainer::Pytorch,
            (None, _) => bail!(
                "{}: its ending names no container; pass --container safetensors or --container pytorch",
                self.output.display()
            ),
        })
    }
}
