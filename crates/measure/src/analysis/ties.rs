//! Rows whose neighbours their distances do not tell apart.

use crate::error::{Error, Result};
use crate::stats::Neighbours;

/// How many rows of a table have neighbours that go by the order of rows.
pub struct Ties {
    k: usize,
    rows: usize,
    /// Rows that coincide with k others or more.
    crowded: usize,
    /// Further rows whose k-th neighbour is as far away as the next.
    open: usize,
}

impl Ties {
    /// Counts ties among the `k` nearest of each of so many rows.
    pub fn new(table: &Neighbours, rows: usize, k: usize) -> Self {
        let mut ties = Self {
            k,
            rows,
            crowded: 0,
            open: 0,
        };
        if k == 0 || k > table.k() {
            return ties;
        }
        for squared in (0..rows).map(|i| table.squared(i)) {
            if squared[k - 1] == 0.0 {
                ties.crowded += 1;
            } else if squared.get(k) == Some(&squared[k - 1]) {
                ties.open += 1;
            }
        }
        ties
    }

    /// Checks that distances tell some rows' neighbours.
    ///
    /// # Errors
    /// Undefined where the order of rows alone tells which are near.
    pub fn leave_something(&self) -> Result<()> {
        if self.crowded > 0 && self.crowded == self.rows {
            return Err(Error::undefined(format!(
                "every row coincides with {} others or more: which of them are its neighbours, only their order says",
                self.k
            )));
        }
        Ok(())
    }

    /// What a record says of them; `which` names the rows.
    pub fn notes(&self, which: &str) -> impl Iterator<Item = String> {
        let Self { k, rows, crowded, open } = self;
        let crowded = (*crowded > 0).then(|| {
            format!("{crowded} of {rows} {which} coincide with {k} others or more: the lowest of them count as their neighbours")
        });
        let open = (*open > 0).then(|| {
            format!("of {open} of {rows} {which} neighbour {k} is as far away as the next: the lower row counts")
        });
        crowded.into_iter().chain(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Rows, nearest};

    #[test]
    fn rows_that_coincide_and_neighbours_equally_far_are_counted() {
        // 0 three times, 1, 2, 9: of the two nearest, those of 0 coincide; of 1 and of 2 the zeros are equally far.
        let line = ndarray::array![[0.0], [0.0], [0.0], [1.0], [2.0], [9.0]];
        let table = nearest(&Rows::of(line), 5);
        let ties = Ties::new(&table, 6, 2);
        assert_eq!((ties.crowded, ties.open), (3, 2));
        assert!(ties.leave_something().is_ok());
        let notes: Vec<String> = ties.notes("rows").collect();
        assert!(
            notes[0].starts_with("3 of 6 rows coincide with 2 others"),
            "{}",
            notes[0]
        );
        assert!(notes[1].starts_with("of 2 of 6 rows neighbour 2 is"), "{}", notes[1]);
        let same = nearest(&Rows::of(ndarray::Array2::ones((4, 2))), 3);
        assert!(Ties::new(&same, 4, 3).leave_something().is_err());
        assert_eq!(Ties::new(&same, 4, 9).notes("rows").count(), 0);
    }
}
