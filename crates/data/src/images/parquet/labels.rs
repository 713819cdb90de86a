//! The label column of Parquet files: integers, named by Hugging Face's metadata where it is there, or strings.

use arrow_array::Array as _;
use arrow_array::cast::AsArray as _;
use arrow_schema::DataType;
use parquet::arrow::parquet_to_arrow_schema;
use serde_json::Value;

use super::shard::{ParquetShard, damaged};
use crate::error::{Error, Result};
use crate::files::check_name;
use crate::files::parquet::integers;
use crate::images::classes;

const BATCH: usize = 8192;

/// The labels of one file.
pub(super) struct LabelColumn {
    values: Values,
    /// Class names by integer, from the metadata.
    names: Option<Vec<String>>,
}

enum Values {
    None(usize),
    Integers(Vec<Option<i64>>),
    Strings(Vec<Option<String>>),
}

/// Reads a file's label column.
pub(super) fn read(shard: &ParquetShard) -> Result<LabelColumn> {
    let builder = shard.builder()?;
    let fields = builder.schema().fields().clone();
    let found = classes::label_column(fields.iter().map(|f| f.name().as_str()));
    let Some(column) = found else {
        return Ok(LabelColumn {
            values: Values::None(shard.rows),
            names: None,
        });
    };
    let name = fields[column].name();
    // Either in the file's own key-value metadata or inside the Arrow schema kept there, by writer.
    let footer = builder.metadata().file_metadata();
    let schema = parquet_to_arrow_schema(footer.schema_descr(), footer.key_value_metadata());
    let json = schema.ok().and_then(|s| s.metadata().get("huggingface").cloned());
    let mut values = match fields[column].data_type() {
        DataType::Utf8 => Values::Strings(Vec::new()),
        kind if kind.is_integer() => Values::Integers(Vec::new()),
        kind => {
            return Err(Error::input(format!(
                "{}: column {name:?} holds {kind}, expected integers or strings as labels; rename or convert it",
                shard.shown
            )));
        }
    };
    let mut rows = 0;
    for batch in shard.column(column, BATCH, 0)? {
        let batch = batch.map_err(|e| damaged(&shard.shown, e))?;
        let array = batch.column(0);
        rows += array.len();
        match &mut values {
            Values::Integers(all) => {
                let narrow = |n: Option<i128>| n.map(i64::try_from).transpose().ok();
                let numbers =
                    integers(array).and_then(|numbers| numbers.into_iter().map(narrow).collect::<Option<Vec<_>>>());
                all.extend(numbers.ok_or_else(|| damaged(&shard.shown, "a label is too large"))?);
            }
            Values::Strings(all) => {
                for text in array.as_string::<i32>() {
                    text.map_or(Ok(()), |text| check_name(&shard.path, "a label", text))?;
                    all.push(text.map(str::to_owned));
                }
            }
            Values::None(_) => {}
        }
    }
    if rows != shard.rows {
        return Err(damaged(
            &shard.shown,
            format!("it claims {} rows but its labels have {rows}", shard.rows),
        ));
    }
    Ok(LabelColumn {
        values,
        names: json.and_then(|text| class_names(&text, name)),
    })
}

/// Names of a `ClassLabel` column.
fn class_names(json: &str, column: &str) -> Option<Vec<String>> {
    let value: Value = serde_json::from_str(json).ok()?;
    let names = value
        .get("info")?
        .get("features")?
        .get(column)?
        .get("names")?
        .as_array()?;
    names.iter().map(|n| n.as_str().map(str::to_owned)).collect()
}

/// Puts the files' labels together: class names, and an index into them per row.
pub(super) fn join(columns: Vec<LabelColumn>, shards: &[ParquetShard]) -> Result<(Vec<String>, Vec<Option<u32>>)> {
    let kind = |c: &LabelColumn| std::mem::discriminant(&c.values);
    if let Some(odd) = columns
        .iter()
        .position(|c| kind(c) != kind(&columns[0]) || c.names != columns[0].names)
    {
        return Err(Error::input(format!(
            "{}: its label column differs from that of {}; files of one split must agree",
            shards[odd].shown, shards[0].shown
        )));
    }
    let names = columns.first().and_then(|c| c.names.clone());
    let (mut numbers, mut strings) = (Vec::new(), Vec::new());
    for (column, shard) in columns.into_iter().zip(shards) {
        match column.values {
            Values::None(rows) => numbers.resize(numbers.len() + rows, None),
            Values::Integers(values) => numbers.extend(values.into_iter().map(|v| v.filter(|&v| v != -1))),
            Values::Strings(values) => strings.extend(values),
        }
        if let (Some(names), first) = (&names, shard.first) {
            let bad = numbers
                .iter()
                .enumerate()
                .skip(first)
                .find(|(_, v)| v.is_some_and(|v| v < 0 || v >= names.len() as i64));
            if let Some((row, Some(v))) = bad {
                return Err(Error::input(format!(
                    "{}: row {} has label {v}, but the file names {} classes; make the file again",
                    shard.shown,
                    row - first,
                    names.len()
                )));
            }
        }
    }
    if !strings.is_empty() {
        return Ok(classes::index(&strings, Clone::clone));
    }
    Ok(match names {
        Some(names) => (names, numbers.iter().map(|v| v.map(|v| v as u32)).collect()),
        None => classes::index(&numbers, i64::to_string),
    })
}
