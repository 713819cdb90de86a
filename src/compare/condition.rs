//! The condition of `compare --fail-if`.

use super::Comparison;
use crate::error::{Error, Result};
use crate::features::Role;

/// A condition on the compared values.
///
/// ```text
/// condition = metric [ "(" side ")" ] op right
/// side      = "pre" | "eval" | "pair"                       (every side where left out)
/// op        = ">" | ">=" | "<" | "<="
/// right     = number | "baseline" | number "*" "baseline" | "baseline" "*" number
/// ```
///
/// It is looked at for every model (other than the baseline, where the right side names it) at every layer compared,
/// and holds when it holds for one of them.
///
/// ```
/// use featscope::compare::Condition;
/// assert!(Condition::parse("discriminative_ratio(pre) > 1.1 * baseline").is_ok());
/// assert!(Condition::parse("discriminative_ratio(pre) is big").is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    metric: String,
    side: Option<Side>,
    op: Op,
    factor: f64,
    of_baseline: bool,
}

/// What became of a condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// A sentence for every place where it holds.
    pub held: Vec<String>,
    /// A sentence for every place where a value is missing.
    pub skipped: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Pre,
    Eval,
    Pair,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

impl Op {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Greater => left > right,
            Self::GreaterEqual => left >= right,
            Self::Less => left < right,
            Self::LessEqual => left <= right,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Less => "<",
            Self::LessEqual => "<=",
        }
    }
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// When it does not follow the grammar above.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| {
            Error::input(format!(
                "--fail-if {text:?}: {what}; expected METRIC[(pre|eval|pair)] >|>=|<|<= NUMBER or [NUMBER *] baseline, as in 'discriminative_ratio(pre) > 1.1 * baseline'"
            ))
        };
        let at = text.find(['<', '>']).ok_or_else(|| wrong("no comparison sign"))?;
        let (left, rest) = (text[..at].trim(), &text[at..]);
        let (op, right) = match rest.as_bytes() {
            [b'>', b'=', ..] => (Op::GreaterEqual, &rest[2..]),
            [b'<', b'=', ..] => (Op::LessEqual, &rest[2..]),
            [b'>', ..] => (Op::Greater, &rest[1..]),
            _ => (Op::Less, &rest[1..]),
        };
        let (metric, side) = match left.split_once('(') {
            None => (left, None),
            Some((metric, side)) => {
                let side = side.strip_suffix(')').ok_or_else(|| wrong("a bracket is not closed"))?;
                let side = match side.trim() {
                    "pre" => Side::Pre,
                    "eval" => Side::Eval,
                    "pair" => Side::Pair,
                    _ => return Err(wrong("the side is none of pre, eval, pair")),
                };
                (metric.trim(), Some(side))
            }
        };
        if metric.is_empty() || !metric.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(wrong("no metric before the comparison sign"));
        }
        let mut factor = 1.0;
        let mut of_baseline = false;
        let factors: Vec<&str> = right.split('*').map(str::trim).collect();
        for part in &factors {
            match part.parse::<f64>() {
                _ if *part == "baseline" && !of_baseline => of_baseline = true,
                Ok(number) if number.is_finite() => factor *= number,
                _ => return Err(wrong("the right side cannot be read")),
            }
        }
        if factors.len() > 2 || (factors.len() == 2 && !of_baseline) {
            return Err(wrong("the right side cannot be read"));
        }
        Ok(Self {
            metric: metric.to_owned(),
            side,
            op,
            factor,
            of_baseline,
        })
    }

    /// Looks at the condition everywhere in `comparison`.
    ///
    /// # Errors
    /// When nothing was measured that it could be about, when there is no baseline, or when every value is missing: a
    /// check that could not be made must not pass for one that was.
    pub fn check(&self, comparison: &Comparison) -> Result<Outcome> {
        let nothing = |why: String| Error::input(format!("--fail-if: {why}"));
        let table = comparison.table(&self.metric).ok_or_else(|| {
            let known: Vec<&str> = comparison.tables.iter().map(|t| t.metric.as_str()).collect();
            nothing(format!(
                "no {} at layer {} in the results; they hold {}",
                self.metric,
                comparison.layer,
                known.join(", ")
            ))
        })?;
        let baseline = match (&comparison.baseline, self.of_baseline) {
            (None, true) => {
                return Err(nothing(
                    "there is only one model, so no baseline to compare it with".to_owned(),
                ));
            }
            (name, _) => name.as_deref(),
        };
        let mut outcome = Outcome::default();
        let mut looked_at = 0;
        for group in table.groups.iter().filter(|g| self.is_about(g)) {
            let of_baseline = group
                .rows
                .iter()
                .find(|r| Some(r.model.as_str()) == baseline)
                .and_then(|r| r.value);
            for row in group
                .rows
                .iter()
                .filter(|r| !self.of_baseline || Some(r.model.as_str()) != baseline)
            {
                let on = group
                    .other_dataset
                    .as_ref()
                    .map_or(group.dataset.clone(), |other| format!("{} and {other}", group.dataset));
                let place = format!("{} of {} on {on} at {}", self.metric, row.model, group.layer);
                let right = if self.of_baseline {
                    of_baseline.map(|b| b * self.factor)
                } else {
                    Some(self.factor)
                };
                let (Some(left), Some(right)) = (row.value, right) else {
                    outcome.skipped.push(format!("{place}: a value is missing"));
                    continue;
                };
                looked_at += 1;
                if self.op.holds(left, right) {
                    outcome.held.push(format!(
                        "{place} is {} {} {}",
                        brief(left),
                        self.op.sign(),
                        brief(right)
                    ));
                }
            }
        }
        match looked_at {
            0 if outcome.skipped.is_empty() => Err(nothing(format!(
                "{} was not measured on that side; analyze with --pre and --eval so that the sides are known",
                self.metric
            ))),
            0 => Err(nothing(format!("nothing to check: {}", outcome.skipped.join("; ")))),
            _ => Ok(outcome),
        }
    }

    fn is_about(&self, group: &super::Group) -> bool {
        match self.side {
            None => true,
            Some(Side::Pair) => group.other_dataset.is_some(),
            Some(Side::Pre) => group.other_dataset.is_none() && group.role == Some(Role::Pre),
            Some(Side::Eval) => group.other_dataset.is_none() && group.role == Some(Role::Eval),
        }
    }
}

