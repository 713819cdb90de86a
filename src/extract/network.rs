//! What extraction asks of a network, whether this program built it or TorchScript brought it.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::Array2;
use tch::{Device, Kind, Tensor};

use super::model::Model;
use crate::checkpoint::arch::Arch;
use crate::checkpoint::{Checkpoint, Loading};
use crate::error::{Error, Result};
use crate::store::ModelInfo;

/// A network in evaluation mode whose layers can be tapped.
pub trait Network {
    /// Every layer and its width, in network order.
    fn taps(&self) -> Vec<(String, usize)>;

    /// Every layer of one pass over images (B, 3, H, W) in f32, each (B, width).
    ///
    /// # Errors
    /// When the network does not take these images.
    fn forward(&self, images: &Tensor) -> Result<Vec<(String, Tensor)>>;

    /// Where it runs.
    fn device(&self) -> Device;

    /// Computes in numbers of this kind from now on.
    ///
    /// # Errors
    /// When it cannot.
    fn cast(&mut self, kind: Kind) -> Result<()>;

    /// The model, called `name`, for the manifest.
    ///
    /// # Errors
    /// When the audit cannot be written down.
    fn info(&self, name: &str) -> Result<ModelInfo>;

    /// How the positions of a layer were pooled.
    fn pooling(&self, layer: &str) -> String;

    /// Why it lacks a layer, where that needs saying.
    fn why_not(&self, _layer: &str) -> &'static str {
        ""
    }

    /// What was loaded, in a few lines to read.
    fn lines(&self) -> Vec<String>;
}

/// A network that this program built and filled from a checkpoint.
#[derive(Debug)]
pub struct Loaded {
    model: Model,
    loading: Loading,
}

impl Loaded {
    /// Builds what `loading` found in the checkpoint.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn new(checkpoint: &Checkpoint, loading: Loading, device: Device) -> Result<Self> {
        let model = Model::load(checkpoint, &loading, device)?;
        Ok(Self { model, loading })
    }
}

impl Network for Loaded {
    fn taps(&self) -> Vec<(String, usize)> {
        self.loading.taps()
    }

    fn forward(&self, images: &Tensor) -> Result<Vec<(String, Tensor)>> {
        Ok(self.model.forward(images))
    }

    fn device(&self) -> Device {
        self.model.device()
    }

    fn cast(&mut self, kind: Kind) -> Result<()> {
        self.model.cast(kind);
        Ok(())
    }

    fn info(&self, name: &str) -> Result<ModelInfo> {
        let audit = &self.loading.audit;
        Ok(ModelInfo {
            name: name.to_owned(),
            run: None,
            step: None,
            arch: audit.arch.clone(),
            sha256: audit.sha256.clone(),
            branch: audit.branch.clone(),
            audit: audit.to_json(),
        })
    }

    fn pooling(&self, layer: &str) -> String {
        if let ("pooler", Arch::Vit(vit)) = (layer, &self.loading.arch) {
            return vit.describe_pooled().to_owned();
        }
        let pooled = self.loading.arch.taps().iter().any(|(tap, _)| tap == layer);
        match pooled {
            true => self.loading.arch.pooling(),
            false => "none".to_owned(),
        }
    }

    fn why_not(&self, layer: &str) -> &'static str {
        match layer.starts_with("projector") && self.loading.projector.is_none() {
            true => ": this file has no projector",
            false => "",
        }
    }

    fn lines(&self) -> Vec<String> {
        self.loading.audit.lines()
    }
}

/// A line to read about an extraction: what it is about, then the text.
pub fn line(about: &str, text: impl fmt::Display) -> String {
    format!("{about:<10} {text}")
}

/// The layers a user asked for, in network order: names, `all`, or by default the backbone and, where there is one, the
/// projector (all of them where there is neither).
///
/// # Errors
/// For a layer that the network does not have.
pub fn choose_layers(network: &dyn Network, asked: Option<&[String]>) -> Result<Vec<(String, usize)>> {
    let taps = network.taps();
    let Some(asked) = asked else {
        let usual = |name: &str| name == "backbone" || name == "projector";
        let every = !taps.iter().any(|(name, _)| usual(name));
        return Ok(taps.into_iter().filter(|(name, _)| every || usual(name)).collect());
    };
    let known = |name: &String| name == "all" || taps.iter().any(|(tap, _)| tap == name);
    if let Some(unknown) = asked.iter().find(|name| !known(name)) {
        let names: Vec<_> = taps.iter().map(|(tap, _)| tap.as_str()).collect();
        return Err(Error::input(format!(
            "no layer {unknown:?}{}; the layers are {}, or all",
            network.why_not(unknown),
            names.join(", ")
        )));
    }
    let all = asked.iter().any(|name| name == "all");
    Ok(taps.into_iter().filter(|(tap, _)| all || asked.contains(tap)).collect())
}

/// The rows of the wanted layers from row `skip` on, in f32 on the CPU.
pub(super) fn to_rows(
    taps: Vec<(String, Tensor)>,
    layers: &[(String, usize)],
    skip: usize,
) -> Result<Vec<Array2<f32>>> {
    let taps: BTreeMap<String, Tensor> = taps.into_iter().collect();
    let rows = |(name, width): &(String, usize)| {
        let failed = |what: String| Error::input(format!("layer {name}: {what}"));
        let tap = taps
            .get(name)
            .ok_or_else(|| failed("the network does not have it".to_owned()))?;
        let tap = tap.narrow(0, skip as i64, tap.size()[0] - skip as i64);
        let flat = tap.to_device(Device::Cpu).to_kind(Kind::Float).contiguous().view([-1]);
        let values: Vec<f32> = Vec::try_from(&flat).map_err(|e: tch::TchError| failed(e.to_string()))?;
        Array2::from_shape_vec((values.len() / (*width).max(1), *width), values).map_err(|e| failed(e.to_string()))
    };
    layers.iter().map(rows).collect()
}
