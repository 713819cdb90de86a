//! Vision transformers (Dosovitskiy et al. 2021) and their kin: DeiT, DINO, DINOv2, MAE, MoCo v3, CLIP, SigLIP.

use serde::{Deserialize, Serialize};

use super::{Activation, Arch, Epsilon, Shapes, Tensors};

/// A vision transformer with pre-normalised blocks, by timm's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vit {
    /// Width of a token.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads. Shapes do not tell: it follows from the width, but for MoCo v3's small one.
    pub heads: usize,
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Side of the grid of patches that the position embeddings were made for.
    pub grid: usize,
    /// Width inside the MLP (of one half of it where it is gated).
    pub hidden: usize,
    /// Whether the MLP is SwiGLU (Shazeer 2020) instead of GELU.
    pub swiglu: bool,
    /// Whether there is a class token.
    pub class_token: bool,
    /// Register tokens (Darcet et al. 2024).
    pub registers: usize,
    /// Tokens before the patches that have a position embedding of their own.
    pub placed: usize,
    /// Whether query, key and value have biases.
    pub qkv_bias: bool,
    /// Whether block outputs are scaled channel by channel (LayerScale, Touvron et al. 2021).
    pub layer_scale: bool,
    /// Where the last normalisation stands.
    pub norm: FinalNorm,
    /// How position embeddings get to another grid.
    pub positions: Positions,
    /// How tokens become one row of features.
    pub pooling: Pooling,
    /// What the MLPs have between their layers. This and what follows is written only where it is not the usual, so that
    /// descriptions from before there was a choice mean the same.
    #[serde(default, skip_serializing_if = "Activation::is_default")]
    pub activation: Activation,
    /// What every normalisation adds to the variance.
    #[serde(default, skip_serializing_if = "Epsilon::is_default")]
    pub epsilon: Epsilon,
    /// Whether the embedding of patches has a bias.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub patch_bias: bool,
    /// Whether the tokens are normalised before the first block (CLIP).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pre_norm: bool,
    /// Whether the patches are pooled by attention to a learned token (SigLIP).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attention_pool: bool,
}

fn yes() -> bool {
    true
}

/// Where a vision transformer's last normalisation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinalNorm {
    /// Over the tokens, before pooling: `norm`.
    Tokens,
    /// Over the pooled row: `fc_norm`.
    Pooled,
}

/// How a code base brings position embeddings to another grid; all are bicubic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positions {
    /// Antialiased (timm, DINOv2 with registers).
    Antialiased,
    /// Without antialiasing (MAE).
    Plain,
    /// Without antialiasing, sampled as if the new grid were 0.1 larger (DINO, DINOv2 without registers).
    Offset,
    /// Without antialiasing, the corners fixed (torchvision).
    Corners,
}

/// How tokens become one row of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The class token.
    Class,
    /// The mean of the patch tokens.
    Mean,
    /// The class token, then the mean of the patch tokens.
    Both,
    /// By attention to a learned token, at the network's end alone; before it the mean of the patch tokens.
    Attention,
}

impl Pooling {
    /// As manifests name it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Class => "class token",
            Self::Mean => "mean of patches",
            Self::Both => "class token and mean of patches",
            Self::Attention => "attention pooling (blocks: mean of patches)",
        }
    }
}

/// Sizes with a name: name, width, depth, heads, hidden width.
const SIZES: &[(&str, usize, usize, usize, usize)] = &[
    ("tiny", 192, 12, 3, 768),
    ("small", 384, 12, 6, 1536),
    ("base", 768, 12, 12, 3072),
    ("large", 1024, 24, 16, 4096),
    ("huge", 1280, 32, 16, 5120),
    ("giant2", 1536, 40, 24, 4096),
];

/// No network here has more blocks.
const MOST: usize = 128;

pub(super) const ANCHORS: &[&str] = &[
    "patch_embed.proj.weight",
    "pos_embed",
    "blocks.0.norm1.weight",
    "blocks.0.attn.qkv.weight",
    "blocks.1.attn.proj.weight",
];

pub(super) const MODULES: &[&str] = &[
    "cls_token",
    "reg_token",
    "register_tokens",
    "dist_token",
    "pos_embed",
    "patch_embed",
    "norm_pre",
    "blocks",
    "norm",
    "fc_norm",
    "attn_pool",
];

