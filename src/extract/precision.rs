//! The precision of the forward pass, and how far a narrower one lies from f32.

use std::fmt;
use std::str::FromStr;

use tch::{Device, Kind, Tensor};

use super::device;
use super::network::{Network, to_rows};
use crate::error::{Error, Result};
use crate::store::{Deviation, LayerDeviation};

/// In what numbers a network computes. The weights, the running statistics of normalisations and the activations are all
/// cast; averages over positions are summed in f32; features are stored as f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats, as networks are trained and checked in.
    F32,
    /// bfloat16: the range of f32, 8 bits of mantissa.
    Bf16,
    /// 16-bit floats: 11 bits of mantissa, largest value 65,504.
    F16,
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::F32, Self::Bf16, Self::F16]
            .into_iter()
            .find(|p| p.to_string() == text)
            .ok_or_else(|| Error::input(format!("precision {text:?} is not known; expected f32, bf16 or f16")))
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}

impl Precision {
    /// libtorch's name for it.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
            Self::F16 => Kind::Half,
        }
    }

    /// Checks that `on` computes in it: libtorch is asked to convolve, multiply and normalise.
    ///
    /// # Errors
    /// When it refuses.
    pub fn check(self, on: Device) -> Result<()> {
        let tried = || -> std::result::Result<(), tch::TchError> {
            let ones = |shape: &[i64]| Tensor::f_ones(shape, (self.kind(), on));
            let map = ones(&[1, 8, 4, 4])?.f_conv2d(&ones(&[8, 8, 3, 3])?, None::<Tensor>, 1, 1, 1, 1)?;
            let norm = Some(ones(&[8])?);
            let map = map.f_batch_norm(
                norm.as_ref(),
                norm.as_ref(),
                norm.as_ref(),
                norm.as_ref(),
                false,
                0.1,
                1e-5,
                false,
            )?;
            let rows = map.f_view([16, 8])?.f_matmul(&ones(&[8, 8])?)?;
            rows.f_layer_norm([8], norm.as_ref(), norm.as_ref(), 1e-5, false)
                .map(drop)
        };
        tried().map_err(|e| {
            let why = e.to_string();
            Error::input(format!(
                "{} does not compute in {self} ({}); pass --precision f32 or bf16, or another --device",
                device::describe(on),
                why.lines().next().unwrap_or_default()
            ))
        })
    }
}

/// Casts the network to `precision` and says how far it then lies from f32 on these images.
///
/// # Errors
/// When the network does not run in it, or gives values that are not finite.
pub(super) fn narrow(
    network: &mut dyn Network,
    precision: Precision,
    layers: &[(String, usize)],
    images: &Tensor,
) -> Result<Deviation> {
    let wide = to_rows(network.forward(images)?, layers, 0)?;
    network.cast(precision.kind())?;
    let narrow = to_rows(network.forward(images)?, layers, 0)?;
    let measured = layers
        .iter()
        .zip(wide.iter().zip(&narrow))
        .map(|((name, _), (wide, narrow))| {
            let scale = wide.iter().fold(0.0f64, |m, v| m.max(f64::from(v.abs())));
            let mut deviation = LayerDeviation {
                name: name.clone(),
                max_error: 0.0,
                worst_cosine: 1.0,
            };
            for (a, b) in wide.rows().into_iter().zip(narrow.rows()) {
                let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
                for (&a, &b) in a.iter().zip(b) {
                    let (a, b) = (f64::from(a), f64::from(b));
                    if !b.is_finite() {
                        return Err(Error::input(format!(
                            "layer {name} gives {b} in {precision}; pass --precision f32{}",
                            if precision == Precision::F16 { " or bf16" } else { "" }
                        )));
                    }
                    ab += a * b;
                    aa += a * a;
                    bb += b * b;
                    if scale > 0.0 {
                        deviation.max_error = deviation.max_error.max((a - b).abs() / scale);
                    }
                }
                if aa > 0.0 {
                    let cosine = if bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 };
                    // Rounding may go past -1.
                    deviation.worst_cosine = deviation.worst_cosine.min(cosine).max(-1.0);
                }
            }
            Ok(deviation)
        });
    Ok(Deviation {
        rows: images.size()[0] as usize,
        layers: measured.collect::<Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precisions_are_read_and_shown_alike_and_bf16_runs_on_a_cpu() {
        for text in ["f32", "bf16", "f16"] {
            assert_eq!(text.parse::<Precision>().unwrap().to_string(), text);
        }
        let error = "fp8".parse::<Precision>().unwrap_err().to_string();
        assert!(error.contains("expected f32, bf16 or f16"), "{error}");
        Precision::F32.check(Device::Cpu).unwrap();
        Precision::Bf16.check(Device::Cpu).unwrap();
    }
}
