//! How a network normalises images itself, before its first layer (RADIO).

use super::head_search::scopes;
use super::loading::Loading;
use super::naming::RADIO_NAME;
use super::weights::Checkpoint;
use crate::error::Result;

/// The tensors, below one of the network's folders.
const TENSORS: [&str; 2] = ["input_conditioner.norm_mean", "input_conditioner.norm_std"];

/// How a network normalises images itself, before its first layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Conditioner {
    /// It does not.
    Absent,
    /// It does, and its file does not hold the numbers: CLIP's, as RADIO's own code has them.
    Clip,
    /// By the mean and the deviation of colours in its file.
    Told {
        /// The mean of each colour.
        mean: [f64; 3],
        /// The deviation of each colour.
        std: [f64; 3],
    },
}

impl Conditioner {
    /// What the network of a checkpoint does.
    ///
    /// # Errors
    /// When one of its two tensors is not there, or holds no three numbers.
    pub fn of(checkpoint: &Checkpoint, loading: &Loading) -> Result<Self> {
        if loading.audit.naming != RADIO_NAME {
            return Ok(Self::Absent);
        }
        let wrapper = loading.audit.wrapper.iter().map(|wrapper| format!("{wrapper}."));
        let prefix: String = wrapper.chain([loading.audit.prefix.clone()]).collect();
        let holds = |scope: &String| TENSORS.iter().any(|name| checkpoint.has(&format!("{scope}{name}")));
        let Some(scope) = scopes(&prefix).into_iter().find(holds) else {
            return Ok(Self::Clip);
        };
        let read = |name: &str| -> Result<[f64; 3]> {
            let name = format!("{scope}{name}");
            // A shape is a claim: it is looked at before so many numbers are made of it.
            let count = |shape: &[usize]| shape.iter().fold(1usize, |n, side| n.saturating_mul(*side));
            let wrong = |n: usize| checkpoint.damaged(&format!("{name} has {n} numbers; expected 3; fetch it again"));
            if let Some(n) = checkpoint
                .tensors()
                .get(&name)
                .map(|info| count(&info.shape))
                .filter(|n| *n != 3)
            {
                return Err(wrong(n));
            }
            let values = checkpoint.tensor_f32(&name)?.1;
            // In as few digits as tell them apart: 0.48145466.
            let written: Vec<f64> = values.iter().filter_map(|v| v.to_string().parse().ok()).collect();
            let three = <[f64; 3]>::try_from(written);
            three.map_err(|v| wrong(v.len()))
        };
        Ok(Self::Told {
            mean: read(TENSORS[0])?,
            std: read(TENSORS[1])?,
        })
    }
}
