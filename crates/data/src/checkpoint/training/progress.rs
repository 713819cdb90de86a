//! How far a training had come.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::counter::Counter;
use super::metadata::{EPOCHS, Metadata, STEPS};
use crate::checkpoint::own::{KEY, OwnMetadata, STATE_SCHEMA};
use crate::checkpoint::weights::Checkpoint;

/// The state of a training, as Hugging Face's trainer leaves it beside its weights, is not longer.
const LONGEST: u64 = 64 << 20;

/// Its name.
const BESIDE: &str = "trainer_state.json";

/// How far a training had come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// Its counters: epochs, then steps.
    pub counters: Vec<Counter>,
    /// True if it was at its end; `None` where that is not known.
    pub finished: Option<bool>,
    /// In a few words: `epoch 4 of 40`.
    pub progress: String,
}

/// How far the training had come whose weights a file holds; `None` where nobody says.
///
/// # Errors
/// When the file cannot be read or is no checkpoint.
pub fn training_of(path: &std::path::Path) -> crate::error::Result<Option<Training>> {
    let checkpoint = Checkpoint::open(path)?;
    Ok(Training::of(&checkpoint, checkpoint.own().ok().flatten().as_ref()))
}

impl Training {
    /// What the file says, and what a trainer wrote beside it where the file says nothing. `None` where there is no counter.
    pub(in crate::checkpoint) fn of(checkpoint: &Checkpoint, own: Option<&OwnMetadata>) -> Option<Self> {
        if let Some(own) = own {
            return Self::of_own(own);
        }
        let mut metadata = Metadata::default();
        for (name, value) in checkpoint.metadata() {
            let path: Vec<&str> = name.split('.').collect();
            metadata.add(&path, value);
        }
        if checkpoint.metadata().get("schema").and_then(Value::as_str) == Some(STATE_SCHEMA) {
            let training = Self::from_counters(vec![metadata.counter(&EPOCHS)?], Self::all_over);
            let config = checkpoint.metadata().get("config").and_then(Value::as_str)?;
            let config: Value = serde_json::from_str(config).ok()?;
            return Some(training.limited(config.get("limit").and_then(Value::as_u64)));
        }
        Self::told_by(&metadata).or_else(|| {
            let mut metadata = Metadata::default();
            let state = checkpoint.beside(BESIDE, LONGEST)?;
            for (name, value) in state.as_object()?.iter().filter(|(_, value)| value.is_number()) {
                metadata.add(&[name], value);
            }
            let mut training = Self::told_by(&metadata)?;
            for counter in &mut training.counters {
                counter.told = format!("{} in the {BESIDE} beside it", counter.told);
            }
            Some(training)
        })
    }

    fn of_own(own: &OwnMetadata) -> Option<Self> {
        let at = own.more.get("epoch").and_then(Value::as_u64)?;
        let option = |name: &str| own.more.get("hyperparameters").and_then(|h| h.get(name)?.as_u64());
        let end = option("epochs");
        let counter = Counter {
            unit: EPOCHS.unit.to_owned(),
            at,
            end,
            told: KEY.to_owned(),
        };
        Some(Self::from_counters(vec![counter], Self::all_over).limited(option("limit")))
    }

    /// Says of a training on a part of the images that it was one: whoever sees how far it came sees that too.
    fn limited(mut self, limit: Option<u64>) -> Self {
        if let Some(limit) = limit {
            self.progress.push_str(&format!(" with --limit {limit}"));
        }
        self
    }

    /// Our own counters count epochs that are over.
    fn all_over(counter: &Counter) -> Option<bool> {
        Some(counter.at >= counter.end?)
    }

    fn told_by(metadata: &Metadata) -> Option<Self> {
        let counters: Vec<Counter> = [EPOCHS, STEPS]
            .iter()
            .filter_map(|names| metadata.counter(names))
            .collect();
        let at_end = |counter: &Counter| Some(counter.at.saturating_add(1) >= counter.end?);
        (!counters.is_empty()).then(|| Self::from_counters(counters, at_end))
    }

