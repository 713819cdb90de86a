//! Convolutional networks against torchvision and timm (`fixtures/golden/cnns.py` and `timm_cnns.py`): the names and shapes of all
//! of them, and the features of some of each family; what is damaged is refused.

#[path = "../support/mod.rs"]
mod support;
mod timm;
mod torchvision;

use std::collections::BTreeMap;

use featscope::checkpoint::arch::Arch;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use support::damage::Parts;
use support::{Tensors, add};

#[cfg_attr(not(feature = "torch"), allow(dead_code))]
#[derive(Deserialize)]
struct Case {
    id: String,
    side: Option<i64>,
    /// Factor of the normalisations' weights.
    gain: Option<f32>,
    /// Digest of the names and shapes.
    names: String,
    #[serde(default)]
    classifier: BTreeMap<String, Vec<usize>>,
}

impl Case {
    /// The file that the library would save, by the names that [`Case::names_are`] holds true.
    fn file(&self, arch: &Arch) -> Tensors {
        let mut tensors = Tensors::new();
        for expected in arch.tensors() {
            add(&mut tensors, &expected.name, &expected.shape);
            if expected.name.ends_with(".weight") && expected.shape.len() == 1 {
                let (_, values) = tensors.get_mut(&expected.name).unwrap();
                values.iter_mut().for_each(|value| *value *= self.gain.unwrap_or(1.0));
            }
        }
        for (name, shape) in &self.classifier {
            add(&mut tensors, name, shape);
        }
        tensors
    }

    /// Whether the network's tensors are the library's.
    fn names_are(&self, arch: &Arch) -> bool {
        let line = |name: &str, shape: &[usize]| {
            let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
            format!("{name} {}", shape.join("x"))
        };
        let mut lines: Vec<String> = arch.tensors().iter().map(|t| line(&t.name, &t.shape)).collect();
        lines.sort_unstable();
        let digest = Sha256::digest(lines.join("\n").as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        hex == self.names
    }
}

/// Those of a VGG of 11 layers with normalisations, the same by both libraries: its layers are numbered through.
fn vgg() -> Parts {
    Parts {
        matrix: "features.8.weight".to_owned(),
        bias: "features.12.bias".to_owned(),
        norm: "features.12.weight".to_owned(),
        stem: "features.0.weight".to_owned(),
        stage: "features.11.".to_owned(),
        block: "features.11.".to_owned(),
        statistics: Vec::new(),
    }
}
