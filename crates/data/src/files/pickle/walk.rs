//! From what a pickle builds to named tensors, plain values and opaque leaves.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use serde_json::Value as Json;

use super::failure::Failure;
use super::machine::Keep;
use super::numpy::NdArray;
use super::value::{Pickle, PickleObject, PickleValue, TensorRef, ValueId};
use crate::files::opaque::Opaque;

/// The deepest nesting of dictionaries whose plain values are kept as metadata.
const METADATA_DEPTH: usize = 3;

/// The deepest nesting at all.
const MAX_DEPTH: usize = 200;

/// The most values that are looked at. A list of lists of lists … can be a short file and have no end.
const MAX_VISITS: usize = 20_000_000;

/// What the names of all tensors may take, in bytes.
const MAX_NAMES: usize = 256 << 20;

/// The most objects that are named as not read; the others are counted.
const MOST_OPAQUE: usize = 10_000;

/// The most dictionaries of a list of settings that are looked at.
const MOST_SETTINGS: usize = 64;

/// The tables that every `torch.nn.Module` keeps in its attributes; submodules last.
const TABLES: [&str; 3] = ["_parameters", "_buffers", "_modules"];

/// What a pickle holds.
#[derive(Debug, Default)]
pub(in crate::files) struct PickleContents {
    pub(in crate::files) tensors: BTreeMap<String, Rc<TensorRef>>,
    /// Plain values near the root.
    pub(in crate::files) metadata: BTreeMap<String, Json>,
    /// Dictionaries that tensors are nested in, the root left out.
    pub(in crate::files) nests: BTreeSet<String>,
    /// Arrays of numpy, where data is kept.
    pub(in crate::files) ndarrays: Vec<(String, NdArray)>,
    /// Lists and tuples of texts and whole numbers, where data is kept.
    pub(in crate::files) lists: Vec<(String, Vec<Option<String>>)>,
    /// Other containers and objects of the root, and what they are, where data is kept.
    pub(in crate::files) unread: Vec<(String, &'static str)>,
    /// What was not interpreted.
    pub(in crate::files) opaque: Vec<Opaque>,
}

/// Walks everything below the root.
pub(in crate::files) fn walk(pickle: &Pickle, keep: Keep) -> Result<PickleContents, Failure> {
    let mut walker = Walker {
        pickle,
        keep,
        found: PickleContents::default(),
        path: Vec::new(),
        nested: 0,
        visits: 0,
        names: 0,
        depth: 0,
        unnamed: (0, 0),
    };
    walker.value(pickle.root)?;
    if let (objects @ 1.., tensors) = walker.unnamed {
        walker.found.opaque.push(Opaque {
            path: "…".to_owned(),
            class: format!("{objects} further objects"),
            tensors,
        });
    }
    Ok(walker.found)
}

/// True if a value may hold what labels are made of.
fn is_container(value: &PickleValue) -> bool {
    matches!(
        value,
        PickleValue::List(_) | PickleValue::Tuple(_) | PickleValue::Dict(_) | PickleValue::Object(_)
    )
}

struct Walker<'a> {
    pickle: &'a Pickle,
    keep: Keep,
    found: PickleContents,
    path: Vec<String>,
    /// How many parts of the path are dictionaries and lists, rather than modules of a model that was saved whole.
    nested: usize,
    visits: usize,
    /// Bytes of names and texts so far.
    names: usize,
    depth: usize,
    /// Objects that are not read and not named, and the tensors inside them.
    unnamed: (usize, usize),
}

impl<'a> Walker<'a> {
    fn visit(&mut self) -> Result<(), Failure> {
        self.visits += 1;
        if self.visits > MAX_VISITS || self.names > MAX_NAMES {
            return Err(Failure::Damaged(
                "its pickle nests the same values without end".to_owned(),
            ));
        }
        Ok(())
    }