/// `vit_SIZE_patchP[_IMAGE]` as timm writes it, where SIZE may be `widthW_depthD` and `_headsH` may follow it: every
/// [`Arch::name`] is understood.
pub(super) fn parse(name: &str) -> Option<Vit> {
    let number = |word: &str, before: &str| word.strip_prefix(before)?.parse::<usize>().ok().filter(|n| *n > 0);
    let mut words = name.strip_prefix("vit_")?.split('_').peekable();
    let size = words.next()?;
    let (width, depth, heads, hidden) = match (SIZES.iter().find(|s| s.0 == size), number(size, "width")) {
        (Some(&(_, width, depth, heads, hidden)), _) => (width, depth, heads, hidden),
        (None, Some(width)) => (width, number(words.next()?, "depth")?, (width / 64).max(1), 4 * width),
        _ => return None,
    };
    let mut next = |before: &str| {
        let found = words.peek().and_then(|w| number(w, before));
        if found.is_some() {
            words.next();
        }
        found
    };
    let heads = next("heads").unwrap_or(heads);
    let patch = next("patch")?;
    let registers = next("reg").unwrap_or(0);
    let image = next("").unwrap_or(224);
    let whole = image % patch == 0 && words.next().is_none() && width % heads == 0;
    whole.then(|| Vit {
        width,
        depth,
        heads,
        patch,
        grid: image / patch,
        hidden,
        swiglu: size == "giant2",
        class_token: true,
        registers,
        placed: 1,
        qkv_bias: true,
        layer_scale: size == "giant2",
        norm: FinalNorm::Tokens,
        positions: Positions::Antialiased,
        pooling: Pooling::Class,
        activation: Activation::default(),
        epsilon: Epsilon::default(),
        patch_bias: true,
        pre_norm: false,
        attention_pool: false,
    })
}

pub(super) fn sizes() -> impl Iterator<Item = &'static str> {
    SIZES.iter().map(|s| s.0)
}

impl Vit {
    /// What its name says, with everything that the name does not say taken from `found`.
    pub(super) fn completed(&self, found: &Self) -> Self {
        Self {
            width: self.width,
            depth: self.depth,
            heads: self.heads,
            patch: self.patch,
            ..found.clone()
        }
    }

    pub(super) fn name(&self) -> String {
        let named = SIZES.iter().find(|s| (s.1, s.2) == (self.width, self.depth));
        let (mut size, usual) = match named {
            Some(&(name, _, _, heads, _)) => (name.to_owned(), heads),
            None => (
                format!("width{}_depth{}", self.width, self.depth),
                (self.width / 64).max(1),
            ),
        };
        if self.heads != usual {
            size += &format!("_heads{}", self.heads);
        }
        let registers = match self.registers {
            0 => String::new(),
            n => format!("_reg{n}"),
        };
        format!("vit_{size}_patch{}{registers}_{}", self.patch, self.image())
    }

    /// Whether the number of attention heads is known for a network of this width.
    pub(in crate::checkpoint) fn heads_known(&self) -> bool {
        SIZES.iter().any(|s| s.1 == self.width)
    }

    /// Side of the images it was trained on, in pixels.
    pub fn image(&self) -> usize {
        self.grid * self.patch
    }

    /// Tokens before the patches.
    pub fn prefix(&self) -> usize {
        usize::from(self.class_token) + self.registers
    }

    /// The pooling its own heads read.
    pub fn own_pooling(&self) -> Pooling {
        if self.attention_pool {
            Pooling::Attention
        } else if self.class_token && self.norm == FinalNorm::Tokens {
            Pooling::Class
        } else {
            Pooling::Mean
        }
    }

    /// Width of a row of features.
    pub(super) fn row(&self) -> usize {
        self.width * if self.pooling == Pooling::Both { 2 } else { 1 }
    }

