//! Holm's step-down correction: the chance of even one false "separable" stays at the level asked for.

/// Holm-adjusted p-values, in the order given: the j-th smallest of m is multiplied by m - j + 1, made monotone and
/// capped at 1. A difference is separable at 95 % when its adjusted p-value is at most 0.05.
///
/// S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
///
/// ```
/// use featscope_measure::uncertainty::holm;
/// assert_eq!(holm(&[0.01, 0.5, 0.02]), [0.03, 0.5, 0.04]);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let m = p_values.len();
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; m];
    let mut floor: f64 = 0.0;
    for (position, &index) in order.iter().enumerate() {
        floor = floor.max((p_values[index] * (m - position) as f64).min(1.0));
        adjusted[index] = floor;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: sorted 0.005, 0.011, 0.02, 0.04, 0.13 times 5, 4, 3, 2, 1 = 0.025, 0.044, 0.06, 0.08, 0.13.
    #[test]
    fn a_hand_worked_example_agrees() {
        let adjusted = holm(&[0.02, 0.13, 0.005, 0.04, 0.011]);
        for (got, want) in adjusted.iter().zip([0.06, 0.13, 0.025, 0.08, 0.044]) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
    }

    /// Sorted 0.01, 0.02, 0.022 times 3, 2, 1 = 0.03, 0.04, 0.022: the last is lifted to 0.04.
    #[test]
    fn an_adjusted_value_never_falls_below_a_smaller_one() {
        assert_eq!(holm(&[0.01, 0.02, 0.022]), [0.03, 0.04, 0.04]);
    }

    #[test]
    fn nothing_exceeds_one_and_one_comparison_stays_as_it_is() {
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert_eq!(holm(&[0.049]), [0.049]);
        assert!(holm(&[]).is_empty());
    }
}
