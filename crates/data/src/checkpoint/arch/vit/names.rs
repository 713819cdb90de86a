//! Names of vision transformers, and the sizes that have one.

use super::network::{FinalNorm, Pooling, Positions, Vit};
use crate::checkpoint::arch::switches::{Activation, Epsilon};

/// Sizes with a name: name, width, depth, heads, hidden width.
pub(super) const SIZES: &[(&str, usize, usize, usize, usize)] = &[
    ("tiny", 192, 12, 3, 768),
    ("small", 384, 12, 6, 1536),
    ("base", 768, 12, 12, 3072),
    ("large", 1024, 24, 16, 4096),
    ("huge", 1280, 32, 16, 5120),
    ("giant2", 1536, 40, 24, 4096),
    ("so400m", 1152, 27, 16, 4304),
    ("giant", 1408, 40, 16, 6144),
    ("gigantic", 1664, 48, 16, 8192),
];

/// `vit_SIZE_patchP[_IMAGE]` as timm writes it, where SIZE may be `widthW_depthD` and `_headsH` may follow it: every
/// [`Arch::name`] is understood. `_clip`, `_clip_quickgelu` or `_siglip` after the patch say what no tensor shows.
pub(in crate::checkpoint::arch) fn parse(name: &str) -> Option<Vit> {
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
    let tower = ["clip", "siglip"].into_iter().find(|tower| words.peek() == Some(tower));
    let mut quick = false;
    if tower.is_some() {
        words.next();
        quick = words.next_if_eq(&"quickgelu").is_some();
    }
    let image = words.peek().and_then(|w| number(w, ""));
    if image.is_some() {
        words.next();
    }
    let image = image.unwrap_or(224);
    let whole =
        image % patch == 0 && words.next().is_none() && width % heads == 0 && !(quick && tower == Some("siglip"));
    let (clip, siglip) = (tower == Some("clip"), tower == Some("siglip"));
    whole.then(|| Vit {
        width,
        depth,
        heads,
        patch,
        grid: image / patch,
        hidden,
        swiglu: size == "giant2",
        class_token: !siglip,
        registers,
        placed: usize::from(!siglip),
        qkv_bias: true,
        layer_scale: size == "giant2",
        norm: FinalNorm::Tokens,
        positions: Positions::Antialiased,
        pooling: if siglip { Pooling::Attention } else { Pooling::Class },
        activation: match (quick, siglip) {
            (true, _) => Activation::QuickGelu,
            (_, true) => Activation::TanhGelu,
            _ => Activation::Gelu,
        },
        epsilon: Epsilon::known(if clip { 1e-5 } else { 1e-6 }),
        patch_bias: !clip,
        pre_norm: clip,
        attention_pool: siglip,
        ..plain()
    })
}

pub(in crate::checkpoint::arch) fn sizes() -> impl Iterator<Item = &'static str> {
    SIZES.iter().map(|s| s.0)
}

/// Without any of what later kinds have.
pub(super) fn plain() -> Vit {
    Vit {
        width: 0,
        depth: 0,
        heads: 0,
        patch: 0,
        grid: 0,
        hidden: 0,
        swiglu: false,
        class_token: true,
        registers: 0,
        placed: 1,
        qkv_bias: true,
        layer_scale: false,
        norm: FinalNorm::Tokens,
        positions: Positions::Antialiased,
        pooling: Pooling::Class,
        activation: Activation::default(),
        epsilon: Epsilon::default(),
        patch_bias: true,
        pre_norm: false,
        attention_pool: false,
        absolute: true,
        rotary: None,
        relative: None,
        split_bias: false,
        masked_bias: false,
        attn_norm: false,
        mlp_norm: false,
        gate: Activation::Silu,
        summary: Vec::new(),
        pooler: None,
    }
}

impl Vit {
    /// What its name says, with everything that the name does not say taken from `found`.
    pub(in crate::checkpoint::arch) fn completed(&self, found: &Self) -> Self {
        // Only such a name says an activation.
        let activation = match self.pre_norm || self.attention_pool {
            true => self.activation,
            false => found.activation,
        };
        Self {
            activation,
            width: self.width,
            depth: self.depth,
            heads: self.heads,
            patch: self.patch,
            ..found.clone()
        }
    }

    pub(in crate::checkpoint::arch) fn name(&self) -> String {
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

    /// True if the number of attention heads is known for a network of this width.
    pub(in crate::checkpoint) fn heads_known(&self) -> bool {
        SIZES.iter().any(|s| s.1 == self.width)
    }
}
