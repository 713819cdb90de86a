//! Features beside the rows that `fixtures/golden/architectures.py` and `cnns.py` wrote.

use featscope::checkpoint::Checkpoint;
use tch::Tensor;

use super::stream;

/// Rows of each case.
const ROWS: i64 = 2;
/// Channels kept of the layers before the backbone's end.
const KEPT: usize = 16;

/// The images of a side that both sides make by formula.
pub fn images(side: i64) -> Tensor {
    let values: Vec<f32> = stream(&format!("images {side}"), (ROWS * 3 * side * side) as usize);
    Tensor::from_slice(&values).view([ROWS, 3, side, side])
}

/// The largest error, as a share of the largest feature of its layer. The bar of quality.md: cosine at least 0.99999 for each row,
/// error at most 1e-4.
pub fn worst_error(id: &str, taps: &[(String, Tensor)], expected: &Checkpoint) -> f64 {
    let mut worst = 0.0f64;
    for (tap, rows) in taps {
        let (shape, values) = expected.tensor_f32(&format!("{id}/{tap}")).unwrap();
        assert_eq!(shape[0] as i64, ROWS);
        let width = rows.size()[1] as usize;
        let step = if tap == "backbone" { 1 } else { (width / KEPT).max(1) };
        let found: Vec<f32> = Vec::try_from(rows.contiguous().view([-1])).unwrap();
        for (i, wanted) in values.chunks(shape[1]).enumerate() {
            let row: Vec<f64> = found[i * width..][..width]
                .iter()
                .step_by(step)
                .map(|v| f64::from(*v))
                .collect();
            let wanted: Vec<f64> = wanted.iter().map(|v| f64::from(*v)).collect();
            assert_eq!(row.len(), wanted.len(), "{id} {tap}");
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
            let cosine = dot(&row, &wanted) / (dot(&row, &row) * dot(&wanted, &wanted)).sqrt();
            let scale = values.iter().fold(0.0f64, |m, v| m.max(f64::from(v.abs())));
            let error = row.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / scale;
            assert!(
                cosine >= 0.99999 && error <= 1e-4,
                "{id} {tap} row {i}: cosine {cosine}, error {error:e} of the scale"
            );
            worst = worst.max(error);
        }
    }
    worst
}

/// Cosine and largest error as a share of the scale, the worst of all rows.
pub fn distance(found: &Tensor, shape: &[usize], wanted: &[f32]) -> (f64, f64) {
    let found: Vec<f32> = Vec::try_from(found.contiguous().view([-1])).unwrap();
    assert_eq!(found.len(), wanted.len());
    assert!(found.iter().chain(wanted).all(|v| v.is_finite()));
    let scale = wanted.iter().fold(0.0f64, |m, v| m.max(f64::from(v.abs())));
    assert!(scale > 0.0, "nothing but zeros is expected");
    let rows = found.chunks(shape[1]).zip(wanted.chunks(shape[1]));
    rows.fold((1.0, 0.0), |(cosine, error), (a, b)| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
        let differences = a.iter().zip(b).map(|(x, y)| f64::from((x - y).abs()));
        let alike = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        (
            f64::min(cosine, alike),
            f64::max(error, differences.fold(0.0, f64::max) / scale),
        )
    })
}
