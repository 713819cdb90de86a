//! The part of a data set that one of several machines extracts.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::store::StoreShard;

/// Reads `I/N`.
///
/// # Errors
/// When it is not that, or I does not lie in 1 to N.
pub fn parse(text: &str) -> Result<(usize, usize)> {
    let parts = text.split_once('/').map(|(i, n)| (i.parse().ok(), n.parse().ok()));
    match parts {
        Some((Some(index), Some(count))) if (1..=count).contains(&index) => Ok((index, count)),
        _ => Err(Error::input(format!(
            "shard {text:?}: expected I/N, I from 1 to N, as in 1/4"
        ))),
    }
}

/// Shard `index` of `count`: whole batches of `images` images, as even as they divide, so that each batch is one of the
/// whole run's and its features have the same bytes.
///
/// # Errors
/// When there are fewer batches than shards.
pub(super) fn cut(index: usize, count: usize, images: usize, batch_size: usize) -> Result<StoreShard> {
    let batches = images.div_ceil(batch_size);
    let bound = |i: usize| (batches as u128 * i as u128 / count as u128) as usize * batch_size;
    let (from, to) = (bound(index - 1), bound(index).min(images));
    if from >= to {
        return Err(Error::input(format!(
            "{images} images are {batches} batches of {batch_size}, too few for {count} shards of whole batches; pass a \
             smaller --batch-size (the same for every shard) or fewer shards"
        )));
    }
    Ok(StoreShard {
        index,
        count,
        first_image: from,
        images: to - from,
    })
}

/// The images to extract: those of the shard, or all.
pub(super) fn range(shard: Option<&StoreShard>, images: usize) -> Range<usize> {
    shard.map_or(0..images, |s| s.first_image..s.first_image + s.images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_whole_batches_and_together_everything() {
        for (images, batch_size, count) in [(600, 64, 3), (100, 1, 7), (10, 3, 4), (5, 5, 1)] {
            let mut next = 0;
            for index in 1..=count {
                let shard = cut(index, count, images, batch_size).unwrap();
                assert_eq!((shard.first_image, shard.first_image % batch_size), (next, 0));
                next += shard.images;
            }
            assert_eq!(next, images);
        }
        let error = cut(1, 3, 100, 64).unwrap_err().to_string();
        assert!(error.contains("2 batches of 64, too few for 3"), "{error}");
    }

    #[test]
    fn shards_are_read_and_nonsense_is_refused() {
        assert_eq!(parse("2/4").unwrap(), (2, 4));
        for bad in ["", "2", "0/4", "5/4", "1/0", "a/b", "1/2/3", "-1/2"] {
            assert!(parse(bad).unwrap_err().to_string().contains("I from 1 to N"), "{bad}");
        }
    }
}
