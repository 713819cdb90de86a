//! The words that people use for metrics, and what they mean here.

use super::axes::{AXES, is_of_axes};
use super::families::{FAMILIES, all};
use super::metric::Metric;
use super::probes::SUITE_LOG_ODDS;

/// Words of the field, as [`bare`] leaves them, and the metrics or families that they may mean.
const WORDS: &[(&[&str], &[&str])] = &[
    (&["axis", "threeaxes", "wang2022"], &[AXES]),
    (&["phi", "classvariance"], &["discriminative_ratio"]),
    (
        &["mixtureness", "mixing"],
        &["feature_mixtureness", "sample_mixing", "domain-mixing"],
    ),
    (&["lisi"], &["sample_mixing"]),
    (&["correlation", "channelcorrelation", "decorrelation"], &["redundancy"]),
    (&["barlow", "barlowtwins"], &["barlow_redundancy"]),
    (
        &["nc", "neuralcollapse", "collapse"],
        &[
            "nc1",
            "nc2_equinorm",
            "nc2_equiangle",
            "nc3_self_duality",
            "nc4_ncc_agreement",
        ],
    ),
    (
        &["ncc", "nearestclasscentre", "nearestclasscenter"],
        &["nc4_ncc_agreement", "ncm_top1"],
    ),
    (&["fisher", "lda"], &["fisher_ratio"]),
    (&["silhouettescore"], &["silhouette"]),
    (&["chindex", "calinskiharabaszscore"], &["calinski_harabasz"]),
    (&["dbindex", "daviesbouldinscore"], &["davies_bouldin"]),
    (
        &["fid", "frechet", "fréchet", "frechetinceptiondistance", "fd"],
        &["frechet_distance"],
    ),
    (&["fidinf", "fidinfinity"], &["frechet_infinity"]),
    (&["kernelinceptiondistance"], &["kid"]),
    (&["mmd", "maximummeandiscrepancy", "cmmd"], &["mmd_rbf", "kid"]),
    (
        &["wasserstein", "wassersteindistance", "emd", "swd"],
        &["sliced_wasserstein", "frechet_distance"],
    ),
    (&["deepcoral"], &["coral"]),
    (&["pad"], &["proxy_a_distance"]),
    (&["domainclassifier", "c2st"], &["domain_auc"]),
    (&["pr"], &["precision", "recall", "participation_ratio"]),
    (
        &["precisionrecall", "improvedprecisionrecall"],
        &["precision", "recall"],
    ),
    (
        &["prdc", "densitycoverage"],
        &["precision", "recall", "density", "coverage"],
    ),
    (&["rank"], &["rankme", "effective_rank", "stable_rank"]),
    (&["erank"], &["effective_rank"]),
    (&["alpha", "powerlaw", "eigenspectrumdecay"], &["alpha_req"]),
    (&["entropy", "vonneumannentropy"], &["matrix_entropy_rank", "vendi"]),
    (&["mcr", "mcr2"], &["coding_rate"]),
    (&["eigenvalues", "spectral"], &["spectrum"]),
    (&["pca", "pcadims"], &["pca_dims_95"]),
    (
        &[
            "id",
            "lid",
            "intrinsicdim",
            "intrinsicdimension",
            "intrinsicdimensionality",
        ],
        &["intrinsic_dim_twonn", "intrinsic_dim_mle", "intrinsic_dim_mst"],
    ),
    (&["alignment"], &["class_alignment"]),
    (&["alignmentuniformity"], &["uniformity", "class_alignment"]),
    (&["isotropy", "anisotropy", "cosine"], &["mean_cosine"]),
    (&["vendiscore"], &["vendi"]),
    (
        &["probe", "probing", "transfer", "accuracy", "acc", "top1"],
        &["linear_top1", "knn_top1", "probes"],
    ),
    (
        &[
            "linear",
            "linearprobe",
            "linearprobing",
            "linearevaluation",
            "lineareval",
            "linearclassifier",
            "linearaccuracy",
            "logistic",
            "logisticregression",
            "logisticprobe",
            "logreg",
        ],
        &["linear_top1"],
    ),
    (&["top5"], &["linear_top5"]),
    (
        &["balancedaccuracy", "perclassaccuracy", "meanclassaccuracy"],
        &["linear_class_mean"],
    ),
    (&["logloss", "crossentropy", "nll"], &["linear_nll"]),
    (&["ece", "calibration", "calibrationerror"], &["linear_ece"]),
    (&["ridge", "ridgeregression", "ridgeprobe"], &["ridge_top1"]),
    (
        &[
            "knn",
            "nn",
            "knnprobe",
            "knnaccuracy",
            "knearestneighbours",
            "knearestneighbors",
            "nearestneighbours",
            "nearestneighbors",
        ],
        &["knn_top1"],
    ),
    (
        &[
            "ncm",
            "nearestclassmean",
            "nearestmean",
            "classmeans",
            "nearestcentroid",
            "prototypes",
        ],
        &["ncm_top1"],
    ),
    (&["fewshot", "episodes"], &["fewshot_1", "fewshot_5"]),
    (&["logodds"], &["probes"]),
    (&["hscores"], &["h_score", "h_score_shrunk"]),
    (
        &["transferabilityscores", "transferabilitymetrics"],
        &["transferability"],
    ),
    (&["bhattacharyya"], &["gbc"]),
    (&["ncti"], &["ncti_seli", "ncti_ncc", "ncti_variability"]),
    (
        &["linearcka", "centeredkernelalignment", "centredkernelalignment"],
        &["cka", "cka_debiased"],
    ),
    (&["hsic", "unbiasedcka"], &["cka_debiased"]),
    (&["cca"], &["svcca", "pwcca"]),
    (
        &["mknn", "mutualnearestneighbours", "mutualnearestneighbors"],
        &["mutual_knn"],
    ),
    (
        &["representationalsimilarity", "representationalsimilarityanalysis"],
        &["rsa"],
    ),
];

