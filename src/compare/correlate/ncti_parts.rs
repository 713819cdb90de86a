//! The parts of NCTI, put together over some models.

/// The parts of NCTI and their signs, as in the authors' code.
pub const NCTI_PARTS: [(&str, f64); 3] = [("ncti_seli", 1.0), ("ncti_ncc", 1.0), ("ncti_variability", -1.0)];

/// (data sets) of (models).
pub(super) type ScoreGrid = Vec<Vec<Option<f64>>>;

/// The least and the largest value of a part over some models.
pub(super) fn ends(row: &[Option<f64>], models: &[usize]) -> (f64, f64) {
    let known = models.iter().filter_map(|&m| row[m]);
    known.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    })
}

/// The sum of the parts of these models, each part brought to 0..1 over them; one that is the same for all counts as 0.
pub(super) fn together(parts: &[ScoreGrid; 3], models: &[usize]) -> ScoreGrid {
    let of_dataset = |d: usize| {
        let ends = parts.each_ref().map(|part| ends(&part[d], models));
        let mut sums = vec![None; parts[0][d].len()];
        for &m in models {
            let share = |k: usize| {
                let ((low, high), value) = (ends[k], parts[k][d][m]?);
                Some(if high > low { (value - low) / (high - low) } else { 0.0 })
            };
            sums[m] = NCTI_PARTS
                .iter()
                .enumerate()
                .try_fold(0.0, |sum, (k, (_, sign))| Some(sum + sign * share(k)?));
        }
        sums
    };
    (0..parts[0].len()).map(of_dataset).collect()
}
