//! Features in a Parquet file that need not be ours.
//!
//! Each column of lists of numbers is a layer. Where there is none, the columns of numbers are channels (see `channels`).
//! Columns with the names of ids and labels are these; other columns are left out, and named.

use std::path::Path;

use arrow_array::Array as _;
use arrow_schema::DataType;

use super::channels::{self, Channels, Named, listed};
use super::column::{LayerColumn, TEXTS, is_list, is_number, list_width, read, texts, widen};
use super::contents::{ForeignContents, LAYER, NumberSource};
use super::delimited::{id_columns, label_column};
use super::group_column;
use super::names::{self, IdName};
use super::row_ids::{self, LabelledIds, Texts};
use crate::error::Result;
use crate::features::{IdColumn, Interpretation};
use crate::files::parquet::{damaged, guarded, simple_arrays};
use crate::store::refusal::malformed;

/// What a file has.
struct TableShape {
    names: Vec<String>,
    kinds: Vec<DataType>,
    rows: usize,
}

/// True if these can be labels or ids.
fn is_text(kind: &DataType) -> bool {
    is_number(kind) || matches!(kind, DataType::Utf8 | DataType::Boolean | DataType::Binary)
}

impl TableShape {
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

    /// The ids, the most telling first.
    ///
    /// # Errors
    /// When a column is called an id and holds what cannot be one.
    fn ids(&self, path: &Path) -> Result<Vec<IdColumn>> {
        let mut columns = Vec::new();
        for (kind, c) in id_columns(&self.names) {
            let name = self.names[c].clone();
            match is_text(&self.kinds[c]) {
                true => {
                    let values = texts(path, c)?;
                    columns.push(row_ids::ids(path, kind, row_ids::TextColumn { name, values })?);
                }
                false if matches!(kind, IdName::Id(_)) => {
                    let what = in_words(&self.kinds[c]);
                    let what = format!(
                        "column {name:?} is called an id and holds {what}; ids are text or integers: save it so"
                    );
                    return Err(malformed(path, what));
                }
                false => {}
            }
        }
        Ok(columns)
    }
}

/// Opens a file. The column of `groups` is no channel.
pub(super) fn open(path: &Path, asked: Option<&[String]>, groups: Option<&str>) -> Result<ForeignContents> {
    guarded(path, || read_sides(path, asked, groups))
}

