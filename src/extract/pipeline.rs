//! Extraction: images in, a feature store out, every asked-for layer in one pass.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ndarray::Array2;
use tch::{Device, Kind, Tensor};

use super::device;
pub use super::feed::OnBadImage;
use super::feed::{self, Batch};
use super::model::Model;
use crate::checkpoint::Loading;
use crate::checkpoint::Recipe;
use crate::error::{Error, Result};
use crate::images::ImageSet;
use crate::images::transform::Preprocess;
use crate::store::{DataInfo, Description, LayerInfo, Manifest, ModelInfo, Writer};

/// How to extract.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the model in the store.
    pub model: String,
    /// Name of the data set in the store.
    pub dataset: String,
    /// Layers to keep, in network order (see [`choose_layers`]).
    pub layers: Vec<(String, usize)>,
    /// How images are prepared.
    pub preprocess: Preprocess,
    /// Images in a forward pass.
    pub batch_size: usize,
    /// What to do with an image that cannot be decoded.
    pub on_bad_image: OnBadImage,
    /// Take up what an interrupted extraction of the same plan left.
    pub resume: bool,
}

/// What an extraction did.
#[derive(Debug)]
pub struct Outcome {
    /// The store's manifest.
    pub manifest: Manifest,
    /// Why images were left out.
    pub skipped: Vec<String>,
}

/// The layers a user asked for, in network order: names, `all`, or by default the backbone and, where there is one, the
/// projector.
///
/// # Errors
/// For a layer that the network does not have.
pub fn choose_layers(loading: &Loading, asked: Option<&[String]>) -> Result<Vec<(String, usize)>> {
    let taps = loading.taps();
    let Some(asked) = asked else {
        return Ok(taps
            .into_iter()
            .filter(|(name, _)| name == "backbone" || name == "projector")
            .collect());
    };
    let known = |name: &String| name == "all" || taps.iter().any(|(tap, _)| tap == name);
    if let Some(unknown) = asked.iter().find(|name| !known(name)) {
        let names: Vec<_> = taps.iter().map(|(tap, _)| tap.as_str()).collect();
        let why = if unknown.starts_with("projector") && loading.projector.is_none() {
            ": this file has no projector"
        } else {
            ""
        };
        return Err(Error::input(format!(
            "no layer {unknown:?}{why}; the layers are {}, or all",
            names.join(", ")
        )));
    }
    let all = asked.iter().any(|name| name == "all");
    Ok(taps.into_iter().filter(|(tap, _)| all || asked.contains(tap)).collect())
}

/// How images are prepared for a network when nobody says: as its own checkpoint says, else as its architecture is
/// commonly evaluated.
///
/// # Errors
/// When the checkpoint's own description is damaged.
pub fn preprocess_for(loading: &Loading) -> Result<Preprocess> {
    if let Some(value) = loading.own.as_ref().and_then(|own| own.preprocess.clone()) {
        let preprocess: Preprocess = serde_json::from_value(value).map_err(|e| {
            Error::input(format!(
                "the checkpoint's own preprocessing is damaged ({e}); pass --preprocess"
            ))
        })?;
        preprocess.check()?;
        return Ok(preprocess);
    }
    Ok(match loading.recipe {
        Recipe::Cifar => cifar(),
        Recipe::Imagenet | Recipe::ImagenetBicubic | Recipe::Inception => Preprocess::imagenet(),
    })
}

/// 32 x 32 px, CIFAR-10's mean and deviation.
pub fn cifar() -> Preprocess {
    Preprocess::small(32, 32, [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616])
}

/// A batch that keeps a device busy and fits into memory: about ten million input values on a CPU, more on a GPU.
pub fn batch_size_for(preprocess: &Preprocess, device: Device) -> usize {
    let (budget, most) = if device.is_cuda() {
        (64_000_000, 512)
    } else {
        (5_000_000, 256)
    };
    (budget / preprocess.values().max(1)).clamp(1, most)
}

