//! Mean distances of rows to the classes of their set, with all rows and in each half-sample.
//!
//! Rows are taken class by class, so that the distances between two blocks of whole classes are all that their rows need of
//! each other: each pair of blocks is multiplied once and serves both, and no sums over classes are held.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

use super::centre::joint_centre;
use super::rows::Rows;
use super::sweep::write_squared;
use crate::uncertainty::{GROUPS, Groups, RESAMPLES, all_and_halves};

/// Rows that classes are joined up to, into blocks of whole classes.
const JOINED: usize = 1024;

/// Rows of a block above which its distances are too many to serve both sides at once: they are made once for each, in pieces.
const LARGE: usize = 8192;

/// Distances held at a time by each thread.
const HELD: usize = 4 << 20;

/// How far a row is from the classes, on average over their rows: with all rows, then in each half-sample that the row is in
/// (in the order of [`all_and_halves`]; the others are not known).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToClasses {
    /// To the other rows of its class; `None` where there are none.
    pub own: [Option<f64>; RESAMPLES],
    /// To the rows of the nearest other class; infinite where there is none, NaN where a distance is.
    pub other: [f64; RESAMPLES],
}

/// A class: its rows stand together, group after group.
struct Class {
    /// Where the rows of each group begin, and the last ones end.
    bounds: [usize; GROUPS + 1],
    /// Its rows in each resample.
    counts: [usize; RESAMPLES],
}

/// Whole classes that stand together.
struct Block {
    classes: Range<usize>,
    rows: Range<usize>,
}

/// Rows and the block whose classes they are measured against; `both` ways, or for the rows alone.
struct Task {
    block: usize,
    rows: Range<usize>,
    against: usize,
    both: bool,
}

/// The labelled rows of a set, class by class.
struct Sorted<'r> {
    rows: &'r Rows,
    /// Their places among all rows.
    order: Vec<usize>,
    classes: Vec<Class>,
    blocks: Vec<Block>,
    centre: Array1<f64>,
    squares: Vec<f64>,
    /// For each group the resamples that hold it, with the groups of each.
    holding: [Vec<(usize, Vec<usize>)>; GROUPS],
}

/// For each row its mean `distance` to its class and to the nearest other one, `None` where it has no class. A distance is made
/// from the squared Euclidean one and the places of both rows, and is the same either way round.
pub fn class_distances(rows: &Rows, distance: impl Fn(f64, usize, usize) -> f64 + Sync) -> Vec<Option<ToClasses>> {
    let sorted = Sorted::new(rows);
    let held: Vec<Mutex<Vec<ToClasses>>> = sorted
        .blocks
        .iter()
        .map(|block| Mutex::new(vec![ToClasses::UNKNOWN; block.rows.len()]))
        .collect();
    sorted
        .tasks()
        .into_par_iter()
        .for_each(|task| sorted.measure(&task, &distance, &held));
    let mut found = vec![None; rows.len()];
    let of_sorted = held
        .into_iter()
        .flat_map(|block| block.into_inner().unwrap_or_else(PoisonError::into_inner));
    for (&place, one) in sorted.order.iter().zip(of_sorted) {
        found[place] = Some(one);
    }
    found
}

impl ToClasses {
    const UNKNOWN: Self = Self {
        own: [None; RESAMPLES],
        other: [f64::INFINITY; RESAMPLES],
    };

    /// Takes in the sums of the distances to each group of a class, for the resamples `holding` the row.
    fn offer(&mut self, sums: &[f64; GROUPS], class: &Class, is_own: bool, holding: &[(usize, Vec<usize>)]) {
        for (place, groups) in holding {
            let (place, rows) = (*place, class.counts[*place]);
            let sum: f64 = groups.iter().map(|&group| sums[group]).sum();
            if is_own {
                self.own[place] = (rows > 1).then(|| sum / (rows - 1) as f64);
            } else if rows > 0 {
                let (mean, least) = (sum / rows as f64, &mut self.other[place]);
                // What is no number stays so: the smaller of two distances must not hide it.
                if mean < *least || mean.is_nan() {
                    *least = mean;
                }
            }
        }
    }
}

impl Class {
    fn rows(&self) -> Range<usize> {
        self.bounds[0]..self.bounds[GROUPS]
    }

    fn group(&self, group: usize) -> Range<usize> {
        self.bounds[group]..self.bounds[group + 1]
    }
}

