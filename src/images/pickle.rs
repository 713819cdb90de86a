//! A reader for the pickles CIFAR comes in: plain containers, strings, integers and byte arrays of numpy.
//!
//! Nothing is ever executed. A call is understood only if it is one of numpy's for rebuilding a byte array; any other
//! name is refused where it is met. What a length claims is checked against the bytes that are there.

use std::collections::HashMap;

/// A value of a pickle.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// Byte strings of Python 2 and 3.
    Bytes(Vec<u8>),
    Text(String),
    /// Lists and tuples alike.
    List(Vec<Value>),
    /// In the order of the file.
    Dict(Vec<(Value, Value)>),
    /// An array of bytes in C order.
    Array {
        shape: Vec<usize>,
        data: Vec<u8>,
    },
    /// A name that may be called; checked against the known few when it is met.
    Known(Callee),
    /// numpy's dtype and what it says about its items.
    Dtype(String),
    /// numpy's array before its state is set.
    EmptyArray,
}

/// The few names that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callee {
    Reconstruct,
    FromBuffer,
    NdArray,
    Dtype,
    Encode,
}

impl Value {
    /// The entry of a dictionary under a key that is text or bytes.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        let Self::Dict(entries) = self else { return None };
        entries
            .iter()
            .find(|(k, _)| k.as_text().as_deref() == Some(key))
            .map(|(_, v)| v)
    }

    /// Text, or bytes that are UTF-8.
    pub(super) fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(s) => Some(s.clone()),
            Self::Bytes(b) => String::from_utf8(b.clone()).ok(),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    pub(super) fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }
}

/// Reads one pickle (protocols 2 to 5).
///
/// # Errors
/// A reason, in words that follow "not a readable pickle: ".
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        if let Some(value) = machine.step()? {
            return Ok(value);
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    marks: Vec<usize>,
    /// `None` for values that may not be asked for again.
    memo: HashMap<usize, Option<Value>>,
}

type Step<T> = Result<T, String>;

impl<'a> Machine<'a> {
    fn take(&mut self, n: usize) -> Step<&'a [u8]> {
        let end = self.at.checked_add(n).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or_else(|| format!("it ends after {} bytes", self.bytes.len()))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// An unsigned little-endian number of `n` <= 8 bytes.
    fn number(&mut self, n: usize) -> Step<usize> {
        let value = self.take(n)?.iter().rev().fold(0_u64, |v, &b| v << 8 | u64::from(b));
        usize::try_from(value).map_err(|_| "a length is too large".to_owned())
    }

