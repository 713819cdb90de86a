//! A second pass over a set whose class means are known: how rows lie around the means of their classes.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::linalg::{Symmetric, product_transposed};
use crate::stats::{ClassMoments, GROUPS, Summary};

/// What a second pass should collect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// The covariance within classes (d x d).
    pub scatter: bool,
    /// Distances of rows to the mean of their class.
    pub distances: bool,
    /// Whether rows lie nearest to the centre of their class.
    pub nearest: bool,
    /// All of it also without each jackknife group: as many times the work.
    pub resamples: bool,
}

impl Again {
    /// What either wants.
    pub fn or(self, other: Self) -> Self {
        Self {
            scatter: self.scatter || other.scatter,
            distances: self.distances || other.distances,
            nearest: self.nearest || other.nearest,
            resamples: self.resamples || other.resamples,
        }
    }

    /// Whether there is anything to read again.
    pub fn any(self) -> bool {
        self.scatter || self.distances || self.nearest
    }
}

/// How rows lie around the means of their classes: of all rows, or of all but those of one jackknife group.
#[derive(Clone, Debug)]
pub struct Residuals {
    /// Moments of the classes.
    pub classes: ClassMoments,
    /// S_W, the mean over the classes with at least two rows of their covariance (ddof 0); `None` where not wanted.
    pub within: Option<Symmetric>,
    /// Σ ‖x - mu_c‖ over the rows of each class; zero where not wanted.
    pub distances: Vec<f64>,
    /// Rows that lie nearest to the centre of their class, and rows judged.
    pub nearest: (u64, u64),
}

/// Centres that rows are assigned to, where they are those of another set.
#[derive(Clone, Debug)]
pub struct Centres {
    /// (centres, d).
    pub means: Array2<f64>,
    /// For each class of the rows, its centre, where it has one.
    pub of_class: Vec<Option<usize>>,
}

/// What a second pass found.
#[derive(Clone, Debug)]
pub struct SecondPass {
    group_of: Vec<u8>,
    class_of: Vec<Option<u32>>,
    wanted: Again,
    /// Of all rows, then without each group (without resamples: none of those).
    parts: Vec<Residuals>,
    centres: Option<Centres>,
    seen: usize,
}

impl SecondPass {
    /// For the rows of `summary`, which have these jackknife groups and classes. Rows are assigned to `centres`; to the means of
    /// their own set, each row left out of its own, where there are none.
    pub fn new(
        summary: &Summary,
        group_of: Vec<u8>,
        class_of: Vec<Option<u32>>,
        centres: Option<Centres>,
        wanted: Again,
    ) -> Self {
        let resamples = if wanted.resamples { GROUPS } else { 0 };
        let parts = std::iter::once(None)
            .chain((0..resamples).map(Some))
            .map(|group| {
                let classes = summary.classes_without(group, false);
                Residuals {
                    within: wanted.scatter.then(|| Symmetric::zeros(summary.width)),
                    distances: vec![0.0; classes.classes()],
                    nearest: (0, 0),
                    classes,
                }
            })
            .collect();
        Self {
            group_of,
            class_of,
            wanted,
            parts,
            centres,
            seen: 0,
        }
    }

    /// Takes in the next rows.
    pub fn push(&mut self, rows: ArrayView2<f64>) {
        let range = self.seen..self.seen + rows.nrows();
        self.seen = range.end;
        let (groups, classes) = (&self.group_of[range.clone()], &self.class_of[range]);
        let (wanted, centres) = (self.wanted, self.centres.as_ref());
        self.parts.par_iter_mut().enumerate().for_each(|(place, part)| {
            let without = place.checked_sub(1);
            let kept: Vec<(usize, usize)> = (0..rows.nrows())
                .filter(|&i| Some(usize::from(groups[i])) != without)
                .filter_map(|i| Some((i, classes[i]? as usize)))
                .collect();
            if wanted.scatter || wanted.distances {
                part.measure(rows, &kept, wanted);
            }
            if wanted.nearest {
                part.judge(rows, &kept, centres);
            }
        });
    }

    /// What was found of all rows, or of all but those of one group.
    ///
    /// # Panics
    /// For a group, where no resamples were wanted.
    pub fn without(&self, group: Option<usize>) -> &Residuals {
        &self.parts[group.map_or(0, |g| g + 1)]
    }
}

impl Residuals {
    /// Takes in some rows, each named by its place and class.
    fn measure(&mut self, rows: ArrayView2<f64>, kept: &[(usize, usize)], wanted: Again) {
        let used = self.classes.counts().iter().filter(|n| **n > 1).count() as f64;
        let mut residuals = Array2::zeros((kept.len(), rows.ncols()));
        for (mut residual, &(i, class)) in residuals.outer_iter_mut().zip(kept) {
            residual.assign(&rows.row(i));
            residual -= &self.classes.means().row(class);
            if wanted.distances {
                self.distances[class] += residual.dot(&residual).sqrt();
            }
            let n = self.classes.counts()[class] as f64;
            residual *= if n > 1.0 { (n * used).sqrt().recip() } else { 0.0 };
        }
        if let Some(within) = &mut self.within {
            within.add_gram(residuals.view());
        }
    }

