//! The arguments of `featscope extract`, and what it does with them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use anyhow::bail;

use super::args::Args;
use super::sources::DataSource;
use super::teller::{ExtractTeller, say_plan};
use crate::cli::{interrupt, style};
use crate::extract::device;
use crate::extract::network::{self, Network};
use crate::extract::pipeline::{self, ExtractPlan, OnBadImage, Views};
use crate::extract::precision::Precision;
use crate::images::ImageSet;
use crate::images::augment::Augment;
use crate::images::transform::Preprocess;
use crate::store::StoreShard;

/// Extracts, telling what was loaded and how it goes; the stores' paths are the result.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let device = args.device.open()?;
    device::set_threads(args.threads);
    let sources = args.sources()?;
    let open = || sources.iter().map(DataSource::open).collect::<anyhow::Result<Vec<_>>>();
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
    let mut teller = ExtractTeller::new(plan);
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
        source: &DataSource,
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
