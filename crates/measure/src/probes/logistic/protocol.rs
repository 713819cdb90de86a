//! Ways of choosing the penalty: this program's, and those of published protocols.

use rand::seq::SliceRandom as _;

use crate::probes::folds::{CROSS, Fold, Strata};
use crate::stats::generator;

/// Values of λ in the grid, from strong to weak.
pub const GRID: usize = 45;
const STRONGEST: f64 = 1.0;
const DECADES: f64 = 8.0;

/// Values that the grid is extended by at an edge: two decades.
const BEYOND: usize = 11;

/// Places of the grid from one value to the next where only few rows are fitted to.
const COARSE: i32 = 4;

/// Random stream of rows that a protocol holds out whatever their class (see [`generator`]).
const HELD_OUT: u64 = 24;

/// Decades of the published grids of 45 values: of C, or of its inverse.
const PUBLISHED: f64 = 11.0;

/// How λ is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The least loss on a tenth of each class.
    Own,
    /// The least loss over folds, from a coarser grid: of few rows.
    Few,
    /// facebookresearch/dinov2, `log_regression.py`.
    Dinov2,
    /// facebookresearch/dinov3, `log_regression.py`.
    Dinov3,
    /// Kornblith et al. 2019, as in linusericsson/ssl-transfer.
    Kornblith,
    /// naver/trex, `logreg_sklearn`.
    Trex,
    /// asrafulashiq/transfer_broad (Islam et al. 2021).
    Islam12,
}

/// A strength that is tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tried {
    /// λ, on scaled features.
    Lambda(f64),
    /// scikit-learn's C, on features as they are.
    C(f64),
    /// Weight decay beside the mean loss, on features as they are.
    Decay(f64),
}

impl Tried {
    /// λ for so many rows of this root mean square.
    pub fn lambda(self, n: f64, rms: f64) -> f64 {
        match self {
            Self::Lambda(lambda) => lambda,
            Self::C(c) => 1.0 / (n * c * rms * rms),
            Self::Decay(decay) => decay / (rms * rms),
        }
    }
}

/// λ at a place of the grid, which may lie beyond either end.
pub fn of_grid(place: i32) -> f64 {
    STRONGEST * 10f64.powf(-DECADES * f64::from(place) / (GRID - 1) as f64)
}

impl Protocol {
    /// The values tried, of which there may be more beyond either end.
    pub(super) fn values(self) -> i32 {
        match self {
            Self::Few => (GRID as i32 - 1) / COARSE + 1,
            Self::Islam12 => 2,
            _ => GRID as i32,
        }
    }

    /// Values beyond either end that are tried where the best is the last.
    pub(super) fn beyond(self) -> i32 {
        match self {
            Self::Own => BEYOND as i32,
            _ => 0,
        }
    }

    /// The value at a place, from strong to weak.
    pub(super) fn at(self, place: i32) -> Tried {
        let published = |strongest: f64| {
            let decades = PUBLISHED * f64::from(place) / (GRID - 1) as f64;
            Tried::C(strongest * 10f64.powf(decades))
        };
        match self {
            Self::Own => Tried::Lambda(of_grid(place)),
            Self::Few => Tried::Lambda(of_grid(COARSE * place)),
            Self::Dinov2 | Self::Dinov3 => published(1e-6),
            Self::Kornblith | Self::Trex => published(1e-5),
            Self::Islam12 => Tried::Decay(if place == 0 { 1e-4 } else { 1e-5 }),
        }
    }

    /// Whether the walk ends when what is held out gets worse and worse.
    pub(super) fn ends_early(self) -> bool {
        matches!(self, Self::Own | Self::Few)
    }

    /// Whether the fits that are tried need not be exact.
    pub(super) fn is_rough(self) -> bool {
        self == Self::Few
    }

    /// Whether the share of held-out rows that are right decides, not their loss.
    pub(super) fn by_accuracy(self) -> bool {
        !matches!(self, Self::Own | Self::Few)
    }

    /// Whether the stronger of equals wins.
    pub(super) fn prefers_strong(self) -> bool {
        self != Self::Kornblith
    }

    /// What is held out, by name.
    pub fn criterion(self) -> &'static str {
        match self.by_accuracy() {
            true => "held_out_error",
            false => "held_out_loss",
        }
    }

    /// The part of a published protocol that is not followed.
    pub fn not_followed(self) -> Option<&'static str> {
        match self {
            Self::Own | Self::Few => None,
            Self::Dinov2 | Self::Dinov3 => {
                Some("not followed: its draw of held-out rows, and its stop before the optimum (after 1,000 steps)")
            }
            Self::Kornblith => Some(
                "not followed: its draw of held-out rows (official validation rows where there are some), and its stop before \
                 the optimum",
            ),
            Self::Trex => Some(
                "not followed: its draw of held-out rows, its stop before the optimum, and its 30 random trials of C: 45 values of \
                 the same range",
            ),
            Self::Islam12 => Some(
                "not followed: SGD, its learning rates, batches and augmentation, weight decay of 0 and of the intercept: the \
                 optimum at weight decay 1e-4 or 1e-5 stands in",
            ),
        }
    }

    /// The cuts of the rows at these places that the choice is made on; none where nothing can be held out.
    pub(super) fn cuts(self, strata: &Strata, places: &[usize], seed: u64) -> Vec<Fold> {
        match self {
            Self::Own | Self::Dinov3 => vec![strata.hold_out(places, 10, seed)],
            Self::Trex => vec![strata.hold_out(places, 5, seed)],
            Self::Few => few(strata, places, seed),
            // Rows that belong together are held out together, whatever was published.
            Self::Dinov2 | Self::Kornblith | Self::Islam12 if strata.groups.is_some() => {
                vec![strata.hold_out(places, self.one_in(), seed)]
            }
            Self::Dinov2 | Self::Kornblith | Self::Islam12 => {
                let share = match self {
                    Self::Islam12 => 3 * places.len() / 10,
                    _ => places.len() / self.one_in(),
                };
                vec![of_any_class(strata, places, share, seed)]
            }
        }
    }

    /// One row in so many is held out.
    fn one_in(self) -> usize {
        match self {
            Self::Kornblith | Self::Trex => 5,
            Self::Islam12 => 3,
            _ => 10,
        }
    }
}

