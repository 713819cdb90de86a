//! Which rows are fitted on and which are held out: by class, under a seed, rows that belong together on one side.

use rand::seq::SliceRandom as _;

use crate::stats::generator;

/// Random streams (see [`generator`]).
const HELD_OUT: u64 = 21;
const FOLDS: u64 = 22;

/// Folds of cross-validation.
pub const CROSS: usize = 5;

/// Rows fitted on, and rows that are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Places of the rows fitted on, in order.
    pub fit: Vec<usize>,
    /// Places of the others.
    pub held: Vec<usize>,
}

/// What a cut goes by.
#[derive(Clone, Copy)]
pub struct Strata<'a> {
    /// Class of each row.
    pub classes: &'a [u32],
    /// C.
    pub count: usize,
    /// Group of each row, where rows belong together.
    pub groups: Option<&'a [u32]>,
}

/// Rows of some places that go one way together: how many of each class.
struct Unit {
    /// Places among those that are cut.
    members: Vec<usize>,
    /// Rows of each class that it has any of.
    tally: Vec<(usize, usize)>,
}

impl Strata<'_> {
    /// Holds out `one_in` so many rows of each class, at least one; a class of one row stays in. Rows that belong together are held
    /// out together: whole groups until each class has so many, but never the last that is left of a class.
    pub fn hold_out(&self, places: &[usize], one_in: usize, seed: u64) -> Fold {
        let mut held = vec![false; places.len()];
        let wanted = |rows: usize| if rows > 1 { (rows / one_in).max(1) } else { 0 };
        if self.groups.is_none() {
            for members in self.shuffled(places, seed, HELD_OUT) {
                members[..wanted(members.len())].iter().for_each(|&i| held[i] = true);
            }
            return parted(places, &held);
        }
        let mut all = vec![0; self.count];
        places.iter().for_each(|&place| all[self.classes[place] as usize] += 1);
        let mut out = vec![0; self.count];
        for unit in self.units(places, seed, HELD_OUT) {
            let lacks = unit.tally.iter().any(|&(c, _)| out[c] < wanted(all[c]));
            let leaves = unit.tally.iter().all(|&(c, rows)| out[c] + rows < all[c]);
            if lacks && leaves {
                unit.tally.iter().for_each(|&(c, rows)| out[c] += rows);
                unit.members.iter().for_each(|&i| held[i] = true);
            }
        }
        parted(places, &held)
    }

    /// Deals the rows of each class into folds: for each fold the rows of the others, and its own. A class starts where the one
    /// before ended, so that folds are of one size. Groups are dealt whole, the largest first, each to the fold that has the least
    /// of its classes.
    pub fn folds(&self, places: &[usize], folds: usize, seed: u64) -> Vec<Fold> {
        let mut fold = vec![0; places.len()];
        if self.groups.is_none() {
            let dealt = self.shuffled(places, seed, FOLDS);
            for (i, at) in dealt.into_iter().flatten().zip((0..folds).cycle()) {
                fold[i] = at;
            }
        } else {
            let mut units = self.units(places, seed, FOLDS);
            units.sort_by_key(|unit| std::cmp::Reverse(unit.members.len()));
            let (mut dealt, mut sizes) = (vec![vec![0; self.count]; folds], vec![0; folds]);
            for unit in units {
                let load = |f: &usize| unit.tally.iter().map(|&(c, rows)| rows * dealt[*f][c]).sum::<usize>();
                let at = (0..folds).min_by_key(|f| (load(f), sizes[*f])).unwrap_or(0);
                unit.tally.iter().for_each(|&(c, rows)| dealt[at][c] += rows);
                sizes[at] += unit.members.len();
                unit.members.iter().for_each(|&i| fold[i] = at);
            }
        }
        (0..folds)
            .map(|f| parted(places, &fold.iter().map(|&own| own == f).collect::<Vec<_>>()))
            .collect()
    }

    /// The places of each class, each list in a random order under a seed.
    fn shuffled(&self, places: &[usize], seed: u64, stream: u64) -> Vec<Vec<usize>> {
        let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); self.count];
        for (i, &place) in places.iter().enumerate() {
            of_class[self.classes[place] as usize].push(i);
        }
        let mut rng = generator(seed, stream);
        of_class.iter_mut().for_each(|members| members.shuffle(&mut rng));
        of_class
    }

    /// The groups, in a random order under a seed.
    fn units(&self, places: &[usize], seed: u64, stream: u64) -> Vec<Unit> {
        let groups = self.groups.unwrap_or_default();
        let mut by_group: Vec<(u32, usize)> = (0..).zip(places).map(|(i, &place)| (groups[place], i)).collect();
        by_group.sort_unstable();
        let unit = |rows: &[(u32, usize)]| {
            let members: Vec<usize> = rows.iter().map(|row| row.1).collect();
            let mut classes: Vec<usize> = members.iter().map(|&i| self.classes[places[i]] as usize).collect();
            classes.sort_unstable();
            let tally = classes.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
            Unit { members, tally }
        };
        let mut units: Vec<Unit> = by_group.chunk_by(|a, b| a.0 == b.0).map(unit).collect();
        units.shuffle(&mut generator(seed, stream));
        units
    }
}