/// Extracts the features of `images` into a store at `dir`. `progress` is told how many images are done; when `stop` is
/// set the extraction ends with [`Error::Interrupted`], its whole parts kept aside for a later `resume`.
///
/// # Errors
/// Images that cannot be read or decoded, features that are not finite (with layer and image named), a disk that
/// refuses.
pub fn extract(
    model: &Model,
    loading: &Loading,
    images: &ImageSet,
    plan: &Plan,
    dir: &Path,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(usize),
) -> Result<Outcome> {
    let description = describe(model, loading, images, plan)?;
    // Left-out images break the tie between rows and images that taking up needs.
    let resume = plan.resume && plan.on_bad_image == OnBadImage::Error;
    let mut writer = if resume {
        Writer::resume(dir, description)?
    } else {
        Writer::create(dir, description)?
    };
    let done = writer.rows().min(images.len());
    // Batches fall as they did the first time, so that resuming gives the same bytes.
    let start = done / plan.batch_size * plan.batch_size;
    let mut skipped = Vec::new();
    progress(start);
    thread::scope(|scope| {
        let batches = feed::start(
            scope,
            images,
            &plan.preprocess,
            start,
            plan.batch_size,
            plan.on_bad_image,
        );
        for batch in batches {
            if stop.load(Ordering::SeqCst) {
                return Err(Error::Interrupted);
            }
            let mut batch = batch?;
            skipped.append(&mut batch.skipped);
            append(&mut writer, model, plan, &batch, done)?;
            progress(batch.range.end);
        }
        Ok(())
    })?;
    if stop.load(Ordering::SeqCst) {
        return Err(Error::Interrupted);
    }
    if writer.rows() == 0 {
        return Err(Error::input(
            "no images to extract features of; check the split, the classes and the skipped images",
        ));
    }
    Ok(Outcome {
        manifest: writer.finish()?,
        skipped,
    })
}

/// One forward pass; its rows from image `done` on are written.
fn append(writer: &mut Writer, model: &Model, plan: &Plan, batch: &Batch, done: usize) -> Result<()> {
    if batch.ids.is_empty() {
        return Ok(());
    }
    let (height, width) = plan.preprocess.size();
    let shape = [batch.ids.len() as i64, 3, height as i64, width as i64];
    let images = Tensor::from_slice(&batch.pixels).view(shape).to_device(model.device());
    let taps: BTreeMap<String, Tensor> = model.forward(&images).into_iter().collect();
    let skip = done.saturating_sub(batch.range.start);
    let layers = plan
        .layers
        .iter()
        .map(|(name, width)| rows(taps.get(name), name, *width, skip))
        .collect::<Result<Vec<_>>>()?;
    writer.append(&batch.ids[skip..], &batch.labels[skip..], &layers)
}

fn rows(tap: Option<&Tensor>, name: &str, width: usize, skip: usize) -> Result<Array2<f32>> {
    let failed = |what: String| Error::input(format!("layer {name}: {what}"));
    let tap = tap.ok_or_else(|| failed("the network does not have it".to_owned()))?;
    let tap = tap.narrow(0, skip as i64, tap.size()[0] - skip as i64);
    let flat = tap.to_device(Device::Cpu).to_kind(Kind::Float).contiguous().view([-1]);
    let values: Vec<f32> = Vec::try_from(&flat).map_err(|e: tch::TchError| failed(e.to_string()))?;
    Array2::from_shape_vec((values.len() / width.max(1), width), values).map_err(|e| failed(e.to_string()))
}

fn describe(model: &Model, loading: &Loading, images: &ImageSet, plan: &Plan) -> Result<Description> {
    let json = |value: serde_json::Result<serde_json::Value>| {
        value.map_err(|e| Error::input(format!("cannot be described: {e}")))
    };
    let pooled = |name: &str| loading.arch.taps().iter().any(|(tap, _)| tap == name);
    Ok(Description {
        model: ModelInfo {
            name: plan.model.clone(),
            arch: loading.audit.arch.clone(),
            sha256: loading.audit.sha256.clone(),
            branch: loading.audit.branch.clone(),
            audit: loading.audit.to_json(),
        },
        data: DataInfo {
            name: plan.dataset.clone(),
            split: images.split().to_owned(),
            fingerprint: images.fingerprint()?,
            classes: images.classes().to_vec(),
            ids_sha256: String::new(),
        },
        preprocess: json(serde_json::to_value(&plan.preprocess))?,
        layers: plan
            .layers
            .iter()
            .map(|(name, width)| LayerInfo {
                name: name.clone(),
                width: *width,
                pooling: if pooled(name) { loading.arch.pooling() } else { "none" }.to_owned(),
            })
            .collect(),
        precision: "f32".to_owned(),
        device: device::describe(model.device()),
        versions: BTreeMap::from([
            ("featscope".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("libtorch".to_owned(), "2.11.0".to_owned()),
            ("batch_size".to_owned(), plan.batch_size.to_string()),
        ]),
    })
}
