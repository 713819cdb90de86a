//! How a condition is written.

use super::terms::{Condition, Limit, Relation, Requirement, Scope, SideTerm};
use crate::error::{Error, Result};

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// When it does not follow the grammar.
    pub fn parse(text: &str) -> Result<Self> {
        parse(text)
    }
}

fn parse(text: &str) -> Result<Condition> {
    let wrong = |what: &str| {
        Error::input(format!(
            "--fail-if {text:?}: {what}; expected METRIC[(pre|eval|pair|DATASET [@ LAYER])] >|>=|<|<= NUMBER or [NUMBER *] baseline \
             [+|- NUMBER], as in 'discriminative_ratio(pre) > 1.1 * baseline', or METRIC[(…)] separably \
             worse|better|higher|lower than baseline"
        ))
    };
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (metric, rest) = (&text[..end], text[end..].trim_start());
    if metric.is_empty() {
        return Err(wrong("it does not begin with a metric"));
    }
    // The right side has no brackets, so those of a data set's name are inside.
    let (place, rest) = match rest.strip_prefix('(') {
        None => (Scope::default(), rest),
        Some(inner) => {
            let (inside, rest) = inner.rsplit_once(')').ok_or_else(|| wrong("a bracket is not closed"))?;
            (
                place(inside).ok_or_else(|| wrong("the brackets hold no data set"))?,
                rest.trim_start(),
            )
        }
    };
    let asked = match rest.strip_prefix("separably") {
        Some(words) => separably(words).ok_or_else(|| wrong("what it is separably cannot be read"))?,
        None => {
            let (op, right) = sign(rest).ok_or_else(|| wrong("no comparison sign after the metric"))?;
            Requirement::Against(op, limit(right).ok_or_else(|| wrong("the right side cannot be read"))?)
        }
    };
    Ok(Condition {
        metric: metric.to_owned(),
        place,
        asked,
    })
}

fn place(inside: &str) -> Option<Scope> {
    let (on, layer) = match inside.rsplit_once('@') {
        None => (inside.trim(), None),
        Some((on, layer)) => (on.trim(), Some(layer.trim())),
    };
    let side = match on {
        "" => None,
        "pre" => Some(SideTerm::Pre),
        "eval" => Some(SideTerm::Eval),
        "pair" => Some(SideTerm::Pair),
        name => Some(SideTerm::Dataset(name.to_owned())),
    };
    if layer == Some("") || (side.is_none() && layer.is_none()) {
        return None;
    }
    Some(Scope {
        side,
        layer: layer.map(str::to_owned),
    })
}

fn sign(rest: &str) -> Option<(Relation, &str)> {
    [
        (">=", Relation::GreaterEqual),
        ("<=", Relation::LessEqual),
        (">", Relation::Greater),
        ("<", Relation::Less),
    ]
    .into_iter()
    .find_map(|(sign, op)| Some((op, rest.strip_prefix(sign)?)))
}

fn separably(words: &str) -> Option<Requirement> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let [way, "than", "baseline"] = words.as_slice() else {
        return None;
    };
    match *way {
        "worse" => Some(Requirement::Worse),
        "better" => Some(Requirement::Better),
        "higher" => Some(Requirement::Higher),
        "lower" => Some(Requirement::Lower),
        _ => None,
    }
}

/// A number, or the baseline with a factor, and with a number added.
fn limit(text: &str) -> Option<Limit> {
    let (mut factor, mut offset) = (None, None);
    let mut rest = text.trim();
    let mut sign = 1.0;
    loop {
        let (number, is_baseline, after) = product(rest)?;
        let slot = if is_baseline { &mut factor } else { &mut offset };
        if slot.replace(sign * number).is_some() {
            return None;
        }
        rest = after.trim_start();
        (sign, rest) = match rest.chars().next() {
            None => break,
            Some('+') => (1.0, rest[1..].trim_start()),
            Some('-') => (-1.0, rest[1..].trim_start()),
            Some(_) => return None,
        };
    }
    Some(Limit {
        factor,
        offset: offset.unwrap_or(0.0),
    })
}

