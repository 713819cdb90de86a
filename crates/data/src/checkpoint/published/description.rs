//! The description of a published model.

use serde_json::Value;

use super::models::{ACTIVATIONS, MODELS, PublishedModel, VIT};
use super::resnet;
use crate::checkpoint::arch::{Activation, Epsilon, FinalNorm, Rotary, Shapes, Vit};
use crate::checkpoint::claim::CONFIG;
use crate::checkpoint::flavour::{self, NetworkNames};
use crate::checkpoint::naming::Layout;
use crate::checkpoint::recipe::Recipe;
use crate::checkpoint::weights::Checkpoint;

/// What the `config.json` beside a checkpoint says, where it is transformers'.
#[derive(Debug, Default)]
pub(in crate::checkpoint) struct Published {
    /// The network; `None` where it is none that is known.
    pub(super) model: Option<&'static PublishedModel>,
    /// Its `model_type`; `None` where there is no such file.
    pub(super) kind: Option<String>,
    /// What it says of the network of images.
    pub(super) fields: Value,
    /// True if the file is there and cannot be read.
    pub(super) damaged: bool,
    /// What the file and what lies around it call the network.
    names: NetworkNames,
}

impl Published {
    /// Reads it; nothing is refused before a network is found that it speaks of.
    pub(in crate::checkpoint) fn beside(checkpoint: &Checkpoint) -> Self {
        let names = NetworkNames::of(checkpoint);
        let Some(whole) = checkpoint.config_beside() else {
            return Self {
                damaged: checkpoint.path_beside(CONFIG).is_file(),
                names,
                ..Self::default()
            };
        };
        let Some(kind) = whole.get("model_type").and_then(Value::as_str) else {
            return Self {
                names,
                ..Self::default()
            };
        };
        let model = MODELS.iter().find(|m| m.kind == kind || m.pair == Some(kind));
        let fields = match model {
            Some(model) if model.pair == Some(kind) => whole.get("vision_config").cloned().unwrap_or_default(),
            _ => whole.clone(),
        };
        Self {
            model,
            kind: Some(kind.to_owned()),
            fields,
            damaged: false,
            names,
        }
    }

    /// What the file and what lies around it call the network.
    pub(in crate::checkpoint) fn names(&self) -> &NetworkNames {
        &self.names
    }

    /// True if it speaks of a network with this layout.
    pub(in crate::checkpoint) fn is_of(&self, layout: Option<Layout>) -> bool {
        layout.is_some() && self.model.map(|m| m.layout) == layout
    }

