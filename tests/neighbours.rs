//! What the metrics of nearest neighbours promise beyond their values: replicates made of the values of half-samples, and
//! tables that agree with plain loops.
#![cfg(feature = "analysis")]

mod common;

use common::{Formula, analyse_pair, plan, record};
use featscope::results::{Analysis, Table};
use featscope::uncertainty::Scheme;
use featscope::uncertainty::{Groups, half_samples, replicates_of_halves};
use ndarray::{Array2, Axis};

type Data = (Array2<f64>, Vec<usize>);

fn side(seed: u64, counts: &[usize]) -> Data {
    Formula {
        seed,
        counts: counts.to_vec(),
        d: 6,
        ..Formula::default()
    }
    .data()
}

/// The rows of some jackknife groups: rows go round within each class, which start at different groups.
fn of_groups((rows, classes): &Data, kept: Groups) -> Data {
    let place = |i: usize| classes[..i].iter().filter(|c| **c == classes[i]).count();
    let left: Vec<usize> = (0..classes.len())
        .filter(|&i| kept.has(((place(i) + classes[i]) % 10) as u8))
        .collect();
    (rows.select(Axis(0), &left), left.iter().map(|&i| classes[i]).collect())
}

#[test]
fn replicates_are_made_of_the_values_of_each_half() {
    let (pre, eval) = (side(1, &[60, 50, 56]), side(2, &[52, 66]));
    let metrics = [
        "intrinsic_dim_twonn",
        "intrinsic_dim_mle",
        "precision",
        "recall",
        "density",
        "coverage",
    ];
    let p = plan(&metrics, &["precision=prdc"]);
    let whole = analyse_pair(pre.clone(), eval.clone(), &p);
    let halves =
        half_samples().map(|split| split.map(|kept| analyse_pair(of_groups(&pre, kept), of_groups(&eval, kept), &p)));
    for metric in metrics {
        let values = std::array::from_fn(|s| {
            let value = |half: &Analysis| record(half, "pre", metric).value.unwrap();
            [value(&halves[s][0]), value(&halves[s][1])]
        });
        let whole = record(&whole, "pre", metric);
        let expected = replicates_of_halves(whole.value.unwrap(), &values);
        for (found, expected) in whole.replicates.as_ref().unwrap().iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 1e-12 * expected.abs(),
                "{metric}: {found} for {expected}"
            );
        }
        assert_eq!(whole.error, Some(Scheme::HalfSamples));
    }
}

#[test]
fn a_k_beyond_the_rows_or_beyond_any_table_is_undefined_and_no_panic() {
    let (pre, eval) = (side(1, &[10, 12]), side(2, &[11, 9]));
    for k in [0, 22, usize::MAX] {
        for metric in ["hubness", "intrinsic_dim_mle", "precision", "coverage"] {
            let choice = format!("{metric}.k={k}");
            let analysis = analyse_pair(pre.clone(), eval.clone(), &plan(&[metric], &[&choice]));
            let record = record(&analysis, "pre", metric);
            assert!(
                record.value.is_none() && record.note.as_ref().unwrap().contains("k = "),
                "{choice}"
            );
        }
    }
}

#[test]
fn rows_that_coincide_are_said_to_be_left_out() {
    let (mut pre, eval) = (side(1, &[30, 30]), side(2, &[30, 30]));
    let row = pre.0.row(3).to_owned();
    pre.0.row_mut(40).assign(&row);
    let analysis = analyse_pair(pre, eval, &plan(&["intrinsic_dim_mle", "hubness"], &[]));
    let note = record(&analysis, "pre", "intrinsic_dim_mle").note.clone();
    assert!(note.unwrap().contains("2 rows coincide"));
    assert!(
        !record(&analysis, "pre", "hubness")
            .note
            .as_ref()
            .unwrap()
            .contains("coincide")
    );
    assert_eq!(record(&analysis, "eval", "intrinsic_dim_mle").note, None);
}

/// The rows of a table that are of the data set `pre`.
fn of_pre(table: &Table) -> Vec<usize> {
    let names = table.text("dataset").unwrap();
    (0..names.len()).filter(|&i| names[i] == "pre").collect()
}