    fn counted(&mut self, length_bytes: usize) -> Step<&'a [u8]> {
        let n = self.number(length_bytes)?;
        self.take(n)
    }

    fn line(&mut self) -> Step<&'a str> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&b| b == b'\n').ok_or("a name does not end")?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| "a name is not text".to_owned())
    }

    fn pop(&mut self) -> Step<Value> {
        // A value below the last mark belongs to an unfinished container.
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err("its stack runs empty".to_owned());
        }
        self.stack.pop().ok_or_else(|| "its stack runs empty".to_owned())
    }

    fn pop_many(&mut self, n: usize) -> Step<Vec<Value>> {
        let mut items = (0..n).map(|_| self.pop()).collect::<Step<Vec<_>>>()?;
        items.reverse();
        Ok(items)
    }

    fn pop_to_mark(&mut self) -> Step<Vec<Value>> {
        let mark = self.marks.pop().ok_or("a mark is missing")?;
        Ok(self.stack.split_off(mark))
    }

    fn text(bytes: &[u8]) -> Step<Value> {
        String::from_utf8(bytes.to_vec())
            .map(Value::Text)
            .map_err(|_| "a text is not UTF-8".to_owned())
    }

    /// Values are copied when they are asked for again, so only small finished ones can be: a short file must not be
    /// able to ask for much memory.
    fn remember(&mut self, slot: usize) -> Step<()> {
        let value = self.stack.last().ok_or("its stack runs empty")?;
        let scalar = |v: &Value| match v {
            Value::Bytes(b) => b.len() <= 256,
            Value::Text(t) => t.len() <= 256,
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Known(_) | Value::Dtype(_) => true,
            _ => false,
        };
        let copyable = match value {
            // An empty one is a list still to be filled.
            Value::List(items) => (1..=8).contains(&items.len()) && items.iter().all(scalar),
            other => scalar(other),
        };
        self.memo.insert(slot, copyable.then(|| value.clone()));
        Ok(())
    }

    fn recall(&mut self, slot: usize) -> Step<()> {
        let value = self.memo.get(&slot).cloned().flatten();
        self.stack
            .push(value.ok_or("it refers twice to a large value, or to a missing one")?);
        Ok(())
    }

    /// One operation; the finished value at the end.
    fn step(&mut self) -> Step<Option<Value>> {
        let op = self.take(1)?[0];
        match op {
            0x80 => {
                let protocol = self.take(1)?[0];
                if !(2..=5).contains(&protocol) {
                    return Err(format!("protocol {protocol}, expected 2 to 5"));
                }
            }
            0x95 => {
                self.take(8)?;
            }
            b'.' => return self.pop().map(Some),
            b'(' => self.marks.push(self.stack.len()),
            b'q' => {
                let slot = self.number(1)?;
                self.remember(slot)?;
            }
            b'r' => {
                let slot = self.number(4)?;
                self.remember(slot)?;
            }
            0x94 => self.remember(self.memo.len())?,
            b'h' => {
                let slot = self.number(1)?;
                self.recall(slot)?;
            }
            b'j' => {
                let slot = self.number(4)?;
                self.recall(slot)?;
            }
            _ => return self.value(op).map(|()| None),
        }
        Ok(None)
    }

    fn value(&mut self, op: u8) -> Step<()> {
        let value = match op {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::Int(self.number(1)? as i64),
            b'M' => Value::Int(self.number(2)? as i64),
            b'J' => Value::Int(i64::from(self.number(4)? as u32 as i32)),
            b'U' | b'C' => Value::Bytes(self.counted(1)?.to_vec()),
            b'T' | b'B' => Value::Bytes(self.counted(4)?.to_vec()),
            0x8e | 0x96 => Value::Bytes(self.counted(8)?.to_vec()),
            0x8c => Self::text(self.counted(1)?)?,
            b'X' => Self::text(self.counted(4)?)?,
            0x8d => Self::text(self.counted(8)?)?,
            b'}' => Value::Dict(Vec::new()),
            b']' | b')' => Value::List(Vec::new()),
            b't' => Value::List(shallow(self.pop_to_mark()?)?),
            0x85..=0x87 => Value::List(shallow(self.pop_many(usize::from(op - 0x84))?)?),
            b'a' => {
                let item = self.pop()?;
                return self.append(vec![item]);
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                return self.append(items);
            }
            b's' => {
                let pair = self.pop_many(2)?;
                return self.insert(pair);
            }
            b'u' => {
                let pairs = self.pop_to_mark()?;
                return self.insert(pairs);
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                Value::Known(callee(module, name)?)
            }
            0x93 => {
                let names = self.pop_many(2)?;
                let text = |v: &Value| v.as_text().ok_or("a name is not text".to_owned());
                Value::Known(callee(&text(&names[0])?, &text(&names[1])?)?)
            }
            b'R' => {
                let pair = self.pop_many(2)?;
                call(&pair[0], &pair[1])?
            }
            b'b' => {
                let pair = self.pop_many(2)?;
                build(&pair[0], &pair[1])?
            }
            _ => return Err(format!("operation 0x{op:02x} at byte {} is not allowed", self.at - 1)),
        };
        self.stack.push(value);
        Ok(())
    }

    fn append(&mut self, new: Vec<Value>) -> Step<()> {
        match self.stack.last_mut() {
            Some(Value::List(items)) => {
                items.extend(shallow(new)?);
                Ok(())
            }
            _ => Err("it appends to something that is no list".to_owned()),
        }
    }

    fn insert(&mut self, new: Vec<Value>) -> Step<()> {
        let Some(Value::Dict(entries)) = self.stack.last_mut() else {
            return Err("it adds keys to something that is no dictionary".to_owned());
        };
        let mut new = shallow(new)?.into_iter();
        while let Some(key) = new.next() {
            entries.push((key, new.next().ok_or("a key has no value")?));
        }
        Ok(())
    }
}

/// Passes items on if none is nested deeply: a chain of a million tuples could not even be dropped.
fn shallow(items: Vec<Value>) -> Step<Vec<Value>> {
    fn within(value: &Value, depth: usize) -> bool {
        depth > 0
            && match value {
                Value::List(items) => items.iter().all(|v| within(v, depth - 1)),
                Value::Dict(entries) => entries
                    .iter()
                    .all(|(k, v)| within(k, depth - 1) && within(v, depth - 1)),
                _ => true,
            }
    }
    match items.iter().all(|v| within(v, 8)) {
        true => Ok(items),
        false => Err("it is nested too deeply".to_owned()),
    }
}

fn callee(module: &str, name: &str) -> Step<Callee> {
    match (module, name) {
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Ok(Callee::Reconstruct),
        ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Ok(Callee::FromBuffer),
        ("numpy", "ndarray") => Ok(Callee::NdArray),
        ("numpy", "dtype") => Ok(Callee::Dtype),
        ("_codecs", "encode") => Ok(Callee::Encode),
        _ => Err(format!("it wants to call {module}.{name}, which is never done")),
    }
}

