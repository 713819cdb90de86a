//! Ranks of things in order, equal ones sharing their mean rank.

/// Gives each thing that is kept its mean rank, from 1, among those kept; `order` says of each thing, from the least to the
/// largest, whether it equals the one before.
pub(super) fn mean_ranks(
    order: impl Iterator<Item = (u32, bool)>,
    kept: impl Fn(usize) -> bool,
    mut give: impl FnMut(usize, f64),
) {
    let mut equal: Vec<u32> = Vec::new();
    let mut before = 0;
    let mut settle = |equal: &mut Vec<u32>| {
        let mean = before as f64 + (equal.len() as f64 + 1.0) / 2.0;
        equal.iter().for_each(|&thing| give(thing as usize, mean));
        before += equal.len();
        equal.clear();
    };
    for (thing, as_before) in order {
        if !as_before {
            settle(&mut equal);
        }
        if kept(thing as usize) {
            equal.push(thing);
        }
    }
    settle(&mut equal);
}
