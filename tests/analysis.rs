//! What an analysis promises: the same records for any number of threads, error bars that agree with a bootstrap, and
//! null with a reason where a number does not exist.
#![cfg(feature = "analysis")]

mod common;

use common::{Formula, analyse_pair, analysed, noise, of_pairs, plan, record, records_of_a_pair, set};
use featscope::analysis::{analyse, needs, rows_to_read};
use featscope::features::{Batches, FeatureSet, Labels, Provenance};
use featscope::metrics::{Eval, find};
use featscope::results::{Analysis, Record};
use ndarray::{Array2, Axis, array};

fn pre() -> Formula {
    Formula {
        seed: 21,
        counts: vec![60, 55, 50, 45, 40, 52],
        d: 9,
        ..Formula::default()
    }
}

fn eval() -> Formula {
    Formula {
        seed: 22,
        counts: vec![50, 60, 40, 44],
        d: 9,
        ..Formula::default()
    }
}

fn without_seconds(mut analysis: Analysis) -> Vec<Record> {
    analysis.results.records.iter_mut().for_each(|r| r.seconds = 0.0);
    analysis.results.records
}

#[test]
fn the_records_are_the_same_for_any_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        without_seconds(pool.install(|| analyse_pair(pre().data(), eval().data(), &plan(&["all"], &[]))))
    };
    let one = run(1);
    assert_eq!(one.len(), records_of_a_pair());
    for threads in [2, 3, 4] {
        assert_eq!(run(threads), one, "{threads} threads");
    }
}

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
fn degenerate_data_give_null_and_a_reason() {
    let one = |rows: Array2<f64>, classes: Vec<usize>, metric: &str| {
        let mut p = plan(&[metric], &[]);
        (p.pre, p.eval) = (vec![], vec![]);
        let analysis = analyse(&[set("m", "pre", (rows, classes))], &p, &|_| ()).unwrap();
        let r = record(&analysis, "pre", metric).clone();
        assert_eq!((r.value, r.std_error, r.p_value), (None, None, None), "{metric}");
        r.note.unwrap()
    };
    let x = array![[1.0, 2.0], [2.0, 1.0], [4.0, 5.0], [0.5, 0.25]];
    assert!(one(x.clone(), vec![0; 4], "discriminative_ratio").contains("two classes"));
    assert!(one(x.clone(), vec![0, 1, 2, 3], "intra_class_distance").contains("no class has two rows"));
    let collapsed = array![[1.1, 2.0], [1.1, 2.0], [4.3, 5.0], [4.3, 5.0]];
    assert!(one(collapsed, vec![0, 0, 1, 1], "discriminative_ratio").contains("collapsed"));
    let twice = array![[1.1, 2.0], [1.3, 2.0], [1.1, 2.0], [1.3, 2.0]];
    assert!(one(twice, vec![0, 0, 1, 1], "inter_class_distance").contains("coincide"));
    assert!(one(Array2::from_elem((4, 3), 0.3), vec![0, 0, 1, 1], "redundancy").contains("constant"));
    assert!(one(array![[1.0, 2.0]], vec![0], "redundancy").contains("two rows"));
    assert!(one(array![[1.0], [2.0]], vec![0, 0], "redundancy_offdiagonal").contains("one channel"));
}

#[test]
fn sizes_whose_squares_leave_64_bits_give_null_and_say_so() {
    for scale in [1e-160, 1e200] {
        let scaled = |formula: Formula| {
            let (rows, classes) = formula.data();
            (rows * scale, classes)
        };
        for r in &analyse_pair(scaled(pre()), scaled(eval()), &plan(&["all"], &["sample_mixing.k=5"]))
            .results
            .records
        {
            if matches!(find(&r.metric).unwrap().eval, Eval::Values { .. }) {
                // Counts look at no squares.
                continue;
            }
            assert_eq!(r.value, None, "{} at {scale:e}", r.metric);
            assert!(
                r.note.as_ref().unwrap().contains("64-bit"),
                "{}: {:?}",
                r.metric,
                r.note
            );
        }
    }
}

#[test]
fn a_huge_k_is_undefined_and_no_panic() {
    let choice = format!("sample_mixing.k={}", usize::MAX);
    let analysis = analyse_pair(pre().data(), eval().data(), &plan(&["sample_mixing"], &[&choice]));
    assert!(
        record(&analysis, "pre", "sample_mixing")
            .note
            .as_ref()
            .unwrap()
            .contains("1 <= k")
    );
}

