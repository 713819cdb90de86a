//! The kinds of networks whose code differs in what has no tensors.

use super::names::NetworkNames;
use super::told::Told;
use super::{clip, padding, radio, towers};
use crate::checkpoint::arch::{Activation, Cnn, Epsilon, FinalNorm, Rotary, Shapes, Vit};
use crate::checkpoint::elsewhere::ELSEWHERE;
use crate::checkpoint::naming::{DINOV3_NAME, Naming, OPEN_CLIP_NAME, RADIO_NAME};
use crate::checkpoint::recipe::Recipe;

/// Kinds of networks whose code differs in what has no tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Clip,
    Siglip,
    Dinov3,
    Beit,
    Beit3,
    Eva,
    Eva02,
    Radio,
    /// Rotary positions of a kind that is not computed here.
    OtherRotary,
}

/// Width of EVA-02's largest CLIP, which normalises after attention and MLP.
const ENORMOUS: usize = 1792;

/// Side of the grid that EVA-02's positions are scaled to: 224 px in patches of 14.
const EVA_GRID: usize = 16;

fn kind(naming: &Naming, vit: &Vit) -> Kind {
    if naming.name == OPEN_CLIP_NAME {
        Kind::Clip
    } else if naming.name.starts_with(DINOV3_NAME) {
        Kind::Dinov3
    } else if naming.name == RADIO_NAME {
        Kind::Radio
    } else if vit.relative.is_some() {
        Kind::Beit
    } else if naming.name.starts_with("BEiT") || naming.name.starts_with("timm's DINOv3") {
        let dinov3 = vit.layer_scale && vit.registers > 0 && vit.norm == FinalNorm::Tokens;
        match (vit.absolute, dinov3) {
            (true, _) if vit.swiglu => Kind::Eva02,
            (true, _) => Kind::Eva,
            (false, true) => Kind::Dinov3,
            (false, false) => Kind::OtherRotary,
        }
    } else if vit.pre_norm && vit.attention_pool {
        Kind::OtherRotary
    } else if vit.pre_norm {
        Kind::Clip
    } else if vit.attention_pool {
        Kind::Siglip
    } else if vit.split_bias && vit.swiglu {
        Kind::Eva02
    } else if vit.split_bias {
        Kind::Eva
    } else if vit.attn_norm && vit.mlp_norm {
        Kind::Beit3
    } else {
        Kind::Plain
    }
}

/// Gives a network what its tensors do not show, and says where it comes from.
pub(in crate::checkpoint) fn complete(naming: &Naming, names: &NetworkNames, shape: Shapes, vit: &mut Vit) -> Told {
    // No position embeddings and nothing in their place: such networks turn queries and keys.
    let placed = shape("pos_embed").is_some();
    let eva_names = naming.name.starts_with("BEiT") || naming.name.starts_with("timm's DINOv3");
    if eva_names && vit.layer_scale && !placed {
        vit.absolute = false;
        vit.placed = 0;
    }
    let kind = kind(naming, vit);
    let mut told = match kind {
        Kind::Plain => plain(names, vit),
        Kind::Clip => clip::complete(naming, names, shape, vit),
        Kind::Siglip => siglip(names, vit),
        Kind::Dinov3 => dinov3(naming, shape, vit),
        Kind::Beit => Told {
            heads: true,
            notes: vec![format!(
                "{} attention heads, as many as its tables of distances have columns; GELU, epsilon {:e}, as BEiT and data2vec have it",
                vit.heads,
                vit.epsilon.value()
            )],
            recipe: Some(Recipe::Inception),
            ..Told::default()
        },
        Kind::Beit3 => {
            vit.epsilon = Epsilon::known(1e-5);
            named("BEiT-3", "GELU, epsilon 1e-5")
        }
        Kind::Eva => {
            let mut told = named("EVA", "heads by the width, GELU, epsilon 1e-6");
            if vit.width == ENORMOUS {
                told.refused = Some(format!(
                    "it has the tensors of EVA-02's enormous CLIP, which normalises after its attention and its MLP; {ELSEWHERE}"
                ));
            }
            told
        }
        Kind::Eva02 => eva02(vit),
        Kind::Radio => radio::complete(&names.radio, shape, vit),
        Kind::OtherRotary => Told {
            refused: Some(format!(
                "a transformer of timm without pos_embed that has not all of DINOv3's LayerScale, reg_token and norm, or one with a \
                 normalisation and attention pooling around its blocks: rotary positions of a kind that no tensor tells and that is not \
                 computed here; {ELSEWHERE}"
            )),
            ..Told::default()
        },
    };
    vit.pooling = vit.own_pooling();
    if kind != Kind::Plain {
        told.notes.push(format!("{} as features", vit.describe_pooling()));
    }
    told
}

