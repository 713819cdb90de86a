//! Networks as their libraries save them (`fixtures/golden`): the file, what lies beside it, and how it is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use featscope::checkpoint::arch::Pooling;
use featscope::checkpoint::{Checkpoint, LoadOptions, Loading, detect};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Tensors, add, write_safetensors};

/// A file of `fixtures/golden`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name)
}

/// What a JSON file of `fixtures/golden` holds.
pub fn golden<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&std::fs::read_to_string(fixture(name)).unwrap()).unwrap()
}

/// Tensors that are numbered: name with * for a number, shape, first number, how many.
pub type Numbered = (String, Vec<usize>, usize, usize);

/// Every tensor of a list, with weights by formula.
pub fn numbered(list: &[Numbered]) -> Tensors {
    let mut tensors = Tensors::new();
    for (name, shape, first, count) in list {
        for i in *first..first + count {
            add(&mut tensors, &name.replace('*', &i.to_string()), shape);
        }
    }
    tensors
}

/// A network in a folder.
#[derive(Clone)]
pub struct Saved {
    pub tensors: Tensors,
    /// Name of the file, without its ending; without a name the folder is opened, as transformers publishes it.
    pub file: Option<String>,
    /// Descriptions beside it, by the names of their files.
    pub beside: BTreeMap<String, Value>,
    pub options: LoadOptions,
}

impl Saved {
    /// In a file of that name, with nothing beside it.
    pub fn file(name: &str, tensors: Tensors) -> Self {
        Self {
            tensors,
            file: Some(name.to_owned()),
            beside: BTreeMap::new(),
            options: LoadOptions::default(),
        }
    }

    /// In a folder, with this `config.json`.
    pub fn folder(tensors: Tensors, config: Option<&Value>) -> Self {
        let whole = Self {
            file: None,
            ..Self::file("", tensors)
        };
        match config {
            Some(config) => whole.beside("config.json", config.clone()),
            None => whole,
        }
    }

    /// With this beside it.
    pub fn beside(mut self, name: &str, value: Value) -> Self {
        self.beside.insert(name.to_owned(), value);
        self
    }

    /// Opened as this architecture.
    pub fn named(mut self, arch: &str) -> Self {
        self.options.arch = arch.to_owned();
        self
    }

    /// Opened at this branch.
    pub fn branch(mut self, branch: &str) -> Self {
        self.options.branch = branch.to_owned();
        self
    }

    /// Opened with this pooling.
    pub fn pooled(mut self, pooling: Option<Pooling>) -> Self {
        self.options.pooling = pooling;
        self
    }

    /// With other tensors.
    pub fn holding(&self, tensors: Tensors) -> Self {
        Self {
            tensors,
            file: self.file.clone(),
            beside: self.beside.clone(),
            options: self.options.clone(),
        }
    }

    /// Written, with the path to open.
    pub fn write(&self) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = self.file.as_deref().unwrap_or("model");
        let path = folder.path().join(format!("{file}.safetensors"));
        write_safetensors(&path, &self.tensors, None);
        for (name, value) in &self.beside {
            std::fs::write(folder.path().join(name), value.to_string()).unwrap();
        }
        let opened = if self.file.is_some() {
            path
        } else {
            folder.path().to_owned()
        };
        (folder, opened)
    }

    /// What is found in it, or the sentence of its refusal, in which the path is FILE.
    pub fn load(&self) -> Result<Loading, String> {
        let (_folder, path) = self.write();
        let shown = |e: featscope::error::Error| e.to_string().replace(&path.display().to_string(), "FILE");
        detect(&Checkpoint::open(&path).map_err(shown)?, &self.options).map_err(shown)
    }

    /// The one sentence of a refusal.
    pub fn refused(&self) -> String {
        let sentence = match self.load() {
            Ok(loading) => panic!("loads as a {}: {:#?}", loading.audit.arch, loading.audit.lines()),
            Err(sentence) => sentence,
        };
        assert!(!sentence.contains('\n') && sentence.starts_with("FILE: "), "{sentence}");
        sentence
    }

    /// What is found in it, and its layers of these images, (rows, width) by name. Every tensor of its backbone is there, and
    /// no other beside them.
    #[cfg(feature = "torch")]
    pub fn run(&self, images: &tch::Tensor) -> (Loading, Vec<(String, tch::Tensor)>) {
        use featscope::extract::device::DeviceChoice;
        use featscope::extract::model::Model;

        let (_folder, path) = self.write();
        let checkpoint = Checkpoint::open(&path).unwrap();
        let loading = detect(&checkpoint, &self.options).unwrap_or_else(|e| panic!("{e}"));
        let audit = &loading.audit;
        let whole = (
            audit.backbone_coverage,
            audit.matched.len(),
            audit.missing.len(),
            audit.unexpected.len(),
        );
        assert_eq!(whole, (1.0, audit.expected, 0, 0), "{:#?}", audit.lines());
        assert!(audit.matched.iter().all(|name| checkpoint.tensors().contains_key(name)));
        let model = Model::load(&checkpoint, &loading, DeviceChoice::Cpu.open().unwrap()).unwrap();
        let taps = model.forward(images);
        let widths: Vec<_> = taps
            .iter()
            .map(|(tap, rows)| (tap.clone(), rows.size()[1] as usize))
            .collect();
        assert_eq!(widths, loading.taps());
        (loading, taps)
    }

    /// How its images are prepared, to read, and who says so; or why it cannot be told.
    #[cfg(feature = "torch")]
    pub fn prepared(&self) -> Result<(String, String), String> {
        let (_folder, path) = self.write();
        let checkpoint = Checkpoint::open(&path).unwrap();
        let loading = detect(&checkpoint, &self.options).unwrap_or_else(|e| panic!("{e}"));
        let prepared = featscope::extract::preparation::prepare(&checkpoint, &loading).map_err(|e| e.to_string())?;
        Ok((prepared.preprocess.to_string(), prepared.from))
    }
}
