//! Places in a file where a network may be.

use std::collections::{BTreeMap, BTreeSet};

use super::arch::{Arch, ArchFamily, Expected};
use super::branch::{self, Branch};
use super::flavour::{self, Told};
use super::joined;
use super::naming::{Layout, NAMINGS, Naming, RADIO_NAME};
use super::published::{Published, convnext, swin};
use super::weights::Checkpoint;

/// The share of a network's tensor names that must be there before it is taken for that network.
pub(super) const RECOGNISED: f64 = 0.5;

/// Tensors of which a network of images by transformers' names has at least one.
const OF_IMAGES: [&str; 4] = [
    "patch_embed.proj.weight",
    "patch_embed.proj.bias",
    "cls_token",
    "norm_pre.weight",
];

/// Tensors that a RADIO names otherwise than all others; it has at least one of them.
const RADIOS: [&str; 3] = ["patch_embed.proj.weight", "pos_embed", "reg_token"];

/// A place in the file where a network may be, and how well it fits.
pub(super) struct Candidate {
    pub(super) naming: &'static Naming,
    pub(super) prefix: String,
    pub(super) arch: Arch,
    pub(super) expected: Vec<Expected>,
    /// Per expected tensor: its name in the file.
    pub(super) names: Vec<String>,
    /// The side of a two-branch method.
    branch: Option<&'static Branch>,
    /// Share of the names that are there.
    pub(super) named: f64,
    /// What is known of it beside its tensors, where its naming is not transformers'.
    pub(super) told: Told,
}

impl Candidate {
    fn new(
        checkpoint: &Checkpoint,
        naming: &'static Naming,
        prefix: &str,
        forced: Option<&Arch>,
        published: &Published,
    ) -> Option<Self> {
        let shape = |ours: &str| shape(checkpoint, naming, prefix, ours);
        // The half for texts of a network of images and texts has the very same blocks.
        let paired = naming.layout.is_some() || naming.projection.is_some();
        if paired && naming.family == ArchFamily::Vit && !OF_IMAGES.iter().any(|name| shape(name).is_some()) {
            return None;
        }
        if naming.name == RADIO_NAME && RADIOS.iter().all(|name| shape(name).is_none()) {
            return None;
        }
        // A ViT that lost the biases of its keys is none of these.
        if naming.layout == Some(Layout::Beit) && !published.is_of(naming.layout) {
            let beits = [
                "blocks.0.attn.relative_position_bias_table",
                "rel_pos_bias.relative_position_bias_table",
                "blocks.0.ls1.gamma",
                "blocks.1.ls1.gamma",
            ];
            if beits.iter().all(|name| shape(name).is_none()) {
                return None;
            }
        }
        let mut told = Told::default();
        let guess = naming.family.guess(&shape).map(|guess| match (guess, naming.layout) {
            (Arch::Vit(mut vit), Some(layout)) => {
                published.complete(layout, &shape, &mut vit);
                told.heads = published.heads().is_some() || vit.relative.is_some() || layout == Layout::Dinov3;
                Arch::Vit(vit)
            }
            (Arch::Vit(mut vit), None) => {
                told = flavour::complete(naming, published.names(), &shape, &mut vit);
                Arch::Vit(vit)
            }
            (Arch::Cnn(mut cnn), None) => {
                told = flavour::complete_cnn(published.names(), &shape, &mut cnn);
                // Who names the architecture says what no tensor shows.
                if forced.is_some() {
                    told = Told {
                        recipe: told.recipe,
                        ..Told::default()
                    };
                }
                Arch::Cnn(cnn)
            }
            (Arch::Cnn(mut cnn), Some(_)) => {
                convnext::complete(published, &mut cnn);
                Arch::Cnn(cnn)
            }
            (Arch::Swin(mut net), layout) => {
                swin::look(checkpoint, |ours| key(checkpoint, naming, prefix, ours), &mut net);
                if layout.is_some() {
                    swin::complete(published, &mut net);
                }
                Arch::Swin(net)
            }
            (guess, _) => guess,
        });
        let arch = match forced {
            Some(arch) => arch.completed(guess),
            None => guess?,
        };
        let expected: Vec<Expected> = arch
            .tensors()
            .into_iter()
            .map(|e| Expected {
                shape: naming.in_file(&e.name, e.shape),
                ..e
            })
            .collect();
        let names: Vec<String> = expected
            .iter()
            .map(|e| key(checkpoint, naming, prefix, &e.name))
            .collect();
        let there = names.iter().filter(|n| checkpoint.has(n)).count();
        Some(Self {
            naming,
            prefix: prefix.to_owned(),
            branch: branch::branch_of(prefix).or_else(|| beside_key(checkpoint, prefix)),
            arch,
            named: there as f64 / expected.len().max(1) as f64,
            expected,
            names,
            told,
        })
    }

