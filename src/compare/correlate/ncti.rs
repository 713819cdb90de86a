//! A score that models have together only: NCTI.

use super::metric_scores::{AccuracyCell, MetricScores};
use super::name_lists::some;
use super::ncti_parts::{NCTI_PARTS, ScoreGrid, ends, together};
use crate::compare::meaning::Direction;

/// The score of Wang et al. 2023 (ICCV): its three parts, each brought to 0..1 over the models compared, added up.
pub const NCTI: &str = "ncti";

/// NCTI of the models that have an accuracy and all three parts on a data set; `None` where no data set has such a model, and
/// where NCTI itself is given.
pub(super) fn ncti(
    metrics: &[MetricScores],
    accuracies: &[Vec<AccuracyCell>],
    models: &[String],
) -> Option<MetricScores> {
    let find = |id: &str| metrics.iter().find(|scored| scored.metric == id);
    if find(NCTI).is_some() {
        return None;
    }
    let given = [find(NCTI_PARTS[0].0)?, find(NCTI_PARTS[1].0)?, find(NCTI_PARTS[2].0)?];
    let has_all = |d: usize, m: usize| accuracies[d][m].is_some() && given.iter().all(|s| s.scores[d][m].is_some());
    let parts = given.map(|scored| {
        let of_dataset = |(d, row): (usize, &Vec<Option<f64>>)| {
            let cells = row.iter().enumerate();
            cells.map(|(m, cell)| cell.filter(|_| has_all(d, m))).collect()
        };
        scored.scores.iter().enumerate().map(of_dataset).collect::<ScoreGrid>()
    });
    let all: Vec<usize> = (0..models.len()).collect();
    let scores = together(&parts, &all);
    let notes = (0..scores.len()).map(|d| note(&parts, d, models)).collect();
    let is_there = scores.iter().flatten().any(Option::is_some);
    is_there.then(|| MetricScores {
        metric: NCTI.to_owned(),
        scores,
        direction: Some(Direction::Higher),
        parts: Some(parts),
        notes,
    })
}

/// Over which models, and which part says nothing there.
fn note(parts: &[ScoreGrid; 3], d: usize, models: &[String]) -> Option<String> {
    let all: Vec<usize> = (0..models.len()).collect();
    let there: Vec<&String> = models
        .iter()
        .zip(&parts[0][d])
        .filter_map(|(m, part)| part.map(|_| m))
        .collect();
    if there.is_empty() {
        return None;
    }
    let flat = NCTI_PARTS.iter().zip(parts).filter_map(|((id, _), part)| {
        let (low, high) = ends(&part[d], &all);
        (low >= high).then_some(*id)
    });
    let flat: Vec<&str> = flat.collect();
    let mut note = format!("its parts are brought to 0..1 over {}", some(&there));
    if !flat.is_empty() {
        note.push_str(&format!("; the same for all and counted as 0: {}", flat.join(", ")));
    }
    Some(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(metric: &str, row: &[Option<f64>]) -> MetricScores {
        MetricScores {
            metric: metric.to_owned(),
            scores: vec![row.to_vec()],
            direction: None,
            parts: None,
            notes: vec![None],
        }
    }

    fn given() -> (Vec<MetricScores>, Vec<Vec<AccuracyCell>>, Vec<String>) {
        let metrics = vec![
            scored(
                "ncti_seli",
                &[Some(10.0), Some(20.0), Some(30.0), Some(99.0), Some(99.0)],
            ),
            scored("ncti_ncc", &[Some(0.5), Some(0.7), Some(0.6), None, Some(0.9)]),
            scored(
                "ncti_variability",
                &[Some(4.0), Some(3.0), Some(2.0), Some(1.0), Some(9.0)],
            ),
        ];
        // The fourth has not all parts, the fifth no accuracy: neither is in the pool.
        let accuracies = vec![vec![
            Some((1.0, None)),
            Some((2.0, None)),
            Some((3.0, None)),
            Some((4.0, None)),
            None,
        ]];
        let models = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        (metrics, accuracies, models)
    }

    fn close(row: &[Option<f64>], want: [Option<f64>; 5]) {
        for (got, want) in row.iter().zip(want) {
            assert_eq!(got.is_some(), want.is_some(), "{row:?}");
            assert!((got.unwrap_or(0.0) - want.unwrap_or(0.0)).abs() < 1e-12, "{row:?}");
        }
    }

    #[test]
    fn the_parts_are_brought_to_one_scale_over_the_models_that_have_all() {
        let (metrics, accuracies, models) = given();
        let found = ncti(&metrics, &accuracies, &models).unwrap();
        // 0 + 0 - 1; 0.5 + 1 - 0.5; 1 + 0.5 - 0.
        close(&found.scores[0], [Some(-1.0), Some(1.0), Some(1.5), None, None]);
        assert_eq!(
            found.notes[0].as_deref(),
            Some("its parts are brought to 0..1 over a, b, c")
        );
        // Without the first, the least of the second and third is the second's.
        let parts = found.parts.as_ref().unwrap();
        close(&together(parts, &[1, 2])[0], [None, Some(0.0), Some(1.0), None, None]);
    }

    #[test]
    fn a_constant_part_counts_as_nothing() {
        let (mut metrics, accuracies, models) = given();
        metrics[2] = scored("ncti_variability", &[Some(2.0); 5]);
        let found = ncti(&metrics, &accuracies, &models).unwrap();
        close(&found.scores[0], [Some(0.0), Some(1.5), Some(1.5), None, None]);
        assert!(
            found.notes[0]
                .as_deref()
                .unwrap()
                .ends_with("counted as 0: ncti_variability")
        );
    }

    #[test]
    fn what_is_given_stands_and_what_lacks_a_part_is_not_there() {
        let (mut metrics, accuracies, models) = given();
        metrics.push(scored("ncti", &[Some(1.0); 5]));
        assert!(ncti(&metrics, &accuracies, &models).is_none());
        assert!(ncti(&metrics[..2], &accuracies, &models).is_none());
    }
}
