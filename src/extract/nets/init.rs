//! First weights, drawn from this program's own generator: the same on every device, and for every method that shares
//! a backbone.

use std::f64::consts::TAU;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use tch::Tensor;
use tch::nn::VarStore;

/// A random stream of its own for each `purpose` (a name, an index) under one seed.
pub fn stream(seed: u64, purpose: &str) -> ChaCha8Rng {
    let digest = Sha256::new()
        .chain_update(seed.to_le_bytes())
        .chain_update(purpose.as_bytes())
        .finalize();
    ChaCha8Rng::from_seed(digest.into())
}

/// Draws the weights of a new network: convolutions Kaiming normal over the fan-out (He et al. 2015, as torchvision's
/// ResNets), linear layers uniform within ±1/√inputs (PyTorch's default); normalisations are left the identity.
///
/// Each tensor has its own stream, named after it, so that a backbone starts alike whatever heads follow it and whatever
/// `branch` it lies below (`None`: none).
pub fn initialise(vs: &VarStore, seed: u64, branch: Option<&str>) {
    let variables = vs.variables();
    let folder = branch.map_or_else(String::new, |branch| format!("{branch}."));
    for (name, variable) in &variables {
        let mut rng = stream(seed, name.strip_prefix(&folder).unwrap_or(name));
        let count = variable.numel();
        let size = variable.size();
        let values: Vec<f32> = match (name.rsplit_once('.'), size.as_slice()) {
            (_, &[outputs, _, height, width]) => {
                let deviation = (2.0 / (outputs * height * width) as f64).sqrt();
                (0..count).map(|_| (normal(&mut rng) * deviation) as f32).collect()
            }
            (_, &[_, inputs]) => uniform(&mut rng, inputs, count),
            (Some((layer, "bias")), _) => {
                match variables.get(&format!("{layer}.weight")).map(Tensor::size).as_deref() {
                    Some(&[_, inputs]) => uniform(&mut rng, inputs, count),
                    _ => continue,
                }
            }
            _ => continue,
        };
        let mut variable = variable.shallow_clone();
        tch::no_grad(|| variable.copy_(&Tensor::from_slice(&values).view(size.as_slice())));
    }
}

fn uniform(rng: &mut ChaCha8Rng, inputs: i64, count: usize) -> Vec<f32> {
    let bound = 1.0 / (inputs.max(1) as f64).sqrt();
    (0..count).map(|_| rng.random_range(-bound..bound) as f32).collect()
}

/// Box and Muller's transform; one of the pair is enough here.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (TAU * rng.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::arch::{Arch, HeadStep};
    use crate::extract::nets::{Backbone, Head, store};

    #[test]
    fn a_backbone_starts_alike_under_any_head_and_differently_under_another_seed() {
        let build = |head: bool, seed| {
            let vs = store();
            Backbone::new(&(vs.root() / "backbone"), &Arch::parse("small-cnn").unwrap()).unwrap();
            if head {
                let step = HeadStep::Linear {
                    inputs: 100,
                    outputs: 200,
                    bias: true,
                };
                Head::new(&(vs.root() / "projector"), &[step]).unwrap();
            }
            initialise(&vs, seed, None);
            vs.variables()
        };
        let (plain, headed, other) = (build(false, 1), build(true, 1), build(false, 2));
        for (name, tensor) in &plain {
            assert_eq!(tensor, &headed[name], "{name}");
        }
        assert_ne!(plain["backbone.conv1.weight"], other["backbone.conv1.weight"]);
        // 3x3x128 outputs: deviation sqrt(2 / 1152); 147,456 draws estimate it to 0.2 % (one standard error).
        let weight = &plain["backbone.stage2.conv2.weight"];
        let expected = (2.0f64 / (9.0 * weight.size()[0] as f64)).sqrt();
        assert!((weight.std(true).double_value(&[]) / expected - 1.0).abs() < 0.01);
        for name in ["projector.0.weight", "projector.0.bias"] {
            let largest = headed[name].abs().max().double_value(&[]);
            assert!((0.09..=0.1).contains(&largest), "{name}: {largest}");
        }
        assert!(plain["backbone.bn1.weight"].eq(1.0).all().int64_value(&[]) == 1);
    }
}