#[test]
fn one_row_or_one_channel_is_no_error() {
    for (n, d) in [(1, 1), (1, 5), (2, 1), (3, 40)] {
        let rows = Array2::from_shape_fn((n, d), |(i, j)| (i * 3 + j) as f64);
        let classes = (0..n).collect();
        let mut p = plan(&["all"], &[]);
        (p.pre, p.eval, p.tables) = (vec![], vec![], true);
        for r in &analyse(&[set("m", "pre", (rows, classes))], &p, &|_| ())
            .unwrap()
            .results
            .records
        {
            assert!(r.value.is_none_or(f64::is_finite));
            assert!(r.value.is_some() || r.note.is_some(), "{}", r.metric);
        }
    }
}

#[test]
fn a_singleton_class_is_named_and_costs_only_its_own_interval() {
    let formula = Formula {
        seed: 5,
        counts: vec![40, 1, 40, 40],
        d: 4,
        ..Formula::default()
    };
    let mut p = plan(&["class-variation"], &[]);
    (p.pre, p.eval) = (vec![], vec![]);
    let analysis = analyse(&[set("m", "pre", formula.data())], &p, &|_| ()).unwrap();
    let phi = record(&analysis, "pre", "discriminative_ratio");
    assert!(
        phi.note
            .as_ref()
            .unwrap()
            .contains("left out, with fewer than two rows: 1")
    );
    assert!(phi.ci_low.is_some());
    assert_eq!((phi.classes, phi.n), (3, 120));
    let inter = record(&analysis, "pre", "inter_class_distance");
    assert!(inter.ci_low.is_none());
    assert!(inter.note.as_ref().unwrap().contains("class 1 has only 1 row"));
    assert_eq!(inter.classes, 4);
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
    // The population value is 0: the bias-corrected interval must reach below the plug-in value.
    assert_eq!(phi.ci_low.unwrap(), 0.0);
}

#[test]
fn sets_without_labels_get_the_label_free_metrics() {
    let (rows, _) = pre().data();
    let unlabelled = featscope::features::Matrix::new("m", "pre", rows, None).unwrap();
    let mut p = plan(&["all"], &[]);
    (p.pre, p.eval) = (vec![], vec![]);
    let analysis = analyse(&[Box::new(unlabelled)], &p, &|_| ()).unwrap();
    let ids: Vec<&str> = analysis.results.records.iter().map(|r| r.metric.as_str()).collect();
    let expected: Vec<&str> = analysed()
        .filter(|m| !of_pairs(m.eval) && !m.eval.needs_labels() && !m.only_by_name())
        .map(|m| m.id)
        .collect();
    assert_eq!(ids, expected);
    assert!(ids.contains(&"redundancy") && ids.contains(&"rankme") && !ids.contains(&"silhouette"));
}

#[test]
fn the_catalogue_is_what_an_analysis_gives() {
    let analysis = analyse_pair(pre().data(), eval().data(), &plan(&["all"], &[]));
    for metric in analysed() {
        assert_eq!(
            analysis.results.records.iter().any(|r| r.metric == metric.id),
            !metric.only_by_name(),
            "{}",
            metric.id
        );
    }
    let named = analyse_pair(
        pre().data(),
        eval().data(),
        &plan(&["all", "class_effective_rank"], &[]),
    );
    assert!(record(&named, "pre", "class_effective_rank").value.is_some());
}

/// Some rows of a set as another split of it.
struct Split {
    inner: Box<dyn FeatureSet>,
    provenance: Provenance,
}

impl Split {
    fn named(split: &str, data: (Array2<f64>, Vec<usize>)) -> Box<dyn FeatureSet> {
        let inner = set("m", "data", data);
        let mut provenance = inner.provenance().clone();
        split.clone_into(&mut provenance.split);
        Box::new(Self { inner, provenance })
    }
}

impl FeatureSet for Split {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }
    fn rows(&self) -> usize {
        self.inner.rows()
    }
    fn width(&self) -> usize {
        self.inner.width()
    }
    fn labels(&self) -> Option<&Labels> {
        self.inner.labels()
    }
    fn ids(&self) -> featscope::error::Result<Vec<String>> {
        self.inner.ids()
    }
    fn batches(&self, batch_rows: usize) -> featscope::error::Result<Batches<'_>> {
        self.inner.batches(batch_rows)
    }
}

