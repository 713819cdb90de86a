//! The values: in other forms of the same rows, of degenerate ones, and of a Gaussian kernel.

use ndarray::{Array2, Axis};

use super::common::{matched, noise, plan, similar};
use super::{data, has_interval_or_reason, numbers};

#[test]
fn the_records_are_the_same_for_any_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let x = data();
        let y = matched(&x.0);
        numbers(pool.install(|| similar(x, y, &plan(&["similarity"], &[]))))
    };
    let one = run(1);
    for threads in [2, 3] {
        assert_eq!(run(threads), one);
    }
}

#[test]
fn rows_fewer_than_channels_give_what_a_gram_matrix_gives() {
    // The same rows with channels of zeros behind them: the one form goes through channels, the other through rows.
    let (x, classes) = data();
    let y = matched(&x);
    let widened = |m: &Array2<f64>| ndarray::concatenate![Axis(1), m.view(), Array2::zeros((80, 90))];
    let p = plan(&["cka", "cka_debiased", "procrustes", "svcca", "rsa"], &[]);
    let narrow = similar((x.clone(), classes.clone()), y.clone(), &p);
    let wide = similar((widened(&x), classes), widened(&y), &p);
    for (a, b) in narrow.records.iter().zip(&wide.records) {
        let pairs = [
            (a.value, b.value),
            (a.std_error, b.std_error),
            (a.null_value, b.null_value),
        ];
        for (a_number, b_number) in pairs {
            assert_eq!(a_number.is_some(), b_number.is_some());
            if let (Some(a_number), Some(b_number)) = (a_number, b_number) {
                assert!(
                    (a_number - b_number).abs() < 1e-10,
                    "{}: {a_number} {b_number}",
                    a.metric
                );
            }
        }
    }
    assert!(wide.records[0].note.as_ref().unwrap().contains("below 5 d = 485"));
}

#[test]
fn degenerate_sides_give_null_and_a_reason() {
    let one = |x: Array2<f64>, y: Array2<f64>| {
        let classes = vec![0; x.nrows()];
        similar((x, classes), y, &plan(&["similarity"], &[])).records
    };
    let (x, _) = data();
    for (side, what) in [
        (Array2::from_elem((80, 3), 0.3), "constant"),
        (Array2::zeros((80, 3)), "zero"),
        (Array2::from_elem((80, 200), 0.3), "constant and wide"),
    ] {
        for r in one(x.clone(), side.clone()).into_iter().chain(one(side, x.clone())) {
            assert_eq!(
                (r.value, r.std_error, r.null_value),
                (None, None, None),
                "{} of {what}",
                r.metric
            );
            let note = r.note.unwrap();
            assert!(
                ["constant", "same", "zeros", "fewer than"]
                    .iter()
                    .any(|word| note.contains(word)),
                "{}: {note}",
                r.metric
            );
        }
    }
    for (n, d) in [(1, 1), (1, 4), (2, 2), (3, 1), (3, 40), (5, 2)] {
        let rows = Array2::from_shape_fn((n, d), |(i, j)| noise(&[7, i as u64, j as u64]));
        for r in one(rows.clone(), matched(&rows)) {
            assert!(r.value.is_none_or(f64::is_finite));
            assert!(r.value.is_some() || r.note.is_some(), "{}", r.metric);
        }
    }
    // Sizes that would leave 64 bits when squared are brought near 1 by a power of two, which changes no digit.
    for scale in [1e-160, 1e200] {
        for (a, b) in one(&x * scale, matched(&x)).iter().zip(one(x.clone(), matched(&x))) {
            assert!(
                (a.value.unwrap() - b.value.unwrap()).abs() < 1e-12,
                "{} at {scale:e}",
                a.metric
            );
        }
    }
    // Means far away and one huge outlier cost few digits.
    let far = one(&x + 4096.0, matched(&x));
    for (a, b) in far.iter().zip(one(x.clone(), matched(&x))) {
        if !a.metric.ends_with("knn") {
            assert!((a.value.unwrap() - b.value.unwrap()).abs() < 1e-9, "{}", a.metric);
        }
    }
}

/// The nearest of whole-numbered rows by angle, equal ones by row: by (x·y)² / ‖y‖², which has the cosine's sign.
fn by_angle(rows: &Array2<f64>, k: usize) -> Vec<Vec<usize>> {
    let whole = rows.mapv(|x| x as i128);
    let product = |i: usize, j: usize| whole.row(i).dot(&whole.row(j));
    let of_row = |i: usize| {
        let mut order: Vec<usize> = (0..rows.nrows()).filter(|&j| j != i).collect();
        order.sort_by(|&a, &b| {
            let side = |j: usize, other: usize| product(i, j) * product(i, j).abs() * product(other, other);
            side(b, a).cmp(&side(a, b)).then(a.cmp(&b))
        });
        order.truncate(k);
        order
    };
    (0..rows.nrows()).map(of_row).collect()
}

