//! The network of a command line, and how images are prepared for it.

use anyhow::bail;

use super::args::Args;
use crate::checkpoint::arch::Pooling;
use crate::checkpoint::{Checkpoint, LoadOptions, detect};
use crate::error::Error;
use crate::extract::device::Device;
use crate::extract::network::{Loaded, Network};
use crate::extract::preparation::{Preparation, cifar, prepare, prepare_script};
use crate::extract::torchscript::{self, ScriptModule, Trusted};
use crate::images::transform::Preprocess;

impl Args {
    /// Where the file is a TorchScript: that its code may be run.
    pub(super) fn script(&self) -> anyhow::Result<Option<Trusted>> {
        if !torchscript::is_script(&self.model) {
            return Ok(None);
        }
        let choices = [
            ("--arch", &self.arch),
            ("--projector", &self.projector),
            ("--branch", &self.branch),
            ("--pooling", &self.pooling),
        ];
        if let Some((option, _)) = choices.into_iter().find(|(_, value)| *value != "auto") {
            bail!(
                "{}: a TorchScript file brings its own network; leave {option} out",
                self.model.display()
            );
        }
        Ok(Some(Trusted::by_user(self.trust_code, &self.model)?))
    }

    /// The network that a TorchScript file brings, and how images are prepared for it.
    pub(super) fn scripted(&self, trusted: Trusted, device: Device) -> anyhow::Result<(Box<dyn Network>, Preparation)> {
        let prepared = self.preparation(|| prepare_script(&self.model))?;
        let script = ScriptModule::load(&self.model, trusted, device, &prepared.preprocess)?;
        Ok((Box::new(script), prepared))
    }

    /// The network whose weights a checkpoint holds, and how images are prepared for it.
    pub(super) fn network(&self, device: Device) -> anyhow::Result<(Box<dyn Network>, Preparation)> {
        let checkpoint = Checkpoint::open(&self.model)?;
        let options = LoadOptions {
            arch: self.arch.clone(),
            projector: self.projector.clone(),
            branch: self.branch.clone(),
            pooling: Pooling::parse(&self.pooling),
            allow_partial: self.allow_partial,
            allow_unknown_calls: self.allow_unknown_calls,
        };
        let loading = detect(&checkpoint, &options)?;
        let prepared = self.preparation(|| prepare(&checkpoint, &loading))?;
        Ok((Box::new(Loaded::new(&checkpoint, loading, device)?), prepared))
    }

    fn preparation(&self, auto: impl FnOnce() -> crate::error::Result<Preparation>) -> anyhow::Result<Preparation> {
        let preprocess = match self.preprocess.as_str() {
            "auto" => return Ok(auto()?),
            "imagenet" => Preprocess::imagenet(),
            "imagenet-bicubic" => Preprocess::imagenet_bicubic(),
            "inception" => Preprocess::inception(224),
            "cifar" => cifar(),
            json if json.trim_start().starts_with('{') => {
                let preprocess: Preprocess = serde_json::from_str(json).map_err(|e| {
                    Error::input(format!(
                        "--preprocess: {e}; the \"preprocess\" of a store's manifest.json shows the form, field by field (its \"views\" are asked \
                         for with --views)"
                    ))
                })?;
                preprocess.check()?;
                preprocess
            }
            other => bail!(
                "--preprocess {other:?} is not known; expected auto, imagenet, imagenet-bicubic, inception, cifar or JSON"
            ),
        };
        Ok(Preparation::new(preprocess, "asked for"))
    }
}
