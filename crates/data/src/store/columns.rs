//! The columns of a part, and how they are encoded.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::manifest::Description;

/// Rows of a Parquet row group: what the writer holds in memory, all layers together.
pub(super) const GROUP_ROWS: usize = 1_000;

/// The columns of a part: id, label, class, and one list of fixed length for each layer.
pub(super) fn schema(description: &Description) -> Schema {
    let mut fields = vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("label", DataType::UInt32, true),
        Field::new("class", DataType::Utf8, true),
    ];
    for layer in &description.layers {
        let item = Arc::new(Field::new("item", DataType::Float32, false));
        // `Description::check` saw that the width fits.
        let width = i32::try_from(layer.width).unwrap_or(i32::MAX);
        fields.push(Field::new(&layer.name, DataType::FixedSizeList(item, width), false));
    }
    Schema::new(fields)
}

/// How they are encoded.
pub(super) fn properties() -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_compression(Compression::UNCOMPRESSED);
    for name in ["id", "label", "class"] {
        let column = ColumnPath::from(name);
        builder = builder.set_column_compression(column.clone(), Compression::ZSTD(ZstdLevel::default()));
        builder = builder.set_column_dictionary_enabled(column, name != "id");
    }
    builder.build()
}

/// Class names, with the index behind those that two classes share (as in ImageNet): no two of them are the same.
pub(super) fn distinct(classes: &[String]) -> Vec<String> {
    let mut count = std::collections::HashMap::new();
    classes.iter().for_each(|class| *count.entry(class).or_insert(0) += 1);
    let name = |(i, class): (usize, &String)| {
        let mut name = class.clone();
        if count[class] > 1 {
            name.push_str(&format!(" ({i})"));
            while count.contains_key(&name) {
                name.push_str(&format!(" ({i})"));
            }
        }
        name
    };
    classes.iter().enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_one_name_are_told_apart_whatever_the_others_are_called() {
        let names = |classes: &[&str]| distinct(&classes.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&["dog", "crane", "crane"]), ["dog", "crane (1)", "crane (2)"]);
        assert_eq!(names(&["a", "a", "a (0)"]), ["a (0) (0)", "a (1)", "a (0)"]);
    }
}