#[test]
fn the_tables_are_those_of_plain_loops() {
    let (pre, mut eval) = (side(5, &[40, 30]), side(6, &[30, 25]));
    // Three eval rows point where pre rows do: two exactly, one nearly.
    for (place, source, off) in [(4, 17, 0.0), (50, 3, 0.0), (9, 60, 0.01)] {
        let row = &pre.0.row(source) * 2.5 + off;
        eval.0.row_mut(place).assign(&row);
    }
    let mut p = plan(&["hubness", "overlap", "silhouette"], &["overlap=0.999"]);
    p.tables = true;
    let analysis = analyse_pair(pre.clone(), eval.clone(), &p);

    let cosine = |i: usize, j: usize| {
        let (x, y) = (pre.0.row(i), eval.0.row(j));
        x.dot(&y) / (x.dot(&x) * y.dot(&y)).sqrt()
    };
    let mut expected: Vec<(usize, usize)> = (0..70).flat_map(|i| (0..55).map(move |j| (i, j))).collect();
    expected.retain(|&(i, j)| cosine(i, j) > 0.99);
    let near = analysis.table("near_duplicates").unwrap();
    let (ids, others) = (near.text("id").unwrap(), near.text("other_id").unwrap());
    assert_eq!(ids.len(), expected.len());
    assert!(expected.len() >= 3);
    for ((i, j), found) in ids.iter().zip(others).zip(near.float("cosine").unwrap()) {
        let (i, j) = (i.parse().unwrap(), j.parse().unwrap());
        assert!(expected.contains(&(i, j)) && (cosine(i, j) - found).abs() < 1e-12);
    }
    assert_eq!(
        [(&ids[0], &others[0]), (&ids[1], &others[1])],
        [(&"3".into(), &"50".into()), (&"17".into(), &"4".into())]
    );

    let nearest = |i: usize| {
        let apart = |j: usize| (&pre.0.row(i) - &pre.0.row(j)).mapv(|x| x * x).sum();
        let mut order: Vec<usize> = (0..70).filter(|&j| j != i).collect();
        order.sort_by(|&a, &b| f64::total_cmp(&apart(a), &apart(b)));
        order.truncate(10);
        order
    };
    let mut occurrences = vec![0; 70];
    let mut foreign = [0.0; 2];
    for i in 0..70 {
        for j in nearest(i) {
            occurrences[j] += 1;
            foreign[pre.1[i]] += f64::from(u8::from(pre.1[i] != pre.1[j])) / 10.0 / [40.0, 30.0][pre.1[i]];
        }
    }
    let hubs = analysis.table("hubs").unwrap();
    let rows = of_pre(hubs);
    assert_eq!(rows.len(), 70);
    let (ids, counts) = (hubs.text("id").unwrap(), hubs.count("occurrences").unwrap());
    assert!(rows.windows(2).all(|w| counts[w[0]] >= counts[w[1]]));
    for row in rows {
        let i: usize = ids[row].parse().unwrap();
        assert_eq!(counts[row], occurrences[i]);
        assert_eq!(hubs.text("class").unwrap()[row], pre.1[i].to_string());
    }
    let classes = analysis.table("classes").unwrap();
    for (row, expected) in of_pre(classes).into_iter().zip(foreign) {
        assert!((classes.float("foreign_share").unwrap()[row] - expected).abs() < 1e-12);
    }
}

/// Precision, recall (k = 3, closed), density and coverage (k = 5, open) from whole-numbered squared distances.
fn support_by_plain_loops(pre: &Array2<i64>, eval: &Array2<i64>) -> [f64; 4] {
    let apart = |a: &Array2<i64>, i: usize, b: &Array2<i64>, j: usize| (&a.row(i) - &b.row(j)).mapv(|x| x * x).sum();
    let radii = |rows: &Array2<i64>, k: usize| -> Vec<i64> {
        let of_row = |i: usize| {
            let mut all: Vec<i64> = (0..rows.nrows())
                .filter(|&j| j != i)
                .map(|j| apart(rows, i, rows, j))
                .collect();
            all.sort_unstable();
            all[k - 1]
        };
        (0..rows.nrows()).map(of_row).collect()
    };
    let (n, m) = (pre.nrows(), eval.nrows());
    let share = |count: usize, all: usize| count as f64 / all as f64;
    let (wide, around_eval, open) = (radii(pre, 3), radii(eval, 3), radii(pre, 5));
    let holds = |i: usize, j: usize| apart(pre, i, eval, j) < open[i];
    [
        share(
            (0..m)
                .filter(|&j| (0..n).any(|i| apart(pre, i, eval, j) <= wide[i]))
                .count(),
            m,
        ),
        share(
            (0..n)
                .filter(|&i| (0..m).any(|j| apart(pre, i, eval, j) <= around_eval[j]))
                .count(),
            n,
        ),
        (0..n).map(|i| (0..m).filter(|&j| holds(i, j)).count()).sum::<usize>() as f64 / 5.0 / m as f64,
        share((0..n).filter(|&i| (0..m).any(|j| holds(i, j))).count(), n),
    ]
}

/// The skewness of how often a row is among the k nearest, equal ones by row.
fn hubness_by_plain_loops(rows: &Array2<i64>, k: usize) -> f64 {
    let n = rows.nrows();
    let mut counts = vec![0.0; n];
    for i in 0..n {
        let mut order: Vec<usize> = (0..n).filter(|&j| j != i).collect();
        order.sort_by_key(|&j| (&rows.row(i) - &rows.row(j)).mapv(|x| x * x).sum());
        order[..k].iter().for_each(|&j| counts[j] += 1.0);
    }
    let moment = |p| counts.iter().map(|c| (c - k as f64).powi(p)).sum::<f64>() / n as f64;
    moment(3) / moment(2).powf(1.5)
}

#[test]
fn equal_distances_are_equal_however_they_are_rounded() {
    let whole = |seed: u64, n: usize| {
        Array2::from_shape_fn((n, 21), |(i, j)| {
            i64::from(common::noise(&[seed, i as u64, j as u64]) > 0.3) * (1 + (j % 2) as i64)
        })
    };
    let (pre, eval) = (whole(7, 80), whole(8, 70));
    let p = plan(&["support-overlap", "hubness"], &[]);
    let metrics = ["precision", "recall", "density", "coverage"];
    let expected = support_by_plain_loops(&pre, &eval);
    let hubs = hubness_by_plain_loops(&pre, 10);
    // Tenths and thirds are no numbers of 64 bits, but their differences tie as whole numbers do.
    for scale in [1.0, 0.1, 1.0 / 3.0, 1e-60] {
        let scaled = |rows: &Array2<i64>| (rows.mapv(|x| x as f64 * scale), vec![0; rows.nrows()]);
        let analysis = analyse_pair(scaled(&pre), scaled(&eval), &p);
        for (metric, expected) in metrics.iter().zip(expected) {
            let found = record(&analysis, "pre", metric).value.unwrap();
            assert!(
                (found - expected).abs() < 1e-12,
                "{metric} at {scale}: {found} for {expected}"
            );
        }
        let found = record(&analysis, "pre", "hubness").value.unwrap();
        assert!((found - hubs).abs() < 1e-12, "hubness at {scale}: {found} for {hubs}");
    }
}
