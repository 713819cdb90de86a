//! How far the training had come whose weights a checkpoint holds. Code bases count from 0 or from 1, so a counter that
//! stands at the last number, or one before it, is at the end.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Checkpoint;
use super::own::{KEY, OwnMetadata, STATE_SCHEMA};

/// What the counters of a training are called: names with spaces between them.
struct Names {
    /// What is counted.
    unit: &'static str,
    /// Names of the counter, at the root.
    at: &'static str,
    /// Those of them that mean the same below one dictionary that holds no options.
    below: &'static str,
    /// Names of where it ends, at any depth.
    end: &'static str,
    /// The same in the text of a configuration.
    text: &'static str,
}

const EPOCHS: Names = Names {
    unit: "epoch",
    at: "epoch current_epoch cur_epoch epoch_num start_epoch last_epoch",
    below: "epoch current_epoch cur_epoch",
    end: "epochs max_epochs max_epoch num_epochs num_epoch n_epochs n_epoch nb_epochs total_epochs total_epoch \
          num_train_epochs train_epochs training_epochs end_epoch",
    text: "max_epochs total_epochs",
};

const STEPS: Names = Names {
    unit: "step",
    at: "global_step iteration iter step num_updates",
    below: "global_step iteration iter",
    end: "max_steps max_step total_steps num_train_steps max_iters max_iter total_iters total_iterations num_iterations \
          max_updates max_update",
    text: "max_iters total_iters",
};

/// Dictionaries of what was asked for: a counter below one is no counter.
const OPTIONS: &str = "args opt opts options config cfg conf hparams hyper_parameters hyperparameters params flags optim \
                       optimizer optimization";

/// Parts of names of dictionaries that speak of something else than the training.
const ELSEWHERE: [&str; 8] = [
    "sched", "warmup", "linear", "probe", "eval", "finetun", "fine_tun", "callback",
];

/// The deepest place that is looked at, in names.
const DEPTH: usize = 4;

/// The state of a training, as Hugging Face's trainer leaves it beside its weights, is not longer.
const LONGEST: u64 = 64 << 20;

/// Its name.
const BESIDE: &str = "trainer_state.json";

/// A counter of a training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// What it counts: `epoch` or `step`.
    pub unit: String,
    /// Where it stands.
    pub at: u64,
    /// Where the training ends, where that is known.
    pub end: Option<u64>,
    /// Where the two are told.
    pub told: String,
}

/// How far a training had come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// Its counters: epochs, then steps.
    pub counters: Vec<Counter>,
    /// Whether it was at its end; `None` where that is not known.
    pub finished: Option<bool>,
    /// In a few words: `epoch 4 of 40`.
    pub said: String,
}

impl Training {
    /// What the file says, and what a trainer wrote beside it where the file says nothing. `None` where there is no counter.
    pub(super) fn of(checkpoint: &Checkpoint, own: Option<&OwnMetadata>) -> Option<Self> {
        if let Some(own) = own {
            return Self::of_own(own);
        }
        let mut places = Places::default();
        for (name, value) in checkpoint.metadata() {
            let path: Vec<&str> = name.split('.').collect();
            places.add(&path, value);
        }
        if checkpoint.metadata().get("schema").and_then(Value::as_str) == Some(STATE_SCHEMA) {
            let epochs = places.counter(&EPOCHS)?;
            return Some(Self::from_counters(vec![epochs], Self::all_over));
        }
        Self::told_by(&places).or_else(|| {
            let mut places = Places::default();
            let state = checkpoint.beside(BESIDE, LONGEST)?;
            for (name, value) in state.as_object()?.iter().filter(|(_, value)| value.is_number()) {
                places.add(&[name], value);
            }
            let mut training = Self::told_by(&places)?;
            for counter in &mut training.counters {
                counter.told = format!("{} in the {BESIDE} beside it", counter.told);
            }
            Some(training)
        })
    }

    fn of_own(own: &OwnMetadata) -> Option<Self> {
        let at = own.more.get("epoch").and_then(Value::as_u64)?;
        let end = own.more.get("hyperparameters").and_then(|h| h.get("epochs")?.as_u64());
        let counter = Counter {
            unit: EPOCHS.unit.to_owned(),
            at,
            end,
            told: KEY.to_owned(),
        };
        Some(Self::from_counters(vec![counter], Self::all_over))
    }

