//! Features in a Parquet file that need not be ours.
//!
//! Each column of lists of numbers is a layer. Where there is none, the columns of numbers are channels (see `channels`).
//! Columns with the names of ids and labels are these; other columns are left out, and named.

use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use ndarray::Array2;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::batches::{Recut, ahead};
use super::channels::{self, Channels, Named, listed};
use super::delimited::{id_column, label_column};
use super::foreign::{Found, LAYER, Source};
use super::malformed;
use super::names::{self, IdName};
use super::raw::{Kind, Rows, first_not_finite, not_finite};
use super::rows::{self, Labelled, Texts};
use crate::error::Result;
use crate::features::{Batches, Said};
use crate::files::integral;
use crate::files::parquet::{ListValues, damaged, guarded, parquet, plain_list, simple_arrays};

/// Numbers decoded at a time.
const BLOCK: usize = 1 << 20;

/// Texts decoded at a time.
const TEXTS: usize = 8192;

/// A layer: one column of lists, or columns of numbers.
#[derive(Clone, Debug)]
pub(super) struct Column {
    path: PathBuf,
    /// Positions of the columns in the file.
    columns: Vec<usize>,
    names: Vec<String>,
    rows: usize,
    width: usize,
}

/// What a file has.
struct Layout {
    names: Vec<String>,
    kinds: Vec<DataType>,
    rows: usize,
}

/// Whether these are numbers that can be features.
fn is_number(kind: &DataType) -> bool {
    kind.is_integer() || matches!(kind, DataType::Float16 | DataType::Float32 | DataType::Float64)
}

fn is_list(kind: &DataType) -> bool {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            is_number(item.data_type())
        }
        _ => false,
    }
}

/// Whether these can be labels or ids.
fn is_text(kind: &DataType) -> bool {
    is_number(kind) || matches!(kind, DataType::Utf8 | DataType::Boolean)
}

impl Layout {
    fn read(path: &Path) -> Result<Self> {
        let builder = simple_arrays(path)?;
        let rows = usize::try_from(builder.metadata().file_metadata().num_rows());
        let fields = builder.schema().fields();
        Ok(Self {
            names: fields.iter().map(|f| f.name().clone()).collect(),
            kinds: fields.iter().map(|f| f.data_type().clone()).collect(),
            rows: rows.map_err(|_| damaged(path, &"its number of rows"))?,
        })
    }

    /// The names of the columns of some kinds; of the others one that says nothing.
    fn names_where(&self, keep: impl Fn(&DataType) -> bool) -> Vec<String> {
        let named = |(name, kind): (&String, &DataType)| match keep(kind) || names::plain(name) == "x" {
            true => name.clone(),
            false => "*".to_owned(),
        };
        self.names.iter().zip(&self.kinds).map(named).collect()
    }

    /// The labels: a class by its name tells more than its number does.
    fn label(&self) -> Option<usize> {
        let texts = label_column(&self.names_where(|kind| *kind == DataType::Utf8));
        texts.or_else(|| label_column(&self.names_where(is_text)))
    }

    /// The ids.
    fn id(&self) -> Option<(IdName, usize)> {
        id_column(&self.names_where(|kind| *kind == DataType::Utf8 || kind.is_integer()))
    }
}

/// Opens a file.
pub(super) fn open(path: &Path, asked: Option<&[String]>) -> Result<Found> {
    guarded(path, || read_sides(path, asked))
}

