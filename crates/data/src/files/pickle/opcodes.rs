//! The opcodes of the stack machine.

use std::io::BufRead;

use super::failure::Failure;
use super::input::{self, OpcodeInput};
use super::machine::{How, Keep, LONGEST_TEXT, Machine, StepResult, VALUE, underflow};
use super::value::{Persistent, Pickle, PickleValue, ValueId, key};
use crate::files::unknown::UnknownCalls;

/// The newest protocol there is.
const NEWEST: u8 = 5;

/// Reads one pickle, leaving the input after its end, and adds to `calls` what it would call elsewhere.
pub(in crate::files) fn read(
    input: &mut impl BufRead,
    persistent: &Persistent,
    keep: Keep,
    calls: &mut UnknownCalls,
) -> Result<Pickle, Failure> {
    let mut machine = Machine::new(persistent, keep, calls);
    let root = machine.run(&mut OpcodeInput(input))?;
    Ok(machine.into_pickle(root))
}

impl Machine<'_> {
    fn run<R: BufRead>(&mut self, input: &mut OpcodeInput<R>) -> StepResult<ValueId> {
        loop {
            let op = input.byte()?;
            if op == b'.' {
                return self.pop();
            }
            if !(self.data(op, input)? || self.container(op)? || self.memory(op, input)?) {
                self.object(op, input)?;
            }
        }
    }

    /// Opcodes that push a number or a text.
    fn data<R: BufRead>(&mut self, op: u8, input: &mut OpcodeInput<R>) -> StepResult<bool> {
        let value = match op {
            b'N' => PickleValue::None,
            0x88 => PickleValue::Bool(true),
            0x89 => PickleValue::Bool(false),
            b'I' => match input.word()?.trim() {
                "00" => PickleValue::Bool(false),
                "01" => PickleValue::Bool(true),
                number => whole(number)?,
            },
            b'L' => whole(input.word()?.trim().trim_end_matches('L'))?,
            b'J' => PickleValue::Int(i32::from_le_bytes(input.bytes()?).into()),
            b'K' => PickleValue::Int(input.byte()?.into()),
            b'M' => PickleValue::Int(u16::from_le_bytes(input.bytes()?).into()),
            0x8a | 0x8b => {
                let len = if op == 0x8a { input.byte()?.into() } else { input.u32()? };
                let bytes = input.take(len, LONGEST_TEXT)?;
                let number = bytes.as_deref().and_then(input::integer);
                number.map_or(PickleValue::Bulk("a long int"), PickleValue::Int)
            }
            b'F' => PickleValue::Float(input.number()?),
            b'G' => PickleValue::Float(f64::from_be_bytes(input.bytes()?)),
            b'V' => self.text(input::unescape_unicode(&input.line()?)?)?,
            b'S' => self.text(input::unquote(&input.line()?)?)?,
            b'X' | 0x8c | 0x8d => {
                let len = length(op, input)?;
                match input.take(len, self.longest())? {
                    Some(bytes) => {
                        // Python allows lone surrogates, which no name has.
                        self.text(String::from_utf8_lossy(&bytes).into_owned())?
                    }
                    None => PickleValue::Bulk("a long str"),
                }
            }
            b'U' | b'T' => {
                let len = length(op, input)?;
                match input.take(len, self.longest())? {
                    Some(bytes) if len <= LONGEST_TEXT => self.text(bytes.iter().map(|&b| char::from(b)).collect())?,
                    // What Python 2 calls a text may be data.
                    Some(bytes) => self.bytes(bytes)?,
                    None => PickleValue::Bulk("a long str"),
                }
            }
            b'C' | b'B' | 0x8e | 0x96 => {
                let len = length(op, input)?;
                match input.take(len, self.longest())? {
                    Some(bytes) => self.bytes(bytes)?,
                    None => PickleValue::Bulk("bytes"),
                }
            }
            _ => return Ok(false),
        };
        self.push(value)?;
        Ok(true)
    }

    /// Opcodes that make or fill a container.
    fn container(&mut self, op: u8) -> StepResult<bool> {
        match op {
            b'(' => {
                self.spend(size_of::<usize>())?;
                self.marks.push(self.stack.len());
            }
            b')' => self.push(PickleValue::Tuple(Vec::new()))?,
            b']' | 0x8f => self.push(PickleValue::List(Vec::new()))?,
            b'}' => self.push(PickleValue::Dict(Vec::new()))?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(PickleValue::Tuple(items))?;
            }
            0x85..=0x87 => {
                let count = usize::from(op - 0x84);
                let first = self.stack.len().checked_sub(count);
                let first = first.filter(|&f| self.marks.last().is_none_or(|&m| f >= m));
                let items = self.stack.split_off(first.ok_or_else(underflow)?);
                self.push(PickleValue::Tuple(items))?;
            }
            b'l' | 0x91 => {
                let items = self.pop_to_mark()?;
                self.push(PickleValue::List(items))?;
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(PickleValue::Dict(Vec::new()))?;
                self.fill(items, true)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.fill(vec![item], false)?;
            }
            b'e' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.fill(items, false)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.fill(vec![key, value], true)?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.fill(items, true)?;
            }
            b'0' if self.marks.last() == Some(&self.stack.len()) => drop(self.marks.pop()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Opcodes of the memo and of framing.
    fn memory<R: BufRead>(&mut self, op: u8, input: &mut OpcodeInput<R>) -> StepResult<bool> {
        match op {
            0x80 => {
                let protocol = input.byte()?;
                if protocol > NEWEST {
                    return Err(Failure::damaged(format!("pickle protocol {protocol} does not exist")));
                }
            }
            // Frames only help readers that read ahead.
            0x95 => drop(input.u64()?),
            b'2' => {
                let top = self.top()?;
                self.repeat(top)?;
            }
            b'g' | b'h' | b'j' => {
                let index = match op {
                    b'g' => input.number()?,
                    b'h' => input.byte()?.into(),
                    _ => u32::from_le_bytes(input.bytes()?),
                };
                let id = *self
                    .memo
                    .get(&index)
                    .ok_or_else(|| Failure::damaged(format!("its pickle has no memo {index}")))?;
                self.repeat(id)?;
            }
            b'p' | b'q' | b'r' | 0x94 => {
                let index = match op {
                    b'p' => input.number()?,
                    b'q' => input.byte()?.into(),
                    b'r' => u32::from_le_bytes(input.bytes()?),
                    _ => self.memo.len() as u32,
                };
                self.spend(VALUE)?;
                let top = self.top()?;
                self.memo.insert(index, top);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Opcodes of classes, calls and persistent ids: none imports, none calls.
    fn object<R: BufRead>(&mut self, op: u8, input: &mut OpcodeInput<R>) -> StepResult {
        match op {
            b'c' => {
                let (module, name) = (input.word()?, input.word()?);
                let id = self.name(&module, &name)?;
                self.repeat(id)
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (PickleValue::Text(module), PickleValue::Text(name)) = (self.get(module), self.get(name)) else {
                    return Err(Failure::damaged("a class in its pickle is not named by texts"));
                };
                let (module, name) = (module.clone(), name.clone());
                let id = self.name(&module, &name)?;
                self.repeat(id)
            }
            b'R' | 0x81 => {
                let (args, callable) = (self.pop()?, self.pop()?);
                let made = self.call(callable, args, if op == b'R' { How::Called } else { How::Made })?;
                self.repeat(made)
            }
            0x92 => {
                let (named, args, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.judge_named(callable, named);
                let made = self.call(callable, args, How::Made)?;
                if let PickleValue::Object(object) = &mut self.values[made as usize] {
                    object.parts.push(named);
                }
                self.repeat(made)
            }
            b'i' | b'o' => {
                let callable = if op == b'i' {
                    let (module, name) = (input.word()?, input.word()?);
                    Some(self.name(&module, &name)?)
                } else {
                    None
                };
                let mut args = self.pop_to_mark()?;
                let callable = match callable {
                    Some(id) => id,
                    None if args.is_empty() => return Err(underflow()),
                    None => args.remove(0),
                };
                let args = self.add(PickleValue::Tuple(args))?;
                let made = self.call(callable, args, How::Called)?;
                self.repeat(made)
            }
            b'b' => self.build(),
            b'P' => {
                let text = self.text(input.word()?)?;
                let id = self.add(text)?;
                self.persistent(id)
            }
            b'Q' => {
                let id = self.pop()?;
                self.persistent(id)
            }
            0x82..=0x84 => Err(Failure::Unsupported(
                "its pickle uses extension codes, whose meaning is not in the file".to_owned(),
            )),
            0x97 | 0x98 => Err(Failure::Unsupported(
                "its pickle keeps buffers elsewhere; write one file with torch.save".to_owned(),
            )),
            other => Err(Failure::damaged(format!("its pickle has no opcode 0x{other:02x}"))),
        }
    }

    /// BUILD: attributes of the object on top of the stack.
    fn build(&mut self) -> StepResult {
        let state = self.pop()?;
        let top = self.top()?;
        self.judge_state(top, state)?;
        match &mut self.values[top as usize] {
            PickleValue::Object(object) => {
                // Attributes that are set twice: both are kept, the last one counts.
                object.parts.extend(object.state.replace(state));
                Ok(())
            }
            // Attributes of an OrderedDict (`_metadata`) or of a tensor say nothing about values.
            PickleValue::Dict(_) | PickleValue::List(_) | PickleValue::Tensor(_) | PickleValue::Storage(_) => Ok(()),
            PickleValue::Name(name) => Err(Failure::Hostile(format!("changes {name} itself"))),
            other => Err(Failure::damaged(format!(
                "its pickle sets attributes of {}",
                other.kind()
            ))),
        }
    }

    fn persistent(&mut self, id: ValueId) -> StepResult {
        let made = match self.persistent {
            Persistent::Nobody => {
                return Err(Failure::Unsupported(
                    "a pickle that names tensors but does not hold them; expected a file written by torch.save"
                        .to_owned(),
                ));
            }
            Persistent::Storages => self.storage(id)?,
            Persistent::Tensors(tensors) => {
                // A class of a model that was saved whole comes with its source, which is not needed.
                match self.get(id) {
                    PickleValue::Tuple(fields) if !fields.is_empty() => {
                        let class = fields[0];
                        return self.repeat(class);
                    }
                    PickleValue::Name(_) => return self.repeat(id),
                    _ => {}
                }
                let key = key(self.get(id));
                let tensor = key.and_then(|key| tensors.get(&key)).cloned();
                let tensor =
                    tensor.ok_or_else(|| Failure::damaged("its pickle names a tensor that is not in the file"))?;
                self.add(PickleValue::Tensor(tensor))?
            }
        };
        self.repeat(made)
    }

    /// Puts items, or keys and values in turn, into what is on top of the stack.
    fn fill(&mut self, items: Vec<ValueId>, pairs: bool) -> StepResult {
        if pairs && !items.len().is_multiple_of(2) {
            return Err(Failure::damaged("a dict of its pickle has a key without a value"));
        }
        let top = self.top()?;
        self.judge_items(top, &items, pairs)?;
        match &mut self.values[top as usize] {
            PickleValue::List(list) if !pairs => list.extend(items),
            PickleValue::Dict(dict) if pairs => dict.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1]))),
            PickleValue::Object(object) => object.parts.extend(items),
            PickleValue::Name(name) => return Err(Failure::Hostile(format!("changes {name} itself"))),
            other => {
                return Err(Failure::damaged(format!("its pickle puts items into {}", other.kind())));
            }
        }
        Ok(())
    }
}

/// A whole number in text; one that is too long is kept as such.
fn whole(text: &str) -> StepResult<PickleValue> {
    if let Ok(number) = text.parse() {
        return Ok(PickleValue::Int(number));
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Failure::damaged(format!("{:?} is not a number", input::head(text))));
    }
    Ok(PickleValue::Bulk("a long int"))
}

/// How long a text or bytes are.
fn length<R: BufRead>(op: u8, input: &mut OpcodeInput<R>) -> StepResult<u64> {
    match op {
        b'U' | b'C' | 0x8c => Ok(input.byte()?.into()),
        b'X' | b'T' | b'B' => input.u32(),
        _ => input.u64(),
    }
}
