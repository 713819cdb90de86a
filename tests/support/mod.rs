//! Checkpoints made by tests: weights by formula (the same in `fixtures/golden/features.py`), and the two containers.

#![allow(dead_code)] // Each test program uses its own part.

pub mod damage;
#[cfg(feature = "torch")]
pub mod golden_rows;
pub mod pickles;
pub mod saved;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use featscope::checkpoint::arch::{Arch, SmallCnn};
use featscope::checkpoint::{Checkpoint, LoadOptions, Loading, detect};

/// Tensors by name: shape and values.
pub type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// FNV-1a of the name, the seed of its values.
fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Value `i` of a stream, uniform in [-1, 1): splitmix64's finaliser, 53 bits.
fn uniform(seed: u64, i: u64) -> f64 {
    let mut z = seed.wrapping_add(i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// `count` values in [-1, 1) seeded by a name.
pub fn stream(name: &str, count: usize) -> Vec<f32> {
    let seed = seed(name);
    (0..count as u64).map(|i| uniform(seed, i) as f32).collect()
}

/// Weights of a tensor by its name and shape: Kaiming-uniform kernels, non-trivial normalisations.
pub fn weights(name: &str, shape: &[usize]) -> Vec<f32> {
    let count: usize = shape.iter().product();
    let fan_in: usize = shape.iter().skip(1).product();
    let (centre, spread) = match (shape.len(), name.rsplit('.').next()) {
        (2 | 4, _) => (0.0, (6.0 / fan_in as f64).sqrt()),
        (_, Some("weight")) => (1.0, 0.3),
        (_, Some("running_var")) => (1.0, 0.5),
        _ => (0.0, 0.2),
    };
    let seed = seed(name);
    (0..count as u64)
        .map(|i| (centre + spread * uniform(seed, i)) as f32)
        .collect()
}

/// A backbone by its own names.
pub fn backbone(arch: &Arch) -> Tensors {
    arch.tensors()
        .into_iter()
        .map(|t| (t.name.clone(), (t.shape.clone(), weights(&t.name, &t.shape))))
        .collect()
}

/// Adds one tensor with its formula weights.
pub fn add(tensors: &mut Tensors, name: &str, shape: &[usize]) {
    tensors.insert(name.to_owned(), (shape.to_vec(), weights(name, shape)));
}

/// The same tensors with `prefix` before every name.
pub fn prefixed(tensors: &Tensors, prefix: &str) -> Tensors {
    tensors
        .iter()
        .map(|(n, t)| (format!("{prefix}{n}"), t.clone()))
        .collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    bytemuck::cast_slice(values).to_vec()
}

/// Writes safetensors.
pub fn write_safetensors(path: &Path, tensors: &Tensors, metadata: Option<HashMap<String, String>>) {
    let data: Vec<_> = tensors.iter().map(|(n, (s, v))| (n, s, bytes(v))).collect();
    let views = data.iter().map(|(n, s, b)| {
        (
            *n,
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, s.to_vec(), b).unwrap(),
        )
    });
    std::fs::write(path, safetensors::serialize(views, metadata).unwrap()).unwrap();
}

/// Writes what `torch.save({wrapper: state_dict})` writes (or the state dict itself, without a wrapper).
pub fn write_pth(path: &Path, tensors: &Tensors, wrapper: Option<&str>) {
    write_pth_beside(path, tensors, wrapper, &serde_json::json!({"epoch": 7}));
}

/// As [`write_pth`], with these values beside the state dict where it is wrapped.
pub fn write_pth_beside(path: &Path, tensors: &Tensors, wrapper: Option<&str>, beside: &serde_json::Value) {
    let mut items = Vec::new();
    for (key, value) in beside.as_object().unwrap() {
        text(&mut items, key);
        plain(&mut items, value);
        items.push(b's');
    }
    write_pth_items(path, tensors, wrapper, &items);
}

/// As [`write_pth`], with these opcodes behind the state dict where it is wrapped: they find the dictionary on the stack.
pub fn write_pth_items(path: &Path, tensors: &Tensors, wrapper: Option<&str>, items: &[u8]) {
    let mut pickle = b"\x80\x02".to_vec();
    if let Some(wrapper) = wrapper {
        pickle.extend(b"}");
        text(&mut pickle, wrapper);
    }
    state_dict(&mut pickle, tensors);
    if wrapper.is_some() {
        pickle.push(b's');
        pickle.extend(items);
    }
    pickle.push(b'.');
    let mut entries = vec![
        ("archive/data.pkl".to_owned(), pickle),
        ("archive/byteorder".to_owned(), b"little".to_vec()),
    ];
    entries.extend(
        tensors
            .values()
            .enumerate()
            .map(|(i, (_, v))| (format!("archive/data/{i}"), bytes(v))),
    );
    entries.push(("archive/version".to_owned(), b"3\n".to_vec()));
    std::fs::write(path, zip(&entries)).unwrap();
}

/// The key of an object whose other members are the attributes of an instance of the class that it names, as MODULE NAME.
pub const CLASS: &str = "__class__";

/// Pickles a plain value; integers of up to 31 bits.
fn plain(pickle: &mut Vec<u8>, value: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Number(n) if n.is_i64() => {
            pickle.push(b'J');
            pickle.extend((n.as_i64().unwrap() as i32).to_le_bytes());
        }
        Value::Number(n) => {
            pickle.push(b'G');
            pickle.extend(n.as_f64().unwrap().to_be_bytes());
        }
        Value::String(s) => text(pickle, s),
        Value::Array(items) => {
            pickle.extend(b"(");
            items.iter().for_each(|item| plain(pickle, item));
            pickle.extend(b"t");
        }
        Value::Object(fields) => {
            let class = fields.get(CLASS).and_then(Value::as_str);
            if let Some(class) = class {
                pickle.extend(
                    format!("c{}\n)\u{81}", class.replace(' ', "\n"))
                        .chars()
                        .map(|c| c as u8),
                );
            }
            pickle.extend(b"}");
            for (key, item) in fields.iter().filter(|(key, _)| *key != CLASS) {
                text(pickle, key);
                plain(pickle, item);
                pickle.push(b's');
            }
            if class.is_some() {
                pickle.push(b'b');
            }
        }
        Value::Null => pickle.push(b'N'),
        Value::Bool(b) => pickle.push(if *b { 0x88 } else { 0x89 }),
    }
}