fn read_sides(path: &Path, asked: Option<&[String]>) -> Result<Found> {
    let layout = Layout::read(path)?;
    let Layout { names, kinds, rows } = &layout;
    if *rows == 0 {
        return Err(malformed(path, "has no rows; features need at least one"));
    }
    let label = layout.label();
    let ids = match layout.id() {
        Some((kind, c)) => rows::ids(path, kind, texts(path, c)?)?.map(|ids| (c, ids)),
        None => None,
    };
    let id = ids.as_ref().map(|(c, _)| *c);
    let is_taken = |c: usize| Some(c) == label || Some(c) == id;
    refuse_unreadable(path, &layout, &is_taken)?;
    let lists: Vec<usize> = (0..names.len())
        .filter(|&c| is_list(&kinds[c]) && !is_taken(c))
        .collect();
    let mut columns: Vec<Named> = (0..names.len())
        .map(|c| Named {
            name: names[c].clone(),
            number: is_number(&kinds[c]),
            counts: false,
            taken: is_taken(c),
        })
        .collect();
    let chosen = if lists.is_empty() || asked.is_some() {
        mark_counts(path, &layout, &mut columns)?;
        channels::choose(path, &columns, asked)?
    } else {
        Channels {
            layers: lists.iter().map(|&c| (names[c].clone(), vec![c])).collect(),
            left_out: (0..names.len())
                .filter(|&c| !lists.contains(&c) && !is_taken(c))
                .collect(),
        }
    };
    if chosen.layers.is_empty() {
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = format!(
            "no column of lists of numbers, and none of numbers that could be channels; its columns are {}: pick some with \
             --columns",
            listed(&all)
        );
        return Err(malformed(path, message));
    }
    let mut words = match lists.is_empty() || asked.is_some() {
        true => channels::in_words(&columns, &chosen),
        false => {
            let layers: Vec<&str> = lists.iter().map(|&c| names[c].as_str()).collect();
            let left: Vec<&str> = chosen.left_out.iter().map(|&c| names[c].as_str()).collect();
            let left = (!left.is_empty()).then(|| format!("left out: {}", listed(&left)));
            [format!("layers are {}", listed(&layers))]
                .into_iter()
                .chain(left)
                .collect()
        }
    };
    let layers = chosen.layers.iter().map(|(layer, members)| {
        let width = match members[..] {
            [one] if is_list(&kinds[one]) => list_width(path, one, &names[one])?,
            _ => members.len(),
        };
        let source = Source::Column(Column {
            path: path.to_path_buf(),
            columns: members.clone(),
            names: members.iter().map(|&c| names[c].clone()).collect(),
            rows: *rows,
            width,
        });
        Ok((layer.clone(), source))
    });
    let layers: Vec<(String, Source)> = layers.collect::<Result<_>>()?;
    let column = |c: usize| {
        Ok::<_, crate::error::Error>(rows::Column {
            name: names[c].clone(),
            values: texts(path, c)?,
        })
    };
    let labels = label.map(column).transpose()?;
    words.extend(labels.as_ref().map(|column| format!("labels are {:?}", column.name)));
    words.extend(id.map(|c| format!("ids are {:?}", names[c])));
    let plain = layers.len() == 1 && layers[0].0 == LAYER && words.len() == 1;
    Ok(Found {
        layers,
        rows: *rows,
        labels,
        ids: ids.map(|(_, ids)| ids),
        said: Said {
            arrays: if plain { Vec::new() } else { vec![words.join("; ")] },
            labels: Vec::new(),
        },
    })
}

/// Refuses a column that is called features and cannot be read as such: another one must not be taken in its place.
fn refuse_unreadable(path: &Path, layout: &Layout, is_taken: &dyn Fn(usize) -> bool) -> Result<()> {
    for (c, (name, kind)) in layout.names.iter().zip(&layout.kinds).enumerate() {
        if names::is_feature(name) && !is_taken(c) && !is_number(kind) && !is_list(kind) {
            let advice = match kind {
                DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
                    "pool it to one list of numbers in each row"
                }
                _ => "save it as a list of numbers in each row",
            };
            let what = format!(
                "column {name:?} is called features and holds {}; {advice}",
                in_words(kind)
            );
            return Err(malformed(path, what));
        }
    }
    Ok(())
}

