//! RADIO (NVIDIA): a transformer with a token for each of its teachers, some of which are its summary.

use std::collections::BTreeMap;

use serde_json::Value;

use super::told::Told;
use crate::checkpoint::arch::{FinalNorm, Positions, Shapes, Vit};
use crate::checkpoint::elsewhere::ELSEWHERE;
use crate::checkpoint::recipe::Recipe;
use crate::checkpoint::weights::Checkpoint;

/// No file has more teachers, nor more tokens before its patches, than this.
const MOST: usize = 64;

/// The tensor that numbers the tokens of the summary.
const SUMMARY: &str = "summary_idxs";

/// Tensors outside the network that are read: the tokens of its summary, and how its images are normalised.
const READ: [&str; 3] = [SUMMARY, "input_conditioner.norm_mean", "input_conditioner.norm_std"];

/// True if a tensor outside the network is read all the same.
pub(in crate::checkpoint) fn is_read(name: &str) -> bool {
    READ.iter().any(|read| ends(name, read))
}

fn ends(name: &str, end: &str) -> bool {
    name.strip_suffix(end)
        .is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// What a RADIO's file, or the config.json beside it, says of the network.
#[derive(Debug, Default)]
pub(in crate::checkpoint) struct SaidByRadio {
    /// The tokens of its summary, and who says so.
    summary: Option<(Vec<usize>, &'static str)>,
    /// True if patches are rotated and shifted after the network.
    normalised: bool,
    /// True if normalisations inside blocks are divided by the root of the block's number, which no tensor shows.
    divided: bool,
    /// True if matrices are kept as parts that they are computed from.
    in_parts: bool,
    /// True if the tokens are normalised at the end, block outputs scaled, and MLPs normalise inside, as far as it is said.
    normed: bool,
    scaled: bool,
    mlp_normed: bool,
}

impl SaidByRadio {
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        let tensors = checkpoint.tensors();
        if !tensors.keys().any(|name| name.contains("patch_generator.")) {
            return Self::default();
        }
        let listed = tensors.keys().find(|name| ends(name, SUMMARY)).and_then(|name| {
            // A shape is a claim: it is looked at before so many numbers are made of it.
            let is_short = |shape: &[usize]| matches!(shape, [1..=MOST]);
            tensors.get(name).filter(|info| is_short(&info.shape))?;
            let (_, values) = checkpoint.tensor_i64(name).ok()?;
            let token = |i: i64| usize::try_from(i).ok().filter(|i| *i < MOST);
            values.into_iter().map(token).collect::<Option<Vec<usize>>>()
        });
        let metadata = |path: &str| checkpoint.metadata().get(&format!("args.{path}")).cloned();
        let config = checkpoint
            .config_beside()
            .and_then(|config| config.get("args").cloned());
        let beside = |path: &str| {
            config
                .as_ref()?
                .pointer(&format!("/{}", path.replace('.', "/")))
                .cloned()
        };
        let told = || Some((of_teachers(&metadata)?, "the file's args"));
        let described = || Some((of_teachers(&beside)?, "config.json beside it"));
        let said = |path: &str| metadata(path).or_else(|| beside(path));
        let yes = |path: &str| said(path).and_then(|v| v.as_bool()) == Some(true);
        let has = |part: &str| tensors.keys().any(|name| name.contains(part));
        Self {
            summary: listed.map(|tokens| (tokens, SUMMARY)).or_else(told).or_else(described),
            normalised: tensors.keys().any(|name| {
                let module = |part: &str| part.trim_start_matches('_') == "feature_normalizer";
                name.split('.').any(module)
            }),
            divided: yes("model_kwargs.scaled_ln"),
            in_parts: has(".parametrizations.weight."),
            normed: yes("model_norm"),
            scaled: said("model_kwargs.init_values").is_some_and(|v| v.is_number()),
            mlp_normed: said("model").is_some_and(|v| v.as_str().is_some_and(|name| name.ends_with("_mlpnorm"))),
        }
    }
}

/// The tokens of the summary as RADIO's own code takes them from its list of teachers: the first of each name.
fn of_teachers(get: &impl Fn(&str) -> Option<Value>) -> Option<Vec<usize>> {
    let mut first = BTreeMap::new();
    for i in 0..MOST {
        let Some(name) = get(&format!("teachers.{i}.name")) else {
            break;
        };
        let hands_on = get(&format!("teachers.{i}.use_summary")).and_then(|v| v.as_bool()) != Some(false);
        if hands_on {
            first.entry(name.as_str()?.to_owned()).or_insert(i);
        }
    }
    if get("cls_token_per_teacher").and_then(|v| v.as_bool()) == Some(false) {
        return Some(vec![0]);
    }
    let mut tokens: Vec<usize> = first.into_values().collect();
    tokens.sort_unstable();
    (!tokens.is_empty()).then_some(tokens)
}

pub(super) fn complete(said: &SaidByRadio, shape: Shapes, vit: &mut Vit) -> Told {
    let has = |name: &str| shape(name).is_some();
    vit.class_token = false;
    vit.placed = 0;
    vit.absolute = true;
    vit.patch_bias = has("patch_embed.proj.bias");
    vit.positions = Positions::Cropped;
    if !said.normed && !has("norm.weight") && !has("norm.bias") {
        vit.norm = FinalNorm::Absent;
    }
    vit.layer_scale |= said.scaled;
    vit.mlp_norm |= said.mlp_normed;
    let mut told = Told {
        recipe: Some(Recipe::Clip),
        ..Told::default()
    };
    let usual = format!(
        "{} attention heads by the width, GELU, epsilon 1e-6, positions bilinear: no tensor tells, and RADIO has this",
        vit.heads
    );
    told.notes.push(usual);
    match &said.summary {
        Some((summary, by)) => {
            let last = summary.iter().max().map_or(0, |last| last + 1);
            if has("reg_token") && last > vit.registers {
                told.refused = Some(format!(
                    "{by} counts token {last} to its summary, and patch_generator.cls_token.token has {}; fetch it again",
                    vit.registers
                ));
            }
            vit.registers = vit.registers.max(last);
            vit.summary = summary.clone();
            told.notes.push(format!(
                "{} tokens before its patches, its summary numbers {summary:?} of them, as {by} says",
                vit.registers
            ));
        }
        None => {
            told.undecided = Some(
                "a RADIO, and nothing says which of its tokens are its summary; put its config.json beside it, or pass --pooling mean"
                    .to_owned(),
            );
        }
    }
    if said.normalised {
        told.notes
            .push("its feature_normalizer is left alone: patches are taken before it".to_owned());
    }
    if said.divided {
        told.refused = Some(format!(
            "a RADIO whose normalisations are divided by the root of their block's number, which is not computed here: {ELSEWHERE}"
        ));
    }
    if said.in_parts {
        told.refused = Some(
            "a RADIO whose matrices are kept in parts (parametrizations); load it with its own radio_model, and save the state_dict() \
             of what that returns"
                .to_owned(),
        );
    }
    told
}
