//! Which calls a pickle may make where it is loaded.

use super::allowed::Use;
use super::failure::Failure;
use super::machine::{How, Machine, StepResult};
use super::policy::PickleName;
use super::value::{PickleObject, PickleValue, ValueId};

/// The most arguments of a call that is known to be harmless; no such call needs more, and a million are not looked at.
pub(super) const MAX_ARGUMENTS: usize = 16;

/// Names of encodings that only turn texts into bytes; another one's module would be searched for.
const ENCODINGS: &str = "ascii iso-8859-1 iso8859-1 latin-1 latin1 latin_1 utf-8 utf8";

/// The most keys that are looked at of a dictionary which becomes an object; more are not trusted.
const MOST_KEYS: usize = 100;

impl Machine<'_> {
    /// Notes what a call of `name` would run elsewhere. True if its result is known: what an unknown name makes is not.
    pub(super) fn judge(&mut self, name: &PickleName, given: &[ValueId], how: How) -> bool {
        let many = given.len() > MAX_ARGUMENTS;
        match name.known {
            Some(Use::New) if how == How::Made || given.is_empty() => {}
            Some(Use::Call) if !many => given.iter().for_each(|&id| self.judge_argument(name, id)),
            Some(Use::Judged) if !many || &**name == "functools.partial" => {
                return self.judge_by_arguments(name, given);
            }
            known => {
                self.calls.called(name, name.dangerous);
                return known.is_some_and(|known| known != Use::Value);
            }
        }
        true
    }

    /// The named arguments of a call.
    pub(super) fn judge_named(&mut self, callable: ValueId, named: ValueId) {
        let PickleValue::Name(name) = self.get(callable) else {
            return;
        };
        let name = name.clone();
        let values: Vec<ValueId> = match self.get(named) {
            PickleValue::Dict(pairs) => pairs.iter().take(MAX_ARGUMENTS + 1).map(|&(_, value)| value).collect(),
            _ => Vec::new(),
        };
        match name.known {
            Some(Use::New) if values.len() <= MAX_ARGUMENTS => {}
            Some(Use::Call) if values.len() <= MAX_ARGUMENTS => {
                values.iter().for_each(|&id| self.judge_argument(&name, id));
            }
            // What is held is not called; the function itself is among the other arguments.
            Some(Use::Judged) if &**name == "functools.partial" => {}
            // Called itself, and noted then.
            None | Some(Use::Value) => {}
            _ if values.is_empty() => {}
            _ => self.calls.called(&name, false),
        }
    }

    /// The attributes an object is given. Python looks for `__setstate__` on the object itself, so that attributes which are
    /// given first decide what runs when more are given; no honest file gives them twice.
    pub(super) fn judge_state(&mut self, object: ValueId, state: ValueId) -> StepResult {
        let object = match self.get(object) {
            PickleValue::Object(object) => object,
            PickleValue::Dict(_) | PickleValue::Tensor(_) => {
                let class = match self.get(object) {
                    PickleValue::Dict(_) => "collections.OrderedDict",
                    _ => "torch.Tensor",
                };
                if !self.build_once(object)? {
                    self.calls.called(&format!("{class}.__setstate__"), false);
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        let class = refuse_found(object)?.class.clone();
        let is_again = object.state.is_some();
        match self.get(state) {
            PickleValue::Tuple(state) if &**class == "functools.partial" => {
                // They say anew what it holds.
                if let Some(&function) = state.first() {
                    self.judge_held(function);
                }
            }
            // Set one by one, which may change its class.
            PickleValue::Tuple(state) if state.len() == 2 && !self.are_plain(state[1], "__class__") => {
                self.calls.called(&format!("{class}.__setstate__"), false);
            }
            _ => {}
        }
        if is_again {
            self.calls.called(&format!("{class}.__setstate__"), false);
        }
        Ok(())
    }

    /// What is put into an object, or under its keys. `append` too is looked for on the object itself, and settings have
    /// their keys for attributes: one called `__setstate__` would be called with what follows.
    pub(super) fn judge_items(&mut self, object: ValueId, items: &[ValueId], pairs: bool) -> StepResult {
        let PickleValue::Object(object) = self.get(object) else {
            return Ok(());
        };
        let class = refuse_found(object)?.class.clone();
        let method = match pairs {
            false => "append",
            true if object.state.is_some() => "__setitem__",
            true if !items.iter().step_by(2).all(|&key| self.is_plain(key, "__setstate__")) => "__setstate__",
            true => return Ok(()),
        };
        self.calls.called(&format!("{class}.{method}"), false);
        Ok(())
    }

    /// True if a key is a plain value, and none that means more to Python.
    fn is_plain(&self, key: ValueId, special: &str) -> bool {
        match self.get(key) {
            PickleValue::Text(text) => &**text != special && &**text != "__dict__",
            key => !matches!(key, PickleValue::Object(_) | PickleValue::Bulk(_)),
        }
    }

    /// True if the keys of a dictionary are such; None has none.
    fn are_plain(&self, id: ValueId, special: &str) -> bool {
        match self.get(id) {
            PickleValue::Dict(pairs) => {
                pairs.len() <= MOST_KEYS && pairs.iter().all(|&(key, _)| self.is_plain(key, special))
            }
            _ => true,
        }
    }

    /// An argument of a call that may do anything with it. A function or class that is not known could be called, and an
    /// object of a class with methods of its own could run them.
    fn judge_argument(&mut self, caller: &PickleName, id: ValueId) {
        match self.get(id) {
            PickleValue::Name(name) => match name.known {
                Some(Use::Call | Use::Value) => {}
                _ => {
                    let name = name.clone();
                    self.calls.called(&name, name.dangerous);
                }
            },
            PickleValue::Object(object) => match object.class.known {
                Some(Use::Call) => {}
                Some(Use::Judged) if object.class.ends_with(".encode") => {}
                _ => self.calls.called(caller, false),
            },
            _ => {}
        }
    }

    /// A function or class that is held, to be called by somebody else; or None.
    fn judge_held(&mut self, id: ValueId) {
        let name = match self.get(id) {
            PickleValue::Name(name) if name.may_be_held() => return,
            PickleValue::Object(object) if &**object.class == "functools.partial" => return,
            PickleValue::None => return,
            PickleValue::Name(name) => name.clone(),
            PickleValue::Object(object) => object.class.clone(),
            _ => return,
        };
        self.calls.called(&name, name.dangerous);
    }

    /// Calls that do what their arguments say.
    fn judge_by_arguments(&mut self, name: &PickleName, given: &[ValueId]) -> bool {
        let harmless = match (&**name, given) {
            // Held, until somebody calls what they make or asks it for a key.
            ("functools.partial" | "collections.defaultdict", [function, ..]) => {
                self.judge_held(*function);
                true
            }
            ("collections.defaultdict", []) => true,
            // Each makes an object of its first argument; the second one has another class in its place.
            ("copyreg._reconstructor", [class, base, state @ ..]) => {
                self.judge_held(*class);
                self.judge_held(*base);
                state.iter().all(|&id| self.are_plain(id, "__setstate__"))
            }
            (
                "copyreg.__newobj__" | "copyreg.__newobj_ex__" | "torch._utils._rebuild_wrapper_subclass",
                [class, ..],
            ) => {
                self.judge_held(*class);
                true
            }
            // What they call is judged where it is called.
            (rebuild, [_, class, _, ..]) if rebuild.contains("._rebuild_from_type") => {
                self.judge_held(*class);
                true
            }
            // The type of a value; with more it makes a class.
            ("builtins.type", [_]) => true,
            ("builtins.getattr", [object, attribute]) => matches!(
                (self.get(*object), self.get(*attribute)),
                (PickleValue::Name(class), PickleValue::Text(_)) if class.may_be_held()
            ),
            ("_codecs.encode" | "codecs.encode", [text, more @ ..]) => {
                let is_text = matches!(self.get(*text), PickleValue::Text(_) | PickleValue::Bulk("a long str"));
                let is_encoding = |word: &str| ENCODINGS.split(' ').any(|known| known == word);
                let known = |id: &ValueId| matches!(self.get(*id), PickleValue::Text(word) if is_encoding(word));
                is_text && more.len() < 2 && more.iter().all(known)
            }
            // `Dict[str, Any]`, of typing alone.
            (getitem, [generic, _]) if getitem.ends_with("operator.getitem") => {
                matches!(self.get(*generic), PickleValue::Name(name) if name.known == Some(Use::Value) && name.starts_with("typing."))
            }
            _ => false,
        };
        if !harmless {
            self.calls.called(name, false);
        }
        true
    }
}

/// An object that was found rather than made is a class or a method of something else, which must not be changed.
fn refuse_found(object: &PickleObject) -> StepResult<&PickleObject> {
    match &**object.class {
        "builtins.type" | "builtins.getattr" | "_operator.getitem" | "operator.getitem" => {
            Err(Failure::Hostile(format!("changes what {} finds", object.class)))
        }
        _ => Ok(object),
    }
}
