//! Results together with the arrays behind the pictures.

use super::file::Results;
use super::table::Table;

/// Results together with the arrays behind the pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// The records.
    pub results: Results,
    /// Tables by name: `spectrum`, `classes`, `class_means`…
    pub tables: Vec<Table>,
}

impl Analysis {
    /// The table called `name`, if the analysis made it.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.name == name)
    }
}
