//! What an extraction says while it goes.

use std::time::Instant;

use indicatif::ProgressBar;

use crate::cli::style::{self, counted};
use crate::extract::device::{self, Device};
use crate::extract::network::line;
use crate::extract::pipeline::{ExtractEvent, ExtractPlan, Extracted};
use crate::images::ImageSet;
use crate::store::{Manifest, StoreShard};

/// Images named one by one; the others are counted.
const NAMED: usize = 5;

/// Says what is extracted from what. `from` says why images are prepared like this.
pub(super) fn say_plan(plan: &ExtractPlan, images: &ImageSet, shard: Option<&StoreShard>, device: Device, from: &str) {
    let say = |name: &str, text: &str| style::say(&line(name, text));
    let layers = plan.layers.iter().map(|(name, width)| format!("{name} {width}"));
    say("layers", &layers.collect::<Vec<_>>().join(", "));
    let split = match images.split() {
        "" => String::new(),
        split => format!(" ({split})"),
    };
    let count = format!(
        "{}{} images of {}{split}; {}, {}, {} threads, batches of {}",
        shard.map_or(String::new(), |s| format!("{s}, {} of ", s.images)),
        images.len(),
        plan.dataset,
        device::describe(device),
        plan.precision,
        device::threads(),
        plan.batch_size
    );
    say("images", &count);
    images.left_out().iter().for_each(|text| say("left out", text));
    say("input", &format!("{}: {from}", plan.preprocess));
    if let Some(views) = &plan.views {
        let text = format!("{} random views of each image, seed {}", views.count, views.seed);
        say("views", &text);
    }
}

/// Tells how an extraction goes: a bar on a terminal, and lines everywhere.
pub(super) struct ExtractTeller<'p> {
    plan: &'p ExtractPlan,
    bar: ProgressBar,
    began: Instant,
}

impl<'p> ExtractTeller<'p> {
    pub(super) fn new(plan: &'p ExtractPlan) -> Self {
        Self {
            plan,
            bar: ProgressBar::hidden(),
            began: Instant::now(),
        }
    }

    pub(super) fn tell(&mut self, event: ExtractEvent) {
        match event {
            ExtractEvent::Start(done, total) => {
                self.bar = style::progress(total as u64, "extracting");
                if done > 0 {
                    style::say(&line("resuming", format!("{done} of {total} images are done")));
                    self.bar.set_position(done as u64);
                    // What was done before says nothing about the rate.
                    self.bar.reset_eta();
                }
            }
            ExtractEvent::Done(done) => self.bar.set_position(done as u64),
            ExtractEvent::Note(text) => style::say(&line("note", text)),
            ExtractEvent::Deviation(deviation) => {
                for layer in &deviation.layers {
                    let text = format!(
                        "{}: {} is off f32 by at most {:.1e} of its scale, cosine at least {:.6} ({} rows measured)",
                        self.plan.precision,
                        layer.name,
                        layer.max_error,
                        layer.cosine_at_least(),
                        deviation.rows
                    );
                    style::say(&line("precision", text));
                }
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Says what was done, and what was found in the images.
    pub(super) fn say_done(&self, outcome: &Extracted) {
        match outcome.images {
            None => style::say("this store is there already; nothing to do"),
            Some(count) => {
                let seconds = self.began.elapsed().as_secs_f64();
                let rate = count as f64 / seconds;
                style::say(&format!(
                    "{} in {seconds:.1} s, {rate:.0} images/s",
                    counted(count, "image")
                ));
            }
        }
        say_findings(&outcome.manifest);
    }
}

/// Tells which images were left out and which repeat others.
fn say_findings(manifest: &Manifest) {
    if let Some(skipped) = &manifest.data.skipped {
        style::say(&format!("left out: {}", counted(skipped.count, "image")));
        for image in skipped.images.iter().take(NAMED) {
            style::say(&format!("  {}: {}", image.id, image.reason));
        }
    }
    if let Some(repeated) = &manifest.data.duplicates {
        style::say(&format!(
            "{} with exactly the pixels of an earlier one:",
            counted(repeated.count, "image")
        ));
        for [first, second] in repeated.examples.iter().take(NAMED) {
            style::say(&format!("  {second} is {first}"));
        }
    }
}
