//! Networks that are known and not computed here.

use crate::checkpoint::weights::Checkpoint;

/// A network, by tensors that it alone has.
struct Stranger {
    /// A part of the name of each.
    parts: &'static [&'static str],
    what: &'static str,
}

const STRANGERS: &[Stranger] = &[
    Stranger {
        parts: &[
            "encoder.blocks.0.residual1.fn.rope.freqs",
            "encoder.blocks.0.residual1.norm.weight",
        ],
        what: "a CAPI, which divides tokens by their root mean square, turns its registers by places on the image's edge, and makes its \
               own row with a decoder",
    },
    Stranger {
        parts: &[
            "patch_embed.conv_down.0.",
            "levels.0.blocks.cv1.",
            ".attn.pos_emb_funct.",
        ],
        what: "an E-RADIO, which is a hybrid of convolutions and of attention in windows",
    },
];

/// What the file holds, where that is a network that is known and not computed here.
pub(super) fn stranger(checkpoint: &Checkpoint) -> Option<&'static str> {
    let names = || checkpoint.tensors().keys();
    let holds = |part: &&str| names().any(|name| name.contains(*part));
    STRANGERS.iter().find(|s| s.parts.iter().all(holds)).map(|s| s.what)
}
