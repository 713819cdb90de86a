//! The training loop, from the first or any later step to the last.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::catalogue::method;
use super::checkpoint_files::{CheckpointContents, kept_path, lock_path, prepare_target, state_path};
use super::config::TrainingConfig;
use super::evaluate::{HeldOutAccuracy, accuracy};
use super::method::{Method, MethodEntry};
use super::outputs::spread;
use super::pixels::{Norm, Pixels, Position, Sampler};
use super::schedule;
use super::sgd::Sgd;
use crate::checkpoint::own::{OwnClassifier, OwnMetadata, SCHEMA};
use crate::error::{Error, Result};
use crate::extract::nets::{Backbone, initialise, store};
use crate::files::{self, Lock, write_atomically};

/// What to train, on what, and where to put it.
pub struct TrainingRun<'a> {
    /// What decides the weights.
    pub config: &'a TrainingConfig,
    /// The images trained on.
    pub train: &'a Pixels,
    /// Images the encoder is judged on, with the name of their split.
    pub held_out: Option<(&'a str, &'a Pixels)>,
    /// The checkpoint to write.
    pub out: &'a Path,
    /// Where to compute.
    pub device: Device,
    /// A checkpoint is written every so many epochs, and at the end.
    pub checkpoint_every: u64,
    /// The checkpoints of every so many epochs stay, each in a file of its own.
    pub keep_every: Option<u64>,
    /// Continue from the state beside `out`, where there is one.
    pub resume: bool,
    /// Set from outside to stop after the step in progress, leaving a checkpoint to continue from.
    pub stop: &'a AtomicBool,
}

/// What a run tells while it goes.
#[derive(Clone, Debug)]
pub enum TrainingEvent {
    /// Before the first step.
    Started {
        /// Weights changed by gradient.
        parameters: usize,
        /// Steps of one epoch.
        steps: u64,
        /// Where the run begins: not at zero when it continues another.
        from: Position,
    },
    /// After each step.
    Step,
    /// After each epoch.
    Epoch {
        /// Epochs done.
        epoch: u64,
        /// Mean loss over the epoch's steps.
        loss: f64,
        /// Learning rate of its last step.
        lr: f64,
        /// [`spread`] of the outputs, where they could all become alike: the mean over some batches of the epoch.
        spread: Option<f64>,
    },
    /// Measuring on the held-out images.
    Evaluating,
    /// A checkpoint is on the disk.
    Saved {
        /// Epochs done.
        epoch: u64,
        /// Held-out accuracy.
        held_out: Option<HeldOutAccuracy>,
    },
}

/// What came out of a finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// Weights changed by gradient.
    pub parameters: usize,
    /// Held-out accuracy, where there were held-out images.
    pub held_out: Option<HeldOutAccuracy>,
}

/// Trains an encoder to the end, or continues doing so.
///
/// # Errors
/// Bad configuration or data; a loss that is no longer a number; a disk that refuses; [`Error::Interrupted`] when
/// `stop` was set, after writing what is needed to continue.
pub fn train(run: &TrainingRun, tell: &mut dyn FnMut(TrainingEvent)) -> Result<Trained> {
    let entry = method(&run.config.method)?;
    run.check(entry)?;
    prepare_target(run.out, run.resume)?;
    let _lock = Lock::hold(&lock_path(run.out), run.out)?;
    // Another run may have ended while its lock was waited for.
    prepare_target(run.out, run.resume)?;
    let state = state_path(run.out);
    if run.resume && run.out.exists() && !state.exists() {
        return run.finished();
    }
    let mut trainer = Trainer::new(run, entry)?;
    let from = if run.resume && state.exists() {
        trainer.restore(&state)?
    } else {
        Position::default()
    };
    let sampler = Sampler::new(run.train, entry, run.config, trainer.norm);
    let parameters = trainer.sgd.parameters();
    tell(TrainingEvent::Started {
        parameters,
        steps: sampler.steps(),
        from,
    });
    let mut held_out = None;
    std::thread::scope(|scope| {
        let steps = sampler.steps();
        let batches = sampler.ahead(scope, from);
        let is_kept = |done: u64| run.keep_every.is_some_and(|every| done.is_multiple_of(every.max(1)));
        let keep = |done: u64| write_atomically(&kept_path(run.out, done), &files::read(run.out, u64::MAX - 1)?);
        // Stopped right after the last step of an epoch: measuring and keeping were left.
        let was_kept = !is_kept(from.epoch) || kept_path(run.out, from.epoch).exists();
        if from.step == 0 && from.epoch > 0 && (!was_kept || from.epoch >= run.config.epochs) {
            held_out = trainer.save(from, tell)?;
            if is_kept(from.epoch) {
                keep(from.epoch)?;
            }
        }
        for epoch in from.epoch..run.config.epochs {
            let first = if epoch == from.epoch { from.step } else { 0 };
            trainer.epoch(Position { epoch, step: first }, steps, &batches, tell)?;
            let done = epoch + 1;
            if done % run.checkpoint_every.max(1) == 0 || done == run.config.epochs || is_kept(done) {
                held_out = trainer.save(Position { epoch: done, step: 0 }, tell)?;
            }
            if is_kept(done) {
                keep(done)?;
            }
        }
        Ok(())
    })?;
    // A finished run has nothing to continue.
    match std::fs::remove_file(&state) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(&state)(error)),
        _ => Ok(Trained { parameters, held_out }),
    }
}

