//! The self-duality of neural collapse: how far a linear classifier is from the class means.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::linalg::product_transposed;
use crate::metrics::eval::{Eval, FromDuality};
use crate::metrics::inputs::Duality;
use crate::metrics::metric::{Better, Law, Metric, variant};
use crate::probes::logistic::{PenaltyStrength, Protocol};
use crate::uncertainty::ErrorBar;

/// A matrix over its Frobenius norm.
fn normed(matrix: &Array2<f64>, what: &str) -> Result<Array2<f64>> {
    let largest = matrix.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if largest == 0.0 {
        return Err(Error::undefined(what.to_owned()));
    }
    let scaled = matrix / largest;
    let norm = scaled.iter().map(|x| x * x).sum::<f64>().sqrt();
    Ok(scaled / norm)
}

const NO_WEIGHTS: &str = "the classifier has no weights: it says the same of every row";
const NO_MEANS: &str = "all class means coincide";

/// ‖W/‖W‖_F - M/‖M‖_F‖_F: 0 where the classifier is the centred class means, √2 where it is orthogonal to them.
///
/// # Errors
/// Undefined where W or M is zero.
pub fn self_duality(d: &Duality) -> Result<f64> {
    Ok(squared_self_duality(d)?.sqrt())
}

/// The square of [`self_duality`].
///
/// # Errors
/// As [`self_duality`].
pub fn squared_self_duality(d: &Duality) -> Result<f64> {
    let apart = normed(&d.weights, NO_WEIGHTS)? - normed(&d.means, NO_MEANS)?;
    Ok(apart.iter().map(|x| x * x).sum())
}

/// ‖WMᵀ/‖WMᵀ‖_F - (I - 11ᵀ/C)/√(C - 1)‖_F, which is 0 in collapse.
///
/// # Errors
/// As [`self_duality`], and where every weight is orthogonal to every mean.
pub fn products_apart(d: &Duality) -> Result<f64> {
    let (weights, means) = (normed(&d.weights, NO_WEIGHTS)?, normed(&d.means, NO_MEANS)?);
    let products = product_transposed(weights.view(), means.view());
    let mut apart = normed(&products, "the classifier is orthogonal to all class means")?;
    let c = apart.nrows() as f64;
    let norm = (c - 1.0).sqrt();
    apart += 1.0 / c / norm;
    apart.diag_mut().iter_mut().for_each(|x| *x -= 1.0 / norm);
    Ok(apart.iter().map(|x| x * x).sum::<f64>().sqrt())
}

const fn duality(value: fn(&Duality) -> Result<f64>, null: Option<f64>, own_head: bool) -> Eval {
    Eval::Duality(FromDuality {
        value,
        null,
        own_head,
        strength: PenaltyStrength::Chosen(Protocol::Own),
    })
}

pub(super) const NC3: Metric = Metric {
    id: "nc3_self_duality",
    label: "NC3 self-duality",
    unit: "",
    better: Better::Neither,
    range: (0.0, 4.0),
    about: "How far a linear classifier is from being the class means: 0 in neural collapse, where both are the same up to a factor, the \
            null value where they are orthogonal, 2 where they are opposite.",
    caveat: "Of which classifier (method.classifier) matters: the model's own is of the classes it was trained on, a probe of any; only \
             records of the same one are compared (`nc3_self_duality=probe` takes the probe everywhere). A probe's weights depend on \
             its penalty (found.lambda): a strong one brings them to the class means by itself. On pretraining data only where named, \
             as probes are.",
    formula: "|W'/|W|_F - M/|M|_F|_F, M the class means less their unweighted mean, W the weights of a linear classifier, intercepts \
              left out",
    convention: "not squared (NC3 as the paper's text has it); means over the rows that are fitted on. W: the model's own classifier where \
                 the logits of the same rows are given too (layer logits), there is one logit for each class, at least half of the \
                 classes have their largest mean logit at their own place, the logits are linear in the layer (all but 1e-4 of their \
                 variance), and the rows tell W to 1 % of its norm: then by least squares. Else the weights of linear_top1's probe, \
                 fitted on all fitting rows; ID.C=C and ID.lambda=L fix its penalty. W is not centred over classes",
    like: &[],
    variants: &[
        variant(
            "squared",
            "the square (the paper's figure 4 and its code)",
            duality(squared_self_duality, Some(2.0), true),
        ),
        variant(
            "products",
            "|WM/|WM|_F - (I - 11'/C)/sqrt(C - 1)|_F, not squared (Zhu et al. 2021, arXiv 2105.02375)",
            duality(products_apart, None, true),
        ),
        variant(
            "probe",
            "of the linear probe, whatever classifier the model has",
            duality(self_duality, Some(std::f64::consts::SQRT_2), false),
        ),
    ],
    reference: "Papyan, Han and Donoho, PNAS 2020, arXiv 2008.08186",
    estimand: "the value for these rows: the classifier is taken as it is, or fitted to them",
    laws: Law::OF_RATIOS,
    error: ErrorBar::None(
        "of a probe, class means and weights vary together with the rows, which only refits would show; of a model's own classifier, \
         the rows that it was trained on are part of it",
    ),
    eval: duality(self_duality, Some(std::f64::consts::SQRT_2), true),
};

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_collapsed_classifier_is_its_class_means() {
        // The corners of a triangle about the origin.
        let h = 3f64.sqrt() / 2.0;
        let means = array![[1.0, 0.0, 0.0], [-0.5, h, 0.0], [-0.5, -h, 0.0]];
        let measured = |weights: Array2<f64>, value: fn(&Duality) -> Result<f64>| {
            value(&Duality {
                weights,
                means: means.clone(),
            })
        };
        for value in [self_duality, squared_self_duality, products_apart] {
            assert!(measured(&means * 7e200, value).unwrap() < 1e-15);
            assert!(measured(Array2::zeros((3, 3)), value).is_err());
        }
        assert!((measured(&means * -3.0, self_duality).unwrap() - 2.0).abs() < 1e-15);
        // Weights in a direction that no mean has.
        let aside = array![[0.0, 0.0, 1.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]];
        assert!((measured(aside.clone(), self_duality).unwrap() - 2f64.sqrt()).abs() < 1e-15);
        assert!((measured(aside.clone(), squared_self_duality).unwrap() - 2.0).abs() < 1e-15);
        assert!(measured(aside, products_apart).is_err());
    }
}