fn call(callee: &Value, arguments: &Value) -> Step<Value> {
    match (callee, arguments.as_list().unwrap_or_default()) {
        (Value::Known(Callee::Reconstruct), [Value::Known(Callee::NdArray), ..]) => Ok(Value::EmptyArray),
        (Value::Known(Callee::Dtype), [name, ..]) => Ok(Value::Dtype(
            name.as_text()
                .ok_or("a dtype has no name")?
                .trim_start_matches('|')
                .to_owned(),
        )),
        // How Python 3 writes bytes in protocol 2.
        (Value::Known(Callee::Encode), [Value::Text(text), encoding])
            if encoding.as_text().as_deref() == Some("latin1") =>
        {
            let bytes = text
                .chars()
                .map(|c| u8::try_from(u32::from(c)).ok())
                .collect::<Option<Vec<u8>>>();
            Ok(Value::Bytes(bytes.ok_or("encoded bytes are not Latin-1")?))
        }
        (Value::Known(Callee::FromBuffer), [Value::Bytes(data), Value::Dtype(dtype), Value::List(shape), order]) => {
            array(shape, dtype, order.as_text().as_deref() == Some("F"), data.clone())
        }
        _ => Err("it makes a call that is not understood".to_owned()),
    }
}

fn build(object: &Value, state: &Value) -> Step<Value> {
    match (object, state.as_list().unwrap_or_default()) {
        (Value::Dtype(_), _) => Ok(object.clone()),
        (
            Value::EmptyArray,
            [
                _,
                Value::List(shape),
                Value::Dtype(dtype),
                Value::Bool(fortran),
                Value::Bytes(data),
            ],
        ) => array(shape, dtype, *fortran, data.clone()),
        _ => Err("an object's state is not understood".to_owned()),
    }
}

fn array(shape: &[Value], dtype: &str, fortran: bool, data: Vec<u8>) -> Step<Value> {
    if !matches!(dtype, "u1" | "uint8") {
        return Err(format!("its array holds {dtype}, expected bytes (uint8)"));
    }
    let size = |v: &Value| match v {
        Value::Int(n) => usize::try_from(*n).ok(),
        _ => None,
    };
    let shape: Vec<usize> = shape
        .iter()
        .map(size)
        .collect::<Option<_>>()
        .ok_or("an array's shape is damaged")?;
    let items = shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
    if items != Some(data.len()) {
        return Err(format!("its array claims shape {shape:?} but has {} bytes", data.len()));
    }
    let data = match (&shape[..], fortran) {
        (&[rows, columns], true) => (0..rows)
            .flat_map(|r| (0..columns).map(move |c| (r, c)))
            .map(|(r, c)| data[c * rows + r])
            .collect(),
        (_, true) => return Err("its array is in Fortran order but not two-dimensional".to_owned()),
        (_, false) => data,
    };
    Ok(Value::Array { shape, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pickle.dumps({b"labels": [3, 300], b"data": np.arange(6, dtype="u1").reshape(2, 3)}, protocol=2)` as Python 2
    /// writes it, where byte strings are raw.
    const PYTHON_2: &[u8] = b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03(K\x03M,\x01eU\x04dataq\x04cnumpy.core.multiarray\n\
        _reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07(K\x01K\x02K\x03\x86cnumpy\ndtype\nq\x08U\x02u1\
        K\x00K\x01\x87Rq\x09(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x06\x00\x01\x02\x03\x04\x05tbu.";

    #[test]
    fn a_batch_written_by_python_2_is_read() {
        let value = read(PYTHON_2).unwrap();
        assert_eq!(
            value.get("labels").unwrap().as_list().unwrap(),
            [Value::Int(3), Value::Int(300)]
        );
        assert_eq!(
            value.get("data"),
            Some(&Value::Array {
                shape: vec![2, 3],
                data: vec![0, 1, 2, 3, 4, 5]
            })
        );
    }

    #[test]
    fn fortran_order_is_turned() {
        let mut bytes = PYTHON_2.to_vec();
        let flag = bytes.iter().rposition(|&b| b == 0x89).unwrap();
        bytes[flag] = 0x88;
        let expected = Value::Array {
            shape: vec![2, 3],
            data: vec![0, 2, 4, 1, 3, 5],
        };
        assert_eq!(read(&bytes).unwrap().get("data"), Some(&expected));
    }

    #[test]
    fn a_pickle_that_wants_to_call_something_is_refused_by_name() {
        let error = read(b"\x80\x02cos\nsystem\nU\x04trueh\x85R.").unwrap_err();
        assert_eq!(error, "it wants to call os.system, which is never done");
    }

    #[test]
    fn every_truncation_and_every_changed_byte_ends_without_a_panic() {
        for cut in 0..PYTHON_2.len() {
            assert!(read(&PYTHON_2[..cut]).is_err());
        }
        for at in 0..PYTHON_2.len() {
            for new in 0..=255 {
                let mut bytes = PYTHON_2.to_vec();
                bytes[at] = new;
                let _ = read(&bytes);
            }
        }
    }

    #[test]
    fn deep_nesting_and_false_lengths_are_refused() {
        let mut deep = b"\x80\x02N".to_vec();
        deep.extend(std::iter::repeat_n(0x85, 1_000_000));
        deep.push(b'.');
        assert_eq!(read(&deep).unwrap_err(), "it is nested too deeply");
        assert_eq!(
            read(b"\x80\x04B\xff\xff\xff\x7fabc").unwrap_err(),
            "it ends after 10 bytes"
        );
    }
}
