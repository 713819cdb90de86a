//! The nearest-class-centre rule, on all rows and without each jackknife group.
//!
//! One product of the rows with the centres of all rows serves the resamples too: a centre moves little without a group, so that
//! the triangle inequality settles most rows. The others are settled by distances of their own.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use super::residuals::Member;
use super::rows::squared_apart;
use crate::linalg::product_transposed;
use crate::stats::{Centres, ClassMoments, GROUPS, RESAMPLES};

/// Rows at a time: their products with all centres stay small.
const BLOCK: usize = 256;

/// Centres left open that are tried first, the nearest of all.
const RIVALS: usize = 3;

/// A row whose centres left open are more than one in so many has products made of all: those run so much faster.
const DENSE: usize = 8;

/// Which rows lie nearest to the centre of their class.
#[derive(Clone, Debug)]
pub(super) struct NearestCentre {
    /// Centres of another set, with those of the classes here.
    centres: Option<Centres>,
    origin: Array1<f64>,
    /// The centres less their mean.
    centred: Array2<f64>,
    /// Their squared norms; infinite where there is no such centre.
    squares: Vec<f64>,
    /// How far each centre moves without each group; minus infinity where it goes with it.
    moves: Vec<Vec<f64>>,
    /// Rows that are right and rows judged: of all rows, then without each group; by the rows' own groups where centres are
    /// another set's.
    tallies: [(u64, u64); RESAMPLES],
}

/// What a row of a block is found to be: judged, right, or still open, a bit for each resample.
#[derive(Clone, Copy, Debug, Default)]
struct Verdict {
    judged: u16,
    right: u16,
    open: u16,
}

/// One row and its distances to the centres of all rows.
struct Judged<'r> {
    row: ArrayView1<'r, f64>,
    member: Member,
    /// Squared distances to the centres; infinite where there is no such centre.
    apart: Vec<f64>,
    /// How far off rounding may have them.
    rounding: f64,
}

impl NearestCentre {
    /// For classes of all rows, then without each group (or none of those).
    pub fn new(centres: Option<Centres>, classes: &[ClassMoments]) -> Self {
        let all = &classes[0];
        let means = centres.as_ref().map_or(all.means(), |c| &c.means);
        let origin = means.mean_axis(Axis(0)).expect("there is a class");
        let centred = means - &origin;
        let exists = |c: usize| centres.is_some() || all.counts()[c] > 0;
        let squares = centred.outer_iter().enumerate().map(|(c, m)| match exists(c) {
            true => m.dot(&m),
            false => f64::INFINITY,
        });
        let squares = squares.collect();
        let resamples = if centres.is_some() { &[] } else { &classes[1..] };
        let moves = resamples
            .par_iter()
            .map(|of| {
                let moved = |c: usize| match of.counts()[c] {
                    0 => f64::NEG_INFINITY,
                    _ => squared_apart(of.means().row(c), all.means().row(c)).sqrt(),
                };
                (0..of.classes()).map(moved).collect()
            })
            .collect();
        Self {
            origin,
            centred,
            squares,
            moves,
            tallies: [(0, 0); RESAMPLES],
            centres,
        }
    }

    /// Whether the distances of rows to the means of their own classes are looked at.
    pub fn judges_by_own(&self) -> bool {
        self.centres.is_none()
    }

