//! Arrays that other programs wrote, as sets of features.

use std::path::{Path, PathBuf};

use super::containers::{Member, is_container, members};
use super::raw::RawArray;
use super::{OpenOptions, delimited, labels, malformed, table};
use crate::error::Result;
use crate::features::ids_sha256;
use crate::features::{Batches, FeatureSet, Labels, Provenance};

/// Names that arrays of features go by; the first that is there counts.
const NAMES: [&str; 10] = [
    "features",
    "feature",
    "feats",
    "embeddings",
    "embedding",
    "x",
    "data",
    "representations",
    "activations",
    "arr_0",
];

/// The layer of an array.
const LAYER: &str = "features";

/// The lower-case extension of a path.
pub(super) fn extension(path: &Path) -> String {
    path.extension()
        .map(|e| e.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}

/// Where the numbers of a set come from.
pub(super) enum Source {
    Raw(RawArray),
    Delimited(delimited::Table),
    Column(table::Column),
}

/// What a format finds out about a file.
pub(super) struct Found {
    /// Layer name and numbers.
    pub(super) layers: Vec<(String, Source)>,
    pub(super) rows: usize,
    /// Labels inside the file.
    pub(super) labels: Option<labels::Names>,
    /// SHA-256 of the ids inside the file.
    pub(super) ids_sha256: Option<String>,
}

/// One layer of an array file.
struct Foreign {
    path: PathBuf,
    provenance: Provenance,
    labels: Option<Labels>,
    rows: usize,
    source: Source,
    /// Whether the file has ids of its own.
    has_ids: bool,
}

/// The sets of features in an array file.
pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<Vec<Box<dyn FeatureSet>>> {
    let extension = extension(path);
    let mut found = match extension.as_str() {
        "csv" | "tsv" => delimited::open(path)?,
        "parquet" => table::open(path)?,
        other if is_container(other) => container(path, other)?,
        _ => {
            let known = "a feature store, or .npy, .npz, .safetensors, .parquet, .csv, .pt";
            return Err(malformed(path, format!("not a file of features; expected {known}")));
        }
    };
    let inside = found.labels.take().filter(|_| options.labels.is_none());
    let labels = match inside {
        Some(names) => Some(labels::checked(path, found.rows, path, names)?),
        None => labels::given_or_beside(path, options.labels.as_deref(), found.rows)?,
    };
    let labels = labels.filter(|labels| labels.classes() > 0);
    let has_ids = found.ids_sha256.is_some();
    let ids_sha256 = found
        .ids_sha256
        .unwrap_or_else(|| ids_sha256((0..found.rows).map(|row| row.to_string())));
    let sets = found.layers.into_iter().map(|(layer, source)| {
        let provenance = Provenance {
            model: options.name.clone().unwrap_or_else(|| LAYER.to_owned()),
            layer,
            dataset: path
                .file_stem()
                .map(|s| s.to_string_lossy().into_owned())
                .unwrap_or_default(),
            split: String::new(),
            path: path.display().to_string(),
            ids_sha256: ids_sha256.clone(),
            preprocess_sha256: String::new(),
        };
        let (path, labels, rows) = (path.to_path_buf(), labels.clone(), found.rows);
        Box::new(Foreign {
            path,
            provenance,
            labels,
            rows,
            source,
            has_ids,
        }) as Box<dyn FeatureSet>
    });
    Ok(sets.collect())
}

/// The one array of features among the arrays of a file, and the labels that lie with it.
fn container(path: &Path, extension: &str) -> Result<Found> {
    let members = members(path, extension)?;
    let member = choose(path, &members)?;
    let raw = member.matrix(path)?;
    let rows = raw.rows;
    let list = |name: &&str| {
        let mut lists = members
            .iter()
            .filter(|m| m.as_list().is_some() && !std::ptr::eq(*m, member));
        lists.find(|m| m.name.eq_ignore_ascii_case(name))
    };
    let labels = labels::NAMES
        .iter()
        .find_map(list)
        .map(|m| labels::from_member(path, m))
        .transpose()?;
    Ok(Found {
        layers: vec![(LAYER.to_owned(), Source::Raw(raw))],
        rows,
        labels,
        ids_sha256: None,
    })
}

/// The array of features: the only one of two dimensions, or the one with a name that says so.
pub(super) fn choose<'a>(path: &Path, members: &'a [Member]) -> Result<&'a Member> {
    if let [one] = members {
        return Ok(one);
    }
    let matrices: Vec<&Member> = members.iter().filter(|m| m.is_matrix()).collect();
    if let [one] = matrices[..] {
        return Ok(one);
    }
    let named = |name: &&str| matrices.iter().find(|m| m.name.eq_ignore_ascii_case(name)).copied();
    NAMES.iter().find_map(named).ok_or_else(|| {
        let all: Vec<String> = members.iter().map(Member::describe).collect();
        let count = if matrices.is_empty() { "none" } else { "several" };
        let message = format!(
            "{count} of its arrays could be the features (rows, channels): {}; name one of them \"features\"",
            if all.is_empty() {
                "it has no arrays".to_owned()
            } else {
                all.join("; ")
            }
        );
        malformed(path, message)
    })
}

impl FeatureSet for Foreign {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn width(&self) -> usize {
        match &self.source {
            Source::Raw(array) => array.width,
            Source::Delimited(table) => table.width(),
            Source::Column(column) => column.width(),
        }
    }

    fn labels(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }

    fn ids(&self) -> Result<Vec<String>> {
        match &self.source {
            Source::Delimited(table) if self.has_ids => table.ids(),
            Source::Column(_) if self.has_ids => table::ids(&self.path),
            _ => Ok((0..self.rows).map(|row| row.to_string()).collect()),
        }
    }

    fn has_ids(&self) -> bool {
        self.has_ids
    }

    fn batches(&self, batch_rows: usize) -> Result<Batches<'_>> {
        match &self.source {
            Source::Raw(array) => array.batches(batch_rows),
            Source::Delimited(table) => table.batches(batch_rows),
            Source::Column(column) => column.batches(batch_rows),
        }
    }
}