/// As [`complete`], of a convolutional network.
pub(in crate::checkpoint) fn complete_cnn(names: &NetworkNames, shape: Shapes, cnn: &mut Cnn) -> Told {
    if cnn.image().is_some() {
        let recipe = Some(Recipe::Clip);
        return match towers::complete(names, shape, cnn) {
            Ok(notes) => Told {
                notes,
                recipe,
                ..Told::default()
            },
            Err(why) => Told {
                refused: Some(why),
                recipe,
                ..Told::default()
            },
        };
    }
    const HIDDEN: &str = "convnext_large_mlp";
    let calls_itself = names.claim().is_some_and(|name| name.contains(HIDDEN)) || names.file().contains(HIDDEN);
    if cnn.is_convnext() && cnn.details.hidden.is_none() && calls_itself {
        return Told {
            refused: Some(format!(
                "it calls itself {HIDDEN}, whose classifier has a hidden layer before it, and head.pre_logits.fc.weight and .bias are \
                 missing; fetch it again"
            )),
            ..Told::default()
        };
    }
    if !cnn.details.timm {
        return Told::default();
    }
    match padding::complete(names, cnn) {
        Ok(notes) => Told {
            notes,
            ..Told::default()
        },
        Err(why) => Told {
            undecided: Some(why),
            ..Told::default()
        },
    }
}

/// What all networks of a kind have.
fn named(kind: &str, what: &str) -> Told {
    Told {
        notes: vec![format!("{what}: no tensor tells, and {kind} has this")],
        ..Told::default()
    }
}

fn plain(names: &NetworkNames, vit: &mut Vit) -> Told {
    match names.tanh() {
        Some(by) => {
            vit.activation = Activation::TanhGelu;
            Told {
                notes: vec![format!("GELU's tanh form, as {by} says")],
                ..Told::default()
            }
        }
        None => Told::default(),
    }
}

/// timm's SigLIP: GELU's tanh form in some sizes alone.
fn siglip(names: &NetworkNames, vit: &mut Vit) -> Told {
    let tanh = vit.patch == 32
        || (vit.width, vit.grid) == (1024, 32)
        || (vit.width, vit.patch) == (1152, 16)
        || vit.width == 1536;
    let mut told = Told {
        recipe: Some(Recipe::Squared),
        ..Told::default()
    };
    match (names.tanh(), names.claimed()) {
        (Some(by), _) => {
            vit.activation = Activation::TanhGelu;
            told.notes.push(format!("GELU's tanh form, as {by} says"));
        }
        (None, Some(by)) => told.notes.push(format!("GELU, as {by} says")),
        (None, None) if tanh => {
            let arch = NetworkNames::with_word(vit, "siglip");
            told.undecided = Some(format!(
                "it has the tensors of a SigLIP by timm's names, and nothing says whether its activation is GELU or its tanh form; put \
                 its config.json beside it, or pass --arch {arch} for the tanh form"
            ));
        }
        (None, None) => told
            .notes
            .push("GELU: no tensor tells, and timm's SigLIPs of this size have it".to_owned()),
    }
    told
}

fn dinov3(naming: &Naming, shape: Shapes, vit: &mut Vit) -> Told {
    let own = naming.name.starts_with(DINOV3_NAME);
    let rotary = Rotary::Centred {
        base: 100,
        periods: own,
    };
    let heads = dinov3_heads(vit, shape);
    centred(vit, rotary, heads);
    if own {
        // The mask takes the key's bias away, and comes with the biases.
        vit.masked_bias = vit.qkv_bias;
    }
    let from = match own {
        true => "heads as wide as the periods in the file say",
        false => "heads of 64 channels (128 in the largest) and a base of 100",
    };
    Told {
        heads: true,
        notes: vec![format!(
            "{} attention heads, rotary positions: {from}; GELU (SiLU in gated MLPs), epsilon 1e-5, as DINOv3 has it",
            vit.heads
        )],
        recipe: Some(Recipe::SquaredImagenet),
        ..Told::default()
    }
}

/// Attention heads of a DINOv3.
pub(in crate::checkpoint) fn dinov3_heads(vit: &Vit, shape: Shapes) -> usize {
    let periods = shape("rope.periods")
        .and_then(|s| s.first().copied())
        .filter(|n| *n > 0);
    let width = periods.map_or(if vit.width == 4096 { 128 } else { 64 }, |n| 4 * n);
    (vit.width / width).max(1)
}

/// Makes it a network with DINOv3's positions and tokens.
pub(in crate::checkpoint) fn centred(vit: &mut Vit, rotary: Rotary, heads: usize) {
    vit.absolute = false;
    vit.placed = 0;
    vit.class_token = true;
    vit.registers = vit.registers.max(1);
    vit.rotary = Some(rotary);
    vit.heads = heads;
    vit.epsilon = Epsilon::known(1e-5);
}

fn eva02(vit: &mut Vit) -> Told {
    vit.rotary = Some(Rotary::Index {
        base: 10_000,
        reference: EVA_GRID,
    });
    vit.heads = (vit.width / 64).max(1);
    Told {
        heads: true,
        recipe: Some(Recipe::Clip),
        ..named(
            "EVA-02",
            &format!(
                "{} attention heads of 64 channels, rotary positions of base 10000 on a grid of {EVA_GRID}, epsilon 1e-6",
                vit.heads
            ),
        )
    }
}