    /// What kind of network it is: as the file says, else what the tensors of the layout can be.
    pub(in crate::checkpoint) fn model(&self, layout: Layout, shape: Shapes) -> &'static PublishedModel {
        let has = |name: &str| shape(name).is_some();
        let kind = match layout {
            _ if self.model.is_some_and(|m| m.layout == layout) => return self.model.unwrap_or(&VIT),
            Layout::Vit if has("reg_token") => "deit",
            Layout::Vit if !has("cls_token") => "ijepa",
            Layout::Vit => "vit",
            Layout::Dinov2 if has("reg_token") => "dinov2_with_registers",
            Layout::Dinov2 => "dinov2",
            Layout::Clip if has("cls_token") || has("norm_pre.weight") => "clip_vision_model",
            Layout::Clip => "siglip_vision_model",
            Layout::Dinov3 => "dinov3_vit",
            Layout::Beit => "beit",
            // Nothing of it is hidden.
            Layout::ResNet | Layout::ConvNext | Layout::Swin => resnet::KIND,
        };
        MODELS.iter().find(|m| m.kind == kind).unwrap_or(&VIT)
    }

    /// Gives a network what its tensors do not show.
    pub(in crate::checkpoint) fn complete(&self, layout: Layout, shape: Shapes, vit: &mut Vit) {
        let model = self.model(layout, shape);
        let number = |key: &str| self.number(key).and_then(|n| usize::try_from(n).ok());
        if let Some(depth) = number("num_hidden_layers").filter(|d| (1..=128).contains(d)) {
            vit.depth = depth;
        }
        vit.heads = self.heads().unwrap_or(vit.heads);
        vit.activation = self.activation().unwrap_or(model.activation);
        vit.epsilon = self.epsilon().unwrap_or(model.epsilon);
        vit.positions = model.positions;
        if layout == Layout::Clip {
            vit.pre_norm = model.class_token;
            vit.patch_bias = !model.class_token;
            let told = self.fields.get("vision_use_head").and_then(Value::as_bool);
            let there = || {
                ["latent", "qkv.weight", "proj.weight"]
                    .iter()
                    .any(|t| shape(&format!("attn_pool.{t}")).is_some())
            };
            vit.attention_pool = !model.class_token && told.unwrap_or_else(there);
        }
        match layout {
            Layout::Dinov3 => self.complete_dinov3(shape, vit),
            Layout::Beit => {
                vit.class_token = true;
                let flag = |key: &str| self.fields.get(key).and_then(Value::as_bool);
                vit.absolute = flag("use_absolute_position_embeddings").unwrap_or(vit.absolute);
                let has = |name: &str| shape(name).is_some();
                // BEiT alone always has its pooling layer.
                if flag("use_mean_pooling") != Some(false) && !has("norm.weight") && !has("norm.bias") {
                    let pools = has("fc_norm.weight") || has("fc_norm.bias") || model.kind == "beit";
                    vit.norm = if pools { FinalNorm::Pooled } else { FinalNorm::Absent };
                }
            }
            _ => {}
        }
        vit.pooling = vit.own_pooling();
    }

    /// The positions of a DINOv3, and what its gate has.
    fn complete_dinov3(&self, shape: Shapes, vit: &mut Vit) {
        let base = self.number("rope_theta").and_then(|n| u32::try_from(n).ok());
        let whole = self.fields.get("rope_theta").and_then(Value::as_f64);
        let base = base.or(whole.filter(|n| n.fract() == 0.0 && *n <= 1e9).map(|n| n as u32));
        let rotary = Rotary::Centred {
            base: base.unwrap_or(100),
            periods: false,
        };
        let epsilon = vit.epsilon;
        let heads = self.heads().unwrap_or_else(|| flavour::dinov3_heads(vit, shape));
        flavour::centred(vit, rotary, heads);
        vit.epsilon = epsilon;
        if vit.swiglu {
            vit.gate = match self.word("hidden_act") {
                Some(_) => vit.activation,
                // Silence means GELU there; without any config.json it is one of those that were published.
                None if self.kind.is_some() => Activation::Gelu,
                None => Activation::Silu,
            };
            vit.activation = Activation::Gelu;
        }
        let image = self.number("image_size").and_then(|n| usize::try_from(n).ok());
        vit.grid = (image.unwrap_or(224) / vit.patch.max(1)).max(1);
    }

    /// How many attention heads there are.
    pub(in crate::checkpoint) fn heads(&self) -> Option<usize> {
        self.kind.as_ref()?;
        let heads = self.number("num_attention_heads");
        let heads = heads.unwrap_or_else(|| self.model.map_or(VIT.heads, |m| m.heads));
        usize::try_from(heads).ok().filter(|heads| *heads > 0)
    }

    /// How images are prepared where nothing says so.
    pub(in crate::checkpoint) fn recipe(&self, layout: Layout, vit: &Vit) -> Recipe {
        self.model(layout, &shown(vit)).recipe
    }

    /// Where the switches that no tensor shows come from, to read.
    pub(in crate::checkpoint) fn describe(&self, layout: Layout, vit: &Vit) -> Vec<String> {
        let model = self.model(layout, &shown(vit));
        let switches = [
            ("num_attention_heads", format!("{} attention heads", vit.heads)),
            (
                "hidden_act",
                match (layout, vit.swiglu) {
                    (Layout::Dinov3, true) => format!("{} on the gate", vit.gate.describe()),
                    _ => vit.activation.describe().to_owned(),
                },
            ),
            ("layer_norm_eps", format!("epsilon {:e}", vit.epsilon.value())),
            (
                "rope_theta",
                match vit.rotary {
                    Some(Rotary::Centred { base, .. }) => format!("rotary positions of base {base}"),
                    _ => String::new(),
                },
            ),
        ];
        let switches = switches.into_iter().filter(|(_, text)| !text.is_empty());
        let (told, assumed): (Vec<_>, Vec<_>) = switches.partition(|(key, _)| self.fields.get(*key).is_some());
        let words = |list: &[(&str, String)]| {
            list.iter()
                .map(|(_, text)| text.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let pooling = format!("{} as features", vit.pooling.describe());
        if self.kind.is_none() {
            return vec![format!(
                "{}: there is no config.json beside it to say so, and transformers' {} usually has this; {pooling}",
                words(&assumed),
                model.kind
            )];
        }
        let mut notes = Vec::new();
        if !told.is_empty() {
            notes.push(format!("{}, as config.json beside it says", words(&told)));
        }
        if !assumed.is_empty() {
            notes.push(format!(
                "{}: config.json beside it is silent, and transformers' {} has this then",
                words(&assumed),
                model.kind
            ));
        }
        notes.push(pooling);
        notes
    }

    /// True if its `model_type` is one of these.
    pub(super) fn is_one_of(&self, kinds: &[&str]) -> bool {
        self.kind.as_ref().is_some_and(|kind| kinds.contains(&kind.as_str()))
    }

    /// Where a network's activation and epsilon come from, whose kinds these are; `usual` says who has them where no file does.
    pub(super) fn source(&self, kinds: &[&str], words: &str, usual: &str) -> String {
        let says = ["hidden_act", "layer_norm_eps"]
            .iter()
            .all(|key| self.fields.get(*key).is_some());
        match (self.is_one_of(kinds), says) {
            (true, true) => format!("{words}, as config.json beside it says"),
            (true, false) => format!("{words}: where config.json beside it is silent, transformers has this"),
            (false, _) => format!("{words}: there is no config.json beside it to say so, and {usual}"),
        }
    }

    /// The activation it tells, where that is known.
    pub(super) fn activation(&self) -> Option<Activation> {
        let word = self.word("hidden_act")?;
        ACTIVATIONS.iter().find(|a| a.0 == word).map(|a| a.1)
    }

    /// The epsilon it tells, where that can be.
    pub(super) fn epsilon(&self) -> Option<Epsilon> {
        let told = self.fields.get("layer_norm_eps").and_then(Value::as_f64);
        told.and_then(Epsilon::new)
    }

    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.fields.get(key).and_then(Value::as_u64)
    }

    pub(super) fn word(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str)
    }
}

/// The telling tensors of a network that was completed.
fn shown(vit: &Vit) -> impl Fn(&str) -> Option<Vec<usize>> {
    let (class_token, registers) = (vit.class_token, vit.registers > 0);
    move |name| match name {
        "cls_token" => class_token.then(Vec::new),
        "reg_token" => registers.then(Vec::new),
        _ => None,
    }
}
