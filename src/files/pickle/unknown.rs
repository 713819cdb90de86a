//! What a pickle would do where it is loaded, beyond making what is known to be harmless. Nothing of it is done here.

use std::collections::BTreeMap;

use crate::shown::short;

/// Different things that are kept; the others are counted.
const MOST: usize = 100;

/// The most characters of a name that is told.
const LONGEST: usize = 120;

/// Things told in a sentence.
const TOLD: usize = 3;

/// What is to become of a file whose pickles would call what is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownCalls {
    /// It is refused.
    #[default]
    Refused,
    /// What else it holds is read. Nothing is called either way.
    Allowed,
}

impl UnknownCalls {
    /// Allowed where the user said so.
    pub fn allowed(so: bool) -> Self {
        match so {
            true => Self::Allowed,
            false => Self::Refused,
        }
    }
}

/// What the pickles of one file would do, as clauses whose subject is the file: `calls os.system`.
#[derive(Debug, Default)]
pub(in crate::files) struct Acts {
    clauses: BTreeMap<String, u64>,
    more: u64,
}

impl Acts {
    pub(super) fn calls(&mut self, name: &str) {
        // The name was met before it was called.
        self.clauses.remove(&format!("names {}", short(name, LONGEST)));
        self.add("calls", name);
    }

    pub(super) fn names(&mut self, name: &str) {
        if !self.clauses.contains_key(&format!("calls {}", short(name, LONGEST))) {
            self.add("names", name);
        }
    }

    pub(super) fn changes(&mut self, name: &str) {
        self.add("changes the class", name);
    }

    fn add(&mut self, verb: &str, name: &str) {
        let clause = format!("{verb} {}", short(name, LONGEST));
        let is_full = self.clauses.len() == MOST;
        match self.clauses.get_mut(&clause) {
            Some(times) => *times += 1,
            None if is_full => self.more += 1,
            None => drop(self.clauses.insert(clause, 1)),
        }
    }

    pub(in crate::files) fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Every clause, with how often.
    pub(in crate::files) fn all(&self) -> Vec<String> {
        let shown = |(clause, times): (&String, &u64)| match times {
            1 => clause.clone(),
            _ => format!("{clause} ({times} times)"),
        };
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        self.clauses.iter().map(shown).chain(more).collect()
    }

    /// The first clauses, to stand behind "it".
    pub(in crate::files) fn said(&self) -> String {
        let mut said: Vec<&str> = self.clauses.keys().take(TOLD).map(String::as_str).collect();
        let more = self.clauses.len().saturating_sub(TOLD) as u64 + self.more;
        let rest = format!("and {more} more");
        if more > 0 {
            said.push(&rest);
        }
        said.join(", ")
    }
}
