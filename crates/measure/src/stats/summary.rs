//! One pass over a set of features: everything the moment metrics and their error bars need.

use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use super::channel_values::ChannelValues;
use super::class_moments::ClassMoments;
use super::moments::Moments;
use super::random::generator;
use super::range::squares_in_range;
use super::row_span::RowSpan;
use crate::features::Labels;
use crate::uncertainty::{GROUPS, groups_after};

/// The random stream that picks sample rows (see [`generator`]).
const SAMPLE_STREAM: u64 = 1;

/// What a pass should collect beside class moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SummaryNeeds {
    /// The d x d scatter (for correlations and the spectrum).
    pub scatter: bool,
    /// Class moments of l2-normalised rows.
    pub normalised: bool,
    /// The d x d scatter of l2-normalised rows.
    pub unit_scatter: bool,
    /// At most this many rows, drawn at random.
    pub sample: usize,
    /// Seed of the draw.
    pub seed: u64,
}

/// Moments of one group of rows, or of several merged.
#[derive(Clone, Debug)]
pub struct GroupMoments {
    /// Rows, labelled or not.
    pub rows: u64,
    /// Mean and scatter of all rows, labelled or not; `None` where not wanted.
    pub moments: Option<Moments>,
    /// The same of l2-normalised rows; `None` where not wanted.
    pub unit: Option<Moments>,
    /// Class moments of the labelled rows.
    pub classes: ClassMoments,
    /// The same of l2-normalised rows; `None` where not wanted.
    pub normalised: Option<ClassMoments>,
    /// Least and largest values and zeros of each channel.
    pub channels: ChannelValues,
}

/// Rows drawn at random from a set, in random order: any prefix is a smaller draw.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// (n, d).
    pub rows: Array2<f64>,
    /// The jackknife group of each row.
    pub groups: Vec<u8>,
    /// The places that are filled: all of them after a pass over a whole set, in the order of its rows.
    pub(super) held: Vec<usize>,
}

/// What one pass found, over a whole set or a part of it: a whole is what merging parts gives (see [`super::merged`]).
#[derive(Clone, Debug)]
pub struct Summary {
    /// Which rows these are.
    pub(super) place: RowSpan,
    /// Rows, labelled or not.
    pub rows: u64,
    /// Width, d.
    pub width: usize,
    /// One part for each jackknife group.
    pub parts: Vec<GroupMoments>,
    /// The rows drawn.
    pub sample: Sample,
}

/// Takes in a set of features batch by batch.
pub struct Summariser {
    place: RowSpan,
    group_of: Vec<u8>,
    class_of: Vec<Option<u32>>,
    parts: Vec<GroupMoments>,
    /// (row of the set, place in the sample), by row.
    drawn: Vec<(usize, usize)>,
    sample: Sample,
    seen: usize,
}

impl GroupMoments {
    fn new(classes: usize, d: usize, wanted: SummaryNeeds) -> Self {
        Self {
            rows: 0,
            moments: wanted.scatter.then(|| Moments::new(d)),
            unit: wanted.unit_scatter.then(|| Moments::new(d)),
            classes: ClassMoments::new(classes, d),
            normalised: wanted.normalised.then(|| ClassMoments::new(classes, d)),
            channels: ChannelValues::new(d),
        }
    }

    /// Takes in some of the rows, each by its place; `class_of` has the class of every row.
    fn update(&mut self, rows: ArrayView2<f64>, members: &[usize], class_of: &[Option<u32>]) {
        self.rows += members.len() as u64;
        for &i in members {
            let row = rows.row(i);
            self.channels.update(row);
            let Some(class) = class_of[i].map(|c| c as usize) else {
                continue;
            };
            self.classes.update(class, row);
            if let Some(normalised) = &mut self.normalised {
                normalised.update(class, unit(row.to_owned()).view());
            }
        }
        if let Some(moments) = &mut self.moments {
            let as_they_are: Vec<(usize, f64)> = members.iter().map(|&i| (i, 1.0)).collect();
            moments.update_some(rows, &as_they_are);
        }
        if let Some(moments) = &mut self.unit {
            let to_unit = |i: usize| {
                let norm = rows.row(i).dot(&rows.row(i)).sqrt();
                if norm > 0.0 { 1.0 / norm } else { 1.0 }
            };
            let normalised: Vec<(usize, f64)> = members.iter().map(|&i| (i, to_unit(i))).collect();
            moments.update_some(rows, &normalised);
        }
    }

