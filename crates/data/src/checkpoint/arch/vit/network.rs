//! A vision transformer: what tells one from another, and its tensors.

use serde::{Deserialize, Serialize};

use crate::checkpoint::arch::switches::{Activation, Epsilon};
use crate::checkpoint::arch::tensors::Tensors;

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
    /// True if the MLP is gated (SwiGLU, Shazeer 2020) instead of plain.
    pub swiglu: bool,
    /// True if there is a class token.
    pub class_token: bool,
    /// Register tokens (Darcet et al. 2024).
    pub registers: usize,
    /// Tokens before the patches that have a position embedding of their own.
    pub placed: usize,
    /// True if query, key and value have biases.
    pub qkv_bias: bool,
    /// True if block outputs are scaled channel by channel (LayerScale, Touvron et al. 2021).
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
    /// True if the embedding of patches has a bias.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub patch_bias: bool,
    /// True if the tokens are normalised before the first block (CLIP).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pre_norm: bool,
    /// True if the patches are pooled by attention to a learned token (SigLIP).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attention_pool: bool,
    /// True if tokens have embeddings of their positions added.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub absolute: bool,
    /// How queries and keys are turned by their positions (DINOv3, EVA-02).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotary: Option<Rotary>,
    /// Whose the learned biases of attention by the distance of tokens are (BEiT), where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative: Option<Relative>,
    /// True if query and value have biases of their own, and key none (BEiT and its kin).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub split_bias: bool,
    /// True if the biases of query, key and value are multiplied by a mask in the file (DINOv3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked_bias: bool,
    /// True if what attention mixed is normalised before it is projected (EVA-02's CLIP, BEiT-3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attn_norm: bool,
    /// True if the MLP normalises between its layers (EVA-02, BEiT-3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mlp_norm: bool,
    /// What a gated MLP has on its gate.
    #[serde(default = "silu", skip_serializing_if = "is_silu")]
    pub gate: Activation,
    /// Which of the tokens before the patches are handed on, one after the other, where the network has no class token of that
    /// name (RADIO).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summary: Vec<usize>,
    /// Width of a linear layer and tanh after the first token (transformers' pooler), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooler: Option<usize>,
}

fn yes() -> bool {
    true
}

fn silu() -> Activation {
    Activation::Silu
}

fn is_silu(activation: &Activation) -> bool {
    *activation == Activation::Silu
}

/// How queries and keys of patches are turned by their positions (Su et al. 2021, along both axes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Rotary {
    /// By the centres of patches between -1 and 1, halves of the channels in pairs (DINOv3).
    Centred {
        /// The longest period is somewhat shorter than this.
        base: u32,
        /// True if the file holds the periods.
        periods: bool,
    },
    /// By row and column, neighbouring channels in pairs (EVA-02).
    Index {
        /// The longest wave length divided by 2 pi is somewhat shorter than this.
        base: u32,
        /// Side of the grid that any other one is scaled to.
        reference: usize,
    },
}

/// Whose the learned biases of attention are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relative {
    /// Each block has its own.
    Own,
    /// All blocks have the same.
    Shared,
}

/// Where a vision transformer's last normalisation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinalNorm {
    /// Over the tokens, before pooling: `norm`.
    Tokens,
    /// Over the pooled row: `fc_norm`.
    Pooled,
    /// Nowhere: data2vec without its pooling layer.
    Absent,
}

/// How a code base brings position embeddings to another grid; bicubic where nothing else is said.
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
    /// Bilinear, to a square as wide as the longer side, of which the first rows and columns are taken (RADIO).
    Cropped,
}

/// How tokens become one row of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The class token, or all tokens of a summary.
    Class,
    /// The mean of the patch tokens.
    Mean,
    /// The class token, then the mean of the patch tokens.
    Both,
    /// By attention to a learned token, at the network's end alone; before it the mean of the patch tokens.
    Attention,
}

impl Pooling {
    /// From its word: `class`, `mean` or `both`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "class" => Some(Self::Class),
            "mean" => Some(Self::Mean),
            "both" => Some(Self::Both),
            _ => None,
        }
    }

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

pub(in crate::checkpoint::arch) const ANCHORS: &str = "\
    patch_embed.proj.weight pos_embed blocks.0.norm1.weight blocks.0.attn.qkv.weight blocks.1.attn.proj.weight";

pub(in crate::checkpoint::arch) const MODULES: &str = "\
    cls_token reg_token register_tokens dist_token pos_embed patch_embed norm_pre blocks norm fc_norm attn_pool \
    rope rel_pos_bias";

impl Vit {
    /// Side of the images it was trained on, in pixels.
    pub fn image(&self) -> usize {
        self.grid * self.patch
    }

    /// Channels of an attention head.
    pub fn head_width(&self) -> usize {
        self.width / self.heads.max(1)
    }

    /// Rows of a table of attention's biases: every distance on the grid, and from, to and within the class token.
    pub fn distances(&self) -> usize {
        (2 * self.grid).saturating_sub(1).pow(2) + 3
    }