fn parted(places: &[usize], held: &[bool]) -> Fold {
    let side = |wanted: bool| {
        let rows = places.iter().zip(held).filter(move |(_, held)| **held == wanted);
        rows.map(|(&place, _)| place).collect()
    };
    Fold {
        fit: side(false),
        held: side(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_each_class_is_held_out_and_single_rows_stay() {
        let classes: Vec<u32> = (0..64)
            .map(|i| if i < 40 { 0 } else { u32::from(i < 63) + 1 })
            .collect();
        // 40 of class 0, 23 of class 2, one of class 1.
        let strata = Strata {
            classes: &classes,
            count: 3,
            groups: None,
        };
        let places: Vec<usize> = (0..64).collect();
        let cut = strata.hold_out(&places, 10, 7);
        let count = |c: u32| cut.held.iter().filter(|&&i| classes[i] == c).count();
        assert_eq!([count(0), count(1), count(2)], [4, 0, 2]);
        assert_eq!(cut.fit.len() + cut.held.len(), 64);
        assert_ne!(strata.hold_out(&places, 10, 8), cut);
    }

    #[test]
    fn every_row_is_held_out_in_one_fold() {
        let classes: Vec<u32> = (0..47).map(|i| i % 3).collect();
        let strata = Strata {
            classes: &classes,
            count: 3,
            groups: None,
        };
        let places: Vec<usize> = (0..47).collect();
        let cuts = strata.folds(&places, CROSS, 0);
        let mut seen: Vec<usize> = cuts.iter().flat_map(|cut| cut.held.clone()).collect();
        seen.sort_unstable();
        assert_eq!(seen, places);
        for cut in &cuts {
            assert!((9..=10).contains(&cut.held.len()));
            let of_class = |c: u32| cut.held.iter().filter(|&&i| classes[i] == c).count();
            assert!((0..3).all(|c| (2..=4).contains(&of_class(c))));
        }
    }

    #[test]
    fn groups_are_whole_on_one_side_of_every_cut() {
        // 60 groups of 1 to 4 rows, one class each but for the last ten, which have two.
        let (mut classes, mut groups) = (Vec::new(), Vec::new());
        for g in 0..60u32 {
            for i in 0..=g % 4 {
                classes.push(if g < 50 { g % 3 } else { i % 3 });
                groups.push(g);
            }
        }
        let strata = Strata {
            classes: &classes,
            count: 3,
            groups: Some(&groups),
        };
        let places: Vec<usize> = (0..classes.len()).collect();
        let whole = |cut: &Fold| {
            let of_side = |side: &[usize]| {
                side.iter()
                    .map(|&i| groups[i])
                    .collect::<std::collections::BTreeSet<_>>()
            };
            of_side(&cut.fit).is_disjoint(&of_side(&cut.held))
        };
        let cut = strata.hold_out(&places, 10, 3);
        assert!(whole(&cut));
        for c in 0..3 {
            let (all, held) = (
                classes.iter().filter(|&&own| own == c).count(),
                cut.held.iter().filter(|&&i| classes[i] == c).count(),
            );
            assert!(held >= all / 10 && held <= all / 10 + 4, "{held} of {all}");
        }
        let cuts = strata.folds(&places, CROSS, 3);
        assert_eq!(cuts.iter().map(|cut| cut.held.len()).sum::<usize>(), places.len());
        for cut in &cuts {
            assert!(whole(cut));
            assert!(
                (0..3).all(|c| cut.held.iter().filter(|&&i| classes[i] == c).count() >= 8),
                "{cut:?}"
            );
        }
    }

    #[test]
    fn the_last_rows_of_a_class_are_not_held_out_with_their_group() {
        let classes = [0, 0, 0, 1, 1, 1];
        let groups = [7, 7, 7, 8, 8, 9];
        let strata = Strata {
            classes: &classes,
            count: 2,
            groups: Some(&groups),
        };
        for seed in 0..20 {
            let cut = strata.hold_out(&[0, 1, 2, 3, 4, 5], 10, seed);
            assert!(cut.fit.starts_with(&[0, 1, 2]), "{cut:?}");
            assert!(!cut.held.is_empty() && cut.fit.len() > 3, "{cut:?}");
        }
    }
}
