//! A checkpoint's network, ready to run, with every layer tapped.

use std::collections::BTreeMap;

use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::nets::{self, Backbone, Head, Pass};
use crate::checkpoint::{Checkpoint, ClassifierInput, FoundHead, Loading};
use crate::error::{Error, Result};

/// A network in evaluation mode.
#[derive(Debug)]
pub struct Model {
    backbone: Backbone,
    projector: Option<Head>,
    predictor: Option<Head>,
    prototypes: Option<Head>,
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
        let mut backbone = Backbone::new(&vs.root(), &loading.arch)?;
        let names = loading.backbone.iter().cloned().collect();
        fill(&vs, checkpoint, &names)?;
        backbone.fold();
        stores.push(vs);
        let mut head = |found: &FoundHead| -> Result<Head> {
            let vs = nets::store();
            let steps: Vec<_> = found.steps.iter().map(|s| s.step.clone()).collect();
            let head = Head::new(&vs.root(), &steps)?;
            let names = found
                .tensors()
                .map(|(step, name, theirs, _)| (format!("{step}.{name}"), theirs))
                .filter(|(_, theirs)| checkpoint.tensors().contains_key(theirs))
                .collect();
            fill(&vs, checkpoint, &names)?;
            stores.push(vs);
            Ok(head)
        };
        let projector = loading.projector.as_ref().map(&mut head).transpose()?;
        let predictor = loading.predictor.as_ref().map(&mut head).transpose()?;
        let prototypes = loading.prototypes.as_ref().map(&mut head).transpose()?;
        let classifier = match &loading.classifier {
            Some(found) => Some((head(&found.head)?, found.input)),
            None => None,
        };
        for vs in &mut stores {
            vs.set_device(device);
            vs.freeze();
            for (_, mut kernel) in vs.variables() {
                if device.is_cuda() && kernel.dim() == 4 {
                    kernel.set_data(&nets::rows_of_channels(&kernel));
                }
            }
        }
        Ok(Self {
            backbone,
            projector,
            predictor,
            prototypes,
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
            let Pass {
                mut taps,
                features,
                pooler,
            } = self.backbone.pass(&images.to_kind(self.kind), false);
            taps.extend(pooler.map(|rows| ("pooler".to_owned(), rows)));
            // Pooling of maps gives f32 whatever the precision.
            let features = features.to_kind(self.kind);
            let mut stack = |name: &str, head: &Head, rows: Tensor| {
                let mut last = rows;
                for (i, rows) in head.forward_taps(&last, false).into_iter().enumerate() {
                    last = rows.shallow_clone();
                    taps.push((format!("{name}.{i}"), rows));
                }
                taps.push((name.to_owned(), last.shallow_clone()));
                last
            };
            let projected = self
                .projector
                .as_ref()
                .map(|head| stack("projector", head, features.shallow_clone()));
            let predicted = self.predictor.as_ref().zip(projected.as_ref());
            predicted.map(|(head, rows)| stack("predictor", head, rows.shallow_clone()));
            if let (Some(prototypes), Some(rows)) = (&self.prototypes, &projected) {
                taps.push(("prototypes".to_owned(), prototypes.forward(rows, false)));
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

/// Copies the tensors that are there, one at a time; what a partial checkpoint lacks stays as it was made (kernels zero,
/// normalisations the identity).
fn fill(vs: &VarStore, checkpoint: &Checkpoint, names: &BTreeMap<String, String>) -> Result<()> {
    for (name, mut variable) in vs.variables() {
        let Some(theirs) = names.get(&name) else { continue };
        let tensor = read(checkpoint, theirs)?;
        let size = variable.size();
        if same(&tensor.size(), &size) {
            tch::no_grad(|| variable.f_copy_(&tensor.view(size.as_slice())))
                .map_err(|e| Error::input(format!("{}: tensor {theirs}: {e}", checkpoint.path().display())))?;
        }
    }
    Ok(())
}

/// Checks that two sizes are the same but for axes of length one, which some files leave out and others add, or for axes behind the
/// first that a file has as one.
fn same(a: &[i64], b: &[i64]) -> bool {
    let bare = |size: &[i64]| size.iter().copied().filter(|n| *n != 1).collect::<Vec<_>>();
    let matrix = |size: &[i64]| (size.first().copied(), size.iter().product::<i64>());
    bare(a) == bare(b) || matrix(a) == matrix(b)
}
