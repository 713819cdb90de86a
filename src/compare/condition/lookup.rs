//! Looks at a condition in a comparison.

use super::terms::{Condition, Limit, Requirement, SideTerm};
use crate::compare::comparison::{Comparison, MetricGroup, ModelRow, Verdict};
use crate::compare::grouping::distinct;
use crate::compare::meaning::Direction;
use crate::compare::side_by_side::unknown_metric;
use crate::error::{Error, Result};
use crate::features::Role;

/// What became of a condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// A sentence for every place where it holds.
    pub held: Vec<String>,
    /// A sentence for every place where it could not be looked at.
    pub skipped: Vec<String>,
}

/// What is found at one place: a sentence where the condition holds, or why it cannot be looked at.
enum Answer {
    Holds(String),
    HoldsNot,
    Missing(String),
}

impl Condition {
    /// Looks at the condition everywhere in `comparison`.
    ///
    /// # Errors
    /// When nothing was measured that it could be about, when there is no baseline, when a factor of a negative baseline is
    /// asked for, or when every value is missing: a check that could not be made must not pass for one that was.
    pub fn check(&self, comparison: &Comparison) -> Result<Answers> {
        let table = comparison.table(&self.metric).ok_or_else(|| {
            let known: Vec<String> = comparison.tables.iter().map(|t| t.metric.clone()).collect();
            refused(&unknown_metric(&self.metric, &known).to_string())
        })?;
        if comparison.baseline.is_none() && self.names_baseline() {
            return Err(refused("there is only one model, so no baseline to compare it with"));
        }
        let baseline = comparison.baseline.as_deref();
        let about: Vec<&MetricGroup> = table.groups.iter().filter(|g| self.is_about(g)).collect();
        if about.is_empty() {
            return Err(self.nowhere(&table.groups));
        }
        let mut outcome = Answers::default();
        let mut looked_at = 0;
        for group in about {
            let reference = group.rows.iter().find(|r| Some(r.model.as_str()) == baseline);
            for row in &group.rows {
                if self.names_baseline() && Some(row.model.as_str()) == baseline {
                    continue;
                }
                let other = group.other_dataset.iter().map(|other| format!(" and {other}"));
                let on: String = std::iter::once(group.dataset.clone()).chain(other).collect();
                let place = format!("{} of {} on {on} at {}", self.metric, row.model, group.layer);
                match self.look(group, row, reference, &place)? {
                    Answer::Missing(why) => outcome.skipped.push(format!("{place}: {why}")),
                    Answer::Holds(what) => {
                        looked_at += 1;
                        outcome.held.push(format!("{place} is {what}"));
                    }
                    Answer::HoldsNot => looked_at += 1,
                }
            }
        }
        match looked_at {
            0 => Err(refused(&format!("nothing to check: {}", outcome.skipped.join("; ")))),
            _ => Ok(outcome),
        }
    }

    fn names_baseline(&self) -> bool {
        !matches!(self.asked, Requirement::Against(_, Limit { factor: None, .. }))
    }

    fn look(&self, group: &MetricGroup, row: &ModelRow, baseline: Option<&ModelRow>, place: &str) -> Result<Answer> {
        let (op, limit) = match self.asked {
            Requirement::Against(op, limit) => (op, limit),
            way => return Ok(separably(way, group.direction, row, baseline)),
        };
        let missing = || Ok(Answer::Missing("a value is missing".to_owned()));
        let right = match (limit.factor, baseline.and_then(|b| b.value)) {
            (None, _) => limit.offset,
            (Some(factor), Some(value)) if factor != 1.0 && value < 0.0 => {
                return Err(refused(&format!(
                    "{place}: the baseline is {}, and a factor turns round below 0 ({factor} * {} is {}); ask for a difference, as in \
                     '{} {} baseline - 0.01'",
                    brief(value),
                    brief(value),
                    brief(factor * value),
                    self.metric,
                    op.sign()
                )));
            }
            (Some(factor), Some(value)) => factor * value + limit.offset,
            (Some(_), None) => return missing(),
        };
        let Some(left) = row.value else { return missing() };
        Ok(match op.holds(left, right) {
            true => Answer::Holds(format!("{} {} {}", brief(left), op.sign(), brief(right))),
            false => Answer::HoldsNot,
        })
    }

