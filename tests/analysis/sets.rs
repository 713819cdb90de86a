//! Which metrics a plan computes on which sets, and what they need.

use featscope::analysis::{analyse, needs, rows_to_read};
use featscope::features::{FeatureSet, Matrix};

use super::common::{analyse_pair, analysed, of_pairs, plan, record, set};
use super::{eval, pre};

#[test]
fn sets_without_labels_get_the_label_free_metrics() {
    let (rows, _) = pre().data();
    let unlabelled = Matrix::new("m", "pre", rows, None).unwrap();
    let mut p = plan(&["all"], &[]);
    (p.pre, p.eval) = (vec![], vec![]);
    let analysis = analyse(&[Box::new(unlabelled)], &p, &|_| ()).unwrap();
    let ids: Vec<&str> = analysis.results.records.iter().map(|r| r.metric.as_str()).collect();
    let expected: Vec<&str> = analysed()
        .filter(|m| !of_pairs(m.eval) && !m.eval.needs().labels && !m.only_by_name())
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
    let lines = needs(&sets, &plan(&metrics, &[])).unwrap().join("\n");
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
    assert!(!needs(&sets, &alone).unwrap().join("\n").contains("coral"));
    let read = std::sync::atomic::AtomicU64::new(0);
    let p = plan(&["all", "class_effective_rank"], &[]);
    analyse(&sets, &p, &|n| {
        read.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    })
    .unwrap();
    assert_eq!(rows_to_read(&sets, &p).unwrap(), read.into_inner());
}

#[test]
fn unknown_names_and_inputs_given_twice_are_refused() {
    let refused = |sets: &[Box<dyn FeatureSet>], p| analyse(sets, &p, &|_| ()).unwrap_err().to_string();
    let text = refused(&[set("m", "pre", pre().data())], plan(&["all"], &[]));
    assert!(text.contains("--eval eval") && text.contains("pre"), "{text}");
    let text = refused(
        &[set("m", "pre", pre().data()), set("m", "pre", pre().data())],
        plan(&["all"], &[]),
    );
    assert!(text.contains("twice"), "{text}");
}

#[test]
fn rank_correlations_are_of_the_rows_held_and_say_so() {
    let mut p = plan(&["redundancy", "redundancy_offdiagonal"], &["redundancy=spearman"]);
    (p.pre, p.eval, p.rows) = (vec![], vec![], Some(250));
    let sets = [set("m", "pre", pre().data())];
    let said = needs(&sets, &p).unwrap();
    let line = |l: &String| l.ends_with("their order in each channel (0.0 MB), and ranks: redundancy");
    assert!(said.iter().any(line), "{said:?}");
    let analysis = analyse(&sets, &p, &|_| ()).unwrap();
    let (ranks, values) = (
        record(&analysis, "pre", "redundancy"),
        record(&analysis, "pre", "redundancy_offdiagonal"),
    );
    assert_eq!((ranks.n, values.n), (250, 302));
    assert_eq!(ranks.variant, "spearman");
    assert_eq!(ranks.method["rows_drawn"], 250);
    assert!(ranks.value.unwrap() < 1.0 && ranks.null_value.is_some());
    assert!(ranks.ci_low.is_some());
}

#[test]
fn all_conventions_in_one_pass_are_what_each_gives_alone() {
    let metrics: Vec<&str> = analysed().filter(|m| !m.only_by_name()).map(|m| m.id).collect();
    let mut all = plan(&metrics, &["sample_mixing.k=20"]);
    all.conventions.take_every();
    let sets = || [set("m", "pre", pre().data()), set("m", "eval", eval().data())];
    let read = std::sync::atomic::AtomicU64::new(0);
    let together = analyse(&sets(), &all, &|n| {
        read.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    })
    .unwrap();
    assert_eq!(rows_to_read(&sets(), &all).unwrap(), read.into_inner());
    let most = analysed().map(|m| m.variants.len()).max().unwrap();
    let mut compared = 0;
    for variant in 0..=most {
        let choices: Vec<String> = analysed()
            .filter_map(|m| Some(format!("{}={}", m.id, m.variants.get(variant.checked_sub(1)?)?.id)))
            .chain(["sample_mixing.k=20".to_owned()])
            .collect();
        let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
        let alone = analyse(&sets(), &plan(&metrics, &choices), &|_| ()).unwrap();
        for mut r in alone.results.records {
            let is_same = |other: &&featscope::results::Record| {
                other.metric == r.metric && other.dataset == r.dataset && other.variant == r.variant
            };
            let found: Vec<_> = together.results.records.iter().filter(is_same).collect();
            assert_eq!(found.len(), 1, "{} {}", r.metric, r.variant);
            r.seconds = found[0].seconds;
            assert_eq!(found[0], &r);
            compared += 1;
        }
    }
    assert!(compared > together.results.records.len());
}
