//! The first columns of a table: what it is of.

use crate::features::Subject;
use crate::results::{Table, TableBuilder};

/// A table of one subject with a row for each of these things: its first columns say what it is of.
pub fn of_subject<'r, T>(name: &str, rows: &'r [T], subject: &Subject) -> TableBuilder<'r, T> {
    of_layer(name, rows, subject)
        .text("dataset", |_| &subject.dataset)
        .text("split", |_| &subject.split)
}

/// The same of a layer, without a data set.
pub fn of_layer<'r, T>(name: &str, rows: &'r [T], subject: &Subject) -> TableBuilder<'r, T> {
    Table::of(name, rows)
        .text("model", |_| &subject.model)
        .text("run", |_| subject.run.clone().unwrap_or_default())
        .text("step", |_| subject.step.map_or(String::new(), |step| step.to_string()))
        .text("layer", |_| &subject.layer)
}