/// Parts of names that say nothing of which one is meant.
const GENERIC: &[&str] = &["class", "distance", "mean", "metric", "ratio", "scaled", "score"];

/// More suggestions than this are no help.
const MOST: usize = 5;

/// No name is nearly as long.
const LONGEST: usize = 64;

/// Why `word` is no metric, family or group, with what it may mean.
pub fn why_unknown(word: &str) -> String {
    if word == SUITE_LOG_ODDS {
        return "that is a record of a suite, the mean log-odds of its leading probe: it comes with `--metrics probes` in an experiment that has a [[suite]]".to_owned();
    }
    let meant = meant(word);
    let hint = match meant.split_last() {
        None => String::new(),
        Some((last, [])) => format!("; did you mean {last}?"),
        Some((last, others)) => format!("; did you mean {} or {last}?", others.join(", ")),
    };
    let end = if hint.is_empty() { ";" } else { "" };
    format!("no such metric or family{hint}{end} `featscope metrics` lists them all")
}

/// The metrics and families that `word` may mean; none where none is near.
pub fn meant(word: &str) -> Vec<&'static str> {
    let word = bare(word);
    if word.is_empty() || word.len() > LONGEST || GENERIC.contains(&word.as_str()) {
        return Vec::new();
    }
    if let Some(name) = names().find(|name| bare(name) == word) {
        return vec![name];
    }
    if let Some((_, meant)) = WORDS.iter().find(|(words, _)| words.contains(&word.as_str())) {
        return meant.to_vec();
    }
    let holding: Vec<&str> = names().filter(|name| is_part(&word, name)).collect();
    if (1..=MOST).contains(&holding.len()) {
        return holding;
    }
    let of_names = names().map(|name| (bare(name), vec![name]));
    let of_words = WORDS
        .iter()
        .flat_map(|(words, meant)| words.iter().map(|w| ((*w).to_owned(), meant.to_vec())));
    of_names
        .chain(of_words)
        .filter_map(|(name, meant)| Some((slips(&word, &name)?, meant)))
        .min_by_key(|(slips, _)| *slips)
        .map_or(Vec::new(), |(_, meant)| meant)
}

/// Whether `word` (`all` aside) selects `metric`, which is of `family`: by its id, its family or the axes.
pub fn names_metric(word: &str, family: &str, metric: &Metric) -> bool {
    word == metric.id || is_group_of(word, family, metric)
}

