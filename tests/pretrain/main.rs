//! Pretraining on tiny made-up images, and the promises of the committed checkpoints.
#![cfg(feature = "torch")]

mod commands;
mod resuming;
mod second;
mod training;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use featscope::checkpoint::arch::{Arch, SmallCnn};
use featscope::error::Error;
use featscope::pretrain::checkpoint_files::CheckpointContents;
use featscope::pretrain::pixels::Pixels;
use featscope::pretrain::projector::Projector;
use featscope::pretrain::{METHODS, Trained, TrainingConfig, TrainingEvent, TrainingRun, train};
use tch::{Device, Tensor};

const SIDE: usize = 8;

/// Images of three classes: bright in red, green or blue, with a pattern of their own.
fn pixels(count: usize) -> Pixels {
    let mut bytes = Vec::new();
    for i in 0..count {
        for channel in 0..3 {
            for at in 0..SIDE * SIDE {
                let bright = if channel == i % 3 { 150 } else { 30 };
                bytes.push((bright + (i * 31 + at * 17 + channel * 5) % 90) as u8);
            }
        }
    }
    let labels = (0..count).map(|i| Some(i as u32 % 3)).collect();
    let classes = ["red", "green", "blue"].map(str::to_owned).to_vec();
    Pixels::new(bytes, SIDE, labels, classes, format!("tiny {count}")).unwrap()
}

fn config(method: &str) -> TrainingConfig {
    let entry = featscope::pretrain::method(method).unwrap_or(&METHODS[0]);
    TrainingConfig {
        method: method.to_owned(),
        arch: Arch::SmallCnn(SmallCnn {
            stem: 4,
            stages: vec![8, 8],
        }),
        projector: Projector::parse("8,4", 8, entry.projector).unwrap(),
        augment: None,
        // A run of a few dozen steps is over before a slower second encoder has moved.
        ema: entry.ema.map(|_| 0.9),
        queue: entry.queue.map(|_| 36),
        epochs: 4,
        batch_size: 12,
        lr: 0.1,
        warmup_epochs: 0.5,
        momentum: 0.9,
        weight_decay: 5e-4,
        temperature: entry.temperature.unwrap_or(0.5),
        image_size: SIDE,
        seed: 3,
        limit: None,
    }
}

struct Trial<'a> {
    config: TrainingConfig,
    pixels: &'a Pixels,
    out: &'a Path,
    resume: bool,
    /// Ctrl-C after so many steps.
    stop_after: usize,
}

impl Trial<'_> {
    fn run(&self) -> (Result<Trained, Error>, Vec<f64>) {
        // The same bits are promised for the same number of threads.
        tch::set_num_threads(1);
        let stop = AtomicBool::new(false);
        let run = TrainingRun {
            config: &self.config,
            train: self.pixels,
            held_out: Some(("test", self.pixels)),
            out: self.out,
            device: Device::Cpu,
            checkpoint_every: 3,
            keep_every: Some(4),
            resume: self.resume,
            stop: &stop,
        };
        let (mut losses, mut steps) = (Vec::new(), 0);
        let outcome = train(&run, &mut |event| match event {
            TrainingEvent::Epoch { loss, .. } => losses.push(loss),
            TrainingEvent::Step => {
                steps += 1;
                // The flag is read after this call.
                stop.store(steps == self.stop_after, std::sync::atomic::Ordering::Relaxed);
            }
            _ => {}
        });
        (outcome, losses)
    }
}

fn trial<'a>(method: &str, pixels: &'a Pixels, out: &'a Path) -> Trial<'a> {
    Trial {
        config: config(method),
        pixels,
        out,
        resume: false,
        stop_after: usize::MAX,
    }
}

fn weights(path: &Path) -> BTreeMap<String, Tensor> {
    CheckpointContents::read(path).unwrap().tensors
}

/// What the file says of itself.
fn own(path: &Path) -> serde_json::Value {
    serde_json::from_str(&CheckpointContents::read(path).unwrap().metadata["featscope"]).unwrap()
}

fn message(trial: &Trial) -> String {
    trial.run().0.unwrap_err().to_string()
}