fn state_dict(pickle: &mut Vec<u8>, tensors: &Tensors) {
    pickle.extend(b"ccollections\nOrderedDict\n)R(");
    for (i, (name, (shape, values))) in tensors.iter().enumerate() {
        text(pickle, name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(pickle, &i.to_string());
        text(pickle, "cpu");
        int(pickle, values.len());
        pickle.extend(b"tQK\0");
        let strides = (0..shape.len()).map(|k| shape[k + 1..].iter().product::<usize>());
        for dims in [shape.clone(), strides.collect()] {
            pickle.push(b'(');
            dims.iter().for_each(|d| int(pickle, *d));
            pickle.push(b't');
        }
        pickle.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.push(b'u');
}

fn text(pickle: &mut Vec<u8>, s: &str) {
    pickle.push(b'X');
    pickle.extend((s.len() as u32).to_le_bytes());
    pickle.extend(s.as_bytes());
}

fn int(pickle: &mut Vec<u8>, value: usize) {
    pickle.push(b'J');
    pickle.extend((value as i32).to_le_bytes());
}

/// A zip file of stored entries.
pub fn zip(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in entries {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend((data.len() as u32).to_le_bytes());
        common.extend((data.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        let offset = file.len() as u32;
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(data);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = file.len() as u32;
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend((entries.len() as u16).to_le_bytes());
    file.extend((entries.len() as u16).to_le_bytes());
    file.extend((directory.len() as u32).to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

pub fn small() -> Arch {
    Arch::SmallCnn(SmallCnn {
        stem: 4,
        stages: vec![6, 8],
    })
}

pub fn projector(tensors: &mut Tensors, at: &str, widths: [usize; 3]) {
    let [inputs, hidden, outputs] = widths;
    add(tensors, &format!("{at}.0.weight"), &[hidden, inputs]);
    add(tensors, &format!("{at}.0.bias"), &[hidden]);
    for name in ["weight", "bias", "running_mean", "running_var"] {
        add(tensors, &format!("{at}.1.{name}"), &[hidden]);
    }
    add(tensors, &format!("{at}.3.weight"), &[outputs, hidden]);
    add(tensors, &format!("{at}.3.bias"), &[outputs]);
}

/// The small network with a projector and a classifier after it, by this project's names.
pub fn whole() -> Tensors {
    let mut tensors = prefixed(&backbone(&small()), "backbone.");
    projector(&mut tensors, "projector", [8, 8, 5]);
    add(&mut tensors, "classifier.weight", &[3, 5]);
    add(&mut tensors, "classifier.bias", &[3]);
    tensors
}

pub struct Folder(pub tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn safetensors(&self, tensors: &Tensors) -> PathBuf {
        let path = self.path("ein Modell <b>ü.safetensors");
        write_safetensors(&path, tensors, None);
        path
    }
}

pub fn load(path: &Path) -> featscope::error::Result<Loading> {
    detect(&Checkpoint::open(path)?, &LoadOptions::default())
}

pub fn refused(tensors: &Tensors) -> String {
    load(&Folder::new().safetensors(tensors)).unwrap_err().to_string()
}

/// A nested zip checkpoint with an epoch beside the tensors.
pub fn zip_with_epoch(folder: &Folder) -> PathBuf {
    let path = folder.path("epoch.ckpt");
    write_pth(&path, &backbone(&small()), Some("state_dict"));
    path
}
