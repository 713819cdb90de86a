//! Opening the file of an array: its sets of features, and the labels for them.

use std::path::Path;
use std::sync::Arc;

use super::choice::{ArrayChoice, choose};
use super::contents::{ForeignContents, LAYER, NumberSource};
use super::extension::extension;
use super::held::{held, id_columns, is_container, is_matrix};
use super::row_ids::{self, Texts};
use super::unknown_calls::judged;
use super::{delimited, labels, names, table};
use crate::error::Result;
use crate::features::{Batches, FeatureSet, IdColumn, Interpretation, Labels, Provenance, Subject, ids_sha256};
use crate::files::{UnknownCalls, check_name};
use crate::store::options::OpenOptions;
use crate::store::raw::RawArray;
use crate::store::refusal::malformed;

/// One layer of an array file.
struct Foreign {
    provenance: Provenance,
    labels: Option<Labels>,
    rows: usize,
    source: NumberSource,
    ids: Arc<Vec<IdColumn>>,
    interpretation: Arc<Interpretation>,
}

/// The sets of features in an array file.
pub(in crate::store) fn open(path: &Path, options: &OpenOptions) -> Result<Vec<Box<dyn FeatureSet>>> {
    let extension = extension(path);
    let columns = options.columns.as_deref();
    let mut found = match extension.as_str() {
        "csv" | "tsv" => delimited::open(path, columns, options.groups_column())?,
        "parquet" => table::open(path, columns, options.groups_column())?,
        other if is_container(other) => {
            if columns.is_some() {
                return Err(malformed(
                    path,
                    "--columns picks columns of a table (.csv, .tsv, .parquet); pick an array with --layer",
                ));
            }
            container(path, other, options)?
        }
        _ => {
            let known = "a feature store, or .npy, .npz, .safetensors, .parquet, .csv, .tsv, .pt";
            return Err(malformed(path, format!("not a file of features; expected {known}")));
        }
    };
    let labels = labels_for(path, options, &mut found)?;
    let ids = Arc::new(std::mem::take(&mut found.ids));
    let ids_sha256 = match row_ids::primary(&ids) {
        Some(column) => ids_sha256(column.ids.iter()),
        None => ids_sha256((0..found.rows).map(|row| row.to_string())),
    };
    let interpretation = Arc::new(found.interpretation);
    let sets = found.layers.into_iter().map(|(layer, source)| {
        let provenance = Provenance {
            subject: Subject {
                model: LAYER.to_owned(),
                layer,
                dataset: path
                    .file_stem()
                    .map(|s| s.to_string_lossy().into_owned())
                    .unwrap_or_default(),
                ..Subject::default()
            },
            path: path.display().to_string(),
            ids_sha256: ids_sha256.clone(),
            preprocess_sha256: String::new(),
        };
        Box::new(Foreign {
            provenance,
            labels: labels.clone(),
            rows: found.rows,
            source,
            ids: ids.clone(),
            interpretation: interpretation.clone(),
        }) as Box<dyn FeatureSet>
    });
    Ok(sets.collect())
}

/// The labels given, those inside the file, or those beside it; says which, how they were joined, and where none were found.
fn labels_for(path: &Path, options: &OpenOptions, found: &mut ForeignContents) -> Result<Option<Labels>> {
    let beside = labels::beside(path);
    let inside = found.labels.take();
    let file = match (&options.labels, &inside) {
        (Some(given), _) => Some(given.as_path()),
        (None, None) if beside.exists() => Some(beside.as_path()),
        _ => None,
    };
    let texts: Option<Texts> = match (file, inside) {
        (Some(file), _) => {
            let mut calls = UnknownCalls::default();
            let read = labels::read(file, found.rows, &mut calls)?;
            let called = judged(file, &calls, options)?.map(|line| format!("{} {line}", file.display()));
            found.interpretation.labels.extend(called);
            let (texts, sentence) = row_ids::join(path, found.rows, &found.ids, file, read, "label")?;
            found.interpretation.labels.push(sentence);
            Some(texts)
        }
        (None, Some(column)) => Some(column.values),
        (None, None) => {
            if !found.unread_labels.is_empty() {
                found.interpretation.labels.push(format!(
                    "no labels: {} in the file is not one integer or text for each row; give some with --labels",
                    found.unread_labels.join(", ")
                ));
            }
            None
        }
    };
    let Some(mut texts) = texts else { return Ok(None) };
    texts
        .iter()
        .flatten()
        .try_for_each(|label| check_name(file.unwrap_or(path), "a label", label))?;
    found
        .interpretation
        .labels
        .extend(row_ids::without_placeholders(&mut texts));
    let labels = Labels::from_optional(&texts.iter().map(Option::as_deref).collect::<Vec<_>>());
    if labels.classes() == 0 {
        found.interpretation.labels.push("no row has a label".to_owned());
        return Ok(None);
    }
    Ok(Some(labels))
}

