//! The nearest-class-centre rule.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::batch_member::{BatchMember, Centres};
use super::class_moments::ClassMoments;
use super::nearest::{MEANS_OFF, largest_norm};
use super::row_pairs::squared_apart;
use crate::linalg::product_transposed;
use crate::uncertainty::GROUPS;

/// Rows at a time: their products with all centres stay small.
const BLOCK: usize = 256;

/// Which rows lie nearest to the centre of their class.
#[derive(Clone, Debug)]
pub(super) struct NearestCentre {
    /// The centres; without those of another set the rows' own class means, each row left out of its own.
    held_out: Option<Centres>,
    origin: Array1<f64>,
    /// The centres less their mean.
    centred: Array2<f64>,
    /// Their squared norms; infinite where there is no such centre.
    squares: Vec<f64>,
    /// How far off a centre may be by rounding.
    off: f64,
    /// Rows that are right and rows judged, by the rows' groups.
    tallies: [(u64, u64); GROUPS],
}

impl NearestCentre {
    /// For the centres of another set, or the means of these classes.
    pub fn new(held_out: Option<Centres>, classes: &ClassMoments) -> Self {
        let means = held_out.as_ref().map_or(classes.means(), |c| &c.means);
        let origin = means.mean_axis(Axis(0)).expect("there is a class");
        let centred = means - &origin;
        let exists = |c: usize| held_out.is_some() || classes.counts()[c] > 0;
        let squares = centred.outer_iter().enumerate().map(|(c, m)| match exists(c) {
            true => m.dot(&m),
            false => f64::INFINITY,
        });
        Self {
            squares: squares.collect(),
            off: MEANS_OFF * largest_norm(means.view()),
            origin,
            centred,
            tallies: [(0, 0); GROUPS],
            held_out,
        }
    }

    /// Rows that are right and rows judged: of all, or of all but those of one group.
    pub fn without(&self, group: Option<usize>) -> (u64, u64) {
        let kept = (0..GROUPS).filter(|g| Some(*g) != group).map(|g| self.tallies[g]);
        kept.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Takes in some rows of these classes.
    pub fn push(&mut self, rows: ArrayView2<f64>, kept: &[BatchMember], classes: &ClassMoments) {
        let verdicts: Vec<Option<bool>> = kept
            .par_chunks(BLOCK)
            .flat_map_iter(|members| self.judge(rows, members, classes))
            .collect();
        for (member, right) in kept.iter().zip(verdicts) {
            let tally = &mut self.tallies[member.group];
            tally.0 += u64::from(right == Some(true));
            tally.1 += u64::from(right.is_some());
        }
    }

    /// Whether each of some rows lies nearest to the centre of its class; `None` where that has no centre without the row.
    fn judge(&self, rows: ArrayView2<f64>, members: &[BatchMember], classes: &ClassMoments) -> Vec<Option<bool>> {
        let places: Vec<usize> = members.iter().map(|m| m.place).collect();
        let block = rows.select(Axis(0), &places) - &self.origin;
        let products = product_transposed(block.view(), self.centred.view());
        let finite = self.squares.iter().copied().filter(|s| s.is_finite());
        let largest = finite.fold(0.0, f64::max);
        let means = self.held_out.as_ref().map_or(classes.means(), |c| &c.means);
        let judge = |(i, member): (usize, &BatchMember)| {
            let row = rows.row(member.place);
            let exactly = |c: usize| squared_apart(row, means.row(c));
            let (own, to_own) = match &self.held_out {
                Some(centres) => {
                    let own = centres.of_class[member.class]?;
                    (own, exactly(own))
                }
                None => (
                    member.class,
                    without_itself(exactly(member.class), classes.counts()[member.class])?,
                ),
            };
            let square = block.row(i).dot(&block.row(i));
            // A product settles what its rounding leaves no doubt of.
            let clear = to_own + rounding(block.ncols(), square + largest);
            // A centre that only rounding puts farther away is as near.
            let own_reach = (to_own.sqrt() + 2.0 * self.off).powi(2);
            let farther =
                |c: usize| square + self.squares[c] - 2.0 * products[[i, c]] > clear || exactly(c) > own_reach;
            Some((0..self.squares.len()).all(|c| c == own || farther(c)))
        };
        members.iter().enumerate().map(judge).collect()
    }
}

/// The squared distance of a row to the mean of the n - 1 other rows of its class, from that to the mean of all n; `None` for
/// the only one.
fn without_itself(squared: f64, n: u64) -> Option<f64> {
    let n = n as f64;
    (n >= 2.0).then(|| squared * (n / (n - 1.0)).powi(2))
}

/// How far off a squared distance from a product over `d` channels may be, given the squared norms of both.
fn rounding(d: usize, squares: f64) -> f64 {
    (d + 8) as f64 * f64::EPSILON * squares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Labels;
    use crate::stats::residuals::{SecondPass, SecondPassNeeds};
    use crate::stats::summary::{Summariser, SummaryNeeds};

    /// Rows of 40 classes whose means stand `apart`, with noise around them, and 19 rows or fewer a class.
    fn rows(apart: f64) -> (Array2<f64>, Labels) {
        let noise = |i: usize, j: usize| ((i * 31 + j * 17 + i * i * (j + 3)) % 101) as f64 / 50.0 - 1.0;
        let class = |i: usize| (i * i + i / 7) % 40;
        let x = Array2::from_shape_fn((600, 6), |(i, j)| {
            1e2 + noise(i, j) + apart * noise(7 * class(i) + 3, j)
        });
        let names: Vec<String> = (0..600).map(|i| class(i).to_string()).collect();
        (x, Labels::from_names(&names))
    }

    #[test]
    fn rows_are_judged_as_plain_loops_judge_them() {
        // Classes that hide in the noise, that overlap, and that stand alone.
        for apart in [0.01, 1.0, 20.0] {
            let (x, labels) = rows(apart);
            let mut first = Summariser::new(600, 6, Some(&labels), SummaryNeeds::default());
            first.push(x.view());
            let groups = first.groups().to_vec();
            let wanted = SecondPassNeeds {
                nearest: true,
                resamples: true,
                ..SecondPassNeeds::default()
            };
            let class_of = labels.class_of().to_vec();
            let mut second = SecondPass::new(&first.finish(), groups.clone(), class_of.clone(), None, wanted);
            x.axis_chunks_iter(Axis(0), 100).for_each(|rows| second.push(rows));
            for group in [None, Some(0), Some(4), Some(9)] {
                let kept: Vec<usize> = (0..600).filter(|&i| Some(usize::from(groups[i])) != group).collect();
                let squared = |i: usize, c: u32| -> Option<f64> {
                    let members: Vec<usize> = (0..600).filter(|&j| j != i && class_of[j] == Some(c)).collect();
                    let centre = x.select(Axis(0), &members).mean_axis(Axis(0))?;
                    Some((&x.row(i) - &centre).mapv(|v| v * v).sum())
                };
                let (mut right, mut judged) = (0, 0);
                for &i in &kept {
                    let class = class_of[i].unwrap();
                    let Some(own) = squared(i, class) else { continue };
                    let others = (0..labels.classes() as u32).filter(|&c| c != class);
                    judged += 1;
                    right += u64::from(others.filter_map(|c| squared(i, c)).all(|other| other > own));
                }
                assert_eq!(second.without(group).nearest, (right, judged), "{apart} {group:?}");
            }
        }
    }
}
