//! A ConvNeXt from the names and shapes of its tensors.

use super::convnext::{ConvNextSize, HIDDEN, NAMED, depths};
use super::details::Details;
use super::network::Cnn;
use crate::checkpoint::arch::tensors::{Shapes, apart, most};

pub(in crate::checkpoint::arch) fn guess(shape: Shapes) -> Option<Cnn> {
    // A stage without blocks between others has lost them.
    let mut depths: Vec<usize> = depths(shape).into_iter().map(|depth| depth.max(1)).collect();
    let mut widths: Vec<usize> = Vec::new();
    for stage in 0..depths.len() {
        // What most tensors say: one of another shape does not make another network.
        let first = |t: &str, block: usize| {
            let found = shape(&format!("features.{}.{block}.{t}", 2 * stage + 1))?;
            found.first().copied()
        };
        let tensors = ["block.2.weight", "block.0.weight", "block.5.weight"];
        let width = most((0..3).flat_map(|block| tensors.map(|t| first(t, block))));
        widths.push(
            width
                .or(widths.last().map(|w| 2 * w))
                .filter(|w| (1..=1 << 14).contains(w))?,
        );
    }
    let having = |t: &str| {
        let in_stage = |(stage, depth): (usize, &usize)| {
            (0..*depth)
                .filter(|b| shape(&format!("features.{}.{b}.{t}", 2 * stage + 1)).is_some())
                .count()
        };
        depths.iter().enumerate().map(in_stage).sum::<usize>()
    };
    let second = having("grn.weight").max(having("grn.bias")) > having("layer_scale");
    let pointwise = ["block.3.weight", "block.5.weight"]
        .iter()
        .any(|t| shape(&format!("features.1.0.{t}")).is_some_and(|s| s.len() == 4));
    let hidden = ["weight", "bias"]
        .iter()
        .find_map(|part| shape(&format!("{HIDDEN}.{part}"))?.first().copied())
        .filter(|n| (1..=1 << 14).contains(n));
    let patch = shape("features.0.0.weight")
        .and_then(|s| s.last().copied())
        .filter(|p| *p > 0);
    // One that lost its last block is a damaged network of a known depth, not another one.
    let named = NAMED.iter().filter(|(name, first, _)| {
        name.starts_with("convnextv2") == second && widths.iter().enumerate().all(|(i, w)| *w == first << i)
    });
    if let Some((_, first, known)) = named.min_by_key(|(_, _, known)| apart(known, &depths)) {
        widths = (0..4).map(|i| first << i).collect();
        depths = known.to_vec();
    }
    let size = ConvNextSize {
        second,
        widths,
        depths,
        patch: patch.unwrap_or(4),
    };
    (!size.widths.is_empty() && size.patch <= 64).then(|| Cnn {
        name: size.name(),
        details: Details {
            pointwise,
            hidden,
            ..Details::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::arch::architecture::Arch;
    use crate::checkpoint::arch::cnn::convnext::names;
    use crate::checkpoint::arch::tensors::all_but;

    #[test]
    fn every_size_is_guessed_from_its_own_tensors_and_from_most_of_them() {
        for name in names() {
            let arch = Arch::parse(&name).unwrap();
            let tensors = arch.tensors();
            for lost in [usize::MAX, 0, tensors.len() / 2, tensors.len() - 3] {
                assert_eq!(
                    guess(&all_but(&tensors, lost)).map(Arch::Cnn),
                    Some(arch.clone()),
                    "{name} without {lost}"
                );
            }
        }
    }
}
