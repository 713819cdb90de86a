//! A second pass over a set whose class means are known: how rows lie around the means of their classes.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::batch_member::{BatchMember, Centres};
use super::class_moments::ClassMoments;
use super::nearest_centre::NearestCentre;
use super::row_pairs::squared_apart;
use super::summary::Summary;
use super::within_class_scatter::Within;
use crate::linalg::Symmetric;
use crate::uncertainty::GROUPS;

/// All rows, then all but those of each group.
const WITHOUT_EACH: usize = GROUPS + 1;

/// What a second pass should collect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondPassNeeds {
    /// The covariance within classes (d x d).
    pub scatter: bool,
    /// Distances of rows to the mean of their class.
    pub distances: bool,
    /// Whether rows lie nearest to the centre of their class.
    pub nearest: bool,
    /// All of it also without each jackknife group.
    pub resamples: bool,
}

impl SecondPassNeeds {
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

/// What a second pass found.
#[derive(Clone, Debug)]
pub struct SecondPass {
    group_of: Vec<u8>,
    class_of: Vec<Option<u32>>,
    wanted: SecondPassNeeds,
    /// Moments of the classes of all rows, then without each group (without resamples: none of those).
    classes: Vec<ClassMoments>,
    within: Option<Within>,
    /// Σ ‖x - mu_c‖ of each class, as `classes`.
    distances: Vec<Vec<f64>>,
    nearest: Option<NearestCentre>,
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
        wanted: SecondPassNeeds,
    ) -> Self {
        let resamples = if wanted.resamples { GROUPS } else { 0 };
        let classes: Vec<ClassMoments> = (0..=resamples)
            .into_par_iter()
            .map(|place| summary.classes_without(place.checked_sub(1), false))
            .collect();
        let within = wanted.scatter.then(|| {
            let counts: Vec<&[u64]> = classes.iter().map(ClassMoments::counts).collect();
            Within::new(&counts, summary.width)
        });
        Self {
            group_of,
            class_of,
            wanted,
            within,
            distances: classes.iter().map(|c| vec![0.0; c.classes()]).collect(),
            nearest: wanted.nearest.then(|| NearestCentre::new(centres, &classes[0])),
            classes,
            seen: 0,
        }
    }

    /// Takes in the next rows.
    pub fn push(&mut self, rows: ArrayView2<f64>) {
        let rows = rows.as_standard_layout();
        let range = self.seen..self.seen + rows.nrows();
        self.seen = range.end;
        let (groups, classes) = (&self.group_of[range.clone()], &self.class_of[range]);
        let kept: Vec<BatchMember> = (0..rows.nrows())
            .filter_map(|place| {
                Some(BatchMember {
                    place,
                    class: classes[place]? as usize,
                    group: usize::from(groups[place]),
                })
            })
            .collect();
        if let Some(within) = &mut self.within {
            within.push(rows.view(), &kept, self.classes[0].means());
        }
        if self.wanted.distances {
            for (member, own) in kept.iter().zip(self.to_own_means(rows.view(), &kept)) {
                for (place, distances) in self.distances.iter_mut().enumerate() {
                    if member.group + 1 != place {
                        distances[member.class] += own[place].sqrt();
                    }
                }
            }
        }
        if let Some(nearest) = &mut self.nearest {
            nearest.push(rows.view(), &kept, &self.classes[0]);
        }
    }

    /// The squared distance of each row to the mean of its class, of all rows and without each group but the row's own.
    fn to_own_means(&self, rows: ArrayView2<f64>, kept: &[BatchMember]) -> Vec<[f64; WITHOUT_EACH]> {
        kept.par_iter()
            .map(|member| {
                let mut own = [f64::NAN; WITHOUT_EACH];
                for (place, classes) in self.classes.iter().enumerate() {
                    if member.group + 1 != place {
                        own[place] = squared_apart(rows.row(member.place), classes.means().row(member.class));
                    }
                }
                own
            })
            .collect()
    }

    /// What was found of all rows, or of all but those of one group.
    ///
    /// # Panics
    /// For a group, where no resamples were wanted.
    pub fn without(&self, group: Option<usize>) -> Residuals {
        let place = group.map_or(0, |g| g + 1);
        let classes = self.classes[place].clone();
        let means = self.classes[0].means();
        Residuals {
            within: self.within.as_ref().map(|w| w.covariance(group, &classes, means)),
            distances: self.distances[place].clone(),
            nearest: self.nearest.as_ref().map_or((0, 0), |n| n.without(group)),
            classes,
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis};

    use super::*;
    use crate::features::Labels;
    use crate::stats::summary::{Summariser, SummaryNeeds};

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
        let mut first = Summariser::new(53, 4, Some(&labels), SummaryNeeds::default());
        first.push(x.view());
        let groups = first.groups().to_vec();
        let wanted = SecondPassNeeds {
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