    fn is_about(&self, group: &MetricGroup) -> bool {
        let at_layer = self.place.layer.as_ref().is_none_or(|layer| *layer == group.layer);
        at_layer
            && match &self.place.side {
                None => true,
                Some(SideTerm::Pair) => group.other_dataset.is_some(),
                Some(SideTerm::Pre) => is_of(group, Role::Pre),
                Some(SideTerm::Eval) => is_of(group, Role::Eval),
                Some(SideTerm::Dataset(name)) => names(group).contains(name),
            }
    }

    /// Why no group is what it is about.
    fn nowhere(&self, groups: &[MetricGroup]) -> Error {
        let layers = distinct(groups.iter().map(|g| g.layer.as_str()));
        let metric = &self.metric;
        match (&self.place.side, &self.place.layer) {
            (_, Some(layer)) if !layers.contains(&layer.as_str()) => refused(&format!(
                "{metric} was not measured at layer {layer}; compared are {}",
                layers.join(", ")
            )),
            (Some(SideTerm::Dataset(name)), _) => refused(&format!(
                "{metric} was not measured on {name}; it was on {}",
                distinct(groups.iter().flat_map(names)).join(", ")
            )),
            _ => refused(&format!(
                "{metric} was not measured on that side; analyze with --pre and --eval so that the sides are known, or name the data set"
            )),
        }
    }
}

/// Checks that a group belongs to the data set of this role, or, where no role is known, to the data set of this name.
fn is_of(group: &MetricGroup, role: Role) -> bool {
    group.other_dataset.is_none() && group.role.map_or(group.dataset == role.as_str(), |known| known == role)
}

/// The names that a group goes by: its data sets, each with its split where that is known.
fn names(group: &MetricGroup) -> Vec<String> {
    let mut names = vec![group.dataset.clone()];
    if !group.split.is_empty() {
        names.push(format!("{}/{}", group.dataset, group.split));
    }
    names.extend(group.other_dataset.clone());
    names
}

/// The verdict of the comparison, as it was asked for.
fn separably(way: Requirement, direction: Option<Direction>, row: &ModelRow, baseline: Option<&ModelRow>) -> Answer {
    let wanted = match (way, direction) {
        (Requirement::Higher, _)
        | (Requirement::Better, Some(Direction::Higher))
        | (Requirement::Worse, Some(Direction::Lower)) => Verdict::Higher,
        (Requirement::Lower, _) | (Requirement::Worse, Some(_)) | (Requirement::Better, Some(_)) => Verdict::Lower,
        _ => {
            return Answer::Missing("it has no good direction here; ask for separably higher or lower".to_owned());
        }
    };
    if row.value.is_none() || baseline.is_none_or(|b| b.value.is_none()) {
        return Answer::Missing("a value is missing".to_owned());
    }
    match &row.difference {
        Some(d) if d.verdict == wanted => {
            let by = d.value.map_or(String::new(), |x| format!(" by {}", brief(x.abs())));
            Answer::Holds(format!("separably {} than the baseline{by}", wanted.words()))
        }
        Some(d) if matches!(d.verdict, Verdict::Untested | Verdict::Refused) => {
            let why = d.reason.iter().map(|reason| format!(" ({reason})"));
            Answer::Missing(std::iter::once(d.verdict.words().to_owned()).chain(why).collect())
        }
        Some(_) => Answer::HoldsNot,
        None => Answer::Missing("not tested".to_owned()),
    }
}

fn refused(why: &str) -> Error {
    Error::input(format!("--fail-if: {why}"))
}

/// Seven significant digits: enough to see why, without the noise of binary fractions.
fn brief(x: f64) -> f64 {
    format!("{x:.6e}").parse().unwrap_or(x)
}