/// So many rows held out whatever their class; but the last of a class stays.
fn of_any_class(strata: &Strata, places: &[usize], rows: usize, seed: u64) -> Fold {
    let mut order = places.to_vec();
    order.shuffle(&mut generator(seed, HELD_OUT));
    let (held, fit) = order.split_at(rows);
    present(
        strata,
        Fold {
            fit: fit.to_vec(),
            held: held.to_vec(),
        },
    )
}

/// Folds of few rows: five, or as many as the smallest class that has several.
fn few(strata: &Strata, places: &[usize], seed: u64) -> Vec<Fold> {
    let mut sizes = vec![0; strata.count];
    places
        .iter()
        .for_each(|&place| sizes[strata.classes[place] as usize] += 1);
    match sizes.into_iter().filter(|&rows| rows > 1).min() {
        Some(least) => {
            let cuts = strata.folds(places, least.min(CROSS), seed);
            cuts.into_iter().map(|cut| present(strata, cut)).collect()
        }
        None => Vec::new(),
    }
}

/// The cut with rows of classes that nothing else is of left in: no classifier could know them.
fn present(strata: &Strata, cut: Fold) -> Fold {
    let mut has = vec![false; strata.count];
    cut.fit.iter().for_each(|&i| has[strata.classes[i] as usize] = true);
    let known = |i: &usize| has[strata.classes[*i] as usize];
    let (held, strange): (Vec<usize>, Vec<usize>) = cut.held.into_iter().partition(known);
    let mut fit = cut.fit;
    fit.extend(strange);
    fit.sort_unstable();
    let mut held = held;
    held.sort_unstable();
    Fold { fit, held }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_those_published() {
        assert_eq!(of_grid(0), 1.0);
        assert!((of_grid(GRID as i32 - 1) / 1e-8 - 1.0).abs() < 1e-12);
        let ends = |protocol: Protocol| [0, protocol.values() - 1].map(|place| protocol.at(place));
        let near = |found: Tried, expected: Tried| match (found, expected) {
            (Tried::C(a), Tried::C(b)) | (Tried::Lambda(a), Tried::Lambda(b)) | (Tried::Decay(a), Tried::Decay(b)) => {
                (a / b - 1.0).abs() < 1e-12
            }
            _ => false,
        };
        for (protocol, first, last) in [
            (Protocol::Own, Tried::Lambda(1.0), Tried::Lambda(1e-8)),
            (Protocol::Few, Tried::Lambda(1.0), Tried::Lambda(1e-8)),
            (Protocol::Dinov2, Tried::C(1e-6), Tried::C(1e5)),
            (Protocol::Dinov3, Tried::C(1e-6), Tried::C(1e5)),
            (Protocol::Kornblith, Tried::C(1e-5), Tried::C(1e6)),
            (Protocol::Trex, Tried::C(1e-5), Tried::C(1e6)),
            (Protocol::Islam12, Tried::Decay(1e-4), Tried::Decay(1e-5)),
        ] {
            let found = ends(protocol);
            assert!(near(found[0], first) && near(found[1], last), "{protocol:?} {found:?}");
        }
    }

    #[test]
    fn a_protocol_holds_out_the_share_it_says() {
        let classes: Vec<u32> = (0..400).map(|i| i % 4).collect();
        let strata = Strata {
            classes: &classes,
            count: 4,
            groups: None,
        };
        let places: Vec<usize> = (0..400).collect();
        for (protocol, cuts, held) in [
            (Protocol::Own, 1, 40),
            (Protocol::Few, 5, 80),
            (Protocol::Dinov2, 1, 40),
            (Protocol::Dinov3, 1, 40),
            (Protocol::Kornblith, 1, 80),
            (Protocol::Trex, 1, 80),
            (Protocol::Islam12, 1, 120),
        ] {
            let found = protocol.cuts(&strata, &places, 1);
            assert_eq!(found.len(), cuts, "{protocol:?}");
            for cut in &found {
                assert_eq!((cut.held.len(), cut.fit.len()), (held, 400 - held), "{protocol:?}");
                assert!(cut.fit.is_sorted() && cut.held.iter().all(|i| !cut.fit.contains(i)));
            }
        }
        // One row a class: nothing to hold out.
        assert!(Protocol::Few.cuts(&strata, &[0, 1, 2, 3], 1).is_empty());
        assert_eq!(Protocol::Few.cuts(&strata, &[0, 1, 2, 3, 4, 5, 6, 7], 1).len(), 2);
    }
}