impl<'r> Sorted<'r> {
    fn new(rows: &'r Rows) -> Self {
        let key = |i: usize| Some((rows.classes()[i]?, rows.groups()[i]));
        let mut order: Vec<usize> = (0..rows.len()).filter(|&i| key(i).is_some()).collect();
        order.sort_by_key(|&i| key(i));
        let resamples = all_and_halves();
        let groups_of = |kept: Groups| (0..GROUPS).filter(move |&g| kept.has(g as u8));
        let mut classes = Vec::new();
        let mut from = 0;
        for of_class in order.chunk_by(|&i, &j| rows.classes()[i] == rows.classes()[j]) {
            let before = |group: usize| of_class.partition_point(|&i| usize::from(rows.groups()[i]) < group);
            let bounds: [usize; GROUPS + 1] = std::array::from_fn(|group| from + before(group));
            let count = |kept: &Groups| -> usize { groups_of(*kept).map(|g| bounds[g + 1] - bounds[g]).sum() };
            classes.push(Class {
                bounds,
                counts: std::array::from_fn(|place| count(&resamples[place])),
            });
            from += of_class.len();
        }
        let mut blocks: Vec<Block> = Vec::new();
        for (c, class) in classes.iter().enumerate() {
            match blocks.last_mut() {
                Some(last) if last.rows.len() + class.rows().len() <= JOINED => {
                    last.classes.end = c + 1;
                    last.rows.end = class.rows().end;
                }
                _ => blocks.push(Block {
                    classes: c..c + 1,
                    rows: class.rows(),
                }),
            }
        }
        let centre = joint_centre(rows, rows);
        let squares: Vec<Vec<f64>> = order
            .par_chunks(JOINED)
            .map(|places| {
                (rows.select(places) - &centre)
                    .outer_iter()
                    .map(|r| r.dot(&r))
                    .collect()
            })
            .collect();
        Self {
            rows,
            order,
            classes,
            blocks,
            centre,
            squares: squares.concat(),
            holding: std::array::from_fn(|group| {
                let held = resamples.iter().enumerate().filter(|(_, kept)| kept.has(group as u8));
                held.map(|(place, kept)| (place, groups_of(*kept).collect())).collect()
            }),
        }
    }

    /// Every row against every block, each pair of blocks once where they are not large.
    fn tasks(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for (i, block) in self.blocks.iter().enumerate() {
            for (j, other) in self.blocks.iter().enumerate() {
                let both = i != j && block.rows.len().max(other.rows.len()) <= LARGE;
                let step = if both { block.rows.len() } else { JOINED };
                if both && i > j {
                    continue;
                }
                let pieces = block.rows.clone().step_by(step);
                tasks.extend(pieces.map(|from| Task {
                    block: i,
                    rows: from..(from + step).min(block.rows.end),
                    against: j,
                    both,
                }));
            }
        }
        tasks
    }

    fn measure(
        &self,
        task: &Task,
        distance: &(impl Fn(f64, usize, usize) -> f64 + Sync),
        held: &[Mutex<Vec<ToClasses>>],
    ) {
        let (block, other) = (&self.blocks[task.block], &self.blocks[task.against]);
        let columns = other.rows.len();
        let step = (HELD / columns).clamp(8, JOINED);
        // Sums over the rows of one class of each group, of every column.
        let mut sums = Array2::<f64>::zeros((GROUPS, if task.both { columns } else { 0 }));
        let mut classes = self.classes[block.classes.clone()].iter();
        let mut class = classes.next().expect("a block has classes");
        for from in task.rows.clone().step_by(step) {
            let rows = from..(from + step).min(task.rows.end);
            let distances = self.distances(rows.clone(), other.rows.clone(), distance);
            {
                // Whatever panicked while it held a lock will end the whole search.
                let mut held = held[task.block].lock().unwrap_or_else(PoisonError::into_inner);
                for (i, row) in rows.clone().zip(distances.outer_iter()) {
                    let row = row.to_slice().expect("rows of a standard layout");
                    for class in &self.classes[other.classes.clone()] {
                        let sums = std::array::from_fn(|group| {
                            let places = class.group(group);
                            row[places.start - other.rows.start..places.end - other.rows.start]
                                .iter()
                                .sum()
                        });
                        let is_own = class.rows().contains(&i);
                        held[i - block.rows.start].offer(&sums, class, is_own, self.holding(i));
                    }
                }
            }
            if !task.both {
                continue;
            }
            for (i, row) in rows.zip(distances.outer_iter()) {
                let group = usize::from(self.rows.groups()[self.order[i]]);
                let mut sum = sums.row_mut(group);
                sum += &row;
                if i + 1 == class.rows().end {
                    let mut held = held[task.against].lock().unwrap_or_else(PoisonError::into_inner);
                    for ((held, sums), j) in held.iter_mut().zip(sums.columns()).zip(other.rows.clone()) {
                        held.offer(&std::array::from_fn(|group| sums[group]), class, false, self.holding(j));
                    }
                    sums.fill(0.0);
                    class = classes.next().unwrap_or(class);
                }
            }
        }
    }

    /// The resamples that hold the row at a place of the order.
    fn holding(&self, i: usize) -> &[(usize, Vec<usize>)] {
        &self.holding[usize::from(self.rows.groups()[self.order[i]])]
    }