    /// Our own counters count epochs that are over.
    fn all_over(counter: &Counter) -> Option<bool> {
        Some(counter.at >= counter.end?)
    }

    fn told_by(places: &Places) -> Option<Self> {
        let counters: Vec<Counter> = [EPOCHS, STEPS]
            .iter()
            .filter_map(|names| places.counter(names))
            .collect();
        let at_end = |counter: &Counter| Some(counter.at.saturating_add(1) >= counter.end?);
        (!counters.is_empty()).then(|| Self::from_counters(counters, at_end))
    }

    /// `at_end`: whether a counter stands where the training ends. One that does is enough: which limit ended a training is
    /// not said.
    fn from_counters(counters: Vec<Counter>, at_end: impl Fn(&Counter) -> Option<bool>) -> Self {
        let ended: Vec<bool> = counters.iter().filter_map(at_end).collect();
        let said: Vec<String> = counters
            .iter()
            .map(|Counter { unit, at, end, .. }| match end {
                Some(end) => format!("{unit} {at} of {end}"),
                None => format!("{unit} {at}"),
            })
            .collect();
        Self {
            finished: (!ended.is_empty()).then(|| ended.contains(&true)),
            said: said.join(", "),
            counters,
        }
    }

    /// A sentence about it, and where it is told.
    pub fn describe(&self) -> String {
        let told: Vec<&str> = self.counters.iter().map(|counter| counter.told.as_str()).collect();
        let (said, told) = (&self.said, told.join("; "));
        match self.finished {
            Some(false) => format!("{said}, saved before the training ended ({told})"),
            Some(true) => format!("{said}, at the end of the training ({told})"),
            None => format!("{said}, of how many is not told ({told})"),
        }
    }
}

/// A number and where it is told.
struct Place {
    path: Vec<String>,
    number: u64,
}

/// What a checkpoint says beside its tensors: numbers by their place, and the texts of configurations.
#[derive(Default)]
struct Places {
    numbers: Vec<Place>,
    texts: Vec<(Vec<String>, String)>,
}

impl Places {
    fn add(&mut self, path: &[&str], value: &Value) {
        if path.len() > DEPTH {
            return;
        }
        let owned = || path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
        match value {
            Value::Number(number) => {
                // Parts of an epoch do not count.
                let number = number.as_u64().or_else(|| whole(number.as_f64()?));
                self.numbers
                    .extend(number.map(|number| Place { path: owned(), number }));
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.add(&[path, &[name]].concat(), value);
                }
            }
            Value::String(text) => match serde_json::from_str::<Value>(text) {
                // The metadata of safetensors are texts, of whatever they say.
                Ok(inner @ (Value::Number(_) | Value::Object(_))) => self.add(path, &inner),
                _ => self.texts.push((owned(), text.clone())),
            },
            _ => {}
        }
    }

    fn counter(&self, names: &Names) -> Option<Counter> {
        let (place, at) = self.at(names)?;
        let end = self.end(names);
        Some(Counter {
            unit: names.unit.to_owned(),
            at,
            told: match &end {
                Some((other, _)) => format!("{place}, {other}"),
                None => place,
            },
            end: end.map(|(_, end)| end),
        })
    }

    /// The counter nearest to the root, of equals the one named first.
    fn at(&self, names: &Names) -> Option<(String, u64)> {
        let rank = |place: &Place| match place.path.as_slice() {
            [name] => Some((1, position(names.at, name)?)),
            [above, name] if !is_one_of(OPTIONS, above) && !is_elsewhere(above) => {
                Some((2, position(names.below, name)?))
            }
            _ => None,
        };
        let ranked = self.numbers.iter().filter_map(|place| Some((rank(place)?, place)));
        let (_, place) = ranked.min_by_key(|(rank, _)| *rank)?;
        Some((place.path.join("."), place.number))
    }

    /// The end nearest to the root. Several that differ are none.
    fn end(&self, names: &Names) -> Option<(String, u64)> {
        let mut ends: Vec<(usize, String, u64)> = Vec::new();
        for Place { path, number } in &self.numbers {
            let [above @ .., name] = path.as_slice() else { continue };
            if is_one_of(names.end, name) && !above.iter().any(|part| is_elsewhere(part)) {
                ends.push((path.len(), path.join("."), *number));
            }
        }
        for (path, text) in &self.texts {
            for name in names.text.split(' ') {
                let numbers = set_in(text, name).into_iter();
                let place = format!("{name} in {}", path.join("."));
                ends.extend(numbers.map(|number| (path.len() + 1, place.clone(), number)));
            }
        }
        // An end at 0 or below stands for none.
        ends.retain(|(.., number)| *number > 0);
        let nearest = ends.iter().map(|(depth, ..)| *depth).min()?;
        ends.retain(|(depth, ..)| *depth == nearest);
        let (_, place, number) = ends.first()?.clone();
        ends.iter()
            .all(|(.., other)| *other == number)
            .then_some((place, number))
    }
}

