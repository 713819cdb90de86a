//! The dimension from minimum spanning trees, on rows whose dimension is known.

use featscope::analysis::{Plan, analyse};
use featscope::features::{FeatureSet, Matrix};
use featscope::results::Record;
use featscope::selftest::laws::rotation;
use featscope::stats::generator;
use ndarray::{Array2, Axis, s};
use rand::Rng as _;

use super::common::coverage::normal;
use super::common::plan;

fn dimension(rows: Array2<f64>) -> Record {
    let set: Box<dyn FeatureSet> = Box::new(Matrix::new("m", "d", rows, None).unwrap());
    let plan = Plan {
        pre: Vec::new(),
        eval: Vec::new(),
        ..plan(&["intrinsic_dim_mst"], &[])
    };
    analyse(&[set], &plan, &|_| ()).unwrap().results.records.remove(0)
}

#[test]
fn rows_fill_as_many_dimensions_as_they_have() {
    for (d, of_cube, of_normal) in [(1, 0.02, 0.15), (2, 0.1, 0.3), (5, 0.6, 0.6), (10, 2.0, 2.0)] {
        for (cube, off) in [(true, of_cube), (false, of_normal)] {
            let mut rng = generator(1, d as u64);
            let mut rows = Array2::zeros((1_500, 16));
            rows.slice_mut(s![.., ..d]).map_inplace(|x| {
                *x = match cube {
                    true => rng.random(),
                    false => normal(&mut rng),
                }
            });
            let found = dimension(rows.dot(&rotation(16, 2)) * 3.0 + 7.0);
            let value = found.value.unwrap();
            assert!((value - d as f64).abs() < off, "{d} dimensions, cube {cube}: {value}");
        }
    }
}

#[test]
fn of_many_rows_some_are_drawn_and_of_few_or_equal_ones_nothing_is_said() {
    let mut rng = generator(2, 0);
    let rows = Array2::from_shape_fn((2_300, 3), |_| normal(&mut rng));
    let found = dimension(rows.clone());
    assert_eq!((found.n, found.method["rows_drawn"].as_u64()), (2_000, Some(2_000)));
    assert_eq!(
        (found.method["rows_of"].as_u64(), found.method["orders"].as_u64()),
        (Some(2_300), Some(8))
    );
    assert_eq!(found.method["sizes"][0], 400);
    assert_eq!(found.method["sizes"][7], 1600);
    let why = |rows: Array2<f64>| {
        let found = dimension(rows);
        assert_eq!((found.value, found.std_error), (None, None));
        found.note.unwrap()
    };
    assert!(why(rows.slice(s![..19, ..]).to_owned()).contains("too few"));
    assert!(why(Array2::from_elem((50, 4), 0.3)).contains("the same"));
    assert!(why(rows.slice(s![..1, ..]).to_owned()).contains("too few"));
    assert!(why(rows.slice(s![..50, ..]).to_owned() * 1e300).contains("64-bit"));
    // The corners of a simplex are all as far apart.
    assert!(why(Array2::eye(60)).contains("as fast as the number of rows"));
    // A single channel, and copies of rows.
    assert!((dimension(rows.slice(s![..400, ..1]).to_owned()).value.unwrap() - 1.0).abs() < 0.2);
    let twice = ndarray::concatenate![Axis(0), rows.slice(s![..300, ..]), rows.slice(s![..300, ..])];
    assert!(dimension(twice).value.unwrap().is_finite());
}
