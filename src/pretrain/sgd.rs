//! Stochastic gradient descent with momentum. libtorch's own optimizer hides its momentum from tch, and a run could then
//! not be continued exactly; this one is PyTorch's rule in a dozen lines.

use std::collections::BTreeMap;

use tch::nn::VarStore;
use tch::{Tensor, no_grad};

/// SGD with momentum and weight decay, as PyTorch's `SGD(nesterov=False)`:
/// `g += decay * w; m = momentum * m + g; w -= rate * m`. Decay is for matrices and kernels only: biases and
/// normalisations are left alone.
#[derive(Debug)]
pub struct Sgd {
    momentum: f64,
    decay: f64,
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    name: String,
    weight: Tensor,
    momentum: Tensor,
}

impl Sgd {
    /// An optimizer of every variable that asks for a gradient, in the order of their names.
    pub fn new(vs: &VarStore, momentum: f64, decay: f64) -> Self {
        let variables: BTreeMap<_, _> = vs.variables().into_iter().filter(|(_, v)| v.requires_grad()).collect();
        let slots = variables
            .into_iter()
            .map(|(name, weight)| Slot {
                name,
                momentum: weight.zeros_like().detach(),
                weight,
            })
            .collect();
        Self { momentum, decay, slots }
    }

    /// One step down the gradients of `loss`.
    pub fn step(&mut self, loss: &Tensor, rate: f64) {
        for slot in &mut self.slots {
            slot.weight.zero_grad();
        }
        loss.backward();
        no_grad(|| {
            for Slot { weight, momentum, .. } in &mut self.slots {
                let gradient = weight.grad();
                if !gradient.defined() {
                    continue;
                }
                let _ = momentum.g_mul_scalar_(self.momentum).g_add_(&gradient);
                if weight.dim() > 1 && self.decay != 0.0 {
                    let _ = momentum.g_add_(&(&*weight * self.decay));
                }
                let _ = weight.g_sub_(&(&*momentum * rate));
            }
        });
    }

    /// The number of weights it changes.
    pub fn parameters(&self) -> usize {
        self.slots.iter().map(|slot| slot.weight.numel()).sum()
    }

    /// The momentum of each variable, by its name.
    pub fn momenta(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.slots.iter().map(|slot| (slot.name.as_str(), &slot.momentum))
    }

    /// The momentum of each variable, to be overwritten when a run is continued.
    pub fn momenta_mut(&mut self) -> impl Iterator<Item = (&str, &mut Tensor)> {
        self.slots
            .iter_mut()
            .map(|slot| (slot.name.as_str(), &mut slot.momentum))
    }
}

#[cfg(test)]
mod tests {
    use tch::nn::Init;

    use super::*;

    /// By hand, for `w = tensor([[1.]]); b = tensor([1.]); SGD([w, b], lr=.1, momentum=.9, weight_decay=.5 for w only)`,
    /// two steps of `loss = 2 w + 3 b`.
    #[test]
    fn two_steps_follow_pytorchs_rule() {
        let vs = crate::extract::nets::store();
        let w = vs.root().var("w", &[1, 1], Init::Const(1.0));
        let b = vs.root().var("b", &[1], Init::Const(1.0));
        let mut sgd = Sgd::new(&vs, 0.9, 0.5);
        for _ in 0..2 {
            sgd.step(&(w.sum(tch::Kind::Float) * 2.0 + b.sum(tch::Kind::Float) * 3.0), 0.1);
        }
        // w: m = 2.5, w = 0.75; m = 2.25 + 2 + 0.375 = 4.625, w = 0.2875. b: m = 3, b = 0.7; m = 5.7, b = 0.13.
        assert!((w.double_value(&[0, 0]) - 0.2875).abs() < 1e-6);
        assert!((b.double_value(&[0]) - 0.13).abs() < 1e-6);
        assert_eq!(sgd.parameters(), 2);
    }
}
