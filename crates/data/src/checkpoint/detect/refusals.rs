//! Sentences about files that hold no known network, or not the one that was named.

use crate::checkpoint::arch::Arch;
use crate::checkpoint::candidate::{Candidate, RECOGNISED, candidates};
use crate::checkpoint::claim::Claim;
use crate::checkpoint::elsewhere::ELSEWHERE;
use crate::checkpoint::published::Published;
use crate::checkpoint::weights::Checkpoint;

/// What the file calls its network, to go into a sentence.
pub(super) fn called(checkpoint: &Checkpoint) -> String {
    Claim::of(checkpoint).map_or(String::new(), |c| format!(" (it calls itself {:?})", c.name))
}

/// Why a file that has some of a network's tensors is not taken for it.
pub(super) fn resembles(checkpoint: &Checkpoint, near: &Candidate) -> String {
    format!(
        "no known network{}: of the nearest, a {}, only {:.0} of {} tensors are there; if it is a shallower one, name it with \
         --arch (transformers: vit_widthW_depthD_headsH_patchP_IMAGE); if it is another network, {ELSEWHERE}",
        called(checkpoint),
        near.arch.name(),
        near.named * near.expected.len() as f64,
        near.expected.len()
    )
}

/// Why a file is not of the architecture that was named.
pub(super) fn not_this(checkpoint: &Checkpoint, arch: &Arch, all: &[Candidate], published: &Published) -> String {
    let best = all.iter().max_by(|a, b| a.named.total_cmp(&b.named));
    let there = best.map_or(0.0, |c| c.named * c.expected.len() as f64).round();
    let looks = candidates(checkpoint, None, published)
        .into_iter()
        .filter(|c| c.named >= RECOGNISED)
        .max_by(|a, b| a.named.total_cmp(&b.named));
    let instead = match looks {
        Some(c) => format!("it looks like a {}: leave out --arch", c.arch.name()),
        None => "it holds no known network".to_owned(),
    };
    format!(
        "not a {}: {there} of its {} tensors are there; {instead}",
        arch.name(),
        arch.tensors().len()
    )
}
