//! What the calls of a checkpoint make: tensors, storages and plain containers. Every other call makes an opaque object.

use std::rc::Rc;

use super::allowed::Use;
use super::failure::Failure;
use super::judge::MAX_ARGUMENTS;
use super::machine::{How, Machine, StepResult};
use super::policy::PickleName;
use super::value::{PickleValue, Storage, TensorRef, ValueId, key, view};
use crate::files::element::Element;

/// The most extents a tensor may have; torch itself stops there.
const MAX_RANK: usize = 64;

impl Machine<'_> {
    /// What `callable(*args)` makes, or `callable.__new__(callable, *args)`.
    pub(super) fn call(&mut self, callable: ValueId, args: ValueId, how: How) -> StepResult<ValueId> {
        let PickleValue::Name(name) = self.get(callable) else {
            let what = match self.get(callable) {
                // partial(…)(…), attrgetter(…)(…): what runs is decided while it is read.
                PickleValue::Object(object) => {
                    return Err(Failure::Hostile(format!("calls what {} makes", object.class)));
                }
                other => other.kind(),
            };
            return Err(Failure::damaged(format!("its pickle calls {what}")));
        };
        let name = name.clone();
        let PickleValue::Tuple(all) = self.get(args) else {
            return Err(Failure::damaged(format!("its pickle calls {name} without arguments")));
        };
        // One more than a harmless call has.
        let given: Vec<ValueId> = all.iter().copied().take(MAX_ARGUMENTS + 1).collect();
        if &**name == "torch.storage._load_from_bytes" {
            return Err(Failure::Unsupported(format!(
                "it calls {name}, for its tensors were written by pickle, which needs code to be run to read them; write it with \
                 torch.save"
            )));
        }
        if !self.judge(&name, &given, how) {
            return self.opaque(name, args);
        }
        let first = given.first().copied();
        let is = |id: Option<ValueId>, test: fn(&PickleValue) -> bool| id.is_some_and(|id| test(self.get(id)));
        match &**name {
            "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2" => self.tensor(&given, None),
            "torch._utils._rebuild_tensor_v3" => {
                let dtype = given.get(6).map(|&id| self.get(id));
                let Some(PickleValue::Name(dtype)) = dtype else {
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
                if is(first, |v| matches!(v, PickleValue::Tensor(_))) =>
            {
                if name.ends_with("_with_state") {
                    self.build_once(given[0])?;
                }
                Ok(given[0])
            }
            // A subclass of Tensor: func(*args) is its data, and its class does not matter. What does so itself is not followed.
            rebuild if rebuild.contains("._rebuild_from_type") && given.len() >= 3 => match self.get(given[0]) {
                PickleValue::Name(function) if function.known == Some(Use::Judged) => {
                    let function = function.clone();
                    self.calls.called(&function, false);
                    self.opaque(name, args)
                }
                _ => {
                    let made = self.call(given[0], given[2], How::Called)?;
                    self.build_once(made)?;
                    Ok(made)
                }
            },
            // As if it were made by `__new__`, which is what they do.
            "copyreg._reconstructor" | "copyreg.__newobj__" | "copyreg.__newobj_ex__" => {
                match first.map(|id| self.get(id)) {
                    Some(PickleValue::Name(class)) => {
                        let class = class.clone();
                        self.opaque(class, args)
                    }
                    _ => self.opaque(name, args),
                }
            }
            "collections.OrderedDict" | "builtins.dict" => self.dict(first),
            "collections.Counter" if is(first, |v| matches!(v, PickleValue::Dict(_))) => Ok(given[0]),
            "collections.defaultdict" => self.dict(given.get(1).copied()),
            "builtins.set" | "builtins.frozenset" | "builtins.list" | "builtins.tuple" | "collections.deque"
            | "torch.Size" => match first.map(|id| self.get(id)) {
                None => self.add(PickleValue::List(Vec::new())),
                // A copy: items may be added to it, and what it was made of may be a tuple.
                Some(PickleValue::List(items) | PickleValue::Tuple(items)) => {
                    let items = items.clone();
                    self.spend(size_of_val(items.as_slice()))?;
                    self.add(PickleValue::List(items))
                }
                Some(_) => self.opaque(name, args),
            },
            "builtins.getattr" => match given[..] {
                [object, attribute] => self.getattr(object, attribute, name, args),
                _ => self.opaque(name, args),
            },
            _ => self.opaque(name, args),
        }
    }

    /// `getattr(X, "name")`: how older protocols spell a class within a class.
    fn getattr(
        &mut self,
        object: ValueId,
        attribute: ValueId,
        name: Rc<PickleName>,
        args: ValueId,
    ) -> StepResult<ValueId> {
        match (self.get(object), self.get(attribute)) {
            (PickleValue::Name(class), PickleValue::Text(attribute)) => {
                let (class, attribute) = (class.clone(), attribute.clone());
                self.attribute(&class, &attribute)
            }
            _ => self.opaque(name, args),
        }
    }

    /// A dict of pairs, or of another dict.
    fn dict(&mut self, from: Option<ValueId>) -> StepResult<ValueId> {
        let pairs = match from.map(|id| self.get(id)) {
            None => Vec::new(),
            Some(PickleValue::Dict(_)) => return Ok(from.unwrap_or_default()),
            Some(PickleValue::List(items) | PickleValue::Tuple(items)) => items
                .iter()
                .map(|&pair| match self.get(pair) {
                    PickleValue::List(pair) | PickleValue::Tuple(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
                    other => Err(Failure::damaged(format!(
                        "an item of an OrderedDict is {}",
                        other.kind()
                    ))),
                })
                .collect::<StepResult<Vec<_>>>()?,
            Some(other) => return Err(Failure::damaged(format!("an OrderedDict is made of {}", other.kind()))),
        };
        self.spend(pairs.len() * size_of::<(ValueId, ValueId)>())?;
        self.add(PickleValue::Dict(pairs))
    }

    /// `_rebuild_tensor_v2(storage, offset, shape, strides, …)`.
    fn tensor(&mut self, given: &[ValueId], element: Option<Element>) -> StepResult<ValueId> {
        let &[storage, offset, shape, strides, ..] = given else {
            return Err(Failure::damaged("a tensor lacks its shape"));
        };
        let PickleValue::Storage(storage) = self.get(storage) else {
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
        let tensor = view(&storage, element, offset, shape, strides)?;
        self.spend(size_of::<TensorRef>() + tensor.storage.len() + tensor.shape.len() * 16)?;
        self.add(PickleValue::Tensor(Rc::new(tensor)))
    }

    fn naturals(&self, id: ValueId, what: &str) -> StepResult<Vec<u64>> {
        match self.get(id) {
            PickleValue::Tuple(items) | PickleValue::List(items) if items.len() <= MAX_RANK => {
                items.iter().map(|&item| self.natural(item, what)).collect()
            }
            PickleValue::Tuple(items) | PickleValue::List(items) => {
                Err(Failure::damaged(format!("a tensor has {} extents", items.len())))
            }
            other => Err(Failure::damaged(format!("a tensor's {what} is {}", other.kind()))),
        }
    }

    fn natural(&self, id: ValueId, what: &str) -> StepResult<u64> {
        match self.get(id) {
            &PickleValue::Int(i) => {
                u64::try_from(i).map_err(|_| Failure::damaged(format!("a tensor's {what} is negative ({i})")))
            }
            other => Err(Failure::damaged(format!("a tensor's {what} is {}", other.kind()))),
        }
    }

    /// `("storage", class, key, device, elements[, view])`, or `("module", class, …)` for a class of an old whole model.
    pub(super) fn storage(&mut self, id: ValueId) -> StepResult<ValueId> {
        let wrong = || Failure::damaged("a persistent id of its pickle is no storage");
        let PickleValue::Tuple(fields) = self.get(id) else {
            return Err(wrong());
        };
        let fields: Vec<ValueId> = fields.iter().copied().take(MAX_ARGUMENTS).collect();
        match (fields.first().map(|&f| self.get(f)), &fields[..]) {
            (Some(PickleValue::Text(tag)), &[_, class, ..]) if &**tag == "module" => return Ok(class),
            (Some(PickleValue::Text(tag)), &[_, _, _, _, _, ..]) if &**tag == "storage" => {}
            _ => return Err(wrong()),
        }
        let class: Rc<str> = match self.get(fields[1]) {
            PickleValue::Text(class) => class.clone(),
            PickleValue::Name(class) => {
                // Old versions of torch call it.
                let class = class.clone();
                if !class.is_callable() {
                    self.calls.called(&class, class.dangerous);
                }
                class.rsplit('.').next().unwrap_or_default().into()
            }
            _ => return Err(wrong()),
        };
        let class = class.rsplit('.').next().unwrap_or_default();
        let element = match class {
            "UntypedStorage" => None,
            class => Some(Element::from_storage(class).ok_or_else(|| unknown_type(class))?),
        };
        let size = element.map_or(1, Element::bytes);
        let key = key(self.get(fields[2])).ok_or_else(wrong)?;
        let too_large = || Failure::damaged(format!("storage {key} claims more bytes than there are"));
        let elements = self.natural(fields[4], "number of elements")?;
        let bytes = elements.checked_mul(size).ok_or_else(too_large)?;
        let view = match fields.get(5).map(|&f| self.get(f)) {
            Some(PickleValue::Tuple(view)) if view.len() == 3 => {
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
        self.add(PickleValue::Storage(Rc::new(Storage { key, element, view })))
    }
}

fn unknown_type(name: &str) -> Failure {
    Failure::Unsupported(format!("it holds tensors of type {name}, which is not known"))
}