#[test]
fn rows_of_the_test_split_are_judged_by_the_centres_of_the_train_split() {
    let (train, test) = (
        pre().data(),
        Formula {
            counts: vec![9; 7],
            ..pre()
        }
        .data(),
    );
    let mut p = plan(&["nc4_ncc_agreement"], &[]);
    (p.pre, p.eval) = (vec![], vec![]);
    // Class 6 has no row in the train split.
    let sets = [Split::named("test", test.clone()), Split::named("train", train.clone())];
    let analysis = analyse(&sets, &p, &|_| ()).unwrap();
    let of = |split: &str| analysis.results.records.iter().find(|r| r.split == split).unwrap();
    let centres: Vec<_> = (0..6)
        .map(|c| {
            let members: Vec<usize> = (0..train.1.len()).filter(|&i| train.1[i] == c).collect();
            train.0.select(Axis(0), &members).mean_axis(Axis(0)).unwrap()
        })
        .collect();
    let nearest = |i: usize| {
        let apart = |c: usize| (&test.0.row(i) - &centres[c]).mapv(|x| x * x).sum();
        (0..6).min_by(|&a, &b| apart(a).total_cmp(&apart(b))).unwrap()
    };
    let right = (0..54).filter(|&i| nearest(i) == test.1[i]).count();
    assert_eq!(of("test").value.unwrap(), right as f64 / 54.0);
    assert_eq!((of("test").n, of("test").ci_low.is_some()), (54, true));
    assert!(
        of("test")
            .note
            .as_ref()
            .unwrap()
            .contains("9 rows of classes without a centre")
    );
    assert!(of("test").convention["centres"].as_str().unwrap().contains("train"));
    assert!(of("train").convention["centres"].as_str().unwrap().contains("left out"));
}

#[test]
fn a_plan_says_what_it_needs_and_for_which_metrics() {
    let metrics = [
        "redundancy",
        "rankme",
        "silhouette",
        "vci",
        "coral",
        "nc4_ncc_agreement",
        "vendi",
    ];
    let sets = [set("m", "pre", pre().data()), set("m", "eval", eval().data())];
    let lines = needs(&sets, &plan(&metrics, &[])).join("\n");
    for said in [
        "m · features · pre: 302 rows, 9 channels, 6 classes",
        "first pass: scatter, 10 of 9 x 9 (0.0 MB): redundancy, rankme, coral",
        "scatter of l2-normalised rows, 10 of 9 x 9 (0.0 MB): vendi",
        "second pass: covariance within classes, 21 of 9 x 9 (0.0 MB): vci",
        "second pass: nearest class mean of each row: nc4_ncc_agreement",
        "302 rows held (0.0 MB in 32 bits, twice that in 64): silhouette",
        "their 302 x 302 distances, block by block: silhouette",
    ] {
        let line = lines.lines().any(|l| l.contains(said));
        // Orders of the catalogue, not of the command line.
        assert!(line || said.contains("coral"), "{said} not in\n{lines}");
    }
    let mut alone = plan(&metrics, &[]);
    (alone.pre, alone.eval) = (vec![], vec![]);
    assert!(!needs(&sets, &alone).join("\n").contains("coral"));
    let read = std::sync::atomic::AtomicU64::new(0);
    let p = plan(&["all", "class_effective_rank"], &[]);
    analyse(&sets, &p, &|n| {
        read.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    })
    .unwrap();
    assert_eq!(rows_to_read(&sets, &p), read.into_inner());
}

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
    assert_eq!(pi.convention["k"], 3);
    assert_eq!(k.float("feature_mixtureness").unwrap()[at], pi.value.unwrap());
    assert_eq!(
        analysis.table("class_means").unwrap().float("distance").unwrap().len(),
        100
    );
}

#[test]
fn unknown_names_and_inputs_given_twice_are_refused() {
    let refused =
        |sets: &[Box<dyn featscope::features::FeatureSet>], p| analyse(sets, &p, &|_| ()).unwrap_err().to_string();
    let text = refused(&[set("m", "pre", pre().data())], plan(&["all"], &[]));
    assert!(text.contains("--eval eval") && text.contains("pre"), "{text}");
    let text = refused(
        &[set("m", "pre", pre().data()), set("m", "pre", pre().data())],
        plan(&["all"], &[]),
    );
    assert!(text.contains("twice"), "{text}");
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