/// A number, `baseline`, or one times the other: its number, whether the baseline is in it, and what follows.
fn product(text: &str) -> Option<(f64, bool, &str)> {
    let (first, rest) = factor(text)?;
    let Some(more) = rest.trim_start().strip_prefix('*') else {
        return Some((first.unwrap_or(1.0), first.is_none(), rest));
    };
    let (second, rest) = factor(more.trim_start())?;
    match (first, second) {
        (Some(number), None) | (None, Some(number)) => Some((number, true, rest)),
        _ => None,
    }
}

/// A number, or `None` for `baseline`; and what follows.
fn factor(text: &str) -> Option<(Option<f64>, &str)> {
    if let Some(rest) = text.strip_prefix("baseline") {
        return Some((None, rest));
    }
    let of_number = |c: char| c.is_ascii_digit() || ".eE+-".contains(c);
    let most = text.find(|c| !of_number(c)).unwrap_or(text.len());
    // The longest beginning that is a number: of `0.1+baseline` it is 0.1.
    let read = |end: usize| Some((text[..end].parse::<f64>().ok().filter(|x| x.is_finite())?, &text[end..]));
    let (number, rest) = (1..=most).rev().find_map(read)?;
    Some((Some(number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Scope, Requirement) {
        let condition = parse(text).expect(text);
        (condition.place, condition.asked)
    }

    fn at(side: Option<SideTerm>, layer: Option<&str>) -> Scope {
        let layer = layer.map(str::to_owned);
        Scope { side, layer }
    }

    fn limit(factor: Option<f64>, offset: f64) -> Limit {
        Limit { factor, offset }
    }

    #[test]
    fn sides_data_sets_and_layers_are_read() {
        let of_place = |text: &str| read(&format!("redundancy {text} < 1")).0;
        let named = |name: &str| Some(SideTerm::Dataset(name.to_owned()));
        assert_eq!(of_place(""), Scope::default());
        assert_eq!(of_place("( eval )"), at(Some(SideTerm::Eval), None));
        assert_eq!(of_place("(vehicles)"), at(named("vehicles"), None));
        assert_eq!(
            of_place("(vehicles/test @ stage1)"),
            at(named("vehicles/test"), Some("stage1"))
        );
        assert_eq!(of_place("(@ stage1)"), at(None, Some("stage1")));
        assert_eq!(of_place("(cars (2 < 3))"), at(named("cars (2 < 3)"), None));
    }

    #[test]
    fn limits_and_verdicts_are_read() {
        let asked = |text: &str| read(&format!("x {text}")).1;
        let below = |limit| Requirement::Against(Relation::Less, limit);
        assert_eq!(asked("<0.5*baseline"), below(limit(Some(0.5), 0.0)));
        assert_eq!(asked("< baseline * 2"), asked("< 2 * baseline"));
        assert_eq!(asked("< -1e-3"), below(limit(None, -1e-3)));
        assert_eq!(asked("< baseline - 0.01"), below(limit(Some(1.0), -0.01)));
        assert_eq!(asked("< 0.1+baseline"), below(limit(Some(1.0), 0.1)));
        assert_eq!(asked("< 2 * baseline + 1e-2"), below(limit(Some(2.0), 0.01)));
        assert_eq!(
            asked(">= baseline"),
            Requirement::Against(Relation::GreaterEqual, limit(Some(1.0), 0.0))
        );
        assert_eq!(asked("separably worse than baseline"), Requirement::Worse);
        assert_eq!(asked("separably higher than baseline"), Requirement::Higher);
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
            "x() > 1",
            "x(pre @) > 1",
            "x(pre > 1",
            "x > NaN",
            "x > inf",
            "x > baseline * baseline",
            "x > baseline - baseline",
            "x > 1 + 2",
            "x > baseline +",
            "x == 1",
            "x > 1 > 2",
            "x y > 1",
            "x separably bad than baseline",
            "x separably worse",
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.to_string().contains("1.1 * baseline"), "{error}");
        }
    }
}