    fn value(&mut self, id: ValueId) -> Result<(), Failure> {
        self.visit()?;
        // Also where a container holds itself.
        if self.depth == MAX_DEPTH {
            return Err(Failure::Damaged(format!(
                "its pickle is nested more than {MAX_DEPTH} deep"
            )));
        }
        self.depth += 1;
        let pickle = self.pickle;
        if self.keep == Keep::Data && self.data(id) {
            self.depth -= 1;
            return Ok(());
        }
        match pickle.get(id) {
            PickleValue::Dict(pairs) => {
                for &(key, item) in pairs {
                    self.visit()?;
                    // Other keys (tuples, classes) lead to no weights.
                    if let Some(key) = pickle.key(key) {
                        let (root, before) = (self.path.is_empty(), self.held());
                        self.below(key.clone(), item, true)?;
                        if root && self.keep == Keep::Data && self.held() == before && is_container(pickle.get(item)) {
                            self.found.unread.push((key, pickle.get(item).kind()));
                        }
                    }
                }
            }
            PickleValue::List(items) | PickleValue::Tuple(items) => {
                for (i, &item) in items.iter().enumerate() {
                    self.below(i.to_string(), item, true)?;
                }
            }
            PickleValue::Tensor(tensor) => self.tensor(tensor)?,
            PickleValue::Object(object) => self.object(object)?,
            PickleValue::Name(class) if !class.quiet => self.opaque(class, 0),
            plain if self.path.len() <= METADATA_DEPTH => {
                self.plain(self.path.join("."), plain);
            }
            _ => {}
        }
        self.depth -= 1;
        Ok(())
    }

    /// How many arrays and lists were found.
    fn held(&self) -> usize {
        self.found.tensors.len() + self.found.ndarrays.len() + self.found.lists.len()
    }

    /// Keeps an array of numpy, or a list of texts and numbers; false for anything else.
    fn data(&mut self, id: ValueId) -> bool {
        let name = || self.path.join(".");
        if let Some(array) = self.pickle.ndarray(id) {
            self.found.ndarrays.push((name(), array));
            return true;
        }
        let list = self.pickle.list(id).filter(|items| !items.is_empty());
        let is_list = list.is_some();
        self.found.lists.extend(list.map(|items| (name(), items)));
        is_list
    }

    fn plain(&mut self, name: String, value: &PickleValue) {
        let value = match value {
            PickleValue::Bool(b) => Json::from(*b),
            PickleValue::Int(i) => (*i).into(),
            PickleValue::Float(f) if f.is_finite() => (*f).into(),
            PickleValue::Text(text) => {
                self.names += text.len();
                text.to_string().into()
            }
            _ => return,
        };
        self.names += name.len();
        self.found.metadata.insert(name, value);
    }

    fn below(&mut self, key: String, item: ValueId, is_nest: bool) -> Result<(), Failure> {
        let outer = self.nested;
        // Modules below modules are one name, as in a state dict.
        if is_nest && self.nested == self.path.len() {
            self.nested += 1;
        }
        self.path.push(key);
        self.value(item)?;
        self.path.pop();
        self.nested = outer;
        Ok(())
    }

    fn tensor(&mut self, tensor: &Rc<TensorRef>) -> Result<(), Failure> {
        for depth in 1..=self.nested.min(self.path.len().saturating_sub(1)) {
            let nest = self.path[..depth].join(".");
            self.names += nest.len();
            self.found.nests.insert(nest);
        }
        let name = self.path.join(".");
        self.names += name.len();
        if self.found.tensors.contains_key(&name) {
            return Err(Failure::Unsupported(format!(
                "two tensors are named {name}; which one is meant cannot be known"
            )));
        }
        self.found.tensors.insert(name, tensor.clone());
        Ok(())
    }

    fn object(&mut self, object: &'a PickleObject) -> Result<(), Failure> {
        let attributes = match object.state.map(|id| self.pickle.get(id)) {
            Some(PickleValue::Dict(pairs)) => pairs.as_slice(),
            _ => &[],
        };
        self.visits += attributes.len();
        if let Some(tables) = self.module(attributes) {
            return self.state_dict(tables);
        }
        if !object.class.quiet {
            let hidden = self.hidden(object)?;
            self.opaque(&object.class, hidden);
        }
        // A namespace of plain values says how the network was trained.
        if self.path.len() < METADATA_DEPTH {
            for &(key, value) in attributes {
                if let Some(key) = self.pickle.key(key) {
                    let name = self.path.iter().chain([&key]).cloned().collect::<Vec<_>>().join(".");
                    self.plain(name.clone(), self.pickle.get(value));
                    self.settings(&name, value)?;
                }
            }
        }
        Ok(())
    }

