//! Distances between sets of which one row lies far from all others: every digit that is there is kept.

use ndarray::Array2;

use super::common::{analyse_pair, plan, record};

/// Multiples of 1/4, by a formula that other programs repeat exactly.
fn rows(n: usize, seed: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, 4), |(i, j)| {
        ((i * 31 + j * 17 + i * i * (j + seed)) % 29) as f64 / 4.0 - 3.0
    })
}

#[test]
fn one_huge_row_costs_no_digits() {
    // KID over all pairs, MMD² and energy distance, CORAL: by mpmath with 80 digits, from their formulas.
    let expected = [
        (
            1e6,
            [
                -6_040_241_720_935_380.8,
                -0.012_430_921_925_676_378,
                -0.159_896_355_922_269_83,
                2.990_721_398_959_898_6e19,
            ],
        ),
        (
            1e12,
            [
                -6.040_230_382_002_554e33,
                -0.012_430_921_925_676_378,
                -0.159_896_316_614_707_58,
                2.990_722_656_248_743e43,
            ],
        ),
        (
            1e30,
            [
                -6.040_230_381_991_215e87,
                -0.012_430_921_925_676_378,
                -0.159_896_316_614_668_27,
                2.990_722_656_25e115,
            ],
        ),
    ];
    let metrics = ["kid", "mmd_rbf", "energy_distance", "coral"];
    for (size, expected) in expected {
        let (mut pre, eval) = (rows(30, 1), rows(24, 5));
        pre.row_mut(11)
            .assign(&ndarray::array![size, -size / 2.0, size / 4.0, 0.0]);
        let classes = |n: usize| vec![0; n];
        let p = plan(&metrics, &["kid=complete"]);
        let analysis = analyse_pair((pre, classes(30)), (eval, classes(24)), &p);
        for (metric, expected) in metrics.iter().zip(expected) {
            let found = record(&analysis, "pre", metric).value.unwrap();
            assert!(
                (found - expected).abs() <= 1e-12 * expected.abs(),
                "{metric} with a row of {size:e}: {found:e} for {expected:e}"
            );
        }
    }
}
