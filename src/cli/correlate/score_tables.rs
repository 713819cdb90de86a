//! Scores and accuracies in delimited text.

use std::collections::HashMap;
use std::path::Path;

use crate::compare::correlate::{Evidence, ModelAccuracy, ModelScore};
use crate::error::{Error, Result};
use crate::files::text::layout;

/// One row: its line, and the text of each column asked for, `None` where it is empty or not there.
struct Row {
    line: u64,
    texts: Vec<Option<String>>,
}

/// The rows of a table by the names of its columns: the first `required` must be there, unknown ones are refused.
fn rows(path: &Path, columns: &[&str], required: usize) -> Result<Vec<Row>> {
    let shown = path.display();
    let (must, may) = (columns[..required].join(","), columns[required..].join(", "));
    let expected = format!("expected the columns {must}, and where known {may}");
    let Some(layout) = layout(path)? else {
        return Err(Error::input(format!("{shown}: has no lines; {expected}")));
    };
    layout.refuse_open_quote(path)?;
    let header: Vec<String> = layout.first.iter().map(|name| name.trim().to_lowercase()).collect();
    for name in &columns[..required] {
        if !header.iter().any(|h| h == name) {
            return Err(Error::input(format!(
                "{shown}: no column {name} in its first line ({}); {expected}",
                layout.first.join(", ")
            )));
        }
    }
    for (i, name) in header.iter().enumerate() {
        if !columns.contains(&name.as_str()) || header[..i].contains(name) {
            return Err(Error::input(format!(
                "{shown}: its column {:?} is unknown or there twice; {expected}",
                layout.first[i]
            )));
        }
    }
    let places: Vec<Option<usize>> = columns.iter().map(|c| header.iter().position(|h| h == c)).collect();
    let mut reader = layout.rows(path, true)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| layout.wrong(path, &e))?;
        let text = |place: &Option<usize>| {
            let text = record.get((*place)?)?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        rows.push(Row {
            line: layout.line(&record),
            texts: places.iter().map(text).collect(),
        });
    }
    Ok(rows)
}

/// A name that must be there.
fn name(path: &Path, row: &Row, column: usize, what: &str) -> Result<String> {
    row.texts[column].clone().ok_or_else(|| {
        Error::input(format!(
            "{}: line {} has no {what}; add it or remove the line",
            path.display(),
            row.line
        ))
    })
}

/// A number, or `None` where there is none: an empty field, NA, NaN.
fn number(path: &Path, row: &Row, column: usize, what: &str) -> Result<Option<f64>> {
    let Some(text) = &row.texts[column] else {
        return Ok(None);
    };
    if ["na", "nan", "n/a", "null", "none", "-", "–"].contains(&text.to_lowercase().as_str()) {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ => Err(Error::input(format!(
            "{}: line {}: {what} {text:?} is not a number; write it as in 76.13, and leave it empty where it is missing",
            path.display(),
            row.line
        ))),
    }
}

/// Refuses what was said before.
fn once<K: std::hash::Hash + Eq>(met: &mut HashMap<K, u64>, key: K, path: &Path, row: &Row, what: &str) -> Result<()> {
    match met.insert(key, row.line) {
        None => Ok(()),
        Some(first) => Err(Error::input(format!(
            "{}: line {} gives {what} again (first in line {first}); give each once",
            path.display(),
            row.line
        ))),
    }
}

/// Adds the scores of a table `model,metric,value[,dataset][,family]`; a score without a data set holds for all.
///
/// # Errors
/// When the file cannot be read, lacks a column, or has a line that says nothing or the same twice.
pub fn read_scores(path: &Path, evidence: &mut Evidence) -> Result<()> {
    let mut met = HashMap::new();
    for row in rows(path, &["model", "metric", "value", "dataset", "family"], 3)? {
        let (model, metric) = (name(path, &row, 0, "model")?, name(path, &row, 1, "metric")?);
        let dataset = row.texts[3].clone();
        let what = format!("{metric} of {model}");
        once(
            &mut met,
            (model.clone(), metric.clone(), dataset.clone()),
            path,
            &row,
            &what,
        )?;
        if let Some(family) = &row.texts[4] {
            let known = evidence.families.insert(model.clone(), family.clone());
            if let Some(other) = known.filter(|other| other != family) {
                return Err(Error::input(format!(
                    "{}: line {} puts {model} into family {family}, an earlier line into {other}; a model has one family",
                    path.display(),
                    row.line
                )));
            }
        }
        if let Some(value) = number(path, &row, 2, "value")? {
            evidence.scores.push(ModelScore {
                model,
                metric,
                dataset,
                value,
            });
        }
    }
    Ok(())
}

/// Adds the accuracies of a table `model,dataset,accuracy[,ci_low,ci_high]`.
///
/// # Errors
/// As [`read_scores`].
pub fn read_accuracies(path: &Path, evidence: &mut Evidence) -> Result<()> {
    let mut met = HashMap::new();
    for row in rows(path, &["model", "dataset", "accuracy", "ci_low", "ci_high"], 3)? {
        let (model, dataset) = (name(path, &row, 0, "model")?, name(path, &row, 1, "data set")?);
        let what = format!("the accuracy of {model} on {dataset}");
        once(&mut met, (model.clone(), dataset.clone()), path, &row, &what)?;
        let low = number(path, &row, 3, "ci_low")?;
        let high = number(path, &row, 4, "ci_high")?;
        let Some(value) = number(path, &row, 2, "accuracy")? else {
            continue;
        };
        if let (Some(low), Some(high)) = (low, high)
            && !(low <= value && value <= high)
        {
            return Err(Error::input(format!(
                "{}: line {}: the accuracy {value} is not within its interval from {low} to {high}; an interval goes with its \
                 accuracy, in the same unit",
                path.display(),
                row.line
            )));
        }
        evidence.accuracies.push(ModelAccuracy {
            model,
            dataset,
            value,
            interval: low.zip(high),
        });
    }
    Ok(())
}