impl TrainingRun<'_> {
    fn check(&self, entry: &MethodEntry) -> Result<()> {
        self.config.check()?;
        let (images, batch) = (self.train.len(), self.config.batch_size);
        if images < batch {
            return Err(Error::input(format!(
                "--batch-size is {batch}, but there are only {images} images; pass a smaller one"
            )));
        }
        if self.train.side() != self.config.image_size {
            return Err(Error::input(format!(
                "the images are {} px, not {}",
                self.train.side(),
                self.config.image_size
            )));
        }
        if entry.labels {
            if let Some(at) = self.train.labels().iter().position(Option::is_none) {
                return Err(Error::input(format!(
                    "image {at} has no label; {} needs one for every image",
                    entry.name
                )));
            }
            if self.train.classes().len() < 2 {
                return Err(Error::input(format!(
                    "there is one class only; {} needs at least two",
                    entry.name
                )));
            }
        }
        if let Some((split, held_out)) = self.held_out {
            if held_out.side() != self.train.side() {
                return Err(Error::input(format!(
                    "split {split}: the images are {} px, those trained on {}; pass --image-size",
                    held_out.side(),
                    self.train.side()
                )));
            }
            if held_out.classes() != self.train.classes() {
                return Err(Error::input(format!(
                    "split {split}: its classes are not those trained on; pass --classes"
                )));
            }
        }
        Ok(())
    }
}

/// A run with its network and optimizer.
pub(super) struct Trainer<'a> {
    pub(super) run: &'a TrainingRun<'a>,
    entry: &'static MethodEntry,
    norm: Norm,
    pub(super) vs: VarStore,
    backbone: Backbone,
    method: Box<dyn Method>,
    pub(super) sgd: Sgd,
}

impl<'a> Trainer<'a> {
    fn new(run: &'a TrainingRun, entry: &'static MethodEntry) -> Result<Self> {
        // Our own generator draws everything; this covers what a method may draw inside libtorch.
        tch::manual_seed(run.config.seed as i64);
        let mut vs = store();
        let root = vs.root();
        let first = entry.branch().map_or_else(|| vs.root(), |branch| &root / branch);
        let backbone = Backbone::new(&(first / "backbone"), &run.config.arch)?;
        let mut method = (entry.build)(&root, run.config, run.train.classes().len())?;
        initialise(&vs, run.config.seed, entry.branch());
        vs.set_device(run.device);
        tch::no_grad(|| method.start(&vs));
        let sgd = Sgd::new(&vs, run.config.momentum, run.config.weight_decay);
        let [mean, std] = run.train.mean_std();
        Ok(Self {
            run,
            entry,
            norm: Norm { mean, std },
            vs,
            backbone,
            method,
            sgd,
        })
    }

