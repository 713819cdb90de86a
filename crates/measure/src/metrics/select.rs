//! The metrics that a user asks for.

use super::families::FAMILIES;
use super::metric::Metric;
use super::words::{is_group_of, names_metric, why_unknown};
use crate::error::{Error, Result};

/// The metrics that an analysis is asked for: `all`, `axes`, families, ids.
///
/// # Errors
/// For an unknown word, naming the nearest known one, and for metrics of two layers or models on the same images.
pub fn select(words: &[String]) -> Result<Vec<&'static Metric>> {
    select_where(words, |metric| !metric.is_matched())
}

/// The metrics of two layers or models on the same images that `featscope similarity` is asked for.
///
/// # Errors
/// For an unknown word, naming the nearest known one, and for metrics that an analysis computes.
pub fn select_matched(words: &[String]) -> Result<Vec<&'static Metric>> {
    select_where(words, |metric| metric.is_matched())
}

fn select_where(words: &[String], fits: fn(&Metric) -> bool) -> Result<Vec<&'static Metric>> {
    let rows: Vec<(&str, &'static Metric)> = FAMILIES
        .iter()
        .flat_map(|f| f.metrics.iter().map(|m| (f.id, m)))
        .collect();
    for word in words.iter().filter(|word| *word != "all") {
        match rows
            .iter()
            .find(|row| names_metric(word, row.0, row.1))
            .map(|row| row.1)
        {
            None => return Err(Error::input(format!("--metrics {word}: {}", why_unknown(word)))),
            Some(metric) if !fits(metric) => {
                let (what, command) = if metric.is_matched() {
                    ("two layers or models on the same images", "similarity")
                } else {
                    ("one or two data sets", "analyze")
                };
                return Err(Error::input(format!(
                    "--metrics {word}: that is about {what}; ask `featscope {command}` for it"
                )));
            }
            Some(_) => {}
        }
    }
    let wanted = |row: &(&str, &'static Metric)| {
        let of_many = |word: &str| !row.1.only_by_name() && (word == "all" || is_group_of(word, row.0, row.1));
        words.iter().any(|word| of_many(word) || word == row.1.id)
    };
    Ok(rows
        .iter()
        .filter(|row| fits(row.1) && wanted(row))
        .map(|row| row.1)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_metric_is_answered_with_the_nearest_one() {
        let error = select(&["discriminative_ration".to_owned()])
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean discriminative_ratio?"), "{error}");
    }

    #[test]
    fn axes_select_the_metrics_of_the_three_axes() {
        let ids: Vec<&str> = select(&["axes".to_owned()]).unwrap().iter().map(|m| m.id).collect();
        assert_eq!(ids.len(), 9);
        for id in ["discriminative_ratio", "sample_mixing", "redundancy_excess"] {
            assert!(ids.contains(&id), "{id}");
        }
        assert!(select_matched(&["axes".to_owned()]).is_err());
    }

    #[test]
    fn a_record_of_suites_is_explained() {
        let error = select(&["suite_log_odds".to_owned()])
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("a record of a suite") && !error.contains("did you mean"),
            "{error}"
        );
    }
}