/// The arrays of features among the arrays of a file, and the labels and ids that lie with them.
fn container(path: &Path, extension: &str, options: &OpenOptions) -> Result<ForeignContents> {
    let held = held(path, extension)?;
    let mut calls = held.calls.clone();
    judged(path, &calls, options)?;
    let ArrayChoice {
        layers,
        rows: n,
        labels,
        ids,
        mut left_out,
        unread_labels,
    } = choose(path, held)?;
    let mut interpretation = Interpretation::default();
    let one = layers.len() == 1;
    let mut chosen = Vec::new();
    let mut words = Vec::new();
    for array in layers {
        let layer = match one && (names::says_features(&array.name) || names::is_positional(&array.name)) {
            true => LAYER.to_owned(),
            false => array.name.clone(),
        };
        words.push(array.describe());
        chosen.push((layer, NumberSource::Raw(RawArray::new(path, array)?)));
    }
    let labels = labels.map(|list| list.column(path, &mut calls)).transpose()?;
    let id_columns = id_columns(path, &ids, &mut calls)?;
    interpretation.arrays.extend(judged(path, &calls, options)?);
    let primary = row_ids::primary(&id_columns).map(|column| column.name.clone());
    left_out.extend(row_ids::not_joined(&id_columns, primary.as_deref()));
    if !one || labels.is_some() || primary.is_some() || !left_out.is_empty() {
        let mut parts = vec![format!(
            "{} {}",
            if one { "features are" } else { "layers are" },
            words.join(", ")
        )];
        parts.extend(labels.as_ref().map(|column| format!("labels are {:?}", column.name)));
        parts.extend(primary.map(|name| format!("ids are {name:?}")));
        parts.extend((!left_out.is_empty()).then(|| format!("left out: {}", left_out.join(", "))));
        interpretation.arrays.push(parts.join("; "));
    }
    Ok(ForeignContents {
        layers: chosen,
        rows: usize::try_from(n).map_err(|_| malformed(path, "too large for this machine"))?,
        labels,
        ids: id_columns,
        unread_labels,
        interpretation,
    })
}

/// True if a file of tensors is features rather than weights: a few arrays, of which some can be told to be the features.
pub fn holds_features(path: &Path, extension: &str) -> bool {
    let Ok(held) = held(path, extension) else {
        return false;
    };
    held.arrays.len() <= 6 && choose(path, held).is_ok_and(|choice| choice.layers.iter().all(is_matrix))
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
            NumberSource::Raw(array) => array.width,
            NumberSource::Delimited(table) => table.width(),
            NumberSource::Column(column) => column.width(),
        }
    }

    fn labels(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }

    fn ids(&self) -> Result<Vec<String>> {
        Ok(match row_ids::primary(&self.ids) {
            Some(column) => column.ids.clone(),
            None => (0..self.rows).map(|row| row.to_string()).collect(),
        })
    }

    fn has_ids(&self) -> bool {
        row_ids::primary(&self.ids).is_some()
    }

    fn id_columns(&self) -> Result<Vec<IdColumn>> {
        Ok(self.ids.to_vec())
    }

    fn channels(&self) -> Option<Vec<String>> {
        match &self.source {
            NumberSource::Raw(_) => None,
            NumberSource::Delimited(table) => table.channel_names(),
            NumberSource::Column(column) => column.channel_names(),
        }
    }

    fn interpretation(&self) -> &Interpretation {
        &self.interpretation
    }

    fn batches(&self, batch_rows: usize) -> Result<Batches<'_>> {
        match &self.source {
            NumberSource::Raw(array) => array.batches(batch_rows),
            NumberSource::Delimited(table) => table.batches(batch_rows),
            NumberSource::Column(column) => column.batches(batch_rows),
        }
    }
}