    /// Rows that are right and rows judged: of all, or of all but those of one group.
    pub fn without(&self, group: Option<usize>) -> (u64, u64) {
        if self.centres.is_none() {
            return self.tallies[group.map_or(0, |g| g + 1)];
        }
        let kept = (0..GROUPS).filter(|g| Some(*g) != group).map(|g| self.tallies[g]);
        kept.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Takes in some rows; `own` are their squared distances to the means of their classes.
    pub fn push(&mut self, rows: ArrayView2<f64>, kept: &[Member], own: &[[f64; RESAMPLES]], classes: &[ClassMoments]) {
        if let Some(centres) = &self.centres {
            let verdicts: Vec<Option<bool>> = kept
                .par_chunks(BLOCK)
                .flat_map_iter(|members| self.judge_by(centres, rows, members))
                .collect();
            for (member, right) in kept.iter().zip(verdicts) {
                let tally = &mut self.tallies[member.group];
                tally.0 += u64::from(right == Some(true));
                tally.1 += u64::from(right.is_some());
            }
            return;
        }
        let mut verdicts: Vec<Verdict> = kept
            .par_chunks(BLOCK)
            .zip(own.par_chunks(BLOCK))
            .flat_map_iter(|(members, own)| self.judge(rows, members, own, classes))
            .collect();
        let settled: Vec<Vec<(usize, bool)>> = (0..classes.len())
            .into_par_iter()
            .map(|place| {
                let open: Vec<usize> = (0..kept.len())
                    .filter(|&i| verdicts[i].open >> place & 1 == 1)
                    .collect();
                settle(rows, kept, own, &open, place, &classes[place])
            })
            .collect();
        for (place, settled) in settled.into_iter().enumerate() {
            for (i, right) in settled {
                verdicts[i].right |= u16::from(right) << place;
            }
        }
        for (place, tally) in self.tallies.iter_mut().enumerate() {
            let count =
                |bits: fn(&Verdict) -> u16| verdicts.iter().filter(|v| bits(v) >> place & 1 == 1).count() as u64;
            tally.0 += count(|v| v.right);
            tally.1 += count(|v| v.judged);
        }
    }

    /// Whether each of some rows lies nearest to the centre of its class among those of another set.
    fn judge_by(&self, centres: &Centres, rows: ArrayView2<f64>, members: &[Member]) -> Vec<Option<bool>> {
        let judged = self.distances(&rows, members);
        judged
            .map(|row| {
                let own = centres.of_class[row.member.class]?;
                Some((0..row.apart.len()).all(|c| c == own || row.apart[c] > row.apart[own]))
            })
            .collect()
    }

    /// Some rows with their distances to all centres.
    fn distances<'r>(
        &'r self,
        rows: &'r ArrayView2<'_, f64>,
        members: &'r [Member],
    ) -> impl Iterator<Item = Judged<'r>> + 'r {
        let places: Vec<usize> = members.iter().map(|m| m.place).collect();
        let block = rows.select(Axis(0), &places) - &self.origin;
        let products = product_transposed(block.view(), self.centred.view());
        let largest = self
            .squares
            .iter()
            .copied()
            .filter(|s| s.is_finite())
            .fold(0.0, f64::max);
        members.iter().enumerate().map(move |(i, &member)| {
            let square = block.row(i).dot(&block.row(i));
            let products = products.row(i);
            let apart = self.squares.iter().zip(products).map(|(s, p)| square + s - 2.0 * p);
            Judged {
                row: rows.row(member.place),
                member,
                apart: apart.collect(),
                rounding: rounding(block.ncols(), square + largest),
            }
        })
    }

    /// Judges some rows by the means of their own set.
    fn judge(
        &self,
        rows: ArrayView2<f64>,
        members: &[Member],
        own: &[[f64; RESAMPLES]],
        classes: &[ClassMoments],
    ) -> Vec<Verdict> {
        self.distances(&rows, members)
            .zip(own)
            .map(|(row, own)| self.judge_row(&row, own, classes))
            .collect()
    }

    fn judge_row(&self, row: &Judged, own: &[f64; RESAMPLES], classes: &[ClassMoments]) -> Verdict {
        let class = row.member.class;
        let roots: Vec<f64> = row.apart.iter().map(|a| a.max(0.0).sqrt()).collect();
        let mut verdict = Verdict::default();
        for (place, of) in classes.iter().enumerate() {
            let n = of.counts()[class];
            // A row that is its whole class leaves no centre behind.
            if row.member.group + 1 == place || n < 2 {
                continue;
            }
            verdict.judged |= 1 << place;
            let to_own = without_itself(own[place], n);
            let exactly = |c: usize| squared_apart(row.row, of.means().row(c));
            let right = if place == 0 {
                let farther = |c: usize| row.apart[c] > to_own + row.rounding || exactly(c) > to_own;
                (0..row.apart.len()).all(|c| c == class || farther(c))
            } else {
                let reach = to_own.sqrt() * (1.0 + 1e-9) + row.rounding.sqrt();
                let near = |c: &usize| roots[*c] - self.moves[place - 1][*c] <= reach && *c != class;
                let mut open: Vec<usize> = (0..roots.len()).filter(near).collect();
                // Most rows that are wrong are so for a centre that is near without resampling, too.
                if open.len() > RIVALS {
                    open.select_nth_unstable_by(RIVALS, |&a, &b| roots[a].total_cmp(&roots[b]).then(a.cmp(&b)));
                }
                let (first, rest) = open.split_at(RIVALS.min(open.len()));
                let farther = |c: &usize| exactly(*c) > to_own;
                if !first.iter().all(farther) {
                    continue;
                }
                if rest.len() * DENSE > roots.len() {
                    verdict.open |= 1 << place;
                    continue;
                }
                rest.iter().all(farther)
            };
            verdict.right |= u16::from(right) << place;
        }
        verdict
    }
}