    /// The distances of some rows to all rows of a range.
    fn distances(
        &self,
        rows: Range<usize>,
        others: Range<usize>,
        distance: &(impl Fn(f64, usize, usize) -> f64 + Sync),
    ) -> Array2<f64> {
        let centred = |places: Range<usize>| self.rows.select(&self.order[places]) - &self.centre;
        let own = centred(rows.clone());
        let mut out = Array2::zeros((rows.len(), others.len()));
        for start in others.clone().step_by(JOINED) {
            let end = (start + JOINED).min(others.end);
            let them = centred(start..end);
            let part = s![.., start - others.start..end - others.start];
            write_squared(
                (own.view(), &self.squares[rows.clone()]),
                (them.view(), &self.squares[start..end]),
                out.slice_mut(part),
                |i, j| {
                    let (i, j) = (self.order[rows.start + i], self.order[start + j]);
                    self.rows.squared_apart(i, self.rows, j)
                },
            );
        }
        for (i, mut row) in rows.zip(out.axis_iter_mut(Axis(0))) {
            for (j, x) in others.clone().zip(&mut row) {
                let squared = if i == j { 0.0 } else { *x };
                *x = distance(squared, self.order[i], self.order[j]);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Labels;

    /// Rows of classes of these sizes, mixed, the last ones without a label.
    fn rows(sizes: &[usize], unlabelled: usize) -> Rows {
        const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
        let of_class = sizes.iter().zip(NAMES).flat_map(|(&n, name)| vec![Some(name); n]);
        let mut names: Vec<Option<&str>> = of_class.collect();
        let n = names.len();
        (0..n).for_each(|i| names.swap(i, (i * 7919) % n));
        names.extend(vec![None; unlabelled]);
        let values = Array2::from_shape_fn((names.len(), 3), |(i, j)| {
            1e3 + ((i * 31 + j * 17 + i * i * j) % 101) as f64 / 3.0
        });
        let groups: Vec<u8> = (0..names.len()).map(|i| ((i * 13) % 10) as u8).collect();
        let labels = Labels::from_optional(&names);
        let mut rows = Rows::choose((0..names.len()).collect(), &groups, Some(&labels), 3);
        rows.push(values.view());
        rows
    }

    fn of_a_plain_loop(rows: &Rows, i: usize) -> Option<ToClasses> {
        let own = rows.classes()[i]?;
        let classes = rows.classes().iter().flatten().max().unwrap() + 1;
        let mut found = ToClasses::UNKNOWN;
        for (place, groups) in all_and_halves().into_iter().enumerate() {
            for c in 0..classes {
                let kept = (0..rows.len()).filter(|&j| rows.classes()[j] == Some(c) && groups.has(rows.groups()[j]));
                let apart: Vec<f64> = kept.map(|j| rows.squared_apart(i, rows, j).sqrt()).collect();
                let sum: f64 = apart.iter().sum();
                if c == own {
                    found.own[place] = (apart.len() > 1).then(|| sum / (apart.len() - 1) as f64);
                } else if !apart.is_empty() {
                    found.other[place] = found.other[place].min(sum / apart.len() as f64);
                }
            }
        }
        Some(found)
    }

    fn close(a: f64, b: f64) -> bool {
        a == b || (a - b).abs() < 1e-9 * b.abs()
    }

    #[test]
    fn distances_to_classes_are_those_of_a_plain_loop() {
        // Several blocks, a class larger than one, a class of one row, and one class alone.
        for (sizes, unlabelled) in [(vec![1_100, 40, 1, 700, 500, 333, 2], 3), (vec![30], 2)] {
            let rows = rows(&sizes, unlabelled);
            let found = class_distances(&rows, |squared, _, _| squared.sqrt());
            for i in (0..rows.len()).step_by(97).chain([rows.len() - 1]) {
                let (found, expected) = (found[i], of_a_plain_loop(&rows, i));
                assert_eq!(found.is_some(), expected.is_some());
                let (Some(found), Some(expected)) = (found, expected) else {
                    continue;
                };
                let own = rows.groups()[i];
                for (place, _) in all_and_halves().iter().enumerate().filter(|(_, kept)| kept.has(own)) {
                    assert!(close(found.other[place], expected.other[place]));
                    match (found.own[place], expected.own[place]) {
                        (Some(a), Some(b)) => assert!(close(a, b)),
                        (a, b) => assert_eq!(a, b),
                    }
                }
            }
        }
    }

    #[test]
    fn they_are_the_same_for_any_number_of_threads() {
        let rows = rows(&[900, 800, 700, 20, 600], 0);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| class_distances(&rows, |squared, _, _| squared.sqrt()))
        };
        assert_eq!(run(1), run(3));
    }
}
