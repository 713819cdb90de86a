//! The stack machine: its values, its stack and what they may take.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::failure::Failure;
use super::policy::PickleName;
use super::value::{Persistent, Pickle, PickleObject, PickleValue, Sizes, ValueId};
use crate::files::unknown::UnknownCalls;

/// Memory a pickle may take here, in bytes. A real one of ten thousand tensors takes a hundredth of it.
const MEMORY: usize = 512 << 20;

/// Memory of one value and of its places on the stack, in the memo and in containers.
pub(super) const VALUE: usize = size_of::<PickleValue>() + 4 * size_of::<ValueId>();

/// The longest text that names something; data is longer.
pub(super) const LONGEST_TEXT: u64 = 1 << 20;

/// The longest module or name, and the most parts they may have.
const LONGEST_NAME: usize = 1 << 10;
const MOST_PARTS: usize = 64;

/// What is kept of long bytes and texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::files) enum Keep {
    /// Nothing: names are short.
    Names,
    /// All that the memory of a pickle holds: arrays of numpy.
    Data,
}

/// How a pickle makes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By calling: a function's code runs, or a class's `__init__`.
    Called,
    /// By `__new__` alone.
    Made,
}

pub(super) type StepResult<T = ()> = Result<T, Failure>;

pub(super) struct Machine<'a> {
    pub(super) values: Vec<PickleValue>,
    pub(super) stack: Vec<ValueId>,
    /// Heights of the stack at the open marks.
    pub(super) marks: Vec<usize>,
    pub(super) memo: HashMap<u32, ValueId>,
    /// Names that are known, and others: each is kept once.
    names: [HashMap<Rc<str>, ValueId>; 2],
    /// Dictionaries and tensors that have attributes.
    built: HashSet<ValueId>,
    pub(super) storages: Sizes,
    pub(super) persistent: &'a Persistent<'a>,
    keep: Keep,
    /// What would be called elsewhere.
    pub(super) calls: &'a mut UnknownCalls,
    spent: usize,
}

impl<'a> Machine<'a> {
    /// A machine that has read nothing.
    pub(super) fn new(persistent: &'a Persistent, keep: Keep, calls: &'a mut UnknownCalls) -> Self {
        Self {
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            names: [HashMap::new(), HashMap::new()],
            built: HashSet::new(),
            storages: BTreeMap::new(),
            persistent,
            keep,
            calls,
            spent: 0,
        }
    }

    /// What it holds at the end of a pickle, whose value `root` is.
    pub(super) fn into_pickle(self, root: ValueId) -> Pickle {
        Pickle {
            root,
            values: self.values,
            storages: self.storages,
        }
    }

    /// A class or function, which is only ever a name here.
    pub(super) fn name(&mut self, module: &str, name: &str) -> StepResult<ValueId> {
        self.check_length(module, name)?;
        self.keep_name(PickleName::new(module, name))
    }

    /// An attribute of a class.
    pub(super) fn attribute(&mut self, class: &PickleName, name: &str) -> StepResult<ValueId> {
        self.check_length(class, name)?;
        self.keep_name(PickleName::attribute(class, name))
    }

    /// What a name costs, also where it is known already: it may be spelled out of the memo.
    fn check_length(&mut self, module: &str, name: &str) -> StepResult {
        let parts = module.split('.').chain(name.split('.')).take(MOST_PARTS + 1).count();
        if module.len().max(name.len()) > LONGEST_NAME || parts > MOST_PARTS {
            return Err(Failure::damaged("a class in its pickle has an endless name"));
        }
        self.spend(module.len() + name.len())
    }

    fn keep_name(&mut self, name: PickleName) -> StepResult<ValueId> {
        // One that is known by its module and one that is a path of attributes may be spelled alike.
        let kind = usize::from(name.known.is_none());
        if let Some(&id) = self.names[kind].get(&*name) {
            return Ok(id);
        }
        if name.dangerous {
            self.calls.named(&name);
        }
        self.spend(name.len() + size_of::<PickleName>() + 2 * VALUE)?;
        let full = name.full.clone();
        let id = self.add(PickleValue::Name(Rc::new(name)))?;
        self.names[kind].insert(full, id);
        Ok(id)
    }

    /// Notes that a value has attributes now. True if it had none.
    pub(super) fn build_once(&mut self, id: ValueId) -> StepResult<bool> {
        self.spend(VALUE)?;
        Ok(self.built.insert(id))
    }

    pub(super) fn get(&self, id: ValueId) -> &PickleValue {
        &self.values[id as usize]
    }

    pub(super) fn spend(&mut self, bytes: usize) -> StepResult {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent > MEMORY {
            return Err(Failure::damaged(format!(
                "its pickle needs more than {} MB, which no checkpoint's does",
                MEMORY >> 20
            )));
        }
        Ok(())
    }

    /// Keeps a value, without pushing it.
    pub(super) fn add(&mut self, value: PickleValue) -> StepResult<ValueId> {
        self.spend(VALUE)?;
        let id = self.values.len() as ValueId;
        self.values.push(value);
        Ok(id)
    }

    pub(super) fn push(&mut self, value: PickleValue) -> StepResult {
        let id = self.add(value)?;
        self.repeat(id)
    }

    /// Pushes a value that is kept already.
    pub(super) fn repeat(&mut self, id: ValueId) -> StepResult {
        self.spend(size_of::<ValueId>() * 2)?;
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn text(&mut self, text: String) -> StepResult<PickleValue> {
        self.spend(text.len())?;
        Ok(PickleValue::Text(text.into()))
    }

    pub(super) fn bytes(&mut self, bytes: Vec<u8>) -> StepResult<PickleValue> {
        self.spend(bytes.len())?;
        Ok(PickleValue::Bytes(bytes.into()))
    }

    /// The longest bytes or text kept.
    pub(super) fn longest(&self) -> u64 {
        match self.keep {
            Keep::Names => LONGEST_TEXT,
            Keep::Data => MEMORY.saturating_sub(self.spent) as u64,
        }
    }

    pub(super) fn pop(&mut self) -> StepResult<ValueId> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    pub(super) fn top(&self) -> StepResult<ValueId> {
        let above = self.marks.last().is_none_or(|&mark| self.stack.len() > mark);
        self.stack.last().copied().filter(|_| above).ok_or_else(underflow)
    }

    pub(super) fn pop_to_mark(&mut self) -> StepResult<Vec<ValueId>> {
        let mark = self.marks.pop().ok_or_else(underflow)?;
        Ok(self.stack.split_off(mark))
    }

    /// What a class or function that is not interpreted would have made.
    pub(super) fn opaque(&mut self, class: Rc<PickleName>, args: ValueId) -> StepResult<ValueId> {
        self.spend(size_of::<PickleObject>())?;
        self.add(PickleValue::Object(Box::new(PickleObject {
            class,
            parts: vec![args],
            state: None,
        })))
    }
}

pub(super) fn underflow() -> Failure {
    Failure::damaged("its pickle takes more from its stack than there is")
}
