//! Key styles as a table: what the checkpoints of each method and code base look like around the backbone, and what
//! follows from that. A new style is a new row.

use super::arch::{Arch, ArchFamily, Library, Positions};
use super::head_search::scopes;
use super::naming::Naming;
use super::recipe::Recipe;
use super::rows::rows;
use super::weights::Checkpoint;

/// How the files of a method or a code base look.
#[derive(Debug)]
pub(super) struct Style {
    /// What the audit calls it.
    pub(super) name: &'static str,
    /// Whose backbones come in it; `None`: any.
    family: Option<ArchFamily>,
    /// One of these parts stands in the backbone's prefix; empty: no matter.
    within: &'static [&'static str],
    /// Each of these begins a name below the backbone's prefix or in a folder around it.
    beside: &'static [&'static str],
    /// True if it is self-supervised: a single linear layer after the backbone then projects, and does not classify.
    pub(super) self_supervised: bool,
    /// True if the method's own forward pass ends by dividing the projector's output by its length.
    pub(super) normalised: bool,
    /// True if its projector has GELU between its layers where the place alone does not say so.
    pub(super) gelu: bool,
    /// The preparation of images that belongs to it.
    recipe: Option<Recipe>,
    /// How it brings position embeddings to another grid.
    positions: Option<Positions>,
    /// Attention heads of a width, where they differ from everybody else's.
    heads: Option<(usize, usize)>,
    /// Padding of the CIFAR stem, where it differs.
    cifar_padding: Option<usize>,
}

/// A row without particulars.
const ROW: Style = Style {
    name: "",
    family: None,
    within: &[],
    beside: &[],
    self_supervised: true,
    normalised: false,
    gelu: false,
    recipe: None,
    positions: None,
    heads: None,
    cifar_padding: None,
};

