//! The two containers, written.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::exported::{Export, Tensor, TensorData};
use crate::error::Result;
use crate::files::write_atomically_with;

/// Where torch expects a storage to begin, so that it can be mapped.
const ALIGNMENT: u16 = 64;

/// Entries beyond this need the large zip format.
const LARGE: u64 = u32::MAX as u64;

impl TensorData {
    fn bytes(&self) -> u64 {
        match self {
            Self::Floats(values) => 4 * values.len() as u64,
            Self::Counter(_) => 8,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Floats(values) => values.iter().try_for_each(|v| out.write_all(&v.to_le_bytes())),
            Self::Counter(count) => out.write_all(&count.to_le_bytes()),
        }
    }
}

pub(super) fn safetensors(export: &Export, path: &Path) -> Result<()> {
    // The widest elements first: then every tensor is aligned.
    let mut tensors: Vec<&Tensor> = export.tensors.iter().collect();
    tensors.sort_by_key(|t| matches!(t.data, TensorData::Floats(_)));
    let mut header = Map::new();
    let about = json!({
        "format": "pt", "architecture": export.arch.name(), "naming": export.naming.name(), "source_sha256": export.sha256,
    });
    header.insert("__metadata__".to_owned(), about);
    let mut at = 0;
    for tensor in &tensors {
        let end = at + tensor.data.bytes();
        let dtype = match tensor.data {
            TensorData::Floats(_) => "F32",
            TensorData::Counter(_) => "I64",
        };
        let entry = json!({"dtype": dtype, "shape": tensor.shape, "data_offsets": [at, end]});
        header.insert(tensor.name.clone(), entry);
        at = end;
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    // The format pads its header with spaces, so that the data is aligned.
    header.resize(header.len().next_multiple_of(8), b' ');
    write_atomically_with(path, |file| {
        let mut out = BufWriter::new(file);
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        tensors.iter().try_for_each(|tensor| tensor.data.write(&mut out))?;
        out.flush()
    })
}

pub(super) fn pytorch(export: &Export, path: &Path) -> Result<()> {
    let pickle = pickle(&export.tensors);
    write_atomically_with(path, |file| {
        archive(file, &pickle, &export.tensors).map_err(io::Error::from)
    })
}

fn archive(file: &mut File, pickle: &[u8], tensors: &[Tensor]) -> zip::result::ZipResult<()> {
    let mut archive = ZipWriter::new(BufWriter::new(file));
    let plain = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .with_alignment(ALIGNMENT);
    for (name, bytes) in [("data.pkl", pickle), ("byteorder", b"little"), ("version", b"3\n")] {
        archive.start_file(format!("archive/{name}"), plain)?;
        archive.write_all(bytes)?;
    }
    for (key, tensor) in tensors.iter().enumerate() {
        let large = tensor.data.bytes() > LARGE;
        archive.start_file(format!("archive/data/{key}"), plain.large_file(large))?;
        tensor.data.write(&mut archive)?;
    }
    archive.finish()?.flush()?;
    Ok(())
}

/// An OrderedDict of tensors, each all of its storage, as torch.save writes it (protocol 2).
fn pickle(tensors: &[Tensor]) -> Vec<u8> {
    const ORDERED_DICT: &[u8] = b"ccollections\nOrderedDict\n)R";
    let mut out = b"\x80\x02".to_vec();
    out.extend(ORDERED_DICT);
    out.push(b'(');
    for (key, tensor) in tensors.iter().enumerate() {
        text(&mut out, &tensor.name);
        out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut out, "storage");
        let (class, elements) = match &tensor.data {
            TensorData::Floats(values) => ("FloatStorage", values.len()),
            TensorData::Counter(_) => ("LongStorage", 1),
        };
        out.extend(format!("ctorch\n{class}\n").as_bytes());
        text(&mut out, &key.to_string());
        text(&mut out, "cpu");
        whole(&mut out, elements);
        out.extend(b"tQ");
        whole(&mut out, 0);
        let strides = (0..tensor.shape.len()).map(|axis| tensor.shape[axis + 1..].iter().product());
        for numbers in [tensor.shape.clone(), strides.collect()] {
            out.push(b'(');
            numbers.iter().for_each(|&n| whole(&mut out, n));
            out.push(b't');
        }
        // No gradient, no hooks.
        out.push(0x89);
        out.extend(ORDERED_DICT);
        out.extend(b"tR");
    }
    out.extend(b"u.");
    out
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

/// A number of elements, which never fills 64 bits.
fn whole(out: &mut Vec<u8>, number: usize) {
    match i32::try_from(number) {
        Ok(small) => {
            out.push(b'J');
            out.extend(small.to_le_bytes());
        }
        Err(_) => {
            out.extend([0x8a, 8]);
            out.extend((number as u64).to_le_bytes());
        }
    }
}