    /// Tokens before the patches.
    pub fn prefix(&self) -> usize {
        usize::from(self.class_token) + self.registers
    }

    /// The pooling its own heads read.
    pub fn own_pooling(&self) -> Pooling {
        if self.attention_pool {
            Pooling::Attention
        } else if (self.class_token && self.norm == FinalNorm::Tokens) || !self.summary.is_empty() {
            Pooling::Class
        } else {
            Pooling::Mean
        }
    }

    /// How tokens become a row of features, as audits name it.
    pub fn describe_pooling(&self) -> String {
        match (self.pooling, self.summary.len()) {
            (Pooling::Class | Pooling::Both, tokens @ 1..) => {
                let mean = if self.pooling == Pooling::Both {
                    " and mean of patches"
                } else {
                    ""
                };
                format!("summary of {tokens} token(s){mean}")
            }
            (pooling, _) => pooling.describe().to_owned(),
        }
    }

    /// Width of what the network itself makes of its tokens, where that is more than one of them or their mean.
    pub fn pooled_width(&self) -> Option<usize> {
        let own = self.attention_pool || self.pre_norm || self.norm == FinalNorm::Pooled;
        self.pooler.or(own.then_some(self.width))
    }

    /// How the network itself pools, as manifests name it.
    pub fn describe_pooled(&self) -> &'static str {
        match (self.pooler, self.own_pooling()) {
            (Some(_), _) => "first token, a linear layer and tanh",
            (None, Pooling::Attention) => "attention pooling",
            (None, own) => own.describe(),
        }
    }

    /// Width of a row of features.
    pub(in crate::checkpoint::arch) fn row(&self) -> usize {
        self.width_by(self.pooling)
    }

    /// Width of the row that its own heads read.
    pub(in crate::checkpoint::arch) fn own_row(&self) -> usize {
        self.width_by(self.own_pooling())
    }

    fn width_by(&self, pooling: Pooling) -> usize {
        let class = self.width * self.summary.len().max(1);
        match pooling {
            Pooling::Class => class,
            Pooling::Both => class + self.width,
            Pooling::Mean | Pooling::Attention => self.width,
        }
    }

    /// True if there is a class token or a summary.
    pub fn has_class(&self) -> bool {
        self.class_token || !self.summary.is_empty()
    }

    pub(in crate::checkpoint::arch) fn tensors(&self, list: &mut Tensors) {
        let w = self.width;
        if self.class_token {
            list.push("cls_token", vec![1, 1, w], true);
        }
        if self.registers > 0 {
            list.push("reg_token", vec![1, self.registers, w], true);
        }
        if self.absolute {
            list.push("pos_embed", vec![1, self.placed + self.grid * self.grid, w], true);
        }
        if let Some(Rotary::Centred { periods: true, .. }) = self.rotary {
            list.push("rope.periods", vec![self.head_width() / 4], false);
        }
        let distances = vec![self.distances(), self.heads];
        if self.relative == Some(Relative::Shared) {
            list.push("rel_pos_bias.relative_position_bias_table", distances.clone(), true);
        }
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
            if self.masked_bias {
                list.push(&format!("{block}.attn.qkv.bias_mask"), vec![3 * w], false);
            }
            if self.split_bias {
                list.push(&format!("{block}.attn.q_bias"), vec![w], true);
                list.push(&format!("{block}.attn.v_bias"), vec![w], true);
            }
            if self.relative == Some(Relative::Own) {
                list.push(
                    &format!("{block}.attn.relative_position_bias_table"),
                    distances.clone(),
                    true,
                );
            }
            if self.attn_norm {
                list.affine(&format!("{block}.attn.norm"), w);
            }
            list.linear(&format!("{block}.attn.proj"), w, w, true);
            list.affine(&format!("{block}.norm2"), w);
            list.linear(&format!("{block}.mlp.fc1"), inner, w, true);
            if self.mlp_norm {
                list.affine(&format!("{block}.mlp.norm"), self.hidden);
            }
            list.linear(&format!("{block}.mlp.fc2"), w, self.hidden, true);
            if self.layer_scale {
                list.push(&format!("{block}.ls1.gamma"), vec![w], true);
                list.push(&format!("{block}.ls2.gamma"), vec![w], true);
            }
        }
        let norm = match self.norm {
            FinalNorm::Tokens => Some("norm"),
            FinalNorm::Pooled => Some("fc_norm"),
            FinalNorm::Absent => None,
        };
        if let Some(norm) = norm {
            list.affine(norm, w);
        }
        if self.attention_pool {
            list.push("attn_pool.latent", vec![1, 1, w], true);
            list.linear("attn_pool.qkv", 3 * w, w, true);
            list.linear("attn_pool.proj", w, w, true);
            list.affine("attn_pool.norm", w);
            list.linear("attn_pool.mlp.fc1", self.hidden, w, true);
            list.linear("attn_pool.mlp.fc2", w, self.hidden, true);
        }
        if let Some(width) = self.pooler {
            list.linear("pooler.dense", width, w, true);
        }
    }
}