/// All styles. The row with the most conditions that hold is taken, of equals the earlier one.
pub(super) const STYLES: &[Style] = rows! {
    Style, ROW;
    name: "MoCo v1", within: &["encoder_q", "encoder_k"], beside: &["fc."], normalised: true;
    name: "MoCo v2", within: &["encoder_q", "encoder_k"], beside: &["fc.0.", "fc.2."], normalised: true;
    name: "MoCo v3", within: &["base_encoder", "momentum_encoder"], beside: &["predictor."],
        recipe: Some(Recipe::ImagenetBicubic), heads: Some((384, 12));
    name: "MoCo v3", family: Some(ArchFamily::ResNet), within: &["base_encoder", "momentum_encoder"],
        beside: &["predictor.", "fc."];
    name: "SimCLR (head in backbone.fc)", within: &["backbone"], beside: &["fc.0.", "fc.2."];
    name: "SimCLR (encoder, projector)", within: &["encoder"], beside: &["projector."];
    name: "SimCLR (f, g)", within: &["f"], beside: &["g."], normalised: true;
    name: "SupContrast", within: &["encoder"], beside: &["head."], normalised: true;
    name: "SimSiam", within: &["encoder"], beside: &["predictor.", "fc.0."];
    name: "SimSiam", within: &["encoder", "backbone"], beside: &["projector.", "predictor."];
    name: "BYOL",
        within: &["online_encoder", "online_network", "online_net", "online_network_state_dict", "online",
            "target_encoder", "target_network", "target_net", "target_network_state_dict", "target"];
    name: "lightly (SwAV)", beside: &["projection_head.layers.", "prototypes.heads."], normalised: true;
    name: "SwAV", beside: &["projection_head.", "prototypes."], normalised: true;
    name: "Barlow Twins", within: &["backbone"], beside: &["projector.", "bn.running_mean"];
    name: "VICReg and others", within: &["backbone"], beside: &["projector."];
    name: "DINO", within: &["teacher", "student"], beside: &["head.mlp.", "head.last_layer."], normalised: true,
        recipe: Some(Recipe::ImagenetBicubic), positions: Some(Positions::Offset);
    name: "DINOv2", family: Some(ArchFamily::Vit), beside: &["mask_token", "blocks.0.ls1.gamma"], normalised: true,
        recipe: Some(Recipe::ImagenetBicubic), positions: Some(Positions::Offset);
    name: "DINOv2 with registers", family: Some(ArchFamily::Vit),
        beside: &["mask_token", "blocks.0.ls1.gamma", "register_tokens"], normalised: true,
        recipe: Some(Recipe::ImagenetBicubic), positions: Some(Positions::Antialiased);
    name: "DINOv3", family: Some(ArchFamily::Vit), beside: &["mask_token", "blocks.0.ls1.gamma", "storage_tokens"],
        normalised: true, recipe: Some(Recipe::SquaredImagenet);
    name: "DINOv2", family: Some(ArchFamily::Vit), beside: &["mask_token", "blocks.0.0.ls1.gamma"], normalised: true,
        recipe: Some(Recipe::ImagenetBicubic), positions: Some(Positions::Offset);
    name: "DINOv2 with registers", family: Some(ArchFamily::Vit),
        beside: &["mask_token", "blocks.0.0.ls1.gamma", "register_tokens"], normalised: true,
        recipe: Some(Recipe::ImagenetBicubic), positions: Some(Positions::Antialiased);
    name: "MAE", family: Some(ArchFamily::Vit), beside: &["mask_token", "decoder_blocks.0."],
        recipe: Some(Recipe::ImagenetBicubic), positions: Some(Positions::Plain);
    name: "SimMIM", family: Some(ArchFamily::Swin), within: &["encoder"], beside: &["mask_token", "decoder.0."];
    name: "MoBY", within: &["encoder", "encoder_k"],
        beside: &["projector.linear_hidden.", "predictor.linear_hidden.", "queue1"];
    name: "iBOT", family: Some(ArchFamily::Vit), within: &["teacher", "student"],
        beside: &["masked_embed", "head.mlp.", "head.last_layer"], normalised: true,
        recipe: Some(Recipe::ImagenetBicubic), positions: Some(Positions::Offset);
    name: "I-JEPA", family: Some(ArchFamily::Vit), within: &["encoder", "target_encoder"],
        beside: &["predictor.module.predictor_embed."], recipe: Some(Recipe::ImagenetBicubic),
        positions: Some(Positions::Plain);
    name: "I-JEPA", family: Some(ArchFamily::Vit), within: &["encoder", "target_encoder"],
        beside: &["predictor.predictor_embed."], recipe: Some(Recipe::ImagenetBicubic),
        positions: Some(Positions::Plain);
    name: "solo-learn", within: &["backbone", "momentum_backbone"], beside: &["projector.", "classifier."],
        cifar_padding: Some(2);
    name: "solo-learn (DINO)", within: &["backbone", "momentum_backbone"], beside: &["head.mlp.", "classifier."],
        normalised: true, cifar_padding: Some(2);
    name: "solo-learn", within: &["backbone", "momentum_backbone"],
        beside: &["projector.", "predictor.", "classifier."], cifar_padding: Some(2);
    name: "solo-learn (SwAV)", within: &["backbone"], beside: &["projector.", "prototypes.", "classifier."],
        normalised: true, cifar_padding: Some(2);
    name: "lightly", beside: &["projection_head.layers."];
    name: "lightly (DINO)", within: &["teacher_backbone", "student_backbone"],
        beside: &["teacher_head.layers.", "teacher_head.last_layer."], normalised: true;
    name: "lightly (MSN)", beside: &["projection_head.layers.", "anchor_projection_head.layers."], gelu: true;
    name: "MSN", within: &["encoder", "target_encoder"], beside: &["fc.fc1.", "fc.fc2.", "fc.fc3."], gelu: true,
        recipe: Some(Recipe::ImagenetBicubic);
    name: "MMSelfSup", within: &["backbone"], beside: &["neck."];
    name: "MMSelfSup", within: &["backbone"], beside: &["neck.mlp.", "queue"], normalised: true;
    name: "MMSelfSup (SwAV)", within: &["backbone"], beside: &["neck.", "neck.projection_neck."], normalised: true;
    name: "MMSelfSup", within: &["encoder_q", "encoder_k"], beside: &["queue", "1.mlp.", "0."], normalised: true;
    name: "MMSelfSup", within: &["online_net", "target_net"], beside: &["1.fc0.", "0."];
    name: "mmpretrain", within: &["backbone"], beside: &["head."], self_supervised: false;
};

