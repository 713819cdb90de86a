//! The projection of a network of images and texts: what its rows are multiplied by to meet those of texts.

use super::arch::{Arch, HeadStep};
use super::candidate::Candidate;
use super::found_head::{FoundHead, FoundStep};
use super::stack::{HeadSlot, stack_at};
use super::weights::Checkpoint;

/// Tensors of the half for texts begin so, beside a half for images.
const TEXTS: &[&str] = &[
    "transformer.",
    "token_embedding.",
    "positional_embedding",
    "ln_final.",
    "text_projection",
    "text.",
];

/// The half for images is called so.
const IMAGES: &str = "visual";

/// The projection, where the naming or the place says that it is one.
pub(super) fn projection_of(checkpoint: &Checkpoint, chosen: &Candidate) -> Option<FoundHead> {
    let width = chosen.arch.head_input();
    if let Some(name) = chosen.naming.projection {
        let path = format!("{}{name}", chosen.prefix);
        let [inputs, outputs] = checkpoint.tensors().get(&path)?.shape[..] else {
            return None;
        };
        let step = HeadStep::Matrix { inputs, outputs };
        return (inputs == width).then(|| FoundHead {
            steps: vec![FoundStep {
                step,
                module: Some(path.clone()),
            }],
            path,
        });
    }
    if let Arch::Cnn(cnn) = &chosen.arch
        && let Some(pool) = cnn.plan().pool
    {
        return after_attention(checkpoint, &format!("{}{}.c_proj", chosen.prefix, pool.name), width);
    }
    if !is_of_images(&chosen.prefix) {
        return None;
    }
    match stack_at(checkpoint, &format!("{}head", chosen.prefix), false) {
        HeadSlot::Head(head) if head.inputs() == Some(width) => Some(head),
        _ => None,
    }
}

/// The linear layer at the end of attention pooling. It has a bias: one that is not there is missed.
fn after_attention(checkpoint: &Checkpoint, path: &str, inputs: usize) -> Option<FoundHead> {
    let tensors = checkpoint.tensors();
    let outputs = ["weight", "bias"]
        .iter()
        .find_map(|part| tensors.get(&format!("{path}.{part}"))?.shape.first().copied())?;
    let step = HeadStep::Linear {
        inputs,
        outputs,
        bias: true,
    };
    Some(FoundHead {
        path: path.to_owned(),
        steps: vec![FoundStep {
            step,
            module: Some(path.to_owned()),
        }],
    })
}

fn is_of_images(prefix: &str) -> bool {
    prefix.split('.').any(|part| part == IMAGES)
}

/// How many tensors of the half for texts lie beside it.
pub(super) fn texts(checkpoint: &Checkpoint, prefix: &str) -> usize {
    let Some(before) = prefix.split_once(IMAGES).map(|(before, _)| before) else {
        return 0;
    };
    let of_texts = |name: &&String| {
        let rest = name.strip_prefix(before);
        rest.is_some_and(|rest| TEXTS.iter().any(|begin| rest.starts_with(begin)))
    };
    checkpoint.tensors().keys().filter(of_texts).count()
}
