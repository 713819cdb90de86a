//! A vision transformer from the names and shapes of its tensors.

use super::names::{SIZES, plain};
use super::network::{FinalNorm, Relative, Rotary, Vit};
use crate::checkpoint::arch::tensors::{self, Shapes};

/// No network here has more blocks.
const MOST: usize = 128;

/// The blocks that the tensors show.
pub(in crate::checkpoint) fn blocks(shape: Shapes) -> Option<usize> {
    const TELLING: [&str; 3] = ["norm1.weight", "attn.qkv.weight", "mlp.fc2.weight"];
    let found = tensors::blocks(shape, MOST, &TELLING, |b, t| format!("blocks.{b}.{t}"));
    Some(found).filter(|count| *count > 0)
}

pub(in crate::checkpoint::arch) fn guess(shape: Shapes) -> Option<Vit> {
    let block = |t: &str| (0..2).find_map(|i| shape(&format!("blocks.{i}.{t}")));
    let found = blocks(shape)?;
    let first = |s: Option<Vec<usize>>| s.and_then(|s| s.first().copied());
    let has = |name: &str| shape(name).is_some();
    let affine = |name: &str| has(&format!("{name}.weight")) || has(&format!("{name}.bias"));
    let width = first(block("norm1.weight"))
        .or_else(|| first(block("attn.proj.weight")))
        .or_else(|| shape("pos_embed").and_then(|s| s.last().copied()))
        .filter(|w| *w > 0)?;
    let named = SIZES.iter().find(|s| s.1 == width);
    // One that lost its last block, or has one too many, is a damaged network of a known depth, not another one.
    let depth = named.map_or(found, |s| s.2);
    let table = block("attn.relative_position_bias_table");
    let shared = shape("rel_pos_bias.relative_position_bias_table");
    let periods = first(shape("rope.periods")).filter(|n| *n > 0);
    // Tables of biases have a column for each head, and heads are four times as wide as there are periods.
    let told = [&table, &shared].into_iter().flatten().find_map(|t| t.get(1).copied());
    let told = told.or(periods.map(|n| width / (4 * n)));
    let heads = told.filter(|heads| *heads > 0 && width.is_multiple_of(*heads));
    let heads = heads.unwrap_or_else(|| named.map_or((width / 64).max(1), |s| s.3));
    let patch = shape("patch_embed.proj.weight")
        .and_then(|s| s.last().copied())
        .filter(|p| *p > 0)
        .unwrap_or(16);
    let count = shape("pos_embed").and_then(|s| s.get(1).copied());
    // One embedding more than a square grid has belongs to a class token, even where that token got lost; so do the last
    // distances of a table.
    let class_token = has("cls_token")
        || table.is_some()
        || shared.is_some()
        || count.and_then(|c| split(c, [0, 1, 1])).is_some_and(|s| s.0 == 1);
    let registers = shape("reg_token").and_then(|s| s.get(1).copied()).unwrap_or(0);
    let by_distance = [&table, &shared]
        .into_iter()
        .flatten()
        .find_map(|t| grid_of(*t.first()?));
    let (placed, grid) = count
        .and_then(|c| split(c, [usize::from(class_token), 0, 1 + registers]))
        .or(by_distance.map(|grid| (usize::from(class_token), grid)))
        .unwrap_or((usize::from(class_token), 224 / patch.min(224)));
    // Some files hold the places in the table too.
    let own = table.is_some() || block("attn.relative_position_index").is_some();
    let common = shared.is_some() || has("rel_pos_bias.relative_position_index");
    let relative = own.then_some(Relative::Own).or(common.then_some(Relative::Shared));
    let inner = first(block("mlp.fc1.weight"));
    let hidden = block("mlp.fc2.weight")
        .and_then(|s| s.get(1).copied())
        .or(inner)
        .unwrap_or(4 * width);
    let norm = if affine("fc_norm") && !affine("norm") {
        FinalNorm::Pooled
    } else {
        FinalNorm::Tokens
    };
    let mut vit = Vit {
        width,
        depth,
        heads,
        patch,
        grid,
        hidden,
        // About twice as wide as what is read, so that one matrix of another shape does not make it a plain one.
        swiglu: inner.is_some_and(|inner| 2 * inner > 3 * hidden),
        class_token,
        registers,
        placed,
        qkv_bias: block("attn.qkv.bias").is_some(),
        layer_scale: block("ls1.gamma").is_some() || block("ls2.gamma").is_some(),
        norm,
        pre_norm: affine("norm_pre"),
        patch_bias: !affine("norm_pre") || has("patch_embed.proj.bias"),
        attention_pool: ["latent", "qkv.weight", "proj.weight"]
            .iter()
            .any(|t| has(&format!("attn_pool.{t}"))),
        absolute: count.is_some() || !(relative.is_some() || periods.is_some()),
        rotary: periods.map(|_| Rotary::Centred {
            base: 100,
            periods: true,
        }),
        relative,
        split_bias: block("attn.q_bias").is_some() || block("attn.v_bias").is_some(),
        masked_bias: block("attn.qkv.bias_mask").is_some(),
        attn_norm: block("attn.norm.weight").is_some() || block("attn.norm.bias").is_some(),
        mlp_norm: block("mlp.norm.weight").is_some() || block("mlp.norm.bias").is_some(),
        pooler: first(shape("pooler.dense.weight")).or(first(shape("pooler.dense.bias"))),
        ..plain()
    };
    vit.pooling = vit.own_pooling();
    Some(vit)
}

/// The side of the grid with so many distances.
fn grid_of(distances: usize) -> Option<usize> {
    let side = distances.checked_sub(3)?.isqrt();
    (side % 2 == 1 && side * side + 3 == distances).then_some(side.div_ceil(2))
}

/// The number of position embeddings as (those of tokens before the patches, side of a square grid).
fn split(count: usize, candidates: [usize; 3]) -> Option<(usize, usize)> {
    candidates.into_iter().find_map(|before| {
        let side = count.checked_sub(before)?.isqrt();
        (side > 0 && side * side + before == count).then_some((before, side))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_embeddings_are_told_apart_by_their_number() {
        assert_eq!(split(197, [1, 0, 1]), Some((1, 14)));
        assert_eq!(split(1369, [1, 0, 5]), Some((0, 37)));
        assert_eq!(split(1374, [1, 0, 5]), Some((5, 37)));
        assert_eq!(split(3, [1, 0, 1]), None);
    }

    #[test]
    fn tables_of_distances_tell_the_grid() {
        assert_eq!(grid_of(27 * 27 + 3), Some(14));
        assert_eq!(grid_of(4), Some(1));
        assert_eq!(grid_of(27 * 27), None);
        assert_eq!(grid_of(2), None);
    }
}