    /// Trains from a position to the end of its epoch.
    fn epoch(
        &mut self,
        from: Position,
        steps: u64,
        batches: &std::sync::mpsc::Receiver<super::pixels::ViewBatch>,
        tell: &mut dyn FnMut(TrainingEvent),
    ) -> Result<()> {
        let config = self.run.config;
        let total = steps * config.epochs;
        let warmup = (config.warmup_epochs * steps as f64).round() as u64;
        let mut losses = Tensor::zeros([], (Kind::Double, self.run.device));
        let (mut lr, mut spreads) = (0.0, Vec::new());
        for step in from.step..steps {
            let Ok(batch) = batches.recv() else {
                return Err(Error::input("the thread that draws batches ended early"));
            };
            let done = from.epoch * steps + step;
            lr = schedule::cosine(done, total, warmup, config.lr);
            let (views, labels) = batch.tensors(self.run.device);
            let loss = self.method.loss(&self.backbone, &views, &labels);
            self.sgd.step(&loss, lr);
            tch::no_grad(|| self.method.after_step((done + 1) as f64 / total as f64));
            losses += loss.detach().to_kind(Kind::Double);
            // Reading the loss waits for the device: often enough to notice, seldom enough not to slow it down.
            let is_looked_at = step % 16 == 15 || step + 1 == steps;
            if is_looked_at {
                spreads.extend(self.method.outputs().map(|rows| tch::no_grad(|| spread(rows))));
            }
            if is_looked_at && !losses.double_value(&[]).is_finite() {
                return Err(Error::input(format!(
                    "the loss is no longer a number in epoch {}, step {}; try a lower --lr",
                    from.epoch + 1,
                    step + 1
                )));
            }
            tell(TrainingEvent::Step);
            if self.run.stop.load(Ordering::Relaxed) {
                let at = if step + 1 == steps {
                    Position {
                        epoch: from.epoch + 1,
                        step: 0,
                    }
                } else {
                    Position {
                        epoch: from.epoch,
                        step: step + 1,
                    }
                };
                self.write_state(at)?;
                self.write_checkpoint(at, None)?;
                return Err(Error::Interrupted);
            }
        }
        let loss = losses.double_value(&[]) / (steps - from.step).max(1) as f64;
        tell(TrainingEvent::Epoch {
            epoch: from.epoch + 1,
            loss,
            lr,
            spread: (!spreads.is_empty()).then(|| spreads.iter().sum::<f64>() / spreads.len() as f64),
        });
        Ok(())
    }

    /// Measures, and writes state and checkpoint.
    fn save(&mut self, at: Position, tell: &mut dyn FnMut(TrainingEvent)) -> Result<Option<HeldOutAccuracy>> {
        self.write_state(at)?;
        let held_out = self.run.held_out.and_then(|(_, pixels)| {
            tell(TrainingEvent::Evaluating);
            accuracy(
                &self.backbone,
                &*self.method,
                self.run.train,
                pixels,
                &self.norm,
                self.run.device,
            )
        });
        self.write_checkpoint(at, held_out.as_ref())?;
        tell(TrainingEvent::Saved {
            epoch: at.epoch,
            held_out: held_out.clone(),
        });
        Ok(held_out)
    }

    fn write_checkpoint(&self, at: Position, held_out: Option<&HeldOutAccuracy>) -> Result<()> {
        let (config, data) = (self.run.config, self.run.train);
        let held_out = self.run.held_out.zip(held_out).map(|((split, pixels), accuracy)| {
            json!({"split": split, "fingerprint": pixels.fingerprint(), "accuracy": accuracy})
        });
        let more = json!({
            "name": self.entry.name,
            "version": env!("CARGO_PKG_VERSION"),
            "epoch": at.epoch,
            "parameters": self.sgd.parameters(),
            "augment": config.strength()?,
            "seed": config.seed,
            "classes": data.classes(),
            "data": {"fingerprint": data.fingerprint(), "images": data.len()},
            "hyperparameters": config,
            "held_out": held_out,
        });
        let own = OwnMetadata {
            schema: SCHEMA.to_owned(),
            method: config.method.clone(),
            arch: config.arch.clone(),
            projector: self.method.projector().to_vec(),
            predictor: self.method.predictor().to_vec(),
            classifier: self.method.classifier().map(|input| OwnClassifier {
                input,
                classes: data.classes().to_vec(),
            }),
            preprocess: Some(json!(self.norm.preprocess(config.image_size))),
            more: more.as_object().cloned().unwrap_or_default(),
        };
        let tensors = self.vs.variables().into_iter().collect();
        CheckpointContents {
            tensors,
            metadata: own.to_metadata().into_iter().collect(),
        }
        .write(self.run.out)
    }
}
