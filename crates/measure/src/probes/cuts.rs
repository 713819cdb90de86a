//! Which rows are fitted on and which are held out: by class, under a seed.

use rand::seq::SliceRandom as _;

use crate::stats::generator;

/// Random streams (see [`generator`]).
const HELD_OUT: u64 = 21;
const FOLDS: u64 = 22;

/// Folds of cross-validation.
pub const CROSS: usize = 5;

/// Rows fitted on, and rows that are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Places of the rows fitted on, in order.
    pub fit: Vec<usize>,
    /// Places of the others.
    pub held: Vec<usize>,
}

/// The places of each class, each list in a random order under a seed.
fn shuffled(places: &[usize], classes: &[u32], count: usize, seed: u64, stream: u64) -> Vec<Vec<usize>> {
    let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (i, &place) in places.iter().enumerate() {
        of_class[classes[place] as usize].push(i);
    }
    let mut rng = generator(seed, stream);
    of_class.iter_mut().for_each(|members| members.shuffle(&mut rng));
    of_class
}

/// Holds out max(1, n_c / 10) rows of each class; a class of one row stays in.
pub fn hold_out(places: &[usize], classes: &[u32], count: usize, seed: u64) -> Cut {
    let mut held = vec![false; places.len()];
    for members in shuffled(places, classes, count, seed, HELD_OUT) {
        if members.len() > 1 {
            members[..(members.len() / 10).max(1)]
                .iter()
                .for_each(|&i| held[i] = true);
        }
    }
    parted(places, &held)
}

/// Deals the rows of each class into folds: for each fold the rows of the others, and its own. A class starts where the one
/// before ended, so that folds are of one size.
pub fn folds(places: &[usize], classes: &[u32], count: usize, folds: usize, seed: u64) -> Vec<Cut> {
    let mut fold = vec![0; places.len()];
    let dealt = shuffled(places, classes, count, seed, FOLDS);
    for (i, at) in dealt.into_iter().flatten().zip((0..folds).cycle()) {
        fold[i] = at;
    }
    (0..folds)
        .map(|f| parted(places, &fold.iter().map(|&own| own == f).collect::<Vec<_>>()))
        .collect()
}

fn parted(places: &[usize], held: &[bool]) -> Cut {
    let of = |wanted: bool| {
        let rows = places.iter().zip(held).filter(move |(_, held)| **held == wanted);
        rows.map(|(&place, _)| place).collect()
    };
    Cut {
        fit: of(false),
        held: of(true),
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
        let places: Vec<usize> = (0..64).collect();
        let cut = hold_out(&places, &classes, 3, 7);
        let count = |c: u32| cut.held.iter().filter(|&&i| classes[i] == c).count();
        assert_eq!([count(0), count(1), count(2)], [4, 0, 2]);
        assert_eq!(cut.fit.len() + cut.held.len(), 64);
        assert_ne!(hold_out(&places, &classes, 3, 8), cut);
    }

    #[test]
    fn every_row_is_held_out_in_one_fold() {
        let classes: Vec<u32> = (0..47).map(|i| i % 3).collect();
        let places: Vec<usize> = (0..47).collect();
        let cuts = folds(&places, &classes, 3, CROSS, 0);
        let mut seen: Vec<usize> = cuts.iter().flat_map(|cut| cut.held.clone()).collect();
        seen.sort_unstable();
        assert_eq!(seen, places);
        for cut in &cuts {
            assert!((9..=10).contains(&cut.held.len()));
            let of_class = |c: u32| cut.held.iter().filter(|&&i| classes[i] == c).count();
            assert!((0..3).all(|c| (2..=4).contains(&of_class(c))));
        }
    }
}
