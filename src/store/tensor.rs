//! A PyTorch file that holds one tensor and nothing else: what `torch.save(features, "features.pt")` writes.
//!
//! `pytorch-reader` opens files whose root is a dictionary. This is the rest: a reader of the dozen pickle instructions a
//! lone tensor takes. It knows how to count, to pair and to name; it calls nothing.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::rc::Rc;

use zip::{CompressionMethod, ZipArchive};

use super::dtype::{Dtype, Number};
use super::npy::Element;
use super::raw::Place;

/// The longest pickle read: that of a tensor has a few hundred bytes. It bounds the depth of nesting, too.
const LONGEST: u64 = 4096;

/// A tensor of two or any other number of dimensions, in the file.
pub(super) struct LoneTensor {
    pub(super) element: Element,
    pub(super) shape: Vec<u64>,
    pub(super) fortran: bool,
    pub(super) place: Place,
}

/// What a pickle of a tensor is made of.
enum Value {
    Mark,
    Nothing,
    Count(u64),
    Text(String),
    /// A name of Python's, as `module name`.
    Global(String),
    Tuple(Vec<Rc<Value>>),
    Storage {
        element: Element,
        key: String,
    },
    Tensor {
        storage: Rc<Value>,
        offset: u64,
        shape: Vec<u64>,
        strides: Vec<u64>,
    },
}

/// The tensor in a file; `Ok(None)` where it holds anything else, the error (half a sentence) where the tensor is no good.
pub(super) fn lone_tensor(path: &Path) -> Result<Option<LoneTensor>, String> {
    match find(path) {
        Some(Tensor {
            element,
            shape,
            strides,
            start,
            bytes,
        }) => {
            let fortran = match order(&shape, &strides) {
                Some(fortran) => fortran,
                None => return Err("its tensor is a view with gaps; save it with .contiguous()".to_owned()),
            };
            let size = element.size().unwrap_or(0) as u64;
            if shape
                .iter()
                .try_fold(size, |product, &n| product.checked_mul(n))
                .is_none_or(|claimed| claimed > bytes)
            {
                return Err("its tensor claims more than the file holds; save it again".to_owned());
            }
            Ok(Some(LoneTensor {
                element,
                shape,
                fortran,
                place: Place::File { start },
            }))
        }
        None => Ok(None),
    }
}

struct Tensor {
    element: Element,
    shape: Vec<u64>,
    strides: Vec<u64>,
    /// Position in the file.
    start: u64,
    /// Bytes that are there.
    bytes: u64,
}

fn find(path: &Path) -> Option<Tensor> {
    let file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut archive = ZipArchive::new(BufReader::new(file)).ok()?;
    let pickle_name = archive
        .file_names()
        .find(|name| name.ends_with("/data.pkl"))?
        .to_owned();
    let folder = pickle_name.strip_suffix("data.pkl")?;
    let mut pickle = Vec::new();
    archive
        .by_name(&pickle_name)
        .ok()?
        .take(LONGEST)
        .read_to_end(&mut pickle)
        .ok()?;
    let mut order = String::new();
    if let Ok(member) = archive.by_name(&format!("{folder}byteorder")) {
        member.take(16).read_to_string(&mut order).ok()?;
    }
    let root = Machine {
        input: &pickle,
        stack: Vec::new(),
        memo: HashMap::new(),
    }
    .run()?;
    let Value::Tensor {
        storage,
        offset,
        shape,
        strides,
    } = &*root
    else {
        return None;
    };
    let Value::Storage { element, key } = &**storage else {
        return None;
    };
    let member = archive.by_name(&format!("{folder}data/{key}")).ok()?;
    let skip = offset.checked_mul(element.size()? as u64)?;
    let start = member.data_start().checked_add(skip)?;
    let bytes = member.size().checked_sub(skip)?;
    let plain = member.compression() == CompressionMethod::Stored && !member.encrypted() && order != "big";
    let fits = start.checked_add(bytes).is_some_and(|end| end <= length);
    let (element, shape, strides) = (element.clone(), shape.clone(), strides.clone());
    (plain && fits).then_some(Tensor {
        element,
        shape,
        strides,
        start,
        bytes,
    })
}