/// The squared distance of a row to the mean of the n - 1 other rows of its class, from that to the mean of all n.
fn without_itself(squared: f64, n: u64) -> f64 {
    let n = n as f64;
    squared * (n / (n - 1.0)).powi(2)
}

/// How far off a squared distance from a product over `d` channels may be, given the squared norms of both.
fn rounding(d: usize, squares: f64) -> f64 {
    (d + 8) as f64 * f64::EPSILON * squares
}

/// Whether each of the `open` rows lies nearest to the centre of its class, from products with all centres of one resample.
fn settle(
    rows: ArrayView2<f64>,
    kept: &[Member],
    own: &[[f64; RESAMPLES]],
    open: &[usize],
    place: usize,
    of: &ClassMoments,
) -> Vec<(usize, bool)> {
    if open.is_empty() {
        return Vec::new();
    }
    let origin = of.means().mean_axis(Axis(0)).expect("there is a class");
    let centred = of.means() - &origin;
    let squares: Vec<f64> = centred.outer_iter().map(|m| m.dot(&m)).collect();
    let largest = squares.iter().copied().fold(0.0, f64::max);
    let of_block = |open: &[usize]| -> Vec<(usize, bool)> {
        let places: Vec<usize> = open.iter().map(|&i| kept[i].place).collect();
        let block = rows.select(Axis(0), &places) - &origin;
        let products = product_transposed(block.view(), centred.view());
        let judged = open.iter().enumerate().map(|(b, &i)| {
            let class = kept[i].class;
            let square = block.row(b).dot(&block.row(b));
            let to_own = without_itself(own[i][place], of.counts()[class]);
            let clear = to_own + rounding(block.ncols(), square + largest);
            let farther = |c: usize| {
                square + squares[c] - 2.0 * products[[b, c]] > clear
                    || squared_apart(rows.row(kept[i].place), of.means().row(c)) > to_own
            };
            let mut others = (0..squares.len()).filter(|&c| c != class && of.counts()[c] > 0);
            (i, others.all(farther))
        });
        judged.collect()
    };
    open.par_chunks(BLOCK).flat_map_iter(of_block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Labels;
    use crate::stats::{Again, SecondPass, Summariser, Wanted};

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
    fn every_resample_is_that_of_plain_loops() {
        // Classes that hide in the noise, that overlap, and that stand alone.
        for apart in [0.01, 1.0, 20.0] {
            let (x, labels) = rows(apart);
            let mut first = Summariser::new(600, 6, Some(&labels), Wanted::default());
            first.push(x.view());
            let groups = first.groups().to_vec();
            let wanted = Again {
                nearest: true,
                resamples: true,
                ..Again::default()
            };
            let class_of = labels.class_of().to_vec();
            let mut second = SecondPass::new(&first.finish(), groups.clone(), class_of.clone(), None, wanted);
            x.axis_chunks_iter(Axis(0), 100).for_each(|rows| second.push(rows));
            for group in [None, Some(0), Some(4), Some(9)] {
                let kept: Vec<usize> = (0..600).filter(|&i| Some(usize::from(groups[i])) != group).collect();
                let squared = |i: usize, c: u32| -> Option<f64> {
                    let members: Vec<usize> = kept
                        .iter()
                        .copied()
                        .filter(|&j| j != i && class_of[j] == Some(c))
                        .collect();
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
