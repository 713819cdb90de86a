//! Features beside the rows that the scripts of `fixtures/golden` wrote.

use std::collections::BTreeSet;

use featscope::checkpoint::Checkpoint;
use tch::Tensor;

use super::saved::{Saved, fixture};
use super::stream;

/// Rows of each case.
const ROWS: i64 = 2;
/// Channels kept of layers that are not kept in full.
const KEPT: usize = 16;

/// The images of a side that both sides make by formula.
pub fn images(side: i64) -> Tensor {
    let values: Vec<f32> = stream(&format!("images {side}"), (ROWS * 3 * side * side) as usize);
    Tensor::from_slice(&values).view([ROWS, 3, side, side])
}

/// What libraries gave, and which layers of it nobody compared yet.
pub struct GoldenRows {
    expected: Checkpoint,
    left: BTreeSet<String>,
}

impl GoldenRows {
    pub fn open(name: &str) -> Self {
        let expected = Checkpoint::open(&fixture(name)).unwrap();
        let left = expected
            .tensors()
            .keys()
            .filter(|name| name.contains('/'))
            .cloned()
            .collect();
        Self { expected, left }
    }

    /// Whether the library gave this layer.
    pub fn has(&self, id: &str, tap: &str) -> bool {
        self.expected.tensors().contains_key(&format!("{id}/{tap}"))
    }

    /// Cosine and largest error as a share of the scale, the worst of all rows.
    pub fn distance(&self, id: &str, tap: &str, found: &Tensor) -> (f64, f64) {
        let (shape, wanted) = self.expected.tensor_f32(&format!("{id}/{tap}")).unwrap();
        assert_eq!(shape[0] as i64, ROWS, "{id}/{tap}");
        let width = found.size()[1] as usize;
        let step = if shape[1] == width { 1 } else { (width / KEPT).max(1) };
        let kept = found.slice(1, None, None, step as i64);
        assert_eq!(
            kept.size(),
            shape.iter().map(|n| *n as i64).collect::<Vec<_>>(),
            "{id}/{tap}"
        );
        distance(&kept, &shape, &wanted)
    }

    /// Compares these layers of a case, and says how far off they are. The bar of quality.md: cosine at least 0.99999 for each row,
    /// error at most 1e-4 of the largest feature of the layer.
    pub fn compare<'a>(&mut self, id: &str, taps: impl IntoIterator<Item = &'a (String, Tensor)>) {
        let (mut worst, mut compared) = (0.0f64, 0);
        for (tap, found) in taps {
            let (cosine, error) = self.distance(id, tap, found);
            assert!(
                cosine >= 0.99999 && error <= 1e-4,
                "{id}/{tap}: cosine {cosine}, error {error:e} of the scale"
            );
            worst = worst.max(error);
            compared += 1;
            self.left.remove(&format!("{id}/{tap}"));
        }
        assert!(compared > 0, "{id}");
        println!("{id:36} {compared} layers, largest error {worst:.1e} of the scale");
    }

    /// The largest error of a case's backbone as it is loaded from there.
    pub fn off(&self, id: &str, saved: &Saved, images: &Tensor) -> f64 {
        let (_, taps) = saved.run(images);
        let (tap, found) = taps.iter().find(|(tap, _)| tap == "backbone").unwrap();
        self.distance(id, tap, found).1
    }

    /// Every layer that the libraries gave was compared.
    pub fn finish(self) {
        assert_eq!(self.left, BTreeSet::new(), "layers that nobody compared");
    }
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