    /// What a namespace holds in a dictionary, or in a list of dictionaries (a RADIO's teachers): texts, switches and
    /// fractions. Whole numbers there count something else than the training.
    fn settings(&mut self, name: &str, value: ValueId) -> Result<(), Failure> {
        let pickle = self.pickle;
        let dictionaries: Vec<(String, ValueId)> = match pickle.get(value) {
            PickleValue::Dict(_) => vec![(name.to_owned(), value)],
            PickleValue::List(items) | PickleValue::Tuple(items) => {
                let numbered = |(i, &item): (usize, &ValueId)| (format!("{name}.{i}"), item);
                items.iter().take(MOST_SETTINGS).enumerate().map(numbered).collect()
            }
            _ => return Ok(()),
        };
        for (name, dictionary) in dictionaries {
            self.visit()?;
            let PickleValue::Dict(pairs) = pickle.get(dictionary) else {
                continue;
            };
            for &(key, item) in pairs {
                self.visit()?;
                let kept = matches!(
                    pickle.get(item),
                    PickleValue::Bool(_) | PickleValue::Float(_) | PickleValue::Text(_)
                );
                if let Some(key) = pickle.key(key).filter(|_| kept) {
                    self.plain(format!("{name}.{key}"), pickle.get(item));
                }
            }
        }
        Ok(())
    }

    /// The attribute of that name; of several the last, as in Python.
    fn attribute(&self, attributes: &'a [(ValueId, ValueId)], name: &str) -> Option<&'a PickleValue> {
        let named = |id| matches!(self.pickle.get(id), PickleValue::Text(text) if &**text == name);
        let (_, value) = attributes.iter().rev().find(|&&(key, _)| named(key))?;
        Some(self.pickle.get(*value))
    }

    /// The tables of a `torch.nn.Module`, whatever its class; `None` where the object is none.
    fn module(&self, attributes: &'a [(ValueId, ValueId)]) -> Option<Vec<(ValueId, ValueId)>> {
        let skipped: HashSet<String> = match self.attribute(attributes, "_non_persistent_buffers_set") {
            Some(PickleValue::List(names)) => names.iter().filter_map(|&n| self.pickle.key(n)).collect(),
            _ => HashSet::new(),
        };
        let mut all = Vec::new();
        for table in TABLES {
            let Some(PickleValue::Dict(pairs)) = self.attribute(attributes, table) else {
                return None;
            };
            let kept = |&&(key, _): &&(ValueId, ValueId)| {
                table != "_buffers" || self.pickle.key(key).is_none_or(|name| !skipped.contains(&name))
            };
            all.extend(pairs.iter().filter(kept));
        }
        Some(all)
    }

    /// A model that was saved whole, as its state dict would be.
    fn state_dict(&mut self, tables: Vec<(ValueId, ValueId)>) -> Result<(), Failure> {
        for (key, item) in tables {
            match (self.pickle.key(key), self.pickle.get(item)) {
                (Some(key), PickleValue::Tensor(_) | PickleValue::Object(_)) => self.below(key, item, false)?,
                // None: a bias that was left out.
                _ => self.visit()?,
            }
        }
        Ok(())
    }

    /// Tensors inside an object, which are not read.
    fn hidden(&mut self, object: &PickleObject) -> Result<usize, Failure> {
        let mut seen = HashSet::new();
        let mut waiting: Vec<ValueId> = object.parts.iter().copied().chain(object.state).collect();
        let mut tensors = 0;
        while let Some(id) = waiting.pop() {
            self.visit()?;
            if !seen.insert(id) {
                continue;
            }
            match self.pickle.get(id) {
                PickleValue::Tensor(_) => tensors += 1,
                PickleValue::Tuple(items) | PickleValue::List(items) => waiting.extend(items),
                PickleValue::Dict(pairs) => waiting.extend(pairs.iter().flat_map(|&(key, value)| [key, value])),
                PickleValue::Object(inner) => waiting.extend(inner.parts.iter().copied().chain(inner.state)),
                _ => {}
            }
        }
        Ok(tensors)
    }

    fn opaque(&mut self, class: &str, tensors: usize) {
        if self.found.opaque.len() == MOST_OPAQUE {
            self.unnamed.0 += 1;
            self.unnamed.1 += tensors;
            return;
        }
        let path = self.path.join(".");
        self.names += path.len() + class.len();
        self.found.opaque.push(Opaque {
            path,
            class: class.to_owned(),
            tensors,
        });
    }
}
