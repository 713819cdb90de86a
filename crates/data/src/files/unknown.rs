//! Calls that a pickle makes where it is loaded, and that are not known to be harmless. Nothing is ever called here.

use serde::{Deserialize, Serialize};

/// The most names that are kept.
const MOST: usize = 100;

/// The longest name that is kept whole, in characters.
const LONGEST: usize = 120;

/// Names in a refusal, and in a line to read; the others are counted.
const SHOWN: [usize; 2] = [3, 10];

/// One callable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownCall {
    /// Module and name, by Python 3's names; cut, and escaped where it is not plain.
    pub name: String,
    /// How often it is called; 1 where naming it is bad enough.
    pub times: u64,
    /// Named, and not called so far.
    #[serde(skip)]
    only_named: bool,
}

/// What a pickle would call elsewhere: the dangerous first, then in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownCalls {
    /// The callables, at most a hundred.
    pub calls: Vec<UnknownCall>,
    /// How many of them are dangerous wherever they stand: they run programs, load code, reach files or the net.
    pub dangerous: usize,
    /// Calls of further callables.
    pub others: u64,
}

impl UnknownCalls {
    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Notes a call.
    pub(super) fn called(&mut self, name: &str, dangerous: bool) {
        self.note(name, dangerous, 1, false);
    }

    /// Notes a dangerous name, which may be called later.
    pub(super) fn named(&mut self, name: &str) {
        self.note(name, true, 0, true);
    }

    /// Adds those of another file of the same checkpoint.
    pub fn extend(&mut self, other: &Self) {
        for (i, call) in other.calls.iter().enumerate() {
            self.note(&call.name, i < other.dangerous, call.times, false);
        }
        self.others = self.others.saturating_add(other.others);
    }

    fn note(&mut self, name: &str, dangerous: bool, times: u64, only_named: bool) {
        let name = plain(name);
        if let Some(known) = self.calls.iter_mut().find(|call| call.name == name) {
            let more = if known.only_named { times.max(1) - 1 } else { times };
            known.times = known.times.saturating_add(more);
            known.only_named &= only_named;
            return;
        }
        if self.calls.len() == MOST {
            // A dangerous one is not lost behind a hundred others.
            let lost = if dangerous && self.dangerous < MOST {
                self.calls.pop().map_or(0, |last| last.times)
            } else {
                times
            };
            self.others = self.others.saturating_add(lost);
            if self.calls.len() == MOST {
                return;
            }
        }
        let at = if dangerous { self.dangerous } else { self.calls.len() };
        self.dangerous += usize::from(dangerous);
        let times = times.max(1);
        let call = UnknownCall {
            name,
            times,
            only_named,
        };
        self.calls.insert(at, call);
    }

    /// `would run code where it is loaded: NAME (n times), …`.
    pub fn describe(&self) -> String {
        format!("would run code where it is loaded: {}", self.listed(SHOWN[1]))
    }

    /// Why nothing is read of such a file, to go behind its path.
    pub fn refusal(&self) -> String {
        format!(
            "it would run code where it is loaded: {}; pass --allow-unknown-calls (nothing runs here), or save it again as safetensors \
             or a plain state dict",
            self.listed(SHOWN[0])
        )
    }

    /// The first of them, and how many more there are.
    pub(super) fn listed(&self, shown: usize) -> String {
        let times = |n: u64| {
            if n == 1 {
                "1 time".to_owned()
            } else {
                format!("{n} times")
            }
        };
        let names: Vec<String> = self
            .calls
            .iter()
            .take(shown)
            .map(|call| format!("{} ({})", call.name, times(call.times)))
            .collect();
        let more = self.calls.len().saturating_sub(shown);
        match (more, self.others) {
            (0, 0) => names.join(", "),
            (more, 0) => format!("{} and {more} more", names.join(", ")),
            (more, others) => format!("{} and {more} more, and {others} calls of others", names.join(", ")),
        }
    }

    /// The first dangerous name.
    pub(super) fn first_dangerous(&self) -> Option<&UnknownCall> {
        self.calls.first().filter(|_| self.dangerous > 0)
    }
}

impl UnknownCall {
    /// `calls NAME`, or `names NAME`.
    pub(super) fn describe(&self) -> String {
        let does = if self.only_named { "names" } else { "calls" };
        format!("{does} {}", self.name)
    }
}

/// A name of plain characters that cannot pass for something else, and not too long to read.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    for (i, c) in name.chars().enumerate() {
        if i == LONGEST {
            plain.push('…');
            break;
        }
        if c.is_ascii_graphic() {
            plain.push(c);
        } else {
            plain.extend(c.escape_unicode());
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_bounded_and_the_dangerous_come_first() {
        let mut calls = UnknownCalls::default();
        for i in 0..150 {
            calls.called(&format!("a.f{i}"), false);
        }
        calls.called("a.f0", false);
        calls.named("os.system");
        assert_eq!(calls.first_dangerous().unwrap().describe(), "names os.system");
        calls.called("os.system", true);
        calls.called("os.system", true);
        assert_eq!((calls.calls.len(), calls.others), (100, 51));
        assert_eq!(
            calls.listed(3),
            "os.system (2 times), a.f0 (2 times), a.f1 (1 time) and 97 more, and 51 calls of others"
        );
        let mut sum = UnknownCalls::default();
        sum.called("b.g", false);
        sum.extend(&calls);
        assert_eq!(
            (sum.calls[0].name.as_str(), sum.calls[1].name.as_str()),
            ("os.system", "b.g")
        );
    }

    #[test]
    fn names_cannot_break_a_line_or_flood_it() {
        assert_eq!(plain("a.b\n\u{202e}c"), r"a.b\u{a}\u{202e}c");
        assert_eq!(plain(&"x".repeat(5000)).chars().count(), LONGEST + 1);
    }
}