#[test]
fn neighbours_of_binary_rows_go_by_row_where_they_are_equally_near() {
    let mut p = plan(&["mutual_knn", "cycle_knn"], &[]);
    for (seed, levels) in [(3, 2.0), (4, 3.0), (5, 4.0)] {
        let binary = |side: u64, d: usize| {
            let mut rows = Array2::from_shape_fn((90, d), |(i, j)| {
                let x = noise(&[seed, side, i as u64, j as u64]);
                ((x + 2.0) * levels / 4.0).floor().min(levels - 1.0)
            });
            rows.column_mut(0).fill(1.0);
            rows
        };
        let (x, y) = (binary(1, 12), binary(2, 15));
        // Rows alike in part, so that something is shared.
        let y = ndarray::concatenate![Axis(1), y, x.slice(ndarray::s![.., ..6])];
        p.seed = seed;
        let records = similar((x.clone(), vec![0; 90]), y.clone(), &p).records;
        let (near_x, near_y) = (by_angle(&x, 10), by_angle(&y, 10));
        let shared = |i: usize| near_x[i].iter().filter(|j| near_y[i].contains(j)).count() as f64 / 10.0;
        let mutual = (0..90).map(shared).sum::<f64>() / 90.0;
        let comes_back = |i: &usize| near_y[*i].iter().any(|j| near_x[*j].contains(i));
        let cycle = (0..90).filter(comes_back).count() as f64 / 90.0;
        for (r, expected) in records.iter().zip([mutual, cycle]) {
            assert!(
                (r.value.unwrap() - expected).abs() < 1e-12,
                "{}: {:?} for {expected}",
                r.metric,
                r.value
            );
            assert!(
                r.note.as_ref().unwrap().contains("as far away as the next"),
                "{:?}",
                r.note
            );
        }
    }
}

#[test]
fn a_gaussian_kernel_has_a_bandwidth_and_the_laws_of_a_linear_one() {
    let with = |x: (Array2<f64>, Vec<usize>), y: Array2<f64>, choice: &str| {
        similar(x, y, &plan(&["cka"], &[choice])).records.remove(0)
    };
    let (x, classes) = data();
    let y = matched(&x);
    let r = with((x.clone(), classes.clone()), y.clone(), "cka.bandwidth=0.5");
    assert_eq!(
        (r.variant.as_str(), r.method["bandwidth"].as_f64(), r.n),
        ("rbf", Some(0.5), 80)
    );
    assert!(has_interval_or_reason(&r) && r.null_value.unwrap() < r.value.unwrap());
    // Rotated, moved and scaled; sides swapped; rows in another order.
    let turned = x.dot(&featscope::selftest::laws::rotation(7, 3)) * 40.0 + 5.0;
    let order: Vec<usize> = (0..80).map(|i| i * 33 % 80).collect();
    let (a, b) = (x.select(Axis(0), &order), y.select(Axis(0), &order));
    for other in [
        with((turned, classes.clone()), y.clone(), "cka.bandwidth=0.5"),
        with((y.clone(), classes.clone()), x.clone(), "cka.bandwidth=0.5"),
        with((a, vec![0; 80]), b, "cka.bandwidth=0.5"),
    ] {
        assert!((other.value.unwrap() - r.value.unwrap()).abs() < 1e-11);
    }
    // A wide kernel sees distances as the linear one sees products; a narrow one sees no two rows alike.
    let linear = with((x.clone(), classes.clone()), y.clone(), "cka.bandwidth=300");
    let own = similar((x.clone(), classes.clone()), y.clone(), &plan(&["cka"], &[]))
        .records
        .remove(0);
    assert!(
        (linear.value.unwrap() - own.value.unwrap()).abs() < 1e-4,
        "{linear:?} {own:?}"
    );
    let narrow = with((x.clone(), classes.clone()), y, "cka.bandwidth=0.001");
    assert!((narrow.value.unwrap() - 1.0).abs() < 1e-12 && (narrow.null_value.unwrap() - 1.0).abs() < 1e-12);
    assert!((with((x.clone(), classes.clone()), x.clone(), "cka=rbf").value.unwrap() - 1.0).abs() < 1e-12);
    // Rows of which most are the same, all are, or there is one.
    let mut most = x.clone();
    for i in 0..70 {
        let first = x.row(0).to_owned();
        most.row_mut(i).assign(&first);
    }
    for (side, why) in [(most, "half of the rows"), (Array2::from_elem((80, 3), 0.3), "same")] {
        let r = with((x.clone(), classes.clone()), side, "cka=rbf");
        assert!(r.value.is_none() && r.note.as_ref().unwrap().contains(why), "{r:?}");
    }
    for (n, d) in [(1, 1), (2, 2), (3, 1), (3, 40)] {
        let rows = Array2::from_shape_fn((n, d), |(i, j)| noise(&[7, i as u64, j as u64]));
        let r = with((rows.clone(), vec![0; n]), matched(&rows), "cka=rbf");
        assert!(r.value.is_none_or(f64::is_finite) && (r.value.is_some() || r.note.is_some()));
    }
}

#[test]
fn a_gaussian_kernel_looks_at_a_draw_of_many_rows() {
    let rows = Array2::from_shape_fn((2_100, 3), |(i, j)| noise(&[8, i as u64, j as u64]));
    let r = similar(
        (rows.clone(), vec![0; 2_100]),
        matched(&rows),
        &plan(&["cka"], &["cka=rbf"]),
    )
    .records
    .remove(0);
    assert_eq!(
        (r.n, r.method["rows_drawn"].as_u64(), r.method["rows_of"].as_u64()),
        (2_000, Some(2_000), Some(2_100))
    );
    assert_eq!(r.method["seed"], 0);
    assert!(r.value.is_some());
}