/// The whole part of a number from 0 on.
fn whole(number: f64) -> Option<u64> {
    (0.0..9e15).contains(&number).then_some(number as u64)
}

fn position(names: &str, name: &str) -> Option<usize> {
    names.split(' ').position(|n| n.eq_ignore_ascii_case(name))
}

fn is_one_of(names: &str, name: &str) -> bool {
    position(names, name).is_some()
}

/// Whether a dictionary speaks of something else than the training itself. Items of lists do: of which, their number does
/// not say.
fn is_elsewhere(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    part.bytes().all(|b| b.is_ascii_digit()) || ELSEWHERE.iter().any(|word| part.contains(word))
}

/// The numbers that `name` is set to in the text of a configuration: `name = 200`, `name: 200`, `'name': 200`.
fn set_in(text: &str, name: &str) -> Vec<u64> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(name) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = text[at + name.len()..].trim_start_matches(['\'', '"', ' ']);
        let Some(rest) = rest.strip_prefix(['=', ':']) else {
            continue;
        };
        let rest = rest.trim_start_matches(' ');
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if !rest[digits..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.') {
            found.extend(rest[..digits].parse::<u64>());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(metadata: Value) -> Option<Training> {
        let mut places = Places::default();
        for (name, value) in metadata.as_object().unwrap() {
            places.add(&[name], value);
        }
        Training::told_by(&places)
    }

    fn said(metadata: Value) -> (String, Option<bool>) {
        told(metadata).map_or((String::new(), None), |t| (t.said, t.finished))
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
            assert_eq!(said(metadata.clone()), (expected.to_owned(), finished), "{metadata}");
        }
    }

    #[test]
    fn a_finished_training_is_never_called_unfinished() {
        for at in [39, 40, 41, 400] {
            let (said, finished) = said(json!({"epoch": at, "args": {"epochs": 40}}));
            assert_eq!((said, finished), (format!("epoch {at} of 40"), Some(true)));
        }
        assert_eq!(said(json!({"epoch": 0, "epochs": 1})).1, Some(true));
        // Stopped by its steps.
        let by_steps = json!({"epoch": 4, "global_step": 99, "max_steps": 100, "max_epochs": 1000});
        assert_eq!(said(by_steps).1, Some(true));
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
            assert_eq!(said(other.clone()), ("epoch 99".to_owned(), None), "{other}");
        }
        // The end nearest to the root is the training's.
        let near = json!({"epoch": 99, "args": {"epochs": 100, "head": {"epochs": 500}}});
        assert_eq!(said(near).1, Some(true));
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
            let own = json!({"schema": "featscope/checkpoint/1", "method": "sl", "arch": super::super::arch::Arch::parse("small-cnn").unwrap()});
            let mut own = own.as_object().unwrap().clone();
            own.extend(more.as_object().unwrap().clone());
            let own: OwnMetadata = serde_json::from_value(own.into()).unwrap();
            Training::of_own(&own).map(|t| (t.said, t.finished))
        };
        let with = |epoch: u64| own(json!({"epoch": epoch, "hyperparameters": {"epochs": 40}}));
        assert_eq!(with(39), Some(("epoch 39 of 40".into(), Some(false))));
        assert_eq!(with(40), Some(("epoch 40 of 40".into(), Some(true))));
        assert_eq!(own(json!({"epoch": 3})), Some(("epoch 3".into(), None)));
        assert_eq!(own(json!({})), None);
    }
}
