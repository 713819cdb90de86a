//! Twelve kinds of damage to a network's file, each with what its refusal has to say.

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
    /// What the names of one stage begin with, its prefix included.
    pub stage: String,
    /// What the names of one block in it begin with.
    pub block: String,
}

impl Parts {
    /// Those of a network without biases but for its normalisations'.
    pub fn convolutions(norm: &str, matrix: &str, stem: &str, [stage, block]: [&str; 2]) -> Self {
        Self {
            matrix: matrix.to_owned(),
            bias: norm.replace(".weight", ".bias"),
            norm: norm.to_owned(),
            stem: stem.to_owned(),
            stage: stage.to_owned(),
            block: block.to_owned(),
        }
    }
}

/// Damages the file in twelve ways; `refusal` gives the one sentence of each.
pub fn every_kind(id: &str, whole: &Tensors, parts: &Parts, refusal: &dyn Fn(&Tensors) -> String) {
    let tell = |what: &str, damage: &dyn Fn(&mut Tensors), reasons: &[&str]| {
        let mut tensors = whole.clone();
        damage(&mut tensors);
        assert_ne!(&tensors, whole, "{id}, {what}: nothing was damaged");
        let said = refusal(&tensors);
        let misses = reasons.iter().find(|reason| !said.contains(**reason));
        assert_eq!(misses, None, "{id}, {what}: {said}");
    };
    let Parts {
        matrix,
        bias,
        norm,
        stem,
        stage,
        block,
    } = parts;
    let below = |part: &str| {
        whole
            .keys()
            .filter(|n| n.starts_with(part))
            .cloned()
            .collect::<Vec<_>>()
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
    tell(
        "a missing weight",
        &|t| drop(t.remove(norm)),
        &["1 of", "missing", norm],
    );
    tell("a missing bias", &|t| drop(t.remove(bias)), &["1 of", "missing", bias]);
    tell("a missing stem", &|t| drop(t.remove(stem)), &["missing", stem]);
    let extra = norm.replace(".weight", ".scale");
    tell(
        "an extra tensor",
        &|t| add(t, &extra, &[8]),
        &[&extra, "lies inside the backbone"],
    );
    tell("a half-sized tensor", &|t| add(t, norm, &[4]), &[norm, "has shape [4]"]);
    // A description beside the file may say how many blocks there should be.
    let lose = |what: &str, part: &str, damage: &dyn Fn(&mut Tensors)| {
        let mut tensors = whole.clone();
        damage(&mut tensors);
        let said = refusal(&tensors);
        let missed = said.contains("missing: ") && said.contains(part);
        // What a whole stage alone shows is asked for before it is missed.
        let others = ["bakcbone.", "beside it says", "no tensor tells its windows"];
        assert!(
            missed || others.iter().any(|other| said.contains(other)),
            "{id}, {what}: {said}"
        );
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
}