    /// Assigns some rows to the nearest centre: of `centres`, or the class means of these rows without the row itself.
    fn judge(&mut self, rows: ArrayView2<f64>, kept: &[(usize, usize)], centres: Option<&Centres>) {
        /// Rows at a time: their products with all centres stay small.
        const BLOCK: usize = 256;
        let counts = self.classes.counts();
        let means = centres.map_or_else(|| self.classes.means().view(), |c| c.means.view());
        let origin = means.mean_axis(Axis(0)).expect("there is a class");
        let centred = &means - &origin;
        let squares: Vec<f64> = centred.outer_iter().map(|m| m.dot(&m)).collect();
        let (mut right, mut judged) = (0, 0);
        for members in kept.chunks(BLOCK) {
            let places: Vec<usize> = members.iter().map(|(i, _)| *i).collect();
            let block = rows.select(Axis(0), &places) - &origin;
            let products = product_transposed(block.view(), centred.view());
            for (i, &(_, class)) in members.iter().enumerate() {
                let own = match centres {
                    Some(centres) => centres.of_class[class],
                    // A row that is its whole class leaves no centre behind.
                    None => (counts[class] > 1).then_some(class),
                };
                let Some(own) = own else { continue };
                let square = block.row(i).dot(&block.row(i));
                let apart = |c: usize| square + squares[c] - 2.0 * products[[i, c]];
                // Without the row itself its class mean lies n / (n - 1) times as far away.
                let n = counts[class] as f64;
                let to_own = apart(own)
                    * if centres.is_some() {
                        1.0
                    } else {
                        (n / (n - 1.0)).powi(2)
                    };
                let has_rows = |c: usize| centres.is_some() || counts[c] > 0;
                judged += 1;
                right += u64::from((0..squares.len()).all(|c| c == own || !has_rows(c) || apart(c) > to_own));
            }
        }
        self.nearest.0 += right;
        self.nearest.1 += judged;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Labels;
    use crate::stats::{Summariser, Wanted};

    fn rows() -> (Array2<f64>, Labels) {
        let x = Array2::from_shape_fn((53, 4), |(i, j)| {
            1e3 + ((i * 31 + j * 17 + i * j * j) % 29) as f64 / 3.0
        });
        // Four classes, one of a single row.
        let names: Vec<String> = (0..53).map(|i| if i == 7 { 9 } else { i % 3 }.to_string()).collect();
        (x, Labels::from_names(&names))
    }

    fn second_pass(batch: usize) -> SecondPass {
        let (x, labels) = rows();
        let mut first = Summariser::new(53, 4, Some(&labels), Wanted::default());
        first.push(x.view());
        let groups = first.groups().to_vec();
        let wanted = Again {
            scatter: true,
            distances: true,
            nearest: true,
            resamples: true,
        };
        let mut second = SecondPass::new(&first.finish(), groups, labels.class_of().to_vec(), None, wanted);
        x.axis_chunks_iter(Axis(0), batch).for_each(|rows| second.push(rows));
        second
    }

    #[test]
    fn every_resample_is_that_of_plain_loops() {
        let (x, labels) = rows();
        let pass = second_pass(8);
        for group in [None, Some(0), Some(3), Some(9)] {
            let kept = |c: usize| -> Vec<usize> {
                (0..53)
                    .filter(|&i| labels.class_of()[i] == Some(c as u32))
                    .filter(|&i| Some(usize::from(pass.group_of[i])) != group)
                    .collect()
            };
            let found = pass.without(group);
            let mut within = Array2::<f64>::zeros((4, 4));
            for c in 0..3 {
                let members = x.select(Axis(0), &kept(c));
                let centred = &members - &members.mean_axis(Axis(0)).unwrap();
                within += &(centred.t().dot(&centred) / (3.0 * members.nrows() as f64));
                let distances: f64 = centred.outer_iter().map(|r| r.dot(&r).sqrt()).sum();
                assert!((found.distances[c] - distances).abs() < 1e-9);
            }
            let got = found.within.as_ref().unwrap().to_full();
            assert!(got.iter().zip(&within).all(|(a, b)| (a - b).abs() < 1e-10));
        }
    }

    #[test]
    fn a_row_is_no_part_of_the_centre_it_is_judged_by() {
        let (x, labels) = rows();
        let class = |i: usize| labels.class_of()[i].unwrap();
        let mut right = 0;
        for i in (0..53).filter(|&i| i != 7) {
            let centre = |c: u32| {
                let members: Vec<usize> = (0..53).filter(|&j| j != i && class(j) == c).collect();
                x.select(Axis(0), &members).mean_axis(Axis(0)).unwrap()
            };
            let apart = |c: u32| (&x.row(i) - &centre(c)).mapv(|v| v * v).sum();
            right += u64::from((0..4).all(|c| c == class(i) || apart(c) > apart(class(i))));
        }
        assert_eq!(second_pass(53).without(None).nearest, (right, 52));
        assert_eq!(second_pass(9).without(None).nearest, (right, 52));
    }
}
