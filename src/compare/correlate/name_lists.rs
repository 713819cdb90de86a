//! Lists of names in sentences.

/// The first few of many names.
pub(super) fn some<T: AsRef<str>>(names: &[T]) -> String {
    const SHOWN: usize = 5;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(AsRef::as_ref)
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

/// Names that are not among the known ones, each with the one it may stand for.
pub(super) fn hinted(names: &[&String], known: &[String]) -> String {
    let meant = |name: &&String| {
        let nearest = known
            .iter()
            .map(|k| (strsim::jaro_winkler(&k.to_lowercase(), &name.to_lowercase()), k))
            .filter(|(likeness, _)| *likeness > 0.92)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            Some((_, k)) => format!("{name} (is it {k}?)"),
            None => (*name).clone(),
        }
    };
    some(&names.iter().map(meant).collect::<Vec<_>>())
}