    /// How much of the file it accounts for: tensors that are there, less those that are not. Whether `config.json` speaks of
    /// such a network comes first.
    fn weight(&self, published: &Published) -> (bool, isize) {
        let there = (self.named * self.expected.len() as f64).round() as isize;
        let lost = self.expected.len() as isize - there;
        (published.is_of(self.naming.layout) && self.named >= 0.5, there - lost)
    }

    /// The shape of one of our tensors in the file.
    pub(super) fn shape(&self, checkpoint: &Checkpoint, ours: &str) -> Option<Vec<usize>> {
        shape(checkpoint, self.naming, &self.prefix, ours)
    }

    /// Names of the file that it accounts for, whether they are there or not.
    pub(super) fn parts(&self, checkpoint: &Checkpoint) -> Vec<String> {
        self.names.iter().flat_map(|name| checkpoint.parts(name)).collect()
    }

    /// True if all its tensors are there in their shapes.
    pub(super) fn is_whole(&self, checkpoint: &Checkpoint) -> bool {
        let fits = |(expected, name): (&Expected, &String)| checkpoint.shape(name).is_some_and(|s| s == expected.shape);
        self.expected.iter().zip(&self.names).all(fits)
    }

    pub(super) fn branch(&self) -> Option<&'static Branch> {
        self.branch
    }

    /// Place in the order of preference.
    pub(super) fn rank(&self) -> (bool, usize) {
        branch::rank(self.branch())
    }

    /// True if it is the other network once more, value by value: a module that is registered twice is saved twice.
    pub(super) fn is_same(&self, other: &Self, checkpoint: &Checkpoint) -> bool {
        let bits = |name: &String| {
            let (shape, values) = checkpoint.tensor_f32(name).ok()?;
            Some((shape, values.into_iter().map(f32::to_bits).collect::<Vec<_>>()))
        };
        self.arch == other.arch && self.names.iter().zip(&other.names).all(|(a, b)| bits(a) == bits(b))
    }

    pub(super) fn branch_name(&self) -> &'static str {
        self.branch().map_or("only", |b| b.name)
    }
}

/// The first side where the second lies beside it as `encoder_k`, and it is called `encoder` alone (MoBY).
fn beside_key(checkpoint: &Checkpoint, prefix: &str) -> Option<&'static Branch> {
    let key = format!("{}encoder_k.", prefix.strip_suffix("encoder.")?);
    let there = checkpoint
        .tensors()
        .range(key.clone()..)
        .next()
        .is_some_and(|(name, _)| name.starts_with(&key));
    there.then(|| branch::branch_of("encoder_q.")).flatten()
}

/// The name in the file of one of our tensors.
fn key(checkpoint: &Checkpoint, naming: &Naming, prefix: &str, ours: &str) -> String {
    naming.locate(prefix, ours, |name| checkpoint.has(name))
}

/// Its shape, as it is ours.
fn shape(checkpoint: &Checkpoint, naming: &Naming, prefix: &str, ours: &str) -> Option<Vec<usize>> {
    let found = checkpoint.shape(&key(checkpoint, naming, prefix, ours))?;
    Some(naming.ours_from_file(ours, found))
}

/// Every place where an anchor of a naming ends a name; one naming per prefix, the best.
pub(super) fn candidates(checkpoint: &Checkpoint, forced: Option<&Arch>, published: &Published) -> Vec<Candidate> {
    let mut best: BTreeMap<String, Candidate> = BTreeMap::new();
    for naming in NAMINGS {
        let among = forced.map(|arch| arch.among(naming.family));
        if among == Some(None) {
            continue;
        }
        let forced = among.flatten();
        let mut prefixes = BTreeSet::new();
        for anchor in naming.family.anchors() {
            for anchor in joined::parts(&naming.locate("", anchor, |_| false)) {
                let ends = |name: &String| {
                    name.strip_suffix(anchor.as_str())
                        .filter(|p| p.is_empty() || p.ends_with('.'))
                        .map(str::to_owned)
                };
                prefixes.extend(checkpoint.tensors().keys().filter_map(ends));
            }
        }
        for candidate in prefixes
            .iter()
            .filter_map(|p| Candidate::new(checkpoint, naming, p, forced.as_ref(), published))
        {
            // Registers must not go unnoticed, nor one lost tensor make it a network without its kind.
            let better = |b: &Candidate| candidate.weight(published) > b.weight(published);
            if best.get(&candidate.prefix).is_none_or(better) {
                best.insert(candidate.prefix.clone(), candidate);
            }
        }
    }
    best.into_values().collect()
}
