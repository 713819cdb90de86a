//! What the pickles of a file that torch saved say, and where its storages are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Seek as _};

use crate::files::pickle::{Failure, Pickle, PickleValue};
use crate::files::place::ByteRange;

/// What the pickles of a file say, and where its storages are.
pub(super) struct TorchContents {
    pub(super) pickle: Pickle,
    pub(super) places: BTreeMap<String, ByteRange>,
    pub(super) big_endian: bool,
}

pub(super) type Parsed<T> = std::result::Result<T, Failure>;

pub(super) fn damaged(what: impl Into<String>) -> Failure {
    Failure::Damaged(what.into())
}

/// Reading failed.
pub(super) fn failed(error: io::Error) -> Failure {
    damaged(error.to_string())
}

pub(super) fn position(input: &mut BufReader<&mut File>) -> Parsed<u64> {
    input.stream_position().map_err(failed)
}

/// What the description of the machine a file was written on says of its byte order.
pub(super) fn is_big_endian(machine: &Pickle) -> Parsed<bool> {
    let PickleValue::Dict(pairs) = machine.root() else {
        return Err(damaged("it does not say on what machine it was written"));
    };
    let order = pairs.iter().find_map(|&(key, value)| match machine.get(value) {
        PickleValue::Bool(little) if machine.key(key).as_deref() == Some("little_endian") => Some(!little),
        _ => None,
    });
    order.ok_or_else(|| damaged("it does not say its byte order"))
}