    pub(super) fn merged<'a>(parts: impl Iterator<Item = &'a Self>) -> Self {
        let parts: Vec<&Self> = parts.collect();
        let moments = |pick: fn(&Self) -> Option<&Moments>| {
            let sets: Option<Vec<&Moments>> = parts.iter().map(|part| pick(part)).collect();
            sets.map(|sets| Moments::merged(&sets))
        };
        let first = parts.first().expect("there are several groups");
        let (mut classes, mut normalised) = (first.classes.clone(), first.normalised.clone());
        let mut channels = first.channels.clone();
        for part in &parts[1..] {
            classes.merge(&part.classes);
            if let (Some(a), Some(b)) = (&mut normalised, &part.normalised) {
                a.merge(b);
            }
            channels.merge(&part.channels);
        }
        Self {
            rows: parts.iter().map(|part| part.rows).sum(),
            moments: moments(|part| part.moments.as_ref()),
            unit: moments(|part| part.unit.as_ref()),
            classes,
            normalised,
            channels,
        }
    }
}

/// A row divided by its Euclidean norm; the zero row stays.
pub fn unit(mut row: Array1<f64>) -> Array1<f64> {
    let norm = row.dot(&row).sqrt();
    if norm > 0.0 {
        row /= norm;
    }
    row
}

impl Summary {
    /// Which rows these are, and of what.
    pub fn place(&self) -> &RowSpan {
        &self.place
    }

    /// All rows together.
    pub fn all(&self) -> GroupMoments {
        self.without(None)
    }

    /// All rows but those of one group.
    pub fn without(&self, group: Option<usize>) -> GroupMoments {
        GroupMoments::merged(self.kept(|g| Some(g) != group))
    }

    /// The rows of the first `groups` groups.
    pub fn first(&self, groups: usize) -> GroupMoments {
        GroupMoments::merged(self.kept(|g| g < groups))
    }

    fn kept(&self, keep: impl Fn(usize) -> bool) -> impl Iterator<Item = &GroupMoments> {
        let kept = self.parts.iter().enumerate().filter(move |(g, _)| keep(*g));
        kept.map(|(_, part)| part)
    }

    /// Class moments of all rows but those of one group, of the rows as they are or l2-normalised.
    pub fn classes_without(&self, group: Option<usize>, normalised: bool) -> ClassMoments {
        let mut kept = self.kept(|g| Some(g) != group).map(|part| match normalised {
            true => part.normalised.as_ref().expect("collected when it was wanted"),
            false => &part.classes,
        });
        let mut all = kept.next().expect("there are several groups").clone();
        kept.for_each(|classes| all.merge(classes));
        all
    }

    /// Values of the channels of all rows but those of one group.
    pub fn channels_without(&self, group: Option<usize>) -> ChannelValues {
        let mut all = ChannelValues::new(self.width);
        self.kept(|g| Some(g) != group)
            .for_each(|part| all.merge(&part.channels));
        all
    }

    /// Moments of all rows but those of one group, of the rows as they are or l2-normalised; `None` where not collected.
    pub fn moments_without(&self, group: Option<usize>, unit: bool) -> Option<Moments> {
        self.moments_of(|g| Some(g) != group, unit)
    }

    /// Moments of the rows of the groups to keep, of the rows as they are or l2-normalised; `None` where not collected.
    pub fn moments_of(&self, keep: impl Fn(usize) -> bool, unit: bool) -> Option<Moments> {
        let sets: Option<Vec<&Moments>> = self
            .kept(keep)
            .map(|part| {
                if unit {
                    part.unit.as_ref()
                } else {
                    part.moments.as_ref()
                }
            })
            .collect();
        sets.map(|sets| Moments::merged(&sets))
    }

    /// Whether squared distances between the rows neither overflow nor vanish.
    pub fn measurable(&self) -> bool {
        let lows = self.parts.iter().flat_map(|part| &part.channels.low);
        let highs = self.parts.iter().flat_map(|part| &part.channels.high);
        let (low, high) = (
            lows.fold(0.0f64, |a, x| a.min(*x)),
            highs.fold(0.0f64, |a, x| a.max(*x)),
        );
        squares_in_range(low, high, self.width)
    }

    /// Drops the scatter of l2-normalised rows, which only one-sided metrics need, and, unless `pairs` need it, that
    /// of the rows as they are.
    pub fn drop_scatter(&mut self, pairs: bool) {
        for part in &mut self.parts {
            part.unit = None;
            part.moments = part.moments.take().filter(|_| pairs);
        }
    }
}

impl Summariser {
    /// For `rows` rows of width `d`.
    pub fn new(rows: usize, d: usize, labels: Option<&Labels>, wanted: SummaryNeeds) -> Self {
        let class_of = labels.map_or_else(|| vec![None; rows], |l| l.class_of().to_vec());
        let classes = labels.map_or(0, Labels::classes);
        Self::part(RowSpan::whole(rows, classes), class_of, d, wanted)
    }

