//! Hierarchical encoders in every layout against the libraries that read them (`fixtures/golden/hierarchies.py`): names, shapes
//! and `config.json` are theirs, the weights and images are made by formula on both sides.

mod config;
mod damage;
#[cfg(feature = "torch")]
mod features;
#[path = "../support/mod.rs"]
mod support;

use serde::Deserialize;
use serde_json::Value;
use support::saved::{Saved, golden};
use support::{Tensors, add};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

/// A network as a code base keeps it.
#[cfg_attr(not(feature = "torch"), allow(dead_code))]
#[derive(Clone, Deserialize)]
struct Case {
    id: String,
    side: i64,
    config: Option<Value>,
    tensors: Vec<(String, Vec<usize>)>,
}

fn cases() -> Vec<Case> {
    golden::<Golden>("hierarchies.json").cases
}

fn case(id: &str) -> Case {
    cases()
        .into_iter()
        .find(|c| c.id == id)
        .unwrap_or_else(|| panic!("no case {id}"))
}

impl Case {
    fn file(&self) -> Tensors {
        let mut tensors = Tensors::new();
        for (name, shape) in &self.tensors {
            add(&mut tensors, name, shape);
            if name.ends_with("relative_coords_table") {
                let stage = name.split('.').find_map(|part| part.parse::<usize>().ok()).unwrap();
                let window = shape[1].div_ceil(2);
                let pretrained = if self.id.contains("pretrained") {
                    [6, 6, 6, 3][stage]
                } else {
                    window
                };
                tensors.get_mut(name).unwrap().1 = coordinates(window as i64, pretrained as f64);
            }
        }
        tensors
    }

    /// Its folder as its library publishes it.
    fn saved(&self) -> Saved {
        let arch = match self.id.as_str() {
            "swinv2 timm" => "swinv2_width8_depths2-2-2-1_heads1-2-2-4_window4_128",
            "swinv2 timm-pretrained" => "swinv2_width8_depths2-2-2-1_heads1-2-2-4_window6to4_96to128",
            _ => "auto",
        };
        Saved::folder(self.file(), self.config.as_ref()).named(arch)
    }
}

/// The distances in a window, as the authors' files of the second Swin keep them.
fn coordinates(window: i64, pretrained: f64) -> Vec<f32> {
    let scaled = |d: i64| {
        let d = 8.0 * d as f64 / (pretrained - 1.0);
        (if d == 0.0 { 0.0 } else { d.signum() } * (d.abs() + 1.0).log2() / 3.0) as f32
    };
    let side = 1 - window..window;
    side.clone()
        .flat_map(|y| side.clone().flat_map(move |x| [scaled(y), scaled(x)]))
        .collect()
}