    pub(super) fn tensors(&self, list: &mut Tensors) {
        let w = self.width;
        if self.class_token {
            list.push("cls_token", vec![1, 1, w], true);
        }
        if self.registers > 0 {
            list.push("reg_token", vec![1, self.registers, w], true);
        }
        list.push("pos_embed", vec![1, self.placed + self.grid * self.grid, w], true);
        list.push("patch_embed.proj.weight", vec![w, 3, self.patch, self.patch], true);
        if self.patch_bias {
            list.push("patch_embed.proj.bias", vec![w], true);
        }
        if self.pre_norm {
            list.affine("norm_pre", w);
        }
        let inner = if self.swiglu { 2 * self.hidden } else { self.hidden };
        for i in 0..self.depth {
            let block = format!("blocks.{i}");
            list.affine(&format!("{block}.norm1"), w);
            list.linear(&format!("{block}.attn.qkv"), 3 * w, w, self.qkv_bias);
            list.linear(&format!("{block}.attn.proj"), w, w, true);
            list.affine(&format!("{block}.norm2"), w);
            list.linear(&format!("{block}.mlp.fc1"), inner, w, true);
            list.linear(&format!("{block}.mlp.fc2"), w, self.hidden, true);
            if self.layer_scale {
                list.push(&format!("{block}.ls1.gamma"), vec![w], true);
                list.push(&format!("{block}.ls2.gamma"), vec![w], true);
            }
        }
        let norm = match self.norm {
            FinalNorm::Tokens => "norm",
            FinalNorm::Pooled => "fc_norm",
        };
        list.affine(norm, w);
        if self.attention_pool {
            list.push("attn_pool.latent", vec![1, 1, w], true);
            list.linear("attn_pool.qkv", 3 * w, w, true);
            list.linear("attn_pool.proj", w, w, true);
            list.affine("attn_pool.norm", w);
            list.linear("attn_pool.mlp.fc1", self.hidden, w, true);
            list.linear("attn_pool.mlp.fc2", w, self.hidden, true);
        }
    }
}

/// Blocks of which any of the telling tensors is there, up to the last.
pub(in crate::checkpoint) fn blocks(shape: Shapes) -> Option<usize> {
    let last = (0..MOST).rev().find(|i| {
        ["norm1.weight", "attn.qkv.weight", "mlp.fc2.weight"]
            .iter()
            .any(|t| shape(&format!("blocks.{i}.{t}")).is_some())
    })?;
    Some(last + 1)
}

pub(super) fn guess(shape: Shapes) -> Option<Arch> {
    let block = |t: &str| (0..2).find_map(|i| shape(&format!("blocks.{i}.{t}")));
    let found = blocks(shape)?;
    let first = |s: Option<Vec<usize>>| s.and_then(|s| s.first().copied());
    let width = first(block("norm1.weight"))
        .or_else(|| first(block("attn.proj.weight")))
        .or_else(|| shape("pos_embed").and_then(|s| s.last().copied()))
        .filter(|w| *w > 0)?;
    let named = SIZES.iter().find(|s| s.1 == width);
    // One that lost its last block, or has one too many, is a damaged network of a known depth, not another one.
    let depth = named.map_or(found, |s| s.2);
    let heads = named.map_or((width / 64).max(1), |s| s.3);
    let patch = shape("patch_embed.proj.weight")
        .and_then(|s| s.last().copied())
        .filter(|p| *p > 0)
        .unwrap_or(16);
    let count = shape("pos_embed").and_then(|s| s.get(1).copied());
    // One embedding more than a square grid has belongs to a class token, even where that token got lost.
    let class_token = shape("cls_token").is_some() || count.and_then(|c| split(c, [0, 1, 1])).is_some_and(|s| s.0 == 1);
    let registers = shape("reg_token").and_then(|s| s.get(1).copied()).unwrap_or(0);
    let (placed, grid) = count
        .and_then(|c| split(c, [usize::from(class_token), 0, 1 + registers]))
        .unwrap_or((usize::from(class_token), 224 / patch.min(224)));
    let inner = first(block("mlp.fc1.weight"));
    let hidden = block("mlp.fc2.weight")
        .and_then(|s| s.get(1).copied())
        .or(inner)
        .unwrap_or(4 * width);
    let norm = if shape("fc_norm.weight").is_some() && shape("norm.weight").is_none() {
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
        swiglu: inner == Some(2 * hidden),
        class_token,
        registers,
        placed,
        qkv_bias: block("attn.qkv.bias").is_some(),
        layer_scale: block("ls1.gamma").is_some() || block("ls2.gamma").is_some(),
        norm,
        positions: Positions::Antialiased,
        pooling: Pooling::Class,
        activation: Activation::default(),
        epsilon: Epsilon::default(),
        patch_bias: true,
        pre_norm: false,
        attention_pool: false,
    };
    vit.pooling = vit.own_pooling();
    Some(Arch::Vit(vit))
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
}