    /// For some rows of a set, of these classes and width `d`.
    pub fn part(place: RowSpan, class_of: Vec<Option<u32>>, d: usize, wanted: SummaryNeeds) -> Self {
        let group_of = groups_after(&class_of, &place.before);
        let amount = wanted.sample.min(place.total);
        let mut rng = generator(wanted.seed, SAMPLE_STREAM);
        let mut drawn: Vec<(usize, usize)> = rand::seq::index::sample(&mut rng, place.total, amount)
            .into_iter()
            .enumerate()
            .map(|(i, row)| (row, i))
            .filter(|(row, _)| place.rows.contains(row))
            .collect();
        drawn.sort_unstable();
        let mut groups = vec![0; amount];
        for &(row, at) in &drawn {
            groups[at] = group_of[row - place.rows.start];
        }
        Self {
            parts: vec![GroupMoments::new(place.before.len() - 1, d, wanted); GROUPS],
            seen: place.rows.start,
            group_of,
            class_of,
            sample: Sample {
                rows: Array2::zeros((amount, d)),
                groups,
                held: drawn.iter().map(|(_, at)| *at).collect(),
            },
            drawn,
            place,
        }
    }

    /// The jackknife group of each of its rows.
    pub fn groups(&self) -> &[u8] {
        &self.group_of
    }

    /// Rows per batch at which memory stays small and matrix products run at full speed. Fixed by the width alone,
    /// so that the bits of the result depend on nothing else.
    pub fn batch_rows(d: usize) -> usize {
        (8 * 1024 * 1024 / d.max(1)).clamp(512, 8_192)
    }

    /// Takes in the next rows.
    pub fn push(&mut self, rows: ArrayView2<f64>) {
        let from = self.seen;
        let to = from + rows.nrows();
        let own = from - self.place.rows.start..to - self.place.rows.start;
        let (group_of, class_of) = (&self.group_of[own.clone()], &self.class_of[own]);
        self.parts.par_iter_mut().enumerate().for_each(|(group, part)| {
            let members: Vec<usize> = (0..rows.nrows()).filter(|&i| group_of[i] as usize == group).collect();
            part.update(rows, &members, class_of);
        });
        let first = self.drawn.partition_point(|(row, _)| *row < from);
        for &(row, place) in self.drawn[first..].iter().take_while(|(row, _)| *row < to) {
            self.sample.rows.row_mut(place).assign(&rows.row(row - from));
        }
        self.seen = to;
    }

    /// The summary of the rows taken in.
    pub fn finish(self) -> Summary {
        Summary {
            rows: (self.seen - self.place.rows.start) as u64,
            place: self.place,
            width: self.sample.rows.ncols(),
            parts: self.parts,
            sample: self.sample,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Axis, s};

    fn data() -> (Array2<f64>, Labels) {
        let x = Array2::from_shape_fn((123, 4), |(i, j)| ((i * 31 + j * 17 + i * j * j) % 29) as f64 / 3.0);
        let names: Vec<String> = (0..123).map(|i| (i / 50).to_string()).collect();
        (x, Labels::from_names(&names))
    }

    fn summary(batch: usize) -> Summary {
        let (x, labels) = data();
        let wanted = SummaryNeeds {
            scatter: true,
            normalised: true,
            unit_scatter: false,
            sample: 20,
            seed: 7,
        };
        let mut s = Summariser::new(123, 4, Some(&labels), wanted);
        x.axis_chunks_iter(Axis(0), batch).for_each(|rows| s.push(rows));
        s.finish()
    }

    #[test]
    fn all_groups_together_are_the_whole_set() {
        let (x, labels) = data();
        let all = summary(40).all();
        assert_eq!(all.classes.counts(), [50, 50, 23]);
        assert_eq!(
            all.classes.counts().iter().map(|&n| n as usize).collect::<Vec<_>>(),
            labels.counts()
        );
        let mean = x.slice(s![50..100, ..]).mean_axis(Axis(0)).unwrap();
        for (got, expected) in all.classes.means().row(1).iter().zip(&mean) {
            assert!((got - expected).abs() < 1e-13);
        }
        assert_eq!(all.moments.unwrap().n(), 123);
    }

    #[test]
    fn every_group_has_its_share_of_every_class() {
        for part in summary(40).parts {
            assert_eq!(part.classes.counts()[..2], [5, 5]);
            assert_eq!(part.rows, part.classes.counts().iter().sum::<u64>());
            assert!((2..=3).contains(&part.classes.counts()[2]));
        }
    }

    #[test]
    fn the_sample_is_rows_of_the_set_however_it_is_read() {
        let (x, _) = data();
        let (a, b) = (summary(40), summary(7));
        assert_eq!(a.sample.rows, b.sample.rows);
        for row in a.sample.rows.outer_iter() {
            assert!(x.outer_iter().any(|r| r == row));
        }
    }
}
