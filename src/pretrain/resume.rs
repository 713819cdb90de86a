//! Continuing a run: the state it leaves, and what may continue it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::checkpoint_files::{CheckpointContents, STATE_SCHEMA, state_path};
use super::config::TrainingConfig;
use super::pixels::Position;
use super::projector::Projector;
use super::train::{Trained, Trainer, TrainingRun};
use crate::checkpoint::own::{KEY, OwnMetadata};
use crate::error::{Error, Result};
use crate::extract::nets::assign;

impl TrainingRun<'_> {
    /// The outcome of an earlier run with the same configuration and images, which left its checkpoint and no state: where
    /// it came to its end there is nothing to continue.
    pub(super) fn finished(&self) -> Result<Trained> {
        let refuse = |why: String| Error::input(format!("{}: {why}; remove it to start again", self.out.display()));
        let file = CheckpointContents::read(self.out)?;
        let own: OwnMetadata = file
            .metadata
            .get(KEY)
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| refuse("not a checkpoint of featscope pretrain, so it cannot be continued".to_owned()))?;
        let earlier: Option<TrainingConfig> = own
            .more
            .get("hyperparameters")
            .and_then(|v| serde_json::from_value(v.clone()).ok());
        let mut earlier =
            earlier.ok_or_else(|| refuse("its options are not known, so it cannot be continued".to_owned()))?;
        // Files of a time with one stack of layers name its widths for methods without it too.
        if let Some(projector) = Projector::from_steps(&own.projector) {
            earlier.projector = projector;
        }
        if let Some(difference) = difference(&earlier, self.config) {
            return Err(refuse(format!("an earlier run that had {difference}")));
        }
        if own.more.get("data").and_then(|data| data.get("fingerprint")) != Some(&json!(self.train.fingerprint())) {
            return Err(refuse("an earlier run that saw other images".to_owned()));
        }
        let epoch = own.more.get("epoch").and_then(Value::as_u64).unwrap_or_default();
        if epoch < self.config.epochs {
            return Err(refuse(format!(
                "its training stopped at epoch {epoch} of {}, and the {} it would be continued from is gone",
                self.config.epochs,
                state_path(self.out).display()
            )));
        }
        let trained = |name: &str| !name.ends_with(".running_mean") && !name.ends_with(".running_var");
        let counted = || {
            let tensors = file.tensors.iter().filter(|(name, _)| trained(name));
            tensors.map(|(_, tensor)| tensor.numel()).sum()
        };
        let told = own.more.get("parameters").and_then(Value::as_u64);
        let parameters = told.map_or_else(counted, |n| n as usize);
        let held_out = own.more.get("held_out").and_then(|held_out| held_out.get("accuracy"));
        Ok(Trained {
            parameters,
            held_out: held_out.and_then(|accuracy| serde_json::from_value(accuracy.clone()).ok()),
        })
    }
}

impl Trainer<'_> {
    /// Everything a run is continued from. It is written before the checkpoint and holds the weights too, so that
    /// being killed between the two loses nothing.
    pub(super) fn write_state(&self, at: Position) -> Result<()> {
        let mut tensors: BTreeMap<_, _> = self
            .vs
            .variables()
            .into_iter()
            .map(|(name, tensor)| (format!("weights.{name}"), tensor))
            .collect();
        tensors.extend(
            self.sgd
                .momenta()
                .map(|(name, m)| (format!("momentum.{name}"), m.shallow_clone())),
        );
        let metadata = [
            ("schema", json!(STATE_SCHEMA)),
            ("config", json!(self.run.config)),
            ("data", json!(self.run.train.fingerprint())),
            ("epoch", json!(at.epoch)),
            ("step", json!(at.step)),
        ];
        CheckpointContents {
            tensors,
            metadata: metadata
                .into_iter()
                .map(|(key, value)| (key.to_owned(), text(&value)))
                .collect(),
        }
        .write(&state_path(self.run.out))
    }

    /// Takes over the state of an earlier run.
    pub(super) fn restore(&mut self, path: &Path) -> Result<Position> {
        let refuse = |why: String| Error::input(format!("{}: {why}", path.display()));
        let state = CheckpointContents::read(path)?;
        let value = |key: &str| state.value(key).map_err(|e| refuse(e.to_string()));
        if value("schema")? != STATE_SCHEMA {
            return Err(refuse(format!("schema {}, expected {STATE_SCHEMA}", value("schema")?)));
        }
        let damaged = |e: serde_json::Error| refuse(format!("damaged ({e})"));
        let stored: Value = serde_json::from_str(value("config")?).map_err(damaged)?;
        let mut config: TrainingConfig = serde_json::from_value(stored.clone()).map_err(damaged)?;
        // As of a finished run: widths that an older file names for a method without layers.
        if stored["projector"].is_array() && !state.tensors.keys().any(|name| name.contains("projector.")) {
            config.projector = Projector::default();
        }
        if let Some(difference) = difference(&config, self.run.config) {
            return Err(refuse(format!(
                "the earlier run had {difference}; pass the same options to continue it, or remove this file to start again"
            )));
        }
        if value("data")? != self.run.train.fingerprint() {
            return Err(refuse(
                "the earlier run saw other images; remove this file to start again".to_owned(),
            ));
        }
        let number = |key: &str| {
            value(key)?
                .parse::<u64>()
                .map_err(|_| refuse(format!("damaged ({key} is no number)")))
        };
        let at = Position {
            epoch: number("epoch")?,
            step: number("step")?,
        };
        if at.epoch > self.run.config.epochs || at.step >= (self.run.train.len() / self.run.config.batch_size) as u64 {
            return Err(refuse(format!(
                "damaged (epoch {}, step {} is past the end)",
                at.epoch, at.step
            )));
        }
        let weights = state
            .tensors
            .iter()
            .filter_map(|(name, tensor)| Some((name.strip_prefix("weights.")?.to_owned(), tensor.shallow_clone())))
            .collect();
        assign(&self.vs, &weights).map_err(|e| refuse(e.to_string()))?;
        for (name, momentum) in self.sgd.momenta_mut() {
            let saved = state
                .tensors
                .get(&format!("momentum.{name}"))
                .filter(|t| t.size() == momentum.size());
            momentum.copy_(saved.ok_or_else(|| refuse(format!("damaged (no momentum for {name})")))?);
        }
        Ok(at)
    }
}

/// Strings as they are, everything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The first option in which two configurations differ, in words.
fn difference(earlier: &TrainingConfig, now: &TrainingConfig) -> Option<String> {
    let (earlier, now) = (json!(earlier), json!(now));
    let (earlier, now) = (earlier.as_object()?, now.as_object()?);
    let mut keys = earlier.keys().chain(now.keys());
    let key = keys.find(|key| earlier.get(*key) != now.get(*key))?;
    let shown = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), text);
    Some(format!(
        "{} {}, not {}",
        key.replace('_', "-"),
        shown(earlier.get(key)),
        shown(now.get(key))
    ))
}
