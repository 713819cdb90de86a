//! The tensors of a network: those that a file has, by their shapes, and those that are expected.

use std::cmp::Reverse;

/// The shape of a tensor, by this project's name for it; `None` where it is not there.
pub(in crate::checkpoint) type Shapes<'a> = &'a dyn Fn(&str) -> Option<Vec<usize>>;

/// A tensor an architecture expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Name without any prefix.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// True if training changes it by gradient (false: running statistics).
    pub parameter: bool,
}

/// A list of tensors in the making.
#[derive(Default)]
pub(in crate::checkpoint::arch) struct Tensors(pub(in crate::checkpoint::arch) Vec<Expected>);

impl Tensors {
    pub(in crate::checkpoint::arch) fn push(&mut self, name: &str, shape: Vec<usize>, parameter: bool) {
        let name = name.to_owned();
        self.0.push(Expected { name, shape, parameter });
    }

    pub(in crate::checkpoint::arch) fn conv(&mut self, name: &str, outputs: usize, inputs: usize, kernel: usize) {
        self.push(&format!("{name}.weight"), vec![outputs, inputs, kernel, kernel], true);
    }

    /// Weight and bias of a normalisation.
    pub(in crate::checkpoint::arch) fn affine(&mut self, name: &str, width: usize) {
        self.push(&format!("{name}.weight"), vec![width], true);
        self.push(&format!("{name}.bias"), vec![width], true);
    }

    /// Batch normalisation.
    pub(in crate::checkpoint::arch) fn norm(&mut self, name: &str, width: usize) {
        self.affine(name, width);
        self.push(&format!("{name}.running_mean"), vec![width], false);
        self.push(&format!("{name}.running_var"), vec![width], false);
    }

    pub(in crate::checkpoint::arch) fn linear(&mut self, name: &str, outputs: usize, inputs: usize, bias: bool) {
        self.push(&format!("{name}.weight"), vec![outputs, inputs], true);
        if bias {
            self.push(&format!("{name}.bias"), vec![outputs], true);
        }
    }
}

/// What most of them say, of equals the first.
pub(in crate::checkpoint::arch) fn most(votes: impl Iterator<Item = Option<usize>>) -> Option<usize> {
    let votes: Vec<usize> = votes.flatten().collect();
    let times = |v: &usize| votes.iter().filter(|o| *o == v).count();
    votes
        .iter()
        .enumerate()
        .max_by_key(|(i, v)| (times(v), Reverse(*i)))
        .map(|(_, v)| *v)
}

/// The shapes of these tensors without the one at `lost`.
#[cfg(test)]
pub(super) fn all_but(tensors: &[Expected], lost: usize) -> impl Fn(&str) -> Option<Vec<usize>> {
    move |ours| {
        let mut kept = tensors.iter().enumerate().filter(|(i, _)| *i != lost);
        kept.find(|(_, t)| t.name == ours).map(|(_, t)| t.shape.clone())
    }
}

/// How many blocks there are, at most `most`: the last one with any of these tensors counts, so that a lost or renamed one
/// before it is missed later, by name.
pub(super) fn blocks(shape: Shapes, most: usize, parts: &[&str], name: impl Fn(usize, &str) -> String) -> usize {
    let is_there = |block: &usize| parts.iter().any(|part| shape(&name(*block, part)).is_some());
    (0..most).rev().find(is_there).map_or(0, |last| last + 1)
}

/// The blocks of each stage, up to the last stage that has any.
pub(super) fn stages(most: usize, blocks: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut found: Vec<usize> = (0..most).map(blocks).collect();
    found.truncate(found.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1));
    found
}

/// How many blocks two networks differ by; of two as near the larger is meant, for tensors get lost and do not appear.
pub(super) fn apart(known: &[usize; 4], found: &[usize]) -> (usize, Reverse<usize>) {
    let differences = (0..4).map(|i| known[i].abs_diff(found.get(i).copied().unwrap_or(0)));
    (differences.sum(), Reverse(known.iter().sum()))
}
