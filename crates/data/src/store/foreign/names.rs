//! What arrays and columns are by their names: features, labels, ids, or bookkeeping.
//!
//! Names are compared without case, with `_` for blanks and dashes, without the `#` that numpy puts before a header, and
//! by their last part where dictionaries are nested.

/// Names that only say that an array is the features.
const FEATURES: &str = "\
    features feature feats feat embeddings embedding embeds emb x data representations representation \
    activations arr_0";

/// Words in a name that say the same of one array among several: `train_features`, `image_embeds`.
const FEATURE_WORDS: &str = "features feature feats feat embeddings embedding embeds emb representations activations";

/// Names of labels, the most telling first: a class by its name tells more than by its number.
const LABELS: &str = "\
    labels class_name class label_name label class_label fine_label fine_labels category_name category targets \
    target class_id label_id category_id y cls";

/// Names that may also list the classes, one entry for each.
const CLASSES: &str = "classes class_names label_names";

/// Names of ids, which no two rows may share.
const IDS: &str = "id ids image_id image_ids";

/// Names of what tells rows apart where no two share it.
const KEYS: &str = "\
    img_id sample_id sample_ids uid uuid key keys filename filenames file_name file_names filepath filepaths \
    file_path path paths image_path image_paths img_path image_file file files fname image image_name img url \
    __key__ stem sample photo_id object_id index idx";

/// Names of numbers that say something about a row and are no channel of it.
const BOOKKEEPING: &str = "\
    fold folds split partition subset set row rowid group domain batch epoch step seed rank worker time \
    timestamp pred prediction predicted score prob probability confidence weight";

/// Last words of names that are bookkeeping: `class_id`, `coarse_label`, `cv_fold`.
const LAST_WORDS: &str = "id ids idx index label class category target fold split";

/// The place of a word in a list of words.
fn place(list: &str, word: &str) -> Option<usize> {
    list.split(' ').position(|known| known == word)
}

fn has(list: &str, word: &str) -> bool {
    place(list, word).is_some()
}

/// A name as it is compared.
pub(super) fn plain(name: &str) -> String {
    let name = name.trim().trim_start_matches('#').trim();
    let name = name.to_lowercase().replace([' ', '-'], "_");
    match name.rsplit_once(['.', '/']) {
        Some((_, last)) if !last.is_empty() => last.to_owned(),
        _ => name,
    }
}

/// True if a name only says that this is the features.
pub(super) fn says_features(name: &str) -> bool {
    let name = plain(name);
    name.is_empty() || has(FEATURES, &name)
}

/// True if a name says, alone or with other words, that this is features.
pub(super) fn is_feature(name: &str) -> bool {
    let words = plain(name);
    has(FEATURES, &words) || words.split('_').any(|word| has(FEATURE_WORDS, word))
}

/// Words in a name that say that it is labels where no other name does: `train_labels`, `y_true`.
const LABEL_WORDS: &str = "labels label targets target y gt";

/// How telling a name of labels is, 0 being the most; `None` for other names.
pub(super) fn label_rank(name: &str) -> Option<usize> {
    let name = plain(name);
    place(LABELS, &name).or_else(|| lists_classes(&name).then_some(usize::MAX - 1))
}

/// How telling a name of an array is; a mere word in it tells least. Columns are not asked so: bookkeeping has such words.
pub(super) fn array_label_rank(name: &str) -> Option<usize> {
    let words = plain(name);
    let by_word = || words.split('_').any(|word| has(LABEL_WORDS, word));
    label_rank(name).or_else(|| by_word().then_some(usize::MAX))
}

/// True if a name is that of weights: of a layer, not of rows.
pub(super) fn is_weight(name: &str) -> bool {
    let name = plain(name);
    matches!(name.as_str(), "weight" | "bias" | "weights") || name.ends_with("_weight") || name.ends_with("_bias")
}

/// True if a name is that of a matrix of pairs.
pub(super) fn is_of_pairs(name: &str) -> bool {
    const PAIRS: &str = "dist distance distances similarity similarities kernel gram adjacency cov covariance sigma";
    plain(name).split('_').any(|word| has(PAIRS, word))
}

