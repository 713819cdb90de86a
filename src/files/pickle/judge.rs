//! Which calls a pickle may make where it is loaded.

use super::allowed::Use;
use super::machine::Machine;
use super::policy::Name;
use super::{Id, Value};

/// The most arguments of a call that is known to be harmless; no such call needs more, and a million are not looked at.
pub(super) const MAX_ARGUMENTS: usize = 16;

/// Names of encodings that only turn texts into bytes; another one's module would be searched for.
const ENCODINGS: [&str; 8] = [
    "ascii",
    "iso-8859-1",
    "iso8859-1",
    "latin-1",
    "latin1",
    "latin_1",
    "utf-8",
    "utf8",
];

/// How a pickle makes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By calling: a function's code runs, or a class's `__init__`.
    Called,
    /// By `__new__` alone.
    Made,
}

impl Machine<'_> {
    /// Notes what a call of `name` would run elsewhere. Whether its result is known: what an unknown name makes is not.
    pub(super) fn judge(&mut self, name: &Name, given: &[Id], how: How) -> bool {
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
    pub(super) fn judge_named(&mut self, callable: Id, named: Id) {
        let Value::Name(name) = self.get(callable) else { return };
        let name = name.clone();
        let values: Vec<Id> = match self.get(named) {
            Value::Dict(pairs) => pairs.iter().take(MAX_ARGUMENTS + 1).map(|&(_, value)| value).collect(),
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

    /// The attributes an object is given: those of a partial say anew what it holds.
    pub(super) fn judge_state(&mut self, object: Id, state: Id) {
        if let (Value::Object(object), Value::Tuple(state)) = (self.get(object), self.get(state))
            && &**object.class == "functools.partial"
            && let Some(&function) = state.first()
        {
            self.judge_held(function);
        }
    }

    /// An argument of a call that may do anything with it. A function or class that is not known could be called, and an
    /// object of a class with methods of its own could run them.
    fn judge_argument(&mut self, caller: &Name, id: Id) {
        match self.get(id) {
            Value::Name(name) => match name.known {
                Some(Use::Call | Use::Value) => {}
                _ => {
                    let name = name.clone();
                    self.calls.called(&name, name.dangerous);
                }
            },
            Value::Object(object) => match object.class.known {
                Some(Use::Call) => {}
                Some(Use::Judged) if object.class.ends_with(".encode") => {}
                _ => self.calls.called(caller, false),
            },
            _ => {}
        }
    }

    /// A function or class that is held, to be called by somebody else; or None.
    fn judge_held(&mut self, id: Id) {
        let name = match self.get(id) {
            Value::Name(name) if name.may_be_held() => return,
            Value::Object(object) if &**object.class == "functools.partial" => return,
            Value::None => return,
            Value::Name(name) => name.clone(),
            Value::Object(object) => object.class.clone(),
            _ => return,
        };
        self.calls.called(&name, name.dangerous);
    }

    /// Calls that do what their arguments say.
    fn judge_by_arguments(&mut self, name: &Name, given: &[Id]) -> bool {
        let harmless = match (&**name, given) {
            // Held, until somebody calls what they make or asks it for a key.
            ("functools.partial" | "collections.defaultdict", [function, ..]) => {
                self.judge_held(*function);
                true
            }
            ("collections.defaultdict", []) => true,
            // Each makes an object of its first argument; the second one has another class in its place.
            ("copyreg._reconstructor", [class, base, ..]) => {
                self.judge_held(*class);
                self.judge_held(*base);
                true
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
                (Value::Name(class), Value::Text(_)) if class.may_be_held()
            ),
            ("_codecs.encode" | "codecs.encode", [text, more @ ..]) => {
                let is_text = matches!(self.get(*text), Value::Text(_) | Value::Bulk("a long str"));
                let known = |id: &Id| matches!(self.get(*id), Value::Text(word) if ENCODINGS.contains(&&**word));
                is_text && more.len() < 2 && more.iter().all(known)
            }
            // `Dict[str, Any]`, of typing alone.
            (getitem, [generic, _]) if getitem.ends_with("operator.getitem") => {
                matches!(self.get(*generic), Value::Name(name) if name.known == Some(Use::Value) && name.starts_with("typing."))
            }
            _ => false,
        };
        if !harmless {
            self.calls.called(name, false);
        }
        true
    }
}
