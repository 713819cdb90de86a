//! What is read of a part when its store is opened: which columns it has, its ids, labels and classes.

use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::UInt32Type;
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;

use super::columns;
use super::file_names::is_part;
use super::manifest::{LayerInfo, Part};
use super::refusal::malformed;
use super::seen_ids::SeenIds;
use super::sound::SIDES;
use crate::error::{Error, Result};
use crate::features::{IdsHash, Labels};
use crate::files::check_name;
use crate::files::parquet::{arrays, damaged};

/// Ids and labels through all parts.
pub(super) struct IdsAndLabels {
    pub(super) hash: IdsHash,
    seen: SeenIds,
    labels: Vec<Option<u32>>,
    /// The names of the manifest's classes, no two of them the same.
    classes: Vec<String>,
}

impl IdsAndLabels {
    pub(super) fn new(classes: &[String]) -> Self {
        Self {
            hash: IdsHash::default(),
            seen: SeenIds::default(),
            labels: Vec::new(),
            classes: columns::distinct(classes),
        }
    }

    /// Reads the ids and labels of a part of `rows` rows. The class of a row stands there as an index and as a name, so
    /// that classes which were renamed or put in another order in the manifest are noticed.
    pub(super) fn read(&mut self, path: &Path, rows: usize) -> Result<()> {
        let before = self.labels.len();
        for batch in side_columns(path, &SIDES)? {
            let batch = batch?;
            read_ids(path, &batch, |id| {
                self.hash.add(id);
                match self.seen.is_new(id) {
                    true => Ok(()),
                    false => Err(malformed(path, format!("id {id:?} comes twice; extract again"))),
                }
            })?;
            let first = self.labels.len() - before;
            self.read_labels(&batch).map_err(|(row, why)| {
                let row = first + row;
                malformed(path, format!("row {row}: {why}; extract again"))
            })?;
        }
        let found = self.labels.len() - before;
        if found == rows {
            return Ok(());
        }
        Err(malformed(
            path,
            format!("{found} rows, but the manifest says {rows}; extract again"),
        ))
    }

    /// Takes in the labels of a batch; else the row that is wrong, and why.
    fn read_labels(&mut self, batch: &RecordBatch) -> std::result::Result<(), (usize, String)> {
        let column = |name: &str| batch.column_by_name(name);
        let labels = column("label").and_then(|c| c.as_primitive_opt::<UInt32Type>());
        let labels = labels.ok_or_else(|| (0, "no column \"label\" of u32".to_owned()))?;
        let classes = column("class").and_then(|c| c.as_string_opt::<i32>());
        let classes = classes.ok_or_else(|| (0, "no column \"class\" of text".to_owned()))?;
        for (row, (label, class)) in labels.iter().zip(classes).enumerate() {
            let named = label.map(|label| self.classes.get(label as usize).ok_or(label));
            let why = match (named, class) {
                (None, None) => None,
                (Some(Ok(name)), Some(class)) if name == class => None,
                (Some(Err(label)), _) => Some(format!(
                    "label {label}, but the manifest names {} classes",
                    self.classes.len()
                )),
                (Some(Ok(name)), Some(class)) => Some(format!(
                    "label {} is class {class:?}, but the manifest calls it {name:?}; its classes were renamed or put in \
                     another order",
                    label.unwrap_or_default()
                )),
                (Some(Ok(_)), None) => Some("a label without its class".to_owned()),
                (None, Some(class)) => Some(format!("class {class:?} without its label")),
            };
            if let Some(why) = why {
                return Err((row, why));
            }
        }
        self.labels.extend(labels);
        Ok(())
    }

    /// The labels, where any row has one.
    pub(super) fn labels(&self) -> Option<Labels> {
        if self.labels.iter().all(Option::is_none) {
            return None;
        }
        let name = |label: &Option<u32>| label.map(|l| self.classes[l as usize].as_str());
        let rows: Vec<Option<&str>> = self.labels.iter().map(name).collect();
        Some(Labels::from_optional(&rows))
    }
}

/// Batches of the named columns of one of our parts.
fn side_columns(path: &Path, names: &[&str]) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let builder = arrays(path)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
    let reader = builder
        .with_projection(mask)
        .with_batch_size(8192)
        .build()
        .map_err(|e| damaged(path, &e))?;
    let path = path.to_path_buf();
    Ok(reader.map(move |batch| batch.map_err(|e| damaged(&path, &e))))
}

/// The ids of one of our parts.
pub(super) fn part_ids(path: &Path) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for batch in side_columns(path, &["id"])? {
        read_ids(path, &batch?, |id| {
            ids.push(id.to_owned());
            Ok(())
        })?;
    }
    Ok(ids)
}

fn read_ids(path: &Path, batch: &RecordBatch, mut each: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let column = batch.column_by_name("id").and_then(|c| c.as_string_opt::<i32>());
    let column = column.ok_or_else(|| malformed(path, "no column \"id\" of text; extract again"))?;
    column.iter().try_for_each(|id| {
        let id = id.ok_or_else(|| malformed(path, "a row without an id; extract again"))?;
        check_name(path, "an id", id)?;
        each(id)
    })
}

/// Checks that a part has the columns of the manifest's layers, of their widths and in their order, and no other: two
/// layers of one width whose names were exchanged differ in nothing else.
pub(super) fn check_columns(path: &Path, layers: &[LayerInfo]) -> Result<()> {
    if !path.exists() {
        return Err(malformed(path, "is missing, but the manifest names it; extract again"));
    }
    let builder = arrays(path)?;
    let fields = builder.schema().fields();
    for layer in layers {
        let (_, field) = fields
            .find(&layer.name)
            .ok_or_else(|| malformed(path, format!("no column {:?}; extract again", layer.name)))?;
        match field.data_type() {
            DataType::FixedSizeList(item, width)
                if *item.data_type() == DataType::Float32
                    && usize::try_from(*width).is_ok_and(|w| w == layer.width) => {}
            other => {
                let (name, width) = (&layer.name, layer.width);
                let message =
                    format!("column {name:?} is {other}, but the manifest says {width} channels of f32; extract again");
                return Err(malformed(path, message));
            }
        }
    }
    let expected = SIDES.into_iter().chain(layers.iter().map(|layer| layer.name.as_str()));
    let expected: Vec<&str> = expected.collect();
    let found: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    if found == expected {
        return Ok(());
    }
    let why = match found.iter().find(|name| !expected.contains(name)) {
        Some(more) => format!("column {more:?}, which the manifest does not name"),
        None => format!(
            "its columns are {}, and the manifest says {}: layers were exchanged",
            found.join(", "),
            expected.join(", ")
        ),
    };
    Err(malformed(path, format!("{why}; extract again")))
}

/// The parts that lie in a store's folder and that its manifest does not name.
pub(super) fn check_folder(dir: &Path, named: &[Part]) -> Result<()> {
    for entry in std::fs::read_dir(dir).map_err(Error::io(dir))? {
        let file = entry.map_err(Error::io(dir))?.file_name();
        let file = file.to_string_lossy();
        if is_part(&file) && !named.iter().any(|part| part.file == file) {
            return Err(malformed(
                dir,
                format!(
                    "{file} lies in it, and its manifest does not name that part; the manifest is of another store or was \
                     cut, extract again"
                ),
            ));
        }
    }
    Ok(())
}
