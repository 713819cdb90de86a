//! Tensors that a file keeps in parts: `{query,key,value}` in a name stands for tensors joined along their first axis, and `{q,kv:2}`
//! for two of which the second has twice as many rows.

use super::weights::{Checkpoint, TensorInfo};
use crate::error::Result;

/// The names that a name stands for, in the order in which the tensors are joined; a plain one for itself.
pub(super) fn parts(name: &str) -> Vec<String> {
    let open = name.rfind('{');
    let braced = open.and_then(|open| Some((&name[..open], name[open + 1..].split_once('}')?)));
    match braced {
        Some((before, (inside, after))) => {
            let bare = |part: &'_ str| part.split(':').next().unwrap_or_default().to_owned();
            inside
                .split(',')
                .map(|part| format!("{before}{}{after}", bare(part)))
                .collect()
        }
        None => vec![name.to_owned()],
    }
}

/// How many of the equal shares of the joined tensor each part is.
pub(super) fn shares(name: &str) -> Vec<usize> {
    let open = name.rfind('{');
    let inside = open.and_then(|open| Some(name[open + 1..].split_once('}')?.0));
    let share = |part: &str| part.split_once(':').and_then(|(_, n)| n.parse().ok()).unwrap_or(1);
    inside.map_or_else(|| vec![1], |inside| inside.split(',').map(share).collect())
}

impl Checkpoint {
    /// The names of the file that a name of the tables stands for.
    pub(super) fn parts(&self, name: &str) -> Vec<String> {
        match self.tensors.contains_key(name) {
            // Nobody keeps a file from having such names of its own.
            true => vec![name.to_owned()],
            false => parts(name),
        }
    }

    /// True if the tensor is there with all its parts.
    pub(super) fn has(&self, name: &str) -> bool {
        self.parts(name).iter().all(|part| self.tensors.contains_key(part))
    }

    /// The shape of a tensor or of its parts joined; `None` where one is not there, or they do not fit together.
    pub(super) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let parts = self.parts(name);
        let shapes: Option<Vec<&TensorInfo>> = parts.iter().map(|part| self.tensors.get(part)).collect();
        let shapes = shapes?;
        let (first, rest) = shapes.split_first()?;
        let mut joined = first.shape.clone();
        for info in rest {
            if info.shape.len() != joined.len() || info.shape.get(1..) != joined.get(1..) {
                return None;
            }
            let length = joined.first_mut()?;
            *length = length.checked_add(*info.shape.first()?)?;
        }
        Some(joined)
    }

    /// The values of the parts, one after the other, and the shape of them all.
    pub(super) fn joined_f32(&self, parts: &[String]) -> Result<(Vec<usize>, Vec<f32>)> {
        let mut joined: Option<(Vec<usize>, Vec<f32>)> = None;
        for part in parts {
            let (shape, values) = self.tensor_f32(part)?;
            joined = Some(match joined {
                None => (shape, values),
                Some((mut whole, mut all)) => {
                    if shape.is_empty() || shape.len() != whole.len() || shape[1..] != whole[1..] {
                        return Err(self.damaged(&format!(
                            "tensor {part} has shape {shape:?}, which cannot be joined to {whole:?} of {}",
                            parts[0]
                        )));
                    }
                    whole[0] += shape[0];
                    all.extend(values);
                    (whole, all)
                }
            });
        }
        joined.ok_or_else(|| self.damaged("a tensor without a name was asked for"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_braces_stand_for_their_parts() {
        assert_eq!(parts("a.{q,k,v}.weight"), ["a.q.weight", "a.k.weight", "a.v.weight"]);
        assert_eq!(parts("{x}.{q,k}"), ["{x}.q", "{x}.k"]);
        assert_eq!(parts("a.{q,kv:2}.bias"), ["a.q.bias", "a.kv.bias"]);
        assert_eq!(shares("a.{q,kv:2}.bias"), [1, 2]);
        assert_eq!(shares("a.{q,k,v}.bias"), [1, 1, 1]);
        assert_eq!(shares("a.bias"), [1]);
        for plain in ["a.weight", "a.{q,k", "a}.b", ""] {
            assert_eq!(parts(plain), [plain]);
        }
    }
}
