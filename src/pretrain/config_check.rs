//! What a configuration means for its method, and what is refused of it.

use super::catalogue::method;
use super::config::TrainingConfig;
use super::method::MethodEntry;
use crate::checkpoint::arch::Arch;
use crate::error::{Error, Result};
use crate::images::small_views::ViewStrength;

impl TrainingConfig {
    /// Checks what can be checked before any data is read.
    ///
    /// # Errors
    /// In one sentence, for the first value that makes no sense.
    pub fn check(&self) -> Result<()> {
        let entry = method(&self.method)?;
        let positive = |name: &str, value: f64| match value.is_finite() && value > 0.0 {
            true => Ok(()),
            false => Err(Error::input(format!("{name} is {value}; expected a number above 0"))),
        };
        let not_negative = |name: &str, value: f64| match value.is_finite() && value >= 0.0 {
            true => Ok(()),
            false => Err(Error::input(format!("{name} is {value}; expected 0 or a number above"))),
        };
        positive("--lr", self.lr)?;
        positive("--temperature", self.temperature)?;
        not_negative("--weight-decay", self.weight_decay)?;
        not_negative("--warmup-epochs", self.warmup_epochs)?;
        if !(0.0..1.0).contains(&self.momentum) {
            return Err(Error::input(format!(
                "--momentum is {}; expected 0 or more, below 1",
                self.momentum
            )));
        }
        if self.epochs == 0 {
            return Err(Error::input("--epochs is 0; expected at least 1"));
        }
        if self.batch_size < 2 {
            return Err(Error::input(
                "--batch-size is below 2; batch normalisation needs at least 2 images",
            ));
        }
        self.check_second(entry)?;
        if matches!(self.arch, Arch::Cnn(_)) && self.image_size < 32 {
            return Err(Error::input(format!(
                "images of {0} x {0} px are too small for {1}; pass --image-size 32 or more",
                self.image_size,
                self.arch.name()
            )));
        }
        if !(8..=512).contains(&self.image_size) {
            return Err(Error::input(format!(
                "images of {0} x {0} px cannot be trained on; pass --image-size between 8 and 512",
                self.image_size
            )));
        }
        Ok(())
    }

    /// What belongs to a second encoder: there where the method has one, and nowhere else.
    fn check_second(&self, entry: &MethodEntry) -> Result<()> {
        let fits = |name: &str, asked: bool, has: bool| match asked == has {
            true => Ok(()),
            false if has => Err(Error::input(format!("{name} is not given; {} needs it", entry.name))),
            false => Err(Error::input(format!(
                "{name} has no meaning for {}; leave it out",
                entry.name
            ))),
        };
        fits("--ema", self.ema.is_some(), entry.ema.is_some())?;
        fits("--queue", self.queue.is_some(), entry.queue.is_some())?;
        if let Some(ema) = self.ema.filter(|ema| !(0.0..1.0).contains(ema)) {
            return Err(Error::input(format!("--ema is {ema}; expected 0 or more, below 1")));
        }
        if let Some(queue) = self.queue.filter(|queue| !(self.batch_size..=1 << 20).contains(queue)) {
            return Err(Error::input(format!(
                "--queue is {queue}; expected from one batch ({}) to {}",
                self.batch_size,
                1 << 20
            )));
        }
        Ok(())
    }

    /// How views are made.
    ///
    /// # Errors
    /// For an unknown method.
    pub fn strength(&self) -> Result<ViewStrength> {
        Ok(match self.augment {
            Some(strength) => strength,
            None => method(&self.method)?.augment,
        })
    }
}
