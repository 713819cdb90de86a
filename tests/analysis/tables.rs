//! The tables beside the records: channels, pictures, values against the number of rows.

use featscope::analysis::analyse;
use ndarray::Axis;

use super::common::{Formula, analyse_pair, plan, record, set};
use super::{eval, pre};

#[test]
fn the_tables_of_channels_say_which_are_dead_and_repeated() {
    let formula = Formula {
        dead: 2,
        twins: true,
        relu: true,
        ..pre()
    };
    let mut p = plan(&["channel-redundancy"], &[]);
    (p.pre, p.eval, p.tables) = (vec![], vec![], true);
    let (rows, classes) = formula.data();
    let analysis = analyse(&[set("m", "pre", (rows.clone(), classes))], &p, &|_| ()).unwrap();
    let channels = analysis.table("channels").unwrap();
    assert_eq!(channels.count("dead").unwrap(), [1, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(channels.text("duplicate_of").unwrap()[8], "7");
    assert!(channels.text("duplicate_of").unwrap()[..8].iter().all(String::is_empty));
    for j in 0..9 {
        let column = rows.column(j);
        assert!((channels.float("mean").unwrap()[j] - column.mean().unwrap()).abs() < 1e-12);
        assert!((channels.float("std").unwrap()[j] - column.std(1.0)).abs() < 1e-12);
        assert_eq!(
            channels.float("max").unwrap()[j],
            column.fold(f64::MIN, |a, &b| a.max(b))
        );
    }
    let zeros = channels.float("zeros").unwrap().iter().sum::<f64>() / 9.0;
    assert!((zeros - record(&analysis, "pre", "sparsity").value.unwrap()).abs() < 1e-12);
    assert_eq!(record(&analysis, "pre", "dead_channels").value, Some(2.0));
    assert_eq!(record(&analysis, "pre", "duplicate_channels").value, Some(1.0));
    let pairs = analysis.table("channel_pairs").unwrap();
    assert_eq!(pairs.float("correlation").unwrap().len(), 21);
    assert_eq!(
        (
            pairs.count("channel_a").unwrap()[0],
            pairs.count("channel_b").unwrap()[0]
        ),
        (7, 8)
    );
}

#[test]
fn the_pictures_arrays_agree_with_the_records() {
    let mut p = plan(&["all"], &[]);
    p.tables = true;
    let analysis = analyse_pair(pre().data(), eval().data(), &p);
    // The eigenvalues of the covariance sum to its trace; class spreads average to D_intra.
    let spectrum = analysis.table("spectrum").unwrap();
    let (rows, _) = pre().data();
    let trace: f64 = rows.axis_iter(Axis(1)).map(|c| c.var(1.0)).sum();
    let of_pre = |t: &featscope::results::Table, column: &str| -> Vec<f64> {
        let names = t.text("dataset").unwrap();
        t.float(column)
            .unwrap()
            .iter()
            .zip(names)
            .filter(|(_, n)| *n == "pre")
            .map(|(v, _)| *v)
            .collect()
    };
    let sum: f64 = of_pre(spectrum, "eigenvalue").iter().sum();
    assert!((sum - trace).abs() < 1e-10 * trace);
    let within = of_pre(analysis.table("classes").unwrap(), "within");
    let intra = record(&analysis, "pre", "intra_class_distance").value.unwrap();
    assert!((within.iter().sum::<f64>() / 6.0 - intra).abs() < 1e-12 * intra);
    let k = analysis.table("mixtureness_by_k").unwrap();
    let at = k.count("k").unwrap().iter().position(|&k| k == 3).unwrap();
    let pi = record(&analysis, "pre", "feature_mixtureness");
    assert_eq!(pi.method["k"], 3);
    assert_eq!(k.float("feature_mixtureness").unwrap()[at], pi.value.unwrap());
    assert_eq!(
        analysis.table("class_means").unwrap().float("distance").unwrap().len(),
        100
    );
}

#[test]
fn values_against_the_number_of_rows_end_at_the_records() {
    let mut p = plan(&["all"], &[]);
    p.convergence = true;
    let analysis = analyse_pair(pre().data(), eval().data(), &p);
    let table = analysis.table("convergence").unwrap();
    let (names, others) = (table.text("metric").unwrap(), table.text("other_dataset").unwrap());
    let (sets, n) = (table.text("dataset").unwrap(), table.count("n").unwrap());
    let (values, infinite) = (table.float("value").unwrap(), table.float("extrapolated").unwrap());
    let mut ends = 0;
    for i in 0..names.len() {
        let r = record(&analysis, &sets[i], &names[i]);
        assert_eq!(others[i].is_empty(), r.other_dataset.is_none());
        let all = if others[i].is_empty() {
            [302, 194][usize::from(sets[i] == "eval")]
        } else {
            496
        };
        if n[i] == all {
            ends += 1;
            match r.value {
                Some(value) => assert!((values[i] - value).abs() <= 1e-12 * value.abs(), "{}", names[i]),
                None => assert!(values[i].is_nan(), "{}", names[i]),
            }
        }
        assert_eq!(
            infinite[i].is_finite(),
            ["frechet_distance", "coral"].contains(&names[i].as_str())
        );
    }
    // Every curve has five points, and ends once.
    assert_eq!(5 * ends, names.len());
    for metric in [
        "rankme",
        "redundancy",
        "discriminative_ratio",
        "frechet_distance",
        "sliced_wasserstein",
    ] {
        assert!(names.iter().any(|name| name == metric), "{metric}");
    }
    for unbiased in ["kid", "mmd_rbf", "frechet_infinity"] {
        assert!(!names.iter().any(|name| name == unbiased), "{unbiased}");
    }
}