fn read_sides(path: &Path, asked: Option<&[String]>, groups: Option<&str>) -> Result<ForeignContents> {
    let layout = TableShape::read(path)?;
    let TableShape { names, kinds, rows } = &layout;
    if *rows == 0 {
        return Err(malformed(path, "has no rows; features need at least one"));
    }
    let label = layout.label();
    let ids = layout.ids(path)?;
    let primary = row_ids::primary(&ids).map(|column| column.name.clone());
    let id = names.iter().position(|name| Some(name) == primary.as_ref());
    let is_taken = |c: usize| Some(c) == label || Some(c) == id || Some(names[c].as_str()) == groups;
    let is_side = |name: &str| names::label_rank(name).is_some() || matches!(names::id_rank(name), Some(IdName::Id(_)));
    refuse_unreadable(path, &layout, &is_taken)?;
    let lists: Vec<usize> = (0..names.len())
        .filter(|&c| is_list(&kinds[c]) && !is_side(&names[c]))
        .collect();
    let mut columns: Vec<Named> = (0..names.len())
        .map(|c| Named {
            name: names[c].clone(),
            number: is_number(&kinds[c]),
            counts: false,
            holds: in_words(&kinds[c]),
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
        let message = format!(
            "no column of lists of numbers, and none of numbers that could be channels; its columns are {}: pick some with \
             --columns",
            listed(names)
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
        let source = NumberSource::Column(LayerColumn {
            path: path.to_path_buf(),
            columns: members.clone(),
            names: members.iter().map(|&c| names[c].clone()).collect(),
            rows: *rows,
            width,
        });
        Ok((layer.clone(), source))
    });
    let layers: Vec<(String, NumberSource)> = layers.collect::<Result<_>>()?;
    let column = |c: usize| {
        Ok::<_, crate::error::Error>(row_ids::TextColumn {
            name: names[c].clone(),
            values: texts(path, c)?,
        })
    };
    let labels = label.map(column).transpose()?;
    let is_unread = |&c: &usize| names::label_rank(&names[c]).is_some() && labels.is_none();
    let unread = (0..names.len())
        .filter(is_unread)
        .map(|c| format!("{:?} ({})", names[c], in_words(&kinds[c])));
    let unread: Vec<String> = unread.collect();
    words.extend(labels.as_ref().map(|column| format!("labels are {:?}", column.name)));
    words.extend(id.map(|c| format!("ids are {:?}", names[c])));
    let plain = layers.len() == 1 && layers[0].0 == LAYER && words.len() == 1;
    Ok(ForeignContents {
        layers,
        rows: *rows,
        labels,
        ids,
        unread_labels: unread,
        interpretation: Interpretation {
            arrays: if plain { Vec::new() } else { vec![words.join("; ")] },
            labels: Vec::new(),
        },
    })
}

/// Refuses a column that is called features and cannot be read as such: another one must not be taken in its place.
fn refuse_unreadable(path: &Path, layout: &TableShape, is_taken: &dyn Fn(usize) -> bool) -> Result<()> {
    for (c, (name, kind)) in layout.names.iter().zip(&layout.kinds).enumerate() {
        if names::is_feature(name) && !is_taken(c) && !is_number(kind) && !is_list(kind) {
            let advice = match kind {
                DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _)
                    if is_list(item.data_type()) =>
                {
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

/// Marks the columns that count the rows.
fn mark_counts(path: &Path, layout: &TableShape, columns: &mut [Named]) -> Result<()> {
    // A few rows tell nothing from a count, the less where it begins with 1.
    let mut counting: Vec<usize> = (0..columns.len())
        .filter(|&c| layout.rows > 2 && is_number(&layout.kinds[c]) && !columns[c].taken)
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
            let from = |first: f64| values.iter().enumerate().all(|(i, v)| *v == first + done + i as f64);
            array.null_count() == 0 && (from(0.0) || (layout.rows > 9 && from(1.0)))
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
pub(super) fn labels(path: &Path) -> Result<LabelledIds> {
    labelled(path, |layout, is_id| {
        let others: Vec<usize> = (0..layout.names.len())
            .filter(|&c| is_text(&layout.kinds[c]) && !is_id(c))
            .collect();
        let only = match others[..] {
            [one] => Some(one),
            _ => None,
        };
        layout.label().or(only).ok_or_else(|| {
            let message = format!(
                "no column called \"label\" (columns: {}); name it so",
                listed(&layout.names)
            );
            malformed(path, message)
        })
    })
}

/// The groups in a file of groups, and its ids.
pub(super) fn groups(path: &Path) -> Result<LabelledIds> {
    labelled(path, |layout, is_id| {
        let is_other = |c: usize| is_id(c) || !is_text(&layout.kinds[c]);
        group_column::place(path, &layout.names, is_other)
    })
}

/// The names of all columns, and the texts of the one of a name.
pub(super) fn column(path: &Path, name: &str) -> Result<(Vec<String>, Option<Texts>)> {
    guarded(path, || {
        let layout = TableShape::read(path)?;
        let place = layout.names.iter().position(|own| own == name);
        let place = place.filter(|&c| is_text(&layout.kinds[c]));
        let values = place.map(|c| texts(path, c)).transpose()?;
        Ok((layout.names, values))
    })
}

/// The texts of the column that `pick` takes, told which are ids; and the ids.
fn labelled(path: &Path, pick: impl Fn(&TableShape, &dyn Fn(usize) -> bool) -> Result<usize>) -> Result<LabelledIds> {
    guarded(path, || {
        let layout = TableShape::read(path)?;
        let ids = layout.ids(path)?;
        let is_id = |c: usize| ids.iter().any(|column| column.name == layout.names[c]);
        let column = pick(&layout, &is_id)?;
        Ok(LabelledIds {
            labels: row_ids::TextColumn {
                name: layout.names[column].clone(),
                values: texts(path, column)?,
            },
            ids,
        })
    })
}
