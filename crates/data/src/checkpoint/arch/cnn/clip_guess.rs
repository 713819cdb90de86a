//! CLIP's ResNet from the names and shapes of its tensors.

use super::clip::{ClipSize, NAMED, STRIDE, TELLING, depths};
use super::details::Details;
use super::network::Cnn;
use crate::checkpoint::arch::tensors::{Shapes, apart, most};

pub(in crate::checkpoint::arch) fn guess(shape: Shapes) -> Option<Cnn> {
    if TELLING.split(' ').filter(|name| shape(name).is_some()).count() < 2 {
        return None;
    }
    let first = |name: &str| shape(name)?.first().copied();
    let of_stages = (0..4).map(|i| first(&format!("layer{}.0.conv1.weight", i + 1)).map(|planes| planes >> i));
    let of_stem = [first("conv3.weight"), first("conv1.weight").map(|half| 2 * half)];
    let width = most(of_stages.chain(of_stem)).filter(|w| (2..=512).contains(w) && w.is_multiple_of(2))?;
    let found = depths(shape);
    // One that lost its last block is a damaged network of a known depth, not another one.
    let named = NAMED.iter().filter(|row| row.1 == width);
    let (depths, usual) = named
        .min_by_key(|row| apart(&row.2, &found))
        .map_or((found.map(|d| d.max(1)), 224), |row| (row.2, row.3));
    let image = first("attnpool.positional_embedding")
        .map(|tokens| (tokens.saturating_sub(1) as f64).sqrt().round() as usize * STRIDE)
        .filter(|image| (STRIDE..=8192).contains(image));
    Some(Cnn {
        name: ClipSize::usual(width, depths, image.unwrap_or(usual)).name(),
        details: Details::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::arch::architecture::Arch;
    use crate::checkpoint::arch::cnn::clip::names;
    use crate::checkpoint::arch::tensors::all_but;

    #[test]
    fn every_size_is_guessed_from_its_own_tensors_and_from_most_of_them() {
        for name in names() {
            let arch = Arch::parse(&name).unwrap();
            let tensors = arch.tensors();
            for lost in [usize::MAX, 0, tensors.len() / 2, tensors.len() - 1] {
                assert_eq!(
                    guess(&all_but(&tensors, lost)).map(Arch::Cnn),
                    Some(arch.clone()),
                    "{name} without {lost}"
                );
            }
        }
    }
}
