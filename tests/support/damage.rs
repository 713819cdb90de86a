//! Kinds of damage to a network's file, each with what its refusal has to say.

use std::cell::RefCell;

use super::saved::Saved;
use super::{Tensors, add};

/// Names of a network that damage is done to.
#[derive(Debug)]
pub struct Parts {
    /// A weight of two or four axes of which the first two differ.
    pub matrix: String,
    /// A bias.
    pub bias: String,
    /// The weight of a normalisation inside a block.
    pub norm: String,
    /// The first convolution.
    pub stem: String,
    /// What the names of one stage begin with, its prefix included; a block's where there are no stages.
    pub stage: String,
    /// What the names of one block in it begin with.
    pub block: String,
    /// The running statistics of normalisations.
    pub statistics: Vec<String>,
}

/// A stage and a block in it, by what the names of layouts hold.
const PLACES: [[&str; 2]; 14] = [
    ["features.3.", "features.3.0."],
    ["stages.1.", "stages.1.blocks.0."],
    ["stages.1.", "stages.1.layers.0."],
    ["stages.1.", "stages.1.0."],
    ["layers.1.", "layers.1.blocks.0."],
    ["layer2.", "layer2.0."],
    ["layer2.", "layer2.layers.0."],
    ["res3.", "res3.0."],
    ["conv3_x.", "conv3_x.0."],
    ["5.", "5.0."],
    ["blocks.1.", "blocks.1."],
    ["layers.1.", "layers.1."],
    ["layer.1.", "layer.1."],
    ["encoder_layer_1.", "encoder_layer_1."],
];

impl Parts {
    /// Those of a network as it is found in the file.
    pub fn found(saved: &Saved) -> Self {
        let names = matched(saved);
        let is_there = |part: &str| names.iter().any(|name| name.contains(part));
        let place = PLACES.into_iter().find(|place| place.iter().all(|part| is_there(part)));
        Self::at(saved, place.unwrap_or_else(|| panic!("no known block in {names:?}")))
    }

    /// Those of this stage and of this block in it, by what their names hold.
    pub fn at(saved: &Saved, [stage, block]: [&str; 2]) -> Self {
        let names = matched(saved);
        let shape = |name: &str| &*saved.tensors[name].0;
        let begin = |part: &str| {
            // A block's own parts may be numbered alike, behind its number.
            let places = names.iter().filter_map(|name| Some((name, name.find(part)?)));
            let whole = places.min_by_key(|(_, at)| *at);
            let (name, at) = whole.unwrap_or_else(|| panic!("no {part} in {names:?}"));
            name[..at + part.len()].to_owned()
        };
        let first = |what: &str, fits: &dyn Fn(&str) -> bool| {
            let found = names.iter().find(|name| fits(name));
            found.unwrap_or_else(|| panic!("no {what} in {names:?}")).clone()
        };
        let block = begin(block);
        let bias_of = |weight: &str| weight.replace(".weight", ".bias");
        let is_inside = |name: &str| name.starts_with(&block) && name.ends_with(".weight");
        let has_bias = |name: &str| names.contains(&bias_of(name));
        let norm = first("normalisation", &|name| {
            is_inside(name) && shape(name).len() == 1 && has_bias(name)
        });
        let matrix = |name: &str| is_inside(name) && shape(name).len() > 1 && shape(name)[0] != shape(name)[1];
        let biased = names.iter().find(|name| matrix(name) && has_bias(name));
        let matrix = biased.cloned().unwrap_or_else(|| first("matrix", &matrix));
        Self {
            bias: bias_of(if has_bias(&matrix) { &matrix } else { &norm }),
            matrix,
            norm,
            // It alone reads colours.
            stem: first("stem", &|name| shape(name).len() == 4 && shape(name)[1] == 3),
            stage: begin(stage),
            block,
            statistics: names.into_iter().filter(|name| name.contains(".running_")).collect(),
        }
    }
}

/// The tensors of the backbone that is found in the file.
fn matched(saved: &Saved) -> Vec<String> {
    saved.load().unwrap_or_else(|e| panic!("{e}")).audit.matched
}

/// Numbers at the beginning of a tensor among which damage is done, beside its last.
const ENDS: usize = 16;

/// The refusal of a file after damage to its tensors.
fn refusal(saved: &Saved, damage: impl FnOnce(&mut Tensors)) -> String {
    let mut tensors = saved.tensors.clone();
    damage(&mut tensors);
    // Large tensors take long to compare: their ends are where damage is done.
    let is_damaged = |(name, (shape, values)): (&String, &(Vec<usize>, Vec<f32>))| {
        saved.tensors.get(name).is_none_or(|(before, whole)| {
            let ends = values.len().min(ENDS);
            before != shape
                || whole.len() != values.len()
                || whole[..ends] != values[..ends]
                || whole.last() != values.last()
        })
    };
    let lost = tensors.len() < saved.tensors.len();
    assert!(lost || tensors.iter().any(is_damaged), "nothing was damaged");
    saved.holding(tensors).refused()
}

