//! What the calls of a checkpoint make: tensors, storages and plain containers. Every other call makes an opaque object.

use std::rc::Rc;

use super::machine::{Machine, Step};
use super::{Element, Failure, Id, Storage, TensorRef, Value};

/// The most extents a tensor may have; torch itself stops there.
const MAX_RANK: usize = 64;

/// Arguments beyond these are not looked at.
const MAX_ARGUMENTS: usize = 16;

impl Machine<'_> {
    /// What `callable(*args)` makes.
    pub(super) fn call(&mut self, callable: Id, args: Id) -> Step<Id> {
        let Value::Name(name) = self.get(callable) else {
            let what = match self.get(callable) {
                // partial(…)(…), attrgetter(…)(…): what runs is decided while it is read.
                Value::Object(object) => return Err(Failure::Hostile(format!("calls what {} makes", object.class))),
                other => other.kind(),
            };
            return Err(Failure::damaged(format!("its pickle calls {what}")));
        };
        let name = name.clone();
        self.check_call(&name)?;
        let Value::Tuple(all) = self.get(args) else {
            return Err(Failure::damaged(format!("its pickle calls {name} without arguments")));
        };
        let given: Vec<Id> = all.iter().copied().take(MAX_ARGUMENTS).collect();
        let first = given.first().copied();
        let is = |id: Option<Id>, test: fn(&Value) -> bool| id.is_some_and(|id| test(self.get(id)));
        let is_sequence = |id| is(id, |v| matches!(v, Value::List(_) | Value::Tuple(_)));
        match &*name {
            "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2" => self.tensor(&given, None),
            "torch._utils._rebuild_tensor_v3" => {
                let dtype = given.get(6).map(|&id| self.get(id));
                let Some(Value::Name(dtype)) = dtype else {
                    return Err(Failure::damaged("a tensor's type is missing"));
                };
                let element = dtype.strip_prefix("torch.").and_then(Element::from_dtype);
                let element = element.ok_or_else(|| unknown_type(dtype))?;
                self.tensor(&given, Some(element))
            }
            "torch._utils._rebuild_parameter"
            | "torch._utils._rebuild_parameter_with_state"
            | "torch.nn.parameter.Parameter"
            | "torch.nn.parameter.Buffer"
            | "torch.autograd.variable.Variable"
                if is(first, |v| matches!(v, Value::Tensor(_))) =>
            {
                Ok(given[0])
            }
            // A subclass of Tensor: func(*args) is its data, and its class does not matter.
            "torch._tensor._rebuild_from_type_v2" if given.len() >= 3 && !self.is_named(given[0], &name) => {
                self.call(given[0], given[2])
            }
            "torch.storage._load_from_bytes" => Err(Failure::Unsupported(
                "its tensors were written by pickle, which needs code to be run to read them; write it with torch.save"
                    .to_owned(),
            )),
            "collections.OrderedDict" | "builtins.dict" => self.dict(first),
            "collections.Counter" if is(first, |v| matches!(v, Value::Dict(_))) => Ok(given[0]),
            "collections.defaultdict" => self.dict(given.get(1).copied()),
            "builtins.set" | "builtins.frozenset" | "builtins.list" | "builtins.tuple" | "collections.deque"
            | "torch.Size" => match first {
                None => self.add(Value::List(Vec::new())),
                Some(items) if is_sequence(first) => Ok(items),
                Some(_) => self.opaque(name, args),
            },
            "builtins.getattr" => self.attribute(&given),
            _ => self.opaque(name, args),
        }
    }

    fn is_named(&self, id: Id, name: &str) -> bool {
        matches!(self.get(id), Value::Name(n) if &**n == name)
    }

    /// `getattr(X, "name")`: how older protocols spell a class within a class.
    fn attribute(&mut self, given: &[Id]) -> Step<Id> {
        match given.iter().map(|&id| self.get(id)).collect::<Vec<_>>()[..] {
            [Value::Name(outer), Value::Text(name)] => {
                let (outer, name) = (outer.clone(), name.clone());
                self.name(&outer, &name)
            }
            _ => Err(Failure::Hostile("calls builtins.getattr on what it made".to_owned())),
        }
    }

    /// A dict of pairs, or of another dict.
    fn dict(&mut self, from: Option<Id>) -> Step<Id> {
        let pairs = match from.map(|id| self.get(id)) {
            None => Vec::new(),
            Some(Value::Dict(_)) => return Ok(from.unwrap_or_default()),
            Some(Value::List(items) | Value::Tuple(items)) => items
                .iter()
                .map(|&pair| match self.get(pair) {
                    Value::List(pair) | Value::Tuple(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
                    other => Err(Failure::damaged(format!(
                        "an item of an OrderedDict is {}",
                        other.kind()
                    ))),
                })
                .collect::<Step<Vec<_>>>()?,
            Some(other) => return Err(Failure::damaged(format!("an OrderedDict is made of {}", other.kind()))),
        };
        self.spend(pairs.len() * size_of::<(Id, Id)>())?;
        self.add(Value::Dict(pairs))
    }

    /// `_rebuild_tensor_v2(storage, offset, shape, strides, …)`.
    fn tensor(&mut self, given: &[Id], element: Option<Element>) -> Step<Id> {
        let &[storage, offset, shape, strides, ..] = given else {
            return Err(Failure::damaged("a tensor lacks its shape"));
        };
        let Value::Storage(storage) = self.get(storage) else {
            return Err(Failure::damaged(format!(
                "a tensor's storage is {}",
                self.get(storage).kind()
            )));
        };
        let storage = storage.clone();
        let element = match (storage.element, element) {
            (Some(stored), Some(wanted)) if stored != wanted => {
                return Err(Failure::damaged(format!(
                    "storage {} is of another type than its tensor",
                    storage.key
                )));
            }
            (Some(element), _) | (None, Some(element)) => element,
            (None, None) => {
                return Err(Failure::damaged(format!(
                    "the type of storage {} is missing",
                    storage.key
                )));
            }
        };
        let offset = self.natural(offset, "offset")?;
        let shape = self.naturals(shape, "shape")?;
        let strides = self.naturals(strides, "stride")?;
        let tensor = super::view(&storage, element, offset, shape, strides)?;
        self.spend(size_of::<TensorRef>() + tensor.storage.len() + tensor.shape.len() * 16)?;
        self.add(Value::Tensor(Rc::new(tensor)))
    }

    fn naturals(&self, id: Id, what: &str) -> Step<Vec<u64>> {
        match self.get(id) {
            Value::Tuple(items) | Value::List(items) if items.len() <= MAX_RANK => {
                items.iter().map(|&item| self.natural(item, what)).collect()
            }
            Value::Tuple(items) | Value::List(items) => {
                Err(Failure::damaged(format!("a tensor has {} extents", items.len())))
            }
            other => Err(Failure::damaged(format!("a tensor's {what} is {}", other.kind()))),
        }
    }

    fn natural(&self, id: Id, what: &str) -> Step<u64> {
        match self.get(id) {
            &Value::Int(i) => {
                u64::try_from(i).map_err(|_| Failure::damaged(format!("a tensor's {what} is negative ({i})")))
            }
            other => Err(Failure::damaged(format!("a tensor's {what} is {}", other.kind()))),
        }
    }

    /// `("storage", class, key, device, elements[, view])`, or `("module", class, …)` for a class of an old whole model.
    pub(super) fn storage(&mut self, id: Id) -> Step<Id> {
        let wrong = || Failure::damaged("a persistent id of its pickle is no storage");
        let Value::Tuple(fields) = self.get(id) else {
            return Err(wrong());
        };
        let fields: Vec<Id> = fields.iter().copied().take(MAX_ARGUMENTS).collect();
        match (fields.first().map(|&f| self.get(f)), &fields[..]) {
            (Some(Value::Text(tag)), &[_, class, ..]) if &**tag == "module" => return Ok(class),
            (Some(Value::Text(tag)), &[_, _, _, _, _, ..]) if &**tag == "storage" => {}
            _ => return Err(wrong()),
        }
        let class = match self.get(fields[1]) {
            Value::Name(class) | Value::Text(class) => class.clone(),
            _ => return Err(wrong()),
        };
        let class = class.rsplit('.').next().unwrap_or_default();
        let element = match class {
            "UntypedStorage" => None,
            class => Some(Element::from_storage(class).ok_or_else(|| unknown_type(class))?),
        };
        let size = element.map_or(1, Element::bytes);
        let key = super::key(self.get(fields[2])).ok_or_else(wrong)?;
        let too_large = || Failure::damaged(format!("storage {key} claims more bytes than there are"));
        let elements = self.natural(fields[4], "number of elements")?;
        let bytes = elements.checked_mul(size).ok_or_else(too_large)?;
        let view = match fields.get(5).map(|&f| self.get(f)) {
            Some(Value::Tuple(view)) if view.len() == 3 => {
                let (start, count) = (self.natural(view[1], "offset")?, self.natural(view[2], "size")?);
                let end = start.checked_add(count).filter(|&end| end <= elements);
                (start * size, end.ok_or_else(too_large)? * size)
            }
            _ => (0, bytes),
        };
        match self.storages.get(&key) {
            Some(&(known, _)) if known != bytes => {
                return Err(Failure::damaged(format!(
                    "storage {key} is said to have {known} and {bytes} bytes"
                )));
            }
            Some(_) => {}
            None => {
                self.spend(key.len() + 64)?;
                self.storages.insert(key.clone(), (bytes, size));
            }
        }
        self.spend(size_of::<Storage>() + key.len())?;
        self.add(Value::Storage(Rc::new(Storage { key, element, view })))
    }
}

fn unknown_type(name: &str) -> Failure {
    Failure::Unsupported(format!("it holds tensors of type {name}, which is not known"))
}