fn in_words(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 => "text".to_owned(),
        DataType::Binary | DataType::FixedSizeBinary(_) => "bytes".to_owned(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("lists of {}", in_words(item.data_type()))
        }
        DataType::Struct(_) => "structures".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

/// Marks the columns of whole numbers that count the rows.
fn mark_counts(path: &Path, layout: &Layout, columns: &mut [Named]) -> Result<()> {
    // One or two rows tell nothing from a count.
    let mut counting: Vec<usize> = (0..columns.len())
        .filter(|&c| layout.rows > 2 && layout.kinds[c].is_integer() && !columns[c].taken)
        .collect();
    let (all, mut done) = (counting.clone(), 0.0);
    if all.is_empty() {
        return Ok(());
    }
    for batch in read(path, &all, TEXTS)? {
        let batch = batch.map_err(|e| damaged(path, &e))?;
        counting.retain(|c| {
            let array = batch.column(all.iter().position(|other| other == c).unwrap_or(0));
            let mut values = Vec::new();
            widen(array, &mut values);
            array.null_count() == 0 && values.iter().enumerate().all(|(i, v)| *v == done + i as f64)
        });
        done += batch.num_rows() as f64;
        if counting.is_empty() {
            break;
        }
    }
    counting.into_iter().for_each(|c| columns[c].counts = true);
    Ok(())
}

/// The labels in a file: its label column, or its only column; and its ids.
pub(super) fn labels(path: &Path) -> Result<Labelled> {
    guarded(path, || {
        let layout = Layout::read(path)?;
        let id = layout.id();
        let others: Vec<usize> = (0..layout.names.len())
            .filter(|&c| is_text(&layout.kinds[c]) && id.is_none_or(|(_, id)| id != c))
            .collect();
        let only = match others[..] {
            [one] => Some(one),
            _ => None,
        };
        let Some(column) = layout.label().or(only) else {
            let all: Vec<&str> = layout.names.iter().map(String::as_str).collect();
            let message = format!("no column called \"label\" (columns: {}); name it so", listed(&all));
            return Err(malformed(path, message));
        };
        Ok(Labelled {
            labels: rows::Column {
                name: layout.names[column].clone(),
                values: texts(path, column)?,
            },
            ids: match id {
                Some((kind, c)) if c != column => rows::ids(path, kind, texts(path, c)?)?,
                _ => None,
            },
        })
    })
}

fn read(path: &Path, columns: &[usize], rows: usize) -> Result<ParquetRecordBatchReader> {
    let builder = simple_arrays(path)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
    builder
        .with_projection(mask)
        .with_batch_size(rows)
        .build()
        .map_err(|e| damaged(path, &e))
}

/// A column of text, whole numbers or booleans, as text.
fn texts(path: &Path, column: usize) -> Result<Texts> {
    let mut all = Vec::new();
    for batch in read(path, &[column], TEXTS)? {
        let batch = batch.map_err(|e| damaged(path, &e))?;
        let array = batch.column(0);
        match array.data_type() {
            DataType::Utf8 => all.extend(array.as_string::<i32>().iter().map(|s| s.map(str::to_owned))),
            DataType::Boolean => all.extend(array.as_boolean().iter().map(|b| b.map(|b| u8::from(b).to_string()))),
            kind if kind.is_integer() => {
                integers(array, &mut all).ok_or_else(|| damaged(path, &"a column changes its type"))?;
            }
            _ => {
                let mut values = Vec::new();
                widen(array, &mut values).ok_or_else(|| damaged(path, &"a column changes its type"))?;
                for (row, value) in values.into_iter().enumerate() {
                    // What stands for a missing number has no meaning.
                    let missing = array.is_null(row) || value.is_nan();
                    let integer = if missing { None } else { integral(value) };
                    if integer.is_none() && !missing {
                        let what = format!("label {value} is not a whole number; labels are integers or text");
                        return Err(malformed(path, what));
                    }
                    all.push(integer);
                }
            }
        }
    }
    Ok(all)
}

/// Appends whole numbers, to the last digit.
fn integers(array: &dyn Array, out: &mut Texts) -> Option<()> {
    fn each<T: ArrowPrimitiveType>(array: &dyn Array, out: &mut Texts) -> Option<()>
    where
        T::Native: ToString,
    {
        out.extend(array.as_primitive_opt::<T>()?.iter().map(|v| v.map(|v| v.to_string())));
        Some(())
    }
    match array.data_type() {
        DataType::Int8 => each::<Int8Type>(array, out),
        DataType::Int16 => each::<Int16Type>(array, out),
        DataType::Int32 => each::<Int32Type>(array, out),
        DataType::Int64 => each::<Int64Type>(array, out),
        DataType::UInt8 => each::<UInt8Type>(array, out),
        DataType::UInt16 => each::<UInt16Type>(array, out),
        DataType::UInt32 => each::<UInt32Type>(array, out),
        _ => each::<UInt64Type>(array, out),
    }
}

/// Appends the numbers of an array; what stands for missing ones is undefined.
fn widen(array: &dyn Array, out: &mut Vec<f64>) -> Option<()> {
    fn each<T: ArrowPrimitiveType>(
        array: &dyn Array,
        out: &mut Vec<f64>,
        to_f64: impl Fn(T::Native) -> f64,
    ) -> Option<()> {
        out.extend(array.as_primitive_opt::<T>()?.values().iter().map(|&v| to_f64(v)));
        Some(())
    }
    match array.data_type() {
        DataType::Float16 => each::<Float16Type>(array, out, |v| v.to_f64()),
        DataType::Float32 => each::<Float32Type>(array, out, f64::from),
        DataType::Float64 => each::<Float64Type>(array, out, |v| v),
        DataType::Int8 => each::<Int8Type>(array, out, f64::from),
        DataType::Int16 => each::<Int16Type>(array, out, f64::from),
        DataType::Int32 => each::<Int32Type>(array, out, f64::from),
        DataType::Int64 => each::<Int64Type>(array, out, |v| v as f64),
        DataType::UInt8 => each::<UInt8Type>(array, out, f64::from),
        DataType::UInt16 => each::<UInt16Type>(array, out, f64::from),
        DataType::UInt32 => each::<UInt32Type>(array, out, f64::from),
        DataType::UInt64 => each::<UInt64Type>(array, out, |v| v as f64),
        _ => None,
    }
}

/// The numbers of a column of lists, and how many each row has.
fn list_values(array: &dyn Array) -> Option<(&dyn Array, Vec<usize>)> {
    match array.data_type() {
        DataType::FixedSizeList(_, _) => {
            let list = array.as_fixed_size_list();
            let width = usize::try_from(list.value_length()).ok()?;
            Some((list.values().as_ref(), vec![width; list.len()]))
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            Some((list.values().as_ref(), list.offsets().lengths().collect()))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            Some((list.values().as_ref(), list.offsets().lengths().collect()))
        }
        _ => None,
    }
}

/// The width of a column of lists: that of its first row.
fn list_width(path: &Path, column: usize, name: &str) -> Result<usize> {
    let first = read(path, &[column], 1)?
        .next()
        .transpose()
        .map_err(|e| damaged(path, &e))?;
    let lists = first.as_ref().map(|batch| batch.column(0).as_ref());
    let lists = lists.filter(|lists| lists.null_count() == 0);
    match lists
        .and_then(list_values)
        .and_then(|(_, lengths)| lengths.first().copied())
    {
        Some(0) => Err(malformed(
            path,
            format!("column {name:?} has no channels in row 0; features need at least one"),
        )),
        Some(width) => Ok(width),
        None => Err(malformed(
            path,
            format!("row 0, column {name:?} is missing a list; every row needs one"),
        )),
    }
}

impl Column {
    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn batches(&self, batch_rows: usize) -> Result<Batches<'static>> {
        let column = self.clone();
        ahead(self.path.display().to_string(), self.rows, move || {
            column.read(batch_rows)
        })
    }

    fn read(self, batch_rows: usize) -> Result<Box<dyn Iterator<Item = Result<Array2<f64>>>>> {
        if let [name] = &self.names[..] {
            let file = parquet(&self.path)?;
            if let Some(leaf) = plain_list(&file, name) {
                let content = ListValues::new(&self.path, &file, leaf, self.width)?;
                let Self { path, rows, width, .. } = self;
                return Ok(Box::new(Rows {
                    path,
                    content,
                    kind: Kind::little(leaf.1),
                    rows,
                    width,
                    batch_rows,
                    done: 0,
                }));
            }
        }
        let block = (BLOCK / self.width).clamp(1, self.rows);
        let reader = read(&self.path, &self.columns, block)?;
        let mut done = 0;
        let blocks = reader.map(move |batch| {
            let block = self.block(done, &batch.map_err(|e| damaged(&self.path, &e))?)?;
            done += block.nrows();
            Ok(block)
        });
        Ok(Box::new(Recut::new(blocks, batch_rows)))
    }

    /// The numbers of one batch, row after row.
    fn block(&self, done: usize, batch: &RecordBatch) -> Result<Array2<f64>> {
        let rows = batch.num_rows();
        let missing = |row: usize, name: &str| {
            malformed(
                &self.path,
                format!("row {row}, column {name:?} is missing a value; features must be complete"),
            )
        };
        let mut values = Vec::with_capacity(rows * self.width);
        let first = batch.column(0).as_ref();
        if is_list(first.data_type()) {
            let name = &self.names[0];
            if let Some(row) = (0..rows).find(|&row| first.is_null(row)) {
                return Err(missing(done + row, name));
            }
            let (numbers, lengths) =
                list_values(first).ok_or_else(|| damaged(&self.path, &"a column changes its type"))?;
            if let Some((row, n)) = lengths.iter().enumerate().find(|(_, n)| **n != self.width) {
                let message = format!(
                    "row {}, column {name:?} has {n} values, row 0 has {}; features have as many in every row",
                    done + row,
                    self.width
                );
                return Err(malformed(&self.path, message));
            }
            // The values of a slice stand among those of the whole column.
            let start = match first.data_type() {
                DataType::List(_) => first.as_list::<i32>().value_offsets()[0] as usize,
                DataType::LargeList(_) => first.as_list::<i64>().value_offsets()[0] as usize,
                _ => 0,
            };
            let numbers = numbers.slice(start, rows * self.width);
            if let Some(at) = (0..numbers.len()).find(|&i| numbers.is_null(i)) {
                return Err(missing(done + at / self.width, name));
            }
            let numbers = numbers.as_ref();
            widen(numbers, &mut values).ok_or_else(|| damaged(&self.path, &"a column changes its type"))?;
        } else {
            let mut by_column = Vec::with_capacity(rows * self.width);
            for (array, name) in batch.columns().iter().zip(&self.names) {
                if let Some(row) = (0..rows).find(|&row| array.is_null(row)) {
                    return Err(missing(done + row, name));
                }
                widen(array, &mut by_column).ok_or_else(|| damaged(&self.path, &"a column changes its type"))?;
            }
            values.extend(
                (0..rows)
                    .flat_map(|row| (0..self.width).map(move |c| (row, c)))
                    .map(|(r, c)| by_column[c * rows + r]),
            );
        }
        if let Some(at) = first_not_finite(&values) {
            return Err(not_finite(
                &self.path,
                done + at / self.width,
                at % self.width,
                values[at],
            ));
        }
        Array2::from_shape_vec((rows, self.width), values).map_err(|e| damaged(&self.path, &e))
    }
}