/// Damages parts of the file in every way.
pub fn every_kind(id: &str, saved: &Saved, parts: &Parts) {
    let wrong = RefCell::new(Vec::new());
    let tell = |what: &str, damage: &dyn Fn(&mut Tensors), reasons: &[&str]| {
        let said = refusal(saved, damage);
        if !reasons.iter().all(|reason| said.contains(reason)) {
            wrong.borrow_mut().push(format!("{id}, {what}: {said}"));
        }
    };
    let Parts {
        matrix,
        bias,
        norm,
        stem,
        stage,
        block,
        statistics,
    } = parts;
    let below = |part: &str| {
        let names = saved.tensors.keys().filter(|name| name.starts_with(part));
        names.cloned().collect::<Vec<_>>()
    };
    let rename = |t: &mut Tensors, from: &str, to: &str| {
        let moved = t.remove(from).unwrap();
        t.insert(to.to_owned(), moved);
    };
    tell(
        "a transposed weight",
        &|t| t.get_mut(matrix).unwrap().0.swap(0, 1),
        &[matrix, "it looks transposed"],
    );
    let other = norm.replace(".weight", ".wieght");
    tell(
        "a renamed tensor",
        &|t| rename(t, norm, &other),
        &[norm, "missing", "renamed?"],
    );
    for (what, lost) in [("weight", norm), ("bias", bias)] {
        tell(
            &format!("a missing {what}"),
            &|t| drop(t.remove(lost)),
            &["1 of", "missing", lost],
        );
    }
    tell("a missing stem", &|t| drop(t.remove(stem)), &["missing", stem]);
    let extra = norm.replace(".weight", ".scale");
    tell(
        "an extra tensor",
        &|t| add(t, &extra, &[8]),
        &[&extra, "lies inside the backbone"],
    );
    for (what, length) in [("a cut", 4), ("an empty", 0)] {
        tell(
            &format!("{what} tensor"),
            &|t| add(t, norm, &[length]),
            &[norm, &format!("has shape [{length}]")],
        );
    }
    // A description beside the file may say how many blocks there should be.
    let lose = |what: &str, part: &str, damage: &dyn Fn(&mut Tensors)| {
        let said = refusal(saved, damage);
        let missed = said.contains("missing: ") && said.contains(part);
        // What a whole stage alone shows is asked for before it is missed.
        let others = ["bakcbone.", "beside it says", "no tensor tells its windows"];
        if !missed && !others.iter().any(|other| said.contains(other)) {
            wrong.borrow_mut().push(format!("{id}, {what}: {said}"));
        }
    };
    lose("a wrong prefix on a stage", stage, &|t| {
        for name in below(stage) {
            rename(t, &name, &format!("bakcbone.{name}"));
        }
    });
    lose("a lost block", block, &|t| {
        t.retain(|name, _| !name.starts_with(block.as_str()))
    });
    tell(
        "a NaN",
        &|t| t.get_mut(matrix).unwrap().1[5] = f32::NAN,
        &[matrix, "NaN"],
    );
    tell(
        "an infinite bias",
        &|t| t.get_mut(bias).unwrap().1[0] = f32::INFINITY,
        &[bias, "infinite"],
    );
    tell(
        "almost nothing",
        &|t| t.retain(|name, _| name == stem || name == norm),
        &["no known network"],
    );
    if let Some(variance) = statistics.iter().find(|name| name.ends_with("running_var")) {
        tell(
            "missing statistics",
            &|t| t.retain(|name, _| !statistics.contains(name)),
            &["BatchNorm running statistics of the backbone are missing"],
        );
        tell(
            "an infinite statistic",
            &|t| t.get_mut(variance).unwrap().1[0] = f32::INFINITY,
            &[variance, "infinite"],
        );
        tell(
            "a negative variance",
            &|t| t.get_mut(variance).unwrap().1[0] = -1.0,
            &[variance, "negative variance"],
        );
    }
    let wrong = wrong.into_inner();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Damages the tensors of the first and the last block one by one, and all that are in none: each is missed, of another shape and
/// not finite by its own name, unless a description beside the file says otherwise. Of the parts of names in `but`, those of the
/// first list may be missing; with another shape, those of the second make another network, and are refused as that.
pub fn every_tensor(id: &str, saved: &Saved, but: [&[&str]; 2]) {
    let names = matched(saved);
    let number = |name: &str| name.split('.').find_map(|part| part.parse::<usize>().ok());
    let last = names.iter().filter_map(|name| number(name)).max();
    let mut wrong = Vec::new();
    let mut tell = |what: &str, name: &String, said: String| {
        if !said.contains(name) && !said.contains("beside it says") {
            wrong.push(format!("{id}, {name} {what}: {said}"));
        }
    };
    let chosen = |name: &&String| number(name).is_none_or(|n| n == 0 || Some(n) == last);
    for name in names.iter().filter(chosen) {
        let holds = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if !holds(but[0]) {
            tell("missing", name, refusal(saved, |t| drop(t.remove(name))));
        }
        let longer = refusal(saved, |t| {
            let (shape, values) = t.get_mut(name).unwrap();
            shape[0] += 1;
            *values = vec![0.1; shape.iter().product()];
        });
        if !holds(but[1]) {
            tell("of another shape", name, longer);
        }
        let nan = refusal(saved, |t| *t.get_mut(name).unwrap().1.last_mut().unwrap() = f32::NAN);
        assert!(nan.contains(name) && nan.contains("NaN"), "{id}, {name}: {nan}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
