//! The arrays behind the pictures.

mod channels;
mod pair;
mod side;

pub use pair::{near_duplicates, of_pair};
pub use side::{FOREIGN_AMONG, of_side};

use crate::results::{Column, Table};

/// Builds a table row by row.
pub struct Rows {
    name: &'static str,
    texts: Vec<(&'static str, Vec<String>)>,
    counts: Vec<(&'static str, Vec<u64>)>,
    floats: Vec<(&'static str, Vec<f64>)>,
}

impl Rows {
    /// No rows yet of a table with these columns.
    pub fn new(name: &'static str, texts: &[&'static str], counts: &[&'static str], floats: &[&'static str]) -> Self {
        Self {
            name,
            texts: texts.iter().map(|n| (*n, Vec::new())).collect(),
            counts: counts.iter().map(|n| (*n, Vec::new())).collect(),
            floats: floats.iter().map(|n| (*n, Vec::new())).collect(),
        }
    }

    /// One more row.
    pub fn push(&mut self, texts: &[&str], counts: &[u64], floats: &[f64]) {
        self.texts
            .iter_mut()
            .zip(texts)
            .for_each(|((_, v), x)| v.push((*x).to_owned()));
        self.counts.iter_mut().zip(counts).for_each(|((_, v), x)| v.push(*x));
        self.floats.iter_mut().zip(floats).for_each(|((_, v), x)| v.push(*x));
    }

    /// The table.
    pub fn finish(self) -> Table {
        let texts = self.texts.into_iter().map(|(n, v)| (n.to_owned(), Column::Text(v)));
        let counts = self.counts.into_iter().map(|(n, v)| (n.to_owned(), Column::Count(v)));
        let floats = self.floats.into_iter().map(|(n, v)| (n.to_owned(), Column::Float(v)));
        Table {
            name: self.name.to_owned(),
            columns: texts.chain(counts).chain(floats).collect(),
        }
    }
}
