//! How a training goes, told while it goes.

use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar};

use crate::cli::style;
use crate::pretrain::evaluate::HeldOutAccuracy;
use crate::pretrain::{COLLAPSED, TrainingEvent};

/// Where there is no bar, a line comes after so long …
const OFTEN: Duration = Duration::from_secs(30);
/// … and at every tenth of the first epoch, unless the last line is younger than this.
const SELDOM: Duration = Duration::from_secs(5);

/// Tells how a run goes: a bar on a terminal, lines elsewhere, and a line after each epoch everywhere.
pub(super) struct Teller {
    bar: ProgressBar,
    batch: u64,
    epochs: u64,
    /// Steps of an epoch, steps done by this process and by those before it, and the time spent on steps alone.
    steps: u64,
    seen: u64,
    before: u64,
    training: Duration,
    last: Instant,
    /// When the last line came, by the time of training.
    last_line: Duration,
    /// Spread of the last epoch's outputs.
    spread: Option<f64>,
}

impl Teller {
    pub(super) fn new(batch: u64, epochs: u64) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            batch,
            epochs,
            steps: 0,
            seen: 0,
            before: 0,
            training: Duration::ZERO,
            last: Instant::now(),
            last_line: Duration::ZERO,
            spread: None,
        }
    }

    /// Takes the bar away; the spread of the last epoch's outputs, where they have collapsed.
    pub(super) fn end(&self) -> Option<f64> {
        self.bar.finish_and_clear();
        self.spread.filter(|spread| *spread < COLLAPSED)
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| style::say(text));
    }

    /// Images a second, and how long the rest takes.
    fn pace(&self) -> String {
        let seconds_per_step = self.training.as_secs_f64() / self.seen.max(1) as f64;
        let rate = self.batch as f64 / seconds_per_step.max(1e-9);
        let left = (self.epochs * self.steps).saturating_sub(self.before + self.seen);
        let left = HumanDuration(Duration::from_secs_f64(seconds_per_step * left as f64));
        format!("{rate:.0} images/s, {left} left")
    }

    /// The line that is due after a step of `took`, where one is. The last step of an epoch has a line of its own.
    fn step(&mut self, took: Duration) -> Option<String> {
        self.training += took;
        self.seen += 1;
        let done = self.before + self.seen;
        let (epoch, step) = (done / self.steps.max(1), done % self.steps.max(1));
        let tenth = |step: u64| 10 * step / self.steps.max(1);
        let quiet = self.training.saturating_sub(self.last_line);
        let is_first = self.seen < self.steps;
        let is_tenth = is_first && step > 0 && tenth(step) > tenth(step - 1) && quiet >= SELDOM;
        if step == 0 || !(quiet >= OFTEN || is_tenth) {
            return None;
        }
        self.last_line = self.training;
        let (share, epochs) = (100 * step / self.steps, self.epochs);
        Some(format!(
            "epoch {}/{epochs}, {share} % of it: {}",
            epoch + 1,
            self.pace()
        ))
    }

    pub(super) fn tell(&mut self, event: TrainingEvent) {
        match event {
            TrainingEvent::Started {
                parameters,
                steps,
                from,
            } => {
                (self.steps, self.before) = (steps, from.epoch * steps + from.step);
                self.bar = style::progress(self.epochs * steps * self.batch, "images");
                self.bar.set_position(self.before * self.batch);
                self.bar.reset_eta();
                self.say(&format!(
                    "{parameters} parameters, {} epochs of {steps} steps",
                    self.epochs
                ));
                if self.before > 0 {
                    self.say(&format!("continuing after epoch {}, step {}", from.epoch, from.step));
                }
                self.last = Instant::now();
            }
            TrainingEvent::Step => {
                let line = self.step(self.last.elapsed());
                self.last = Instant::now();
                self.bar.inc(self.batch);
                if let Some(line) = line.filter(|_| self.bar.is_hidden()) {
                    self.say(&line);
                }
            }
            TrainingEvent::Epoch {
                epoch,
                loss,
                lr,
                spread,
            } => {
                self.last_line = self.training;
                self.spread = spread;
                let spread = spread.map_or_else(String::new, |spread| format!("{}, ", outputs(spread)));
                self.say(&format!(
                    "epoch {epoch}/{}: loss {loss:.4}, {spread}last learning rate {lr:.4}, {}",
                    self.epochs,
                    self.pace()
                ));
            }
            TrainingEvent::Evaluating => self.bar.set_message("measuring"),
            TrainingEvent::Saved { epoch, held_out } => {
                self.bar.set_message("images");
                let accuracy = held_out
                    .map(|a| format!(": held-out {}", describe(&a)))
                    .unwrap_or_default();
                self.say(&format!("checkpoint after epoch {epoch}{accuracy}"));
                self.last = Instant::now();
            }
        }
    }
}

/// How far apart the outputs point, and whether that is all one way.
fn outputs(spread: f64) -> String {
    let collapsed = if spread < COLLAPSED {
        " (collapsed: all outputs point one way)"
    } else {
        ""
    };
    format!("spread of outputs {spread:.2} of 1{collapsed}")
}

/// Held-out accuracy in words.
pub(super) fn describe(accuracy: &HeldOutAccuracy) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let classifier = accuracy
        .classifier
        .map(|share| format!("classifier {}, ", percent(share)))
        .unwrap_or_default();
    let nearest = percent(accuracy.nearest_class_mean);
    format!("{classifier}nearest class mean {nearest} ({} images)", accuracy.images)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of an epoch after `before` steps, each step taking so many seconds.
    fn lines(steps: u64, before: u64, seconds: f64) -> Vec<String> {
        let mut teller = Teller {
            steps,
            before,
            ..Teller::new(10, 2)
        };
        (before..2 * steps)
            .filter_map(|_| teller.step(Duration::from_secs_f64(seconds)))
            .collect()
    }

    #[test]
    fn the_first_epoch_has_a_line_at_every_tenth_and_a_later_one_every_half_minute() {
        let told = lines(100, 0, 1.0);
        let first: Vec<_> = told.iter().filter(|line| line.starts_with("epoch 1/2")).collect();
        assert_eq!(first.len(), 9, "{told:?}");
        assert_eq!(first[0], "epoch 1/2, 10 % of it: 10 images/s, 3 minutes left");
        assert_eq!(told.len(), 9 + 3, "{told:?}");
        // Steps of a minute each have a line each; quick epochs none but their last.
        assert_eq!(lines(5, 0, 60.0).len(), 8);
        assert_eq!(lines(100, 0, 0.01).len(), 0);
        // Tenths that pass too fast wait for one another: 2 s each.
        assert_eq!(lines(100, 0, 0.2).len(), 3);
    }

    #[test]
    fn a_collapsed_run_says_so() {
        assert_eq!(outputs(0.62), "spread of outputs 0.62 of 1");
        assert_eq!(
            outputs(0.04),
            "spread of outputs 0.04 of 1 (collapsed: all outputs point one way)"
        );
    }

    #[test]
    fn a_run_that_goes_on_tells_of_its_own_first_epoch() {
        let told = lines(100, 150, 1.0);
        assert_eq!(told.len(), 4, "{told:?}");
        assert_eq!(told[0], "epoch 2/2, 60 % of it: 10 images/s, 40 seconds left");
    }
}