/// Whether the elements lie column after column; `None` where they lie neither so nor row after row.
fn order(shape: &[u64], strides: &[u64]) -> Option<bool> {
    let follows = |mut axes: Box<dyn Iterator<Item = (&u64, &u64)> + '_>| {
        let mut step = 1u64;
        // An axis of length one may have any stride.
        axes.all(|(&n, &stride)| {
            let fits = n == 1 || stride == step;
            step = step.saturating_mul(n);
            fits
        })
    };
    match shape.len() == strides.len() {
        true if follows(Box::new(shape.iter().zip(strides).rev())) => Some(false),
        true if follows(Box::new(shape.iter().zip(strides))) => Some(true),
        _ => None,
    }
}

/// Runs a pickle.
struct Machine<'a> {
    input: &'a [u8],
    stack: Vec<Rc<Value>>,
    memo: HashMap<u32, Rc<Value>>,
}

impl Machine<'_> {
    /// The object the pickle makes; `None` at the first thing a tensor does not need.
    fn run(mut self) -> Option<Rc<Value>> {
        loop {
            let value = match self.take(1)?[0] {
                // PROTO
                0x80 => {
                    self.take(1)?;
                    continue;
                }
                b'.' => return self.stack.pop(),
                // BINPUT, LONG_BINPUT, MEMOIZE
                b'q' => {
                    let key = u32::from(self.take(1)?[0]);
                    self.memo.insert(key, self.stack.last()?.clone());
                    continue;
                }
                b'r' => {
                    let key = self.int32()?;
                    self.memo.insert(key, self.stack.last()?.clone());
                    continue;
                }
                0x94 => {
                    let key = u32::try_from(self.memo.len()).ok()?;
                    self.memo.insert(key, self.stack.last()?.clone());
                    continue;
                }
                // BINGET, LONG_BINGET
                b'h' => {
                    let key = u32::from(self.take(1)?[0]);
                    self.stack.push(self.memo.get(&key)?.clone());
                    continue;
                }
                b'j' => {
                    let key = self.int32()?;
                    self.stack.push(self.memo.get(&key)?.clone());
                    continue;
                }
                b'(' => Value::Mark,
                b'c' => Value::Global(format!("{} {}", self.line()?, self.line()?)),
                b'K' => Value::Count(u64::from(self.take(1)?[0])),
                b'M' => Value::Count(u64::from(u16::from_le_bytes(self.take(2)?.try_into().ok()?))),
                b'J' => Value::Count(u64::try_from(self.int32()?.cast_signed()).ok()?),
                // LONG1
                0x8a => self.long()?,
                b'X' => self.text()?,
                // NONE, NEWTRUE, NEWFALSE
                b'N' | 0x88 | 0x89 => Value::Nothing,
                b')' => Value::Tuple(Vec::new()),
                b't' => {
                    let mark = self.stack.iter().rposition(|v| matches!(**v, Value::Mark))?;
                    let items = self.stack.split_off(mark + 1);
                    self.stack.pop();
                    Value::Tuple(items)
                }
                code @ 0x85..=0x87 => {
                    let first = self.stack.len().checked_sub(usize::from(code - 0x84))?;
                    Value::Tuple(self.stack.split_off(first))
                }
                // BINPERSID
                b'Q' => storage(&*self.stack.pop()?)?,
                b'R' => {
                    let arguments = self.stack.pop()?;
                    let value = reduce(&*self.stack.pop()?, &arguments)?;
                    self.stack.push(value);
                    continue;
                }
                _ => return None,
            };
            self.stack.push(Rc::new(value));
        }
    }

    fn take(&mut self, n: usize) -> Option<&[u8]> {
        let (taken, rest) = self.input.split_at_checked(n)?;
        self.input = rest;
        Some(taken)
    }

    fn int32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn line(&mut self) -> Option<String> {
        let end = self.input.iter().position(|&b| b == b'\n')?;
        let line = String::from_utf8(self.take(end)?.to_vec()).ok()?;
        self.take(1)?;
        Some(line)
    }

    fn text(&mut self) -> Option<Value> {
        let length = self.int32()? as usize;
        Some(Value::Text(String::from_utf8(self.take(length)?.to_vec()).ok()?))
    }

    /// A non-negative integer of up to eight bytes.
    fn long(&mut self) -> Option<Value> {
        let length = usize::from(self.take(1)?[0]);
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
        if negative || length > 9 {
            return None;
        }
        let value = bytes
            .iter()
            .rev()
            .try_fold(0u64, |value, &b| value.checked_mul(256)?.checked_add(u64::from(b)));
        value.map(Value::Count)
    }
}