impl Style {
    fn fits(&self, checkpoint: &Checkpoint, prefix: &str, family: ArchFamily) -> bool {
        let around = scopes(prefix);
        let begins = |text: &String| {
            let mut from = checkpoint.tensors().range(text.clone()..);
            from.next().is_some_and(|(name, _)| name.starts_with(text))
        };
        self.family.is_none_or(|f| f == family)
            && (self.within.is_empty() || prefix.split('.').any(|part| self.within.contains(&part)))
            && self
                .beside
                .iter()
                .all(|begin| around.iter().any(|scope| begins(&format!("{scope}{begin}"))))
    }

    fn conditions(&self) -> usize {
        usize::from(self.family.is_some()) + usize::from(!self.within.is_empty()) + self.beside.len()
    }

    /// The style of the file around the backbone at `prefix`; `None` where it is nothing but a backbone.
    pub(super) fn of(checkpoint: &Checkpoint, prefix: &str, family: ArchFamily) -> Option<&'static Self> {
        STYLES
            .iter()
            .rev()
            .filter(|s| s.fits(checkpoint, prefix, family))
            .max_by_key(|s| s.conditions())
    }

    /// The architecture with what names and shapes do not tell and the style does.
    pub(super) fn adapt(style: Option<&Self>, naming: &Naming, arch: &mut Arch, heads_named: bool) {
        match arch {
            Arch::Vit(vit) => {
                if naming.name.starts_with("torchvision") {
                    vit.positions = Positions::Corners;
                }
                vit.positions = style.and_then(|s| s.positions).unwrap_or(vit.positions);
                if let Some((width, heads)) = style.and_then(|s| s.heads)
                    && width == vit.width
                    && !heads_named
                {
                    vit.heads = heads;
                }
            }
            Arch::ResNet(resnet) => {
                resnet.stem_padding = style.and_then(|s| s.cifar_padding).filter(|_| resnet.cifar_stem);
                // Children of a Sequential that are numbered without a gap have nothing between them.
                resnet.bare_stem = [naming.rename("bn1"), naming.rename("layer1")] == ["1", "2"];
            }
            Arch::Swin(swin) => {
                swin.library = match naming.name {
                    "timm" => Library::Timm,
                    "torchvision" => Library::Torchvision,
                    "Swin" => Library::Authors,
                    _ => Library::Transformers,
                };
            }
            Arch::SmallCnn(_) | Arch::Cnn(_) => {}
        }
    }

    /// How images are prepared, by style and architecture.
    pub(super) fn recipe(style: Option<&Self>, naming: &Naming, arch: &Arch, classifies: bool) -> Recipe {
        match (style.and_then(|s| s.recipe), arch) {
            (_, Arch::SmallCnn(_)) => Recipe::Cifar,
            (_, Arch::ResNet(r)) if r.cifar_stem => Recipe::Cifar,
            (Some(recipe), _) => recipe,
            (None, Arch::Cnn(c)) if c.details.timm || (c.is_convnext() && naming.name != "torchvision") => {
                Recipe::ImagenetBicubic
            }
            (None, Arch::ResNet(_) | Arch::Cnn(_)) => Recipe::Imagenet,
            (None, Arch::Vit(_)) if naming.name.starts_with("torchvision") => Recipe::Imagenet,
            // timm's supervised transformers have their head; DINO's and MAE's published backbones have none.
            (None, Arch::Vit(_)) if classifies => Recipe::Inception,
            (None, Arch::Vit(_) | Arch::Swin(_)) => Recipe::ImagenetBicubic,
        }
    }
}