    /// `at_end`: whether a counter stands where the training ends. One that does is enough: which limit ended a training is
    /// not said.
    fn from_counters(counters: Vec<Counter>, at_end: impl Fn(&Counter) -> Option<bool>) -> Self {
        let ended: Vec<bool> = counters.iter().filter_map(at_end).collect();
        let counts: Vec<String> = counters
            .iter()
            .map(|Counter { unit, at, end, .. }| match end {
                Some(end) => format!("{unit} {at} of {end}"),
                None => format!("{unit} {at}"),
            })
            .collect();
        Self {
            finished: (!ended.is_empty()).then(|| ended.contains(&true)),
            progress: counts.join(", "),
            counters,
        }
    }

    /// A sentence about it, and where it is told.
    pub fn describe(&self) -> String {
        let told: Vec<&str> = self.counters.iter().map(|counter| counter.told.as_str()).collect();
        let (progress, told) = (&self.progress, told.join("; "));
        match self.finished {
            Some(false) => format!("{progress}, saved before the training ended ({told})"),
            Some(true) => format!("{progress}, at the end of the training ({told})"),
            None => format!("{progress}, of how many is not told ({told})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(values: Value) -> Option<Training> {
        let mut metadata = Metadata::default();
        for (name, value) in values.as_object().unwrap() {
            metadata.add(&[name], value);
        }
        Training::told_by(&metadata)
    }

    fn progress(metadata: Value) -> (String, Option<bool>) {
        told(metadata).map_or((String::new(), None), |t| (t.progress, t.finished))
    }

    #[test]
    fn the_counters_of_usual_code_bases_are_found() {
        let cases = [
            // MoCo, SwAV, Barlow Twins: no end is told.
            (json!({"epoch": 7, "arch": "resnet50"}), "epoch 7", None),
            // DINO, MAE, timm, torchvision.
            (
                json!({"epoch": 4, "args": {"epochs": 40}}),
                "epoch 4 of 40",
                Some(false),
            ),
            (
                json!({"epoch": 4, "opt": {"epochs": 40, "epoch": 9}}),
                "epoch 4 of 40",
                Some(false),
            ),
            // Lightning.
            (
                json!({"epoch": 4, "global_step": 500, "hyper_parameters": {"max_epochs": 40}}),
                "epoch 4 of 40, step 500",
                Some(false),
            ),
            (
                json!({"epoch": 4, "global_step": 500, "hyper_parameters": {"max_epochs": -1, "max_steps": 500}}),
                "epoch 4, step 500 of 500",
                Some(true),
            ),
            // MMSelfSup before and after MMEngine.
            (
                json!({"meta": {"epoch": 4, "iter": 900, "config": "lr = 1\nrunner = dict(\n    type='EpochBasedRunner', max_epochs=200)"}}),
                "epoch 4 of 200, step 900",
                Some(false),
            ),
            (
                json!({"meta": {"epoch": 4, "max_epochs": 200}}),
                "epoch 4 of 200",
                Some(false),
            ),
            (
                json!({"meta": {"epoch": 0, "iter": 900, "cfg": "train_cfg = {'max_iters': 80000}"}}),
                "epoch 0, step 900 of 80000",
                Some(false),
            ),
            // A configuration in capitals, and one that is a text.
            (
                json!({"epoch": 4, "config": {"TRAIN": {"EPOCHS": 300}}}),
                "epoch 4 of 300",
                Some(false),
            ),
            (
                json!({"epoch": "4", "config": "{\"epochs\": 40}"}),
                "epoch 4 of 40",
                Some(false),
            ),
            (
                json!({"start_epoch": 5, "num_epochs": 100}),
                "epoch 5 of 100",
                Some(false),
            ),
            // I-JEPA, DINOv2.
            (
                json!({"epoch": 4, "config": {"optimization": {"epochs": 300}}}),
                "epoch 4 of 300",
                Some(false),
            ),
            (
                json!({"epoch": 3.57, "num_train_epochs": 40.0}),
                "epoch 3 of 40",
                Some(false),
            ),
        ];
        for (metadata, expected, finished) in cases {
            assert_eq!(
                progress(metadata.clone()),
                (expected.to_owned(), finished),
                "{metadata}"
            );
        }
    }

    #[test]
    fn a_finished_training_is_never_called_unfinished() {
        for at in [39, 40, 41, 400] {
            let (found, finished) = progress(json!({"epoch": at, "args": {"epochs": 40}}));
            assert_eq!((found, finished), (format!("epoch {at} of 40"), Some(true)));
        }
        assert_eq!(progress(json!({"epoch": 0, "epochs": 1})).1, Some(true));
        // Stopped by its steps.
        let by_steps = json!({"epoch": 4, "global_step": 99, "max_steps": 100, "max_epochs": 1000});
        assert_eq!(progress(by_steps).1, Some(true));
        // The epochs of something else, or of several things.
        for other in [
            json!({"epoch": 99, "lr_scheduler": {"max_epochs": 500}}),
            json!({"epoch": 99, "args": {"warmup_epochs": 500}}),
            json!({"epoch": 99, "stages": {"0": {"epochs": 500}, "1": {"epochs": 500}}}),
            json!({"epoch": 99, "a": {"epochs": 500}, "b": {"epochs": 100}}),
            json!({"epoch": 99, "linear_eval": {"epochs": 500}}),
            json!({"epoch": 99, "epochs": true}),
            json!({"epoch": 99, "epochs": 0}),
            json!({"epoch": 99, "note": "my_max_epochs = 500, max_epochs = None, max_epochs=1e3"}),
        ] {
            assert_eq!(progress(other.clone()), ("epoch 99".to_owned(), None), "{other}");
        }
        // The end nearest to the root is the training's.
        let near = json!({"epoch": 99, "args": {"epochs": 100, "head": {"epochs": 500}}});
        assert_eq!(progress(near).1, Some(true));
        // What was asked for is no counter, nor is the epoch of the best.
        for none in [
            json!({"args": {"epoch": 4, "start_epoch": 0, "epochs": 40}}),
            json!({"best_epoch": 4, "epochs": 40}),
            json!({"lr_scheduler": {"last_epoch": 4}, "epochs": 40}),
            json!({"epoch": "last", "epochs": 40}),
            json!({"epoch": -1, "epochs": 40}),
            json!({"epoch": false, "epochs": 40}),
        ] {
            assert_eq!(told(none.clone()), None, "{none}");
        }
    }

    #[test]
    fn our_own_counter_counts_epochs_that_are_over() {
        let own = |more: Value| {
            let own = json!({"schema": "featscope/checkpoint/1", "method": "sl", "arch": crate::checkpoint::arch::Arch::parse("small-cnn").unwrap()});
            let mut own = own.as_object().unwrap().clone();
            own.extend(more.as_object().unwrap().clone());
            let own: OwnMetadata = serde_json::from_value(own.into()).unwrap();
            Training::of_own(&own).map(|t| (t.progress, t.finished))
        };
        let with = |epoch: u64| own(json!({"epoch": epoch, "hyperparameters": {"epochs": 40}}));
        assert_eq!(with(39), Some(("epoch 39 of 40".into(), Some(false))));
        assert_eq!(with(40), Some(("epoch 40 of 40".into(), Some(true))));
        assert_eq!(own(json!({"epoch": 3})), Some(("epoch 3".into(), None)));
        let limited = own(json!({"epoch": 40, "hyperparameters": {"epochs": 40, "limit": 9}}));
        assert_eq!(limited, Some(("epoch 40 of 40 with --limit 9".into(), Some(true))));
        assert_eq!(own(json!({})), None);
    }
}