/// The rest of a name that says that it is a mean or a covariance, and which of the two.
pub(super) fn statistic(name: &str) -> Option<(String, &'static str)> {
    let words = plain(name);
    let kind = |word: &str| match word {
        "mu" | "mean" | "means" => Some("mean"),
        "sigma" | "cov" | "covariance" => Some("covariance"),
        _ => None,
    };
    let found = words.split('_').find_map(kind)?;
    let rest: Vec<&str> = words.split('_').filter(|word| kind(word).is_none()).collect();
    Some((format!("{}/{}", parent(name), rest.join("_")), found))
}

/// True if a name leaves no doubt that this is meant to be the features; `x` and `data` may be anything.
pub(super) fn insists_on_features(name: &str) -> bool {
    is_feature(name) && !matches!(plain(name).as_str(), "x" | "data" | "arr_0")
}

/// What stands before the last part of a nested name.
pub(super) fn parent(name: &str) -> &str {
    name.rsplit_once(['.', '/']).map_or("", |(parent, _)| parent)
}

/// True if a name may also be that of a list of the classes.
pub(super) fn lists_classes(name: &str) -> bool {
    has(CLASSES, &plain(name))
}

/// True if an array has its name from its place alone: `arr_1` of an npz file, `1` of a tuple.
pub(super) fn is_positional(name: &str) -> bool {
    let name = plain(name);
    let number = name.strip_prefix("arr_").unwrap_or(&name);
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

/// How much a name says that these are ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum IdName {
    /// No two rows may share one.
    Id(usize),
    /// An id where no two rows share one.
    Key(usize),
}

/// What kind of name of ids it is, the most telling first; `None` for other names.
pub(super) fn id_rank(name: &str) -> Option<IdName> {
    let name = plain(name);
    // What pandas calls the index of a frame.
    let is_index = name.is_empty() || name.starts_with("unnamed:") || name.starts_with("__index_level_");
    let by_word = place(IDS, &name).map(IdName::Id);
    let by_word = by_word.or(place(KEYS, &name).map(IdName::Key));
    by_word.or(is_index.then_some(IdName::Key(usize::MAX)))
}

/// True if a name is that of paths of files.
pub(super) fn is_path(name: &str) -> bool {
    let name = plain(name);
    has(KEYS, &name)
        && name
            .split('_')
            .any(|word| word.starts_with("path") || word.contains("file"))
}

/// True if numbers of this name say something about a row, and are no channel.
pub(super) fn is_bookkeeping(name: &str) -> bool {
    let name = plain(name);
    label_rank(&name).is_some()
        || id_rank(&name).is_some()
        || has(BOOKKEEPING, &name)
        || name.rsplit_once('_').is_some_and(|(_, last)| has(LAST_WORDS, last))
}

/// The stem and the number of a name that counts: `f12`, `dim_3`, `7`.
pub(super) fn numbered(name: &str) -> Option<(String, u64)> {
    let name = name.trim().trim_start_matches('#').trim();
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (stem, number) = name.split_at(name.len() - digits);
    Some((stem.to_lowercase(), number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_what_they_say() {
        assert!(says_features("data.Features") && says_features("arr_0") && !says_features("backbone"));
        assert!(is_feature("train_features") && is_feature("image-embeds") && !is_feature("logits"));
        assert!(label_rank("class_name") < label_rank("Label") && label_rank("# label") == label_rank("label"));
        assert!(label_rank("classes").is_some() && label_rank("coarse_label").is_none());
        assert!(id_rank("id") < id_rank("filename") && id_rank("filename") < id_rank("Unnamed: 0"));
        for name in [
            "fold",
            "class_id",
            "coarse_label",
            "Unnamed: 0",
            "idx",
            "cv fold",
            "__index_level_0__",
        ] {
            assert!(is_bookkeeping(name), "{name}");
        }
        for name in ["f0", "sepal_length", "0", "dim_3", "area"] {
            assert!(!is_bookkeeping(name), "{name}");
        }
        assert!(is_path("image_path") && is_path("Filename") && !is_path("uuid") && !is_path("file_size"));
        assert!(is_positional("arr_1") && is_positional("1") && !is_positional("a1"));
        assert_eq!(numbered("Dim_12"), Some(("dim_".into(), 12)));
        assert_eq!((numbered("7"), numbered("area")), (Some((String::new(), 7)), None));
    }
}
