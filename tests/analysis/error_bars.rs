//! Every number has an error bar or a reason, and the error bars are right.

use featscope::analysis::analyse;
use ndarray::Axis;

use super::common::{Formula, analyse_pair, noise, plan, record, set};
use super::{eval, pre};

#[test]
fn every_number_has_an_error_bar_or_a_reason() {
    for r in &analyse_pair(pre().data(), eval().data(), &plan(&["all"], &[]))
        .results
        .records
    {
        let bar = [r.std_error, r.ci_low, r.ci_high];
        if r.metric == "alpha_req" {
            // A power law is fitted over 30 directions; here are 9.
            assert!(r.value.is_none() && r.note.as_ref().unwrap().contains("rank 30"));
            continue;
        }
        if r.metric == "linear_top5" {
            // Every one of four classes is among the top five.
            assert!(r.value.is_none() && r.note.as_ref().unwrap().contains("of 4 classes"));
            continue;
        }
        assert!(r.value.is_some(), "{}: {:?}", r.metric, r.note);
        match r.replicates {
            Some(_) => assert!(bar.iter().all(Option::is_some), "{}", r.metric),
            None => assert!(r.note.as_ref().unwrap().contains("no interval"), "{}", r.metric),
        }
    }
}

#[test]
fn jackknife_errors_agree_with_a_bootstrap_of_rows() {
    // Larger classes, so that both estimate the same thing; a full bootstrap within classes, 400 resamples.
    let formula = Formula {
        seed: 31,
        counts: vec![150; 5],
        d: 8,
        ..Formula::default()
    };
    let (rows, classes) = formula.data();
    let metrics = [
        "intra_class_distance",
        "inter_class_distance",
        "discriminative_ratio",
        "redundancy",
    ];
    let whole = analyse_pair((rows.clone(), classes.clone()), eval().data(), &{
        let mut p = plan(&metrics, &[]);
        (p.pre, p.eval) = (vec![], vec![]);
        p
    });
    let mut values = vec![Vec::new(); metrics.len()];
    for b in 0..400u64 {
        let drawn: Vec<usize> = (0..rows.nrows())
            .map(|i| {
                let start = i / 150 * 150;
                let uniform = (noise(&[b, i as u64]) + 2.0) * 1e4;
                start + (uniform.fract() * 150.0) as usize
            })
            .collect();
        let mut p = plan(&metrics, &[]);
        (p.pre, p.eval) = (vec![], vec![]);
        let sets = [set("m", "pre", (rows.select(Axis(0), &drawn), classes.clone()))];
        let analysis = analyse(&sets, &p, &|_| ()).unwrap();
        for (i, m) in metrics.iter().enumerate() {
            values[i].push(record(&analysis, "pre", m).value.unwrap());
        }
    }
    for (m, v) in metrics.iter().zip(values) {
        let mean = v.iter().sum::<f64>() / 400.0;
        let bootstrap = (v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
        let ratio = record(&whole, "pre", m).std_error.unwrap() / bootstrap;
        // A standard error from ten groups itself varies by 1/sqrt(18) = 24 %; three of those, both ways.
        assert!((0.4..1.9).contains(&ratio), "{m}: jackknife / bootstrap = {ratio:.2}");
    }
}

#[test]
fn labels_without_meaning_give_the_ratios_null_value() {
    // Labels dealt round-robin over one cloud: phi must come near its null value, far from 1.
    let (rows, _) = Formula {
        seed: 8,
        counts: vec![2000],
        d: 30,
        ..Formula::default()
    }
    .data();
    let classes = (0..2000).map(|i| i % 20).collect();
    let mut p = plan(&["discriminative_ratio"], &[]);
    (p.pre, p.eval) = (vec![], vec![]);
    let analysis = analyse(&[set("m", "pre", (rows, classes))], &p, &|_| ()).unwrap();
    let phi = record(&analysis, "pre", "discriminative_ratio");
    // h = 1/100: null = 2/99. The sum over 19 x 30 squared normals varies by sqrt(2/570) = 6 %: four of those.
    assert!((phi.null_value.unwrap() - 2.0 / 99.0).abs() < 1e-15);
    assert!((phi.value.unwrap() / phi.null_value.unwrap() - 1.0).abs() < 0.24);
    // The population value is 0: an interval would reach it, and there is none.
    assert!(phi.ci_low.is_none() && phi.note.as_ref().unwrap().contains("it would reach zero"));
}
