//! Batches: read ahead on a thread, cut to size, counted.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use ndarray::{Array2, s};

use crate::error::{Error, Result};
use crate::features::Batches;

/// Runs the reader that `make` makes on a thread, one batch ahead of its consumer, and sees that exactly `rows` rows come.
///
/// `name` begins the error that a reader with too few or too many rows ends with.
pub(super) fn ahead<I>(
    name: String,
    rows: usize,
    make: impl FnOnce() -> Result<I> + Send + 'static,
) -> Result<Batches<'static>>
where
    I: Iterator<Item = Result<Array2<f64>>>,
{
    let (send, receive) = sync_channel(1);
    let reader = thread::Builder::new()
        .name("featscope-reader".to_owned())
        .spawn(move || {
            let batches = match make() {
                Ok(batches) => batches,
                Err(error) => return drop(send.send(Err(error))),
            };
            for batch in batches {
                let last = batch.is_err();
                // The consumer may have gone: that is no error.
                if send.send(batch).is_err() || last {
                    return;
                }
            }
        });
    let reader = reader.map_err(Error::io(&name))?;
    Ok(Box::new(Ahead {
        name,
        left: rows,
        receive: Some(receive),
        reader: Some(reader),
    }))
}

struct Ahead {
    name: String,
    /// Rows still to come.
    left: usize,
    /// `None` once it is over.
    receive: Option<Receiver<Result<Array2<f64>>>>,
    reader: Option<JoinHandle<()>>,
}

impl Iterator for Ahead {
    type Item = Result<Array2<f64>>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = match self.receive.as_ref()?.recv() {
            Ok(Ok(batch)) if batch.nrows() <= self.left => {
                self.left -= batch.nrows();
                return Some(Ok(batch));
            }
            Ok(Ok(_)) => Some(Err(Error::input(format!(
                "{}: more rows than it says it has; it is damaged",
                self.name
            )))),
            Ok(Err(error)) => Some(Err(error)),
            Err(_) => {
                let panicked = self.reader.take().is_some_and(|reader| reader.join().is_err());
                let missing = format!(
                    "{}: ends {} rows early; it is damaged or truncated",
                    self.name, self.left
                );
                (panicked || self.left > 0).then(|| Err(Error::input(missing)))
            }
        };
        self.receive = None;
        item
    }
}

/// Cuts arrays of any number of rows into batches of `batch_rows`.
pub(super) struct Recut<I> {
    source: I,
    batch_rows: usize,
    /// The array at hand, and the first row of it not given away.
    current: Option<(Array2<f64>, usize)>,
    over: bool,
}

impl<I: Iterator<Item = Result<Array2<f64>>>> Recut<I> {
    pub(super) fn new(source: I, batch_rows: usize) -> Self {
        Self {
            source,
            batch_rows: batch_rows.max(1),
            current: None,
            over: false,
        }
    }
}

impl<I: Iterator<Item = Result<Array2<f64>>>> Iterator for Recut<I> {
    type Item = Result<Array2<f64>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut values = Vec::new();
        let (mut rows, mut width) = (0, 0);
        while rows < self.batch_rows && !self.over {
            let Some((array, from)) = self.current.take() else {
                match self.source.next() {
                    Some(Ok(array)) if rows == 0 && array.nrows() == self.batch_rows => return Some(Ok(array)),
                    Some(Ok(array)) => self.current = Some((array, 0)),
                    Some(Err(error)) => {
                        self.over = true;
                        return Some(Err(error));
                    }
                    None => self.over = true,
                }
                continue;
            };
            let to = array.nrows().min(from + self.batch_rows - rows);
            values.extend(array.slice(s![from..to, ..]).iter());
            rows += to - from;
            width = array.ncols();
            if to < array.nrows() {
                self.current = Some((array, to));
            }
        }
        if rows == 0 {
            return None;
        }
        let batch = Array2::from_shape_vec((rows, width), values);
        Some(batch.map_err(|e| Error::input(format!("arrays of different widths in one source ({e})"))))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;

    use super::*;

    fn array(from: usize, rows: usize) -> Result<Array2<f64>> {
        Ok(Array2::from_shape_fn((rows, 3), |(i, j)| (10 * (from + i) + j) as f64))
    }

    #[test]
    fn recutting_keeps_every_row_in_order() {
        for batch_rows in 1..12 {
            let parts = vec![array(0, 4), array(4, 0), array(4, 1), array(5, 5)];
            let batches: Vec<_> = Recut::new(parts.into_iter(), batch_rows).map(Result::unwrap).collect();
            let sizes: Vec<_> = batches.iter().map(Array2::nrows).collect();
            assert!(sizes[..sizes.len() - 1].iter().all(|&n| n == batch_rows), "{sizes:?}");
            let views: Vec<_> = batches.iter().map(Array2::view).collect();
            assert_eq!(ndarray::concatenate(Axis(0), &views).unwrap(), array(0, 10).unwrap());
        }
    }

    #[test]
    fn a_reader_that_ends_early_late_or_in_panic_is_an_error() {
        let read = |rows, batches: Vec<Result<Array2<f64>>>| {
            ahead("x.npy".into(), rows, move || Ok(batches.into_iter()))
                .unwrap()
                .collect::<Result<Vec<_>>>()
        };
        assert_eq!(read(5, vec![array(0, 2), array(2, 3)]).unwrap().len(), 2);
        assert!(
            read(6, vec![array(0, 5)])
                .unwrap_err()
                .to_string()
                .contains("ends 1 rows early")
        );
        assert!(
            read(4, vec![array(0, 5)])
                .unwrap_err()
                .to_string()
                .contains("more rows")
        );
        let panics = ahead("x.npy".into(), 0, || {
            Ok(std::iter::from_fn(|| -> Option<Result<Array2<f64>>> {
                panic!("a reader that fails on purpose")
            }))
        });
        assert!(panics.unwrap().any(|batch| batch.is_err()));
    }
}
