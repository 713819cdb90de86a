//! Where the weights of a network are kept, and how a checkpoint's come into them.

use std::collections::BTreeMap;

use tch::nn;
use tch::{Device, Tensor};

use crate::error::{Error, Result};

/// Copies a checkpoint's tensors into the network's variables. Both are named alike and have the same shapes: that is
/// checked, and every variable must be named.
///
/// # Errors
/// For a variable without a tensor or with one of another shape.
pub fn assign(vs: &nn::VarStore, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
    let mut variables: Vec<_> = vs.variables().into_iter().collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, variable) in &mut variables {
        let tensor = tensors
            .get(name.as_str())
            .ok_or_else(|| Error::input(format!("tensor {name} is missing")))?;
        if tensor.size() != variable.size() {
            return Err(Error::input(format!(
                "tensor {name} has shape {:?}, expected {:?}",
                tensor.size(),
                variable.size()
            )));
        }
        tch::no_grad(|| variable.f_copy_(tensor)).map_err(|e| Error::input(format!("tensor {name}: {e}")))?;
    }
    Ok(())
}

/// An empty store for a network that is built on the CPU and moved afterwards with [`nn::VarStore::set_device`], so that
/// building is the same everywhere.
pub fn store() -> nn::VarStore {
    nn::VarStore::new(Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::super::head::Head;
    use super::*;

    #[test]
    fn assigning_checks_names_and_shapes() {
        let vs = store();
        Head::new(
            &vs.root(),
            &[crate::checkpoint::arch::HeadStep::Linear {
                inputs: 2,
                outputs: 1,
                bias: false,
            }],
        )
        .unwrap();
        let row = Tensor::from_slice(&[1.0f32, 2.0]);
        let with = |t: Tensor| BTreeMap::from([("0.weight".to_owned(), t)]);
        assert!(
            assign(&vs, &BTreeMap::new())
                .unwrap_err()
                .to_string()
                .contains("0.weight is missing")
        );
        assert!(
            assign(&vs, &with(row.shallow_clone()))
                .unwrap_err()
                .to_string()
                .contains("has shape [2], expected [1, 2]")
        );
        assign(&vs, &with(row.view([1, 2]))).unwrap();
        assert_eq!(vs.variables()["0.weight"], row.view([1, 2]));
    }
}