/// Whether `word` is a group that `metric` is in: its family, or the axes.
pub fn is_group_of(word: &str, family: &str, metric: &Metric) -> bool {
    word == family || (word == AXES && is_of_axes(metric.id))
}

/// The ids of the metrics in a family or in the group `axes`.
pub fn group(word: &str) -> Vec<&'static str> {
    let rows = FAMILIES.iter().flat_map(|f| f.metrics.iter().map(move |m| (f.id, m)));
    rows.filter(|(family, metric)| is_group_of(word, family, metric))
        .map(|(_, metric)| metric.id)
        .collect()
}

fn names() -> impl Iterator<Item = &'static str> {
    let families = FAMILIES.iter().map(|family| family.id);
    all().map(|metric| metric.id).chain(families).chain([AXES])
}

/// Letters and digits alone, in lower case.
fn bare(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether `word` is one part of `name`, or several that follow one another: `mle` and `intraclass` are such parts.
fn is_part(word: &str, name: &str) -> bool {
    let parts: Vec<String> = name.split(['_', '-']).map(bare).collect();
    word.len() > 2 && (0..parts.len()).any(|i| (i..parts.len()).any(|j| parts[i..=j].concat() == word))
}

/// How many letters are wrong, where these are few enough for a slip.
fn slips(word: &str, name: &str) -> Option<usize> {
    let most = match name.chars().count().max(word.chars().count()) {
        0..4 => 0,
        4..8 => 1,
        8..10 => 2,
        _ => 3,
    };
    let slips = strsim::damerau_levenshtein(word, name);
    (slips <= most).then_some(slips)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_field_lead_to_names_that_exist() {
        for (words, meant) in WORDS {
            assert!(meant.len() <= MOST, "{words:?}");
            for word in *words {
                assert_eq!(bare(word), *word);
                assert!(names().all(|name| bare(name) != *word), "{word} is a name already");
            }
            for name in *meant {
                assert!(names().any(|known| known == *name), "{name}");
            }
        }
        for (word, first) in [
            ("fid", "frechet_distance"),
            ("FID", "frechet_distance"),
            ("frechet", "frechet_distance"),
            ("linear_probe", "linear_top1"),
            ("linear-prob", "linear_top1"),
            ("neural_collapse", "nc1"),
            ("mmd", "mmd_rbf"),
            ("pr", "precision"),
            ("prdc", "precision"),
            ("intrinsic_dimension", "intrinsic_dim_twonn"),
            ("knn", "knn_top1"),
            ("ncm", "ncm_top1"),
            ("logistic", "linear_top1"),
            ("alpha-ReQ", "alpha_req"),
            ("participation-ratio", "participation_ratio"),
            ("h-score", "h_score"),
            ("LogME", "logme"),
            ("CKA", "cka"),
            ("mle", "intrinsic_dim_mle"),
            ("intraclass", "intra_class_distance"),
            ("discriminative_ration", "discriminative_ratio"),
            ("class_variation", "class-variation"),
            ("redundancies", "redundancy"),
            ("ckaa", "cka"),
            ("axis", "axes"),
        ] {
            assert_eq!(meant(word).first(), Some(&first), "{word}");
        }
    }

    #[test]
    fn what_is_near_nothing_gets_no_suggestion() {
        for word in [
            "",
            "xyz",
            "bogus",
            "mid",
            "perplexity",
            "bleu",
            "nonsense_metric",
            "distance",
            "score",
            "--",
            "ü",
        ] {
            assert_eq!(meant(word), [""; 0], "{word}");
        }
        assert_eq!(meant(&"redundancy".repeat(100_000)), [""; 0]);
        let text = why_unknown("bogus");
        assert_eq!(text, "no such metric or family; `featscope metrics` lists them all");
    }

    #[test]
    fn the_axes_are_a_group() {
        let group = group(AXES);
        assert_eq!(group.len(), 9);
        assert!(group.iter().all(|id| crate::metrics::families::find(id).is_some()));
        assert!(crate::metrics::families::find(AXES).is_none() && FAMILIES.iter().all(|f| f.id != AXES));
    }
}
