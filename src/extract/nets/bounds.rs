//! Architectures that no network can be built from.

use crate::checkpoint::arch::{Arch, ResNet, SmallCnn, Vit};
use crate::error::{Error, Result};

/// Refuses what no network can be built from, and what only a damaged file would ask for.
pub(super) fn check(arch: &Arch) -> Result<()> {
    const WIDEST: usize = 16_384;
    let refuse = |what: &str| Err(Error::input(format!("no network can be built: {what}")));
    let wide = |w: usize| !(1..=WIDEST).contains(&w);
    match arch {
        Arch::SmallCnn(SmallCnn { stem, stages }) => {
            if stages.is_empty() || stages.len() > 8 {
                return refuse("a small CNN has 1 to 8 stages");
            }
            if wide(*stem) || stages.iter().any(|&w| wide(w)) {
                return refuse("the widths of a small CNN are 1 to 16384");
            }
        }
        Arch::Cnn(cnn) => {
            if cnn.plan().stages.is_empty() {
                return refuse(&format!("{:?} is the name of none", cnn.name));
            }
        }
        Arch::ResNet(ResNet {
            layers,
            width_per_group,
            groups,
            ..
        }) => {
            if layers.iter().any(|&l| !(1..=256).contains(&l)) {
                return refuse("the stages of a ResNet have 1 to 256 blocks");
            }
            if wide(*width_per_group) || wide(*groups) || wide(512 * width_per_group / 64 * groups) {
                return refuse("the width of a bottleneck is at most 16384");
            }
        }
        Arch::Swin(swin) => {
            let stages = swin.depths.len();
            let listed = [&swin.heads, &swin.windows, &swin.pretrained]
                .iter()
                .all(|list| list.len() == stages);
            if !(1..=8).contains(&stages) || !listed || swin.depths.iter().any(|d| !(1..=256).contains(d)) {
                return refuse("a Swin has 1 to 8 stages of 1 to 256 blocks, each with heads and a window");
            }
            let heads = swin.widths().into_iter().zip(&swin.heads);
            if wide(swin.width << stages) || heads.into_iter().any(|(w, h)| *h == 0 || !w.is_multiple_of(*h)) {
                return refuse("the width of a Swin's stages is at most 16384 and a multiple of their attention heads");
            }
            if swin.windows.iter().any(|w| !(1..=64).contains(w)) || wide(swin.patch) || !(1..=16).contains(&swin.ratio)
            {
                return refuse("the windows of a Swin are of 1 to 64 positions a side");
            }
        }
        Arch::Vit(
            vit @ Vit {
                width,
                depth,
                heads,
                patch,
                grid,
                hidden,
                registers,
                ..
            },
        ) => {
            if wide(*width) || wide(*hidden) || wide(*patch) || wide(*heads) || !width.is_multiple_of(*heads) {
                return refuse("the width of a transformer is 1 to 16384 and a multiple of its attention heads");
            }
            if vit.rotary.is_some() && vit.head_width() % 4 != 0 {
                return refuse("heads whose channels are turned by row and column have a multiple of 4 of them");
            }
            if vit.relative.is_some() && (!vit.class_token || *registers > 0) {
                return refuse("biases by distance are for a class token and patches");
            }
            if vit.summary.iter().any(|i| i >= registers) {
                return refuse("a summary is of tokens before the patches");
            }
            if !(1..=256).contains(depth) || !(1..=1024).contains(grid) || *registers > 1024 {
                return refuse("a transformer has 1 to 256 blocks and at most 1024 patches a side");
            }
        }
    }
    Ok(())
}
