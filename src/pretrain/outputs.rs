//! How far apart the outputs of a method point.

use tch::{Kind, Tensor};

/// How far apart rows (B, d) point: the mean over dimensions of the standard deviation of the normalised rows, times √d. 1
/// where they point everywhere, 0 where all point one way (Chen & He 2021, "Exploring Simple Siamese Representation
/// Learning", whose value is this over √d).
pub fn spread(rows: &Tensor) -> f64 {
    let rows = normalised(rows);
    let width = rows.size()[1] as f64;
    let deviations = rows.std_dim([0i64].as_slice(), false, false);
    deviations.mean(Kind::Double).double_value(&[]) * width.sqrt()
}

/// Outputs below this [`spread`] have collapsed.
pub const COLLAPSED: f64 = 0.1;

/// Each row divided by its Euclidean norm.
pub(super) fn normalised(rows: &Tensor) -> Tensor {
    let norms = rows
        .square()
        .sum_dim_intlist([1i64].as_slice(), true, Kind::Float)
        .sqrt();
    rows / norms.clamp_min(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_point_everywhere_have_spread_one_and_those_that_point_one_way_none() {
        // The ends of every axis: mean 0 and mean square 1/d in each dimension.
        let axes = Tensor::eye(8, (Kind::Float, tch::Device::Cpu));
        let both = Tensor::cat(&[&axes * 3.0, &axes * -0.5], 0);
        assert!((spread(&both) - 1.0).abs() < 1e-6);
        assert!(spread(&Tensor::ones([5, 8], (Kind::Float, tch::Device::Cpu))) < 1e-6);
    }

    #[test]
    fn normalised_rows_have_length_one_and_zero_stays_zero() {
        let rows = normalised(&Tensor::from_slice(&[3.0f32, 4.0, 0.0, 0.0]).view([2, 2]));
        let expected = Tensor::from_slice(&[0.6f32, 0.8, 0.0, 0.0]).view([2, 2]);
        assert!(rows.allclose(&expected, 1e-6, 1e-7, false));
    }
}
