//! A checkpoint's network, ready to run, with every layer tapped.

use std::collections::BTreeMap;

use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::nets::{self, Backbone, Head};
use crate::checkpoint::{Checkpoint, ClassifierInput, FoundHead, Loading};
use crate::error::{Error, Result};

/// A network in evaluation mode.
#[derive(Debug)]
pub struct Model {
    backbone: Backbone,
    projector: Option<Head>,
    classifier: Option<(Head, ClassifierInput)>,
    device: Device,
    kind: Kind,
    /// The tensors of the parts above.
    stores: Vec<VarStore>,
}

impl Model {
    /// Builds the network that `loading` found and fills it with the checkpoint's tensors.
    ///
    /// # Errors
    /// When a tensor cannot be read, or no network of these widths can be built.
    pub fn load(checkpoint: &Checkpoint, loading: &Loading, device: Device) -> Result<Self> {
        let mut stores = Vec::new();
        let vs = nets::store();
        let backbone = Backbone::new(&vs.root(), &loading.arch)?;
        let mut tensors = BTreeMap::new();
        for (ours, theirs) in &loading.backbone {
            tensors.insert(ours.clone(), read(checkpoint, theirs)?);
        }
        fill(&vs, tensors)?;
        stores.push(vs);
        let mut head = |found: &FoundHead| -> Result<Head> {
            let vs = nets::store();
            let steps: Vec<_> = found.steps.iter().map(|s| s.step.clone()).collect();
            let head = Head::new(&vs.root(), &steps)?;
            let mut tensors = BTreeMap::new();
            for (step, name, theirs, _) in found.tensors() {
                if checkpoint.tensors().contains_key(&theirs) {
                    tensors.insert(format!("{step}.{name}"), read(checkpoint, &theirs)?);
                }
            }
            fill(&vs, tensors)?;
            stores.push(vs);
            Ok(head)
        };
        let projector = loading.projector.as_ref().map(&mut head).transpose()?;
        let classifier = match &loading.classifier {
            Some(found) => Some((head(&found.head)?, found.input)),
            None => None,
        };
        for vs in &mut stores {
            vs.set_device(device);
            vs.freeze();
        }
        Ok(Self {
            backbone,
            projector,
            classifier,
            device,
            kind: Kind::Float,
            stores,
        })
    }

    /// The device it runs on.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Casts weights and running statistics; images and what the heads read are cast on their way.
    pub fn cast(&mut self, kind: Kind) {
        for vs in &mut self.stores {
            match kind {
                Kind::BFloat16 => vs.bfloat16(),
                Kind::Half => vs.half(),
                _ => vs.float(),
            }
        }
        self.kind = kind;
    }

    /// Every tap of one pass over images (B, 3, H, W), each (B, width), in the order of [`Loading::taps`].
    pub fn forward(&self, images: &Tensor) -> Vec<(String, Tensor)> {
        tch::no_grad(|| {
            let mut taps = self.backbone.forward_taps(&images.to_kind(self.kind), false);
            // Pooling gives f32 whatever the precision.
            let Some(features) = taps.last().map(|(_, t)| t.to_kind(self.kind)) else {
                return taps;
            };
            let mut projected = None;
            if let Some(projector) = &self.projector {
                for (i, rows) in projector.forward_taps(&features, false).into_iter().enumerate() {
                    projected = Some(rows.shallow_clone());
                    taps.push((format!("projector.{i}"), rows));
                }
                taps.extend(
                    projected
                        .iter()
                        .map(|rows| ("projector".to_owned(), rows.shallow_clone())),
                );
            }
            if let Some((classifier, input)) = &self.classifier {
                let reads = match input {
                    ClassifierInput::Backbone => &features,
                    ClassifierInput::Projector => projected.as_ref().unwrap_or(&features),
                };
                taps.push(("logits".to_owned(), classifier.forward(reads, false)));
            }
            taps
        })
    }
}

fn read(checkpoint: &Checkpoint, name: &str) -> Result<Tensor> {
    let (shape, values) = checkpoint.tensor_f32(name)?;
    let shape: Vec<i64> = shape.iter().map(|&s| s as i64).collect();
    Tensor::f_from_slice(&values)
        .and_then(|t| t.f_view(shape.as_slice()))
        .map_err(|e| Error::input(format!("{}: tensor {name}: {e}", checkpoint.path().display())))
}

/// Assigns what is there; what a partial checkpoint lacks stays as it was made (kernels zero, normalisations identity).
fn fill(vs: &VarStore, mut tensors: BTreeMap<String, Tensor>) -> Result<()> {
    for (name, variable) in vs.variables() {
        let fits = tensors.get(&name).is_some_and(|t| t.size() == variable.size());
        if !fits {
            tensors.insert(name, variable.detach().copy());
        }
    }
    nets::assign(vs, &tensors)
}