/// Seven significant digits: enough to see why, without the noise of binary fractions.
fn brief(x: f64) -> f64 {
    format!("{x:.6e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_read() {
        let condition = Condition::parse(" redundancy ( eval )<=0.5*baseline").unwrap();
        assert_eq!(
            condition,
            Condition {
                metric: "redundancy".into(),
                side: Some(Side::Eval),
                op: Op::LessEqual,
                factor: 0.5,
                of_baseline: true
            }
        );
        let condition = Condition::parse("feature_mixtureness(pair) < 0.2").unwrap();
        assert_eq!(
            (condition.side, condition.of_baseline, condition.factor),
            (Some(Side::Pair), false, 0.2)
        );
        assert_eq!(
            Condition::parse("x > baseline * 2").unwrap(),
            Condition::parse("x > 2 * baseline").unwrap()
        );
        assert!(Condition::parse("x >= baseline").unwrap().of_baseline);
    }

    #[test]
    fn what_does_not_follow_it_is_refused_with_an_example() {
        for text in [
            "",
            "x",
            "> 1",
            "x > ",
            "x > 1 * 2",
            "x > a",
            "x(both) > 1",
            "x(pre > 1",
            "x > NaN",
            "x > inf",
            "x > baseline * baseline",
            "x == 1",
            "x > 1 > 2",
            "x y > 1",
        ] {
            let error = Condition::parse(text).expect_err(text);
            assert!(error.to_string().contains("1.1 * baseline"), "{error}");
        }
    }
}
