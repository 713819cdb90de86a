//! Where a checkpoint tells how far its training had come: names of counters, and what beside its tensors has them.

use serde_json::Value;

use super::counter::Counter;

/// What the counters of a training are called: names with spaces between them.
pub(super) struct CounterNames {
    /// What is counted.
    pub(super) unit: &'static str,
    /// Names of the counter, at the root.
    at: &'static str,
    /// Those of them that mean the same below one dictionary that holds no options.
    below: &'static str,
    /// Names of where it ends, at any depth.
    end: &'static str,
    /// Names of where it ends, in the text of a configuration.
    text: &'static str,
}

pub(super) const EPOCHS: CounterNames = CounterNames {
    unit: "epoch",
    at: "epoch current_epoch cur_epoch epoch_num start_epoch last_epoch",
    below: "epoch current_epoch cur_epoch",
    end: "epochs max_epochs max_epoch num_epochs num_epoch n_epochs n_epoch nb_epochs total_epochs total_epoch \
          num_train_epochs train_epochs training_epochs end_epoch",
    text: "max_epochs total_epochs",
};

pub(super) const STEPS: CounterNames = CounterNames {
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

/// A number and where it is told.
struct MetadataNumber {
    path: Vec<String>,
    number: u64,
}

/// What a checkpoint says beside its tensors: numbers by their place, and the texts of configurations.
#[derive(Default)]
pub(super) struct Metadata {
    numbers: Vec<MetadataNumber>,
    texts: Vec<(Vec<String>, String)>,
}

impl Metadata {
    pub(super) fn add(&mut self, path: &[&str], value: &Value) {
        if path.len() > DEPTH {
            return;
        }
        let owned = || path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
        match value {
            Value::Number(number) => {
                // Parts of an epoch do not count.
                let number = number.as_u64().or_else(|| whole(number.as_f64()?));
                self.numbers
                    .extend(number.map(|number| MetadataNumber { path: owned(), number }));
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

    pub(super) fn counter(&self, names: &CounterNames) -> Option<Counter> {
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
    fn at(&self, names: &CounterNames) -> Option<(String, u64)> {
        let rank = |place: &MetadataNumber| match place.path.as_slice() {
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
    fn end(&self, names: &CounterNames) -> Option<(String, u64)> {
        let mut ends: Vec<(usize, String, u64)> = Vec::new();
        for MetadataNumber { path, number } in &self.numbers {
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

/// True if a dictionary speaks of something else than the training itself. Items of lists do: of which, their number does
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