/// `('storage', <type>, key, device, elements)`
fn storage(id: &Value) -> Option<Value> {
    let Value::Tuple(items) = id else { return None };
    let [kind, class, key, ..] = &items[..] else {
        return None;
    };
    let (Value::Text(kind), Value::Global(class), Value::Text(key)) = (&**kind, &**class, &**key) else {
        return None;
    };
    let number = |number| Element::Number(Dtype::little(number));
    let element = match class.strip_prefix("torch ")? {
        "DoubleStorage" => number(Number::F64),
        "FloatStorage" => number(Number::F32),
        "HalfStorage" => number(Number::F16),
        "BFloat16Storage" => number(Number::Bf16),
        "LongStorage" => number(Number::I64),
        "IntStorage" => number(Number::I32),
        "ShortStorage" => number(Number::I16),
        "CharStorage" => number(Number::I8),
        "ByteStorage" => number(Number::U8),
        "BoolStorage" => Element::Bool,
        _ => return None,
    };
    (kind == "storage").then(|| Value::Storage {
        element,
        key: key.clone(),
    })
}

/// What a call would give, for the three calls there are in the pickle of a tensor.
fn reduce(function: &Value, arguments: &Value) -> Option<Rc<Value>> {
    let (Value::Global(function), Value::Tuple(arguments)) = (function, arguments) else {
        return None;
    };
    match function.as_str() {
        "collections OrderedDict" => Some(Rc::new(Value::Nothing)),
        "torch._utils _rebuild_parameter" => {
            let tensor = arguments.first()?;
            matches!(**tensor, Value::Tensor { .. }).then(|| tensor.clone())
        }
        "torch._utils _rebuild_tensor_v2" => {
            let [storage, offset, shape, strides, ..] = &arguments[..] else {
                return None;
            };
            let Value::Count(offset) = **offset else { return None };
            let (shape, strides) = (counts(shape)?, counts(strides)?);
            Some(Rc::new(Value::Tensor {
                storage: storage.clone(),
                offset,
                shape,
                strides,
            }))
        }
        _ => None,
    }
}

fn counts(tuple: &Value) -> Option<Vec<u64>> {
    let Value::Tuple(items) = tuple else { return None };
    let count = |item: &Rc<Value>| match **item {
        Value::Count(n) => Some(n),
        _ => None,
    };
    items.iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(pickle: &[u8]) -> Option<Rc<Value>> {
        Machine {
            input: pickle,
            stack: Vec::new(),
            memo: HashMap::new(),
        }
        .run()
    }

    #[test]
    fn a_call_of_anything_else_is_not_followed() {
        // python3 -c "import pickle, os; print(pickle.dumps(os.system, 2))", called with a text
        assert!(run(b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.").is_none());
        assert!(run(b"\x80\x02K\x03.").is_some());
    }

    #[test]
    fn rows_columns_and_gaps_are_told_apart() {
        assert_eq!(order(&[3, 4], &[4, 1]), Some(false));
        assert_eq!(order(&[3, 4], &[1, 3]), Some(true));
        assert_eq!(order(&[3, 1], &[1, 7]), Some(false));
        assert_eq!(order(&[3, 4], &[8, 1]), None);
        assert_eq!(order(&[3, 4], &[0, 1]), None);
        assert_eq!(order(&[3, 4], &[1]), None);
    }

    proptest! {
        #[test]
        fn no_pickle_makes_the_machine_panic(bytes in proptest::collection::vec(
            prop_oneof![any::<u8>(), proptest::sample::select(b"\x80.qrhj(cKMJ\x8aXN)t\x85\x86\x87QR\x94\n\x00\x01".to_vec())],
            0..200,
        )) {
            let _ = run(&bytes);
        }
    }
}
