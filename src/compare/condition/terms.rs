//! What a condition is made of: a metric, a place, and what is asked there.

/// A condition on the compared values.
///
/// ```text
/// condition = metric [ "(" place ")" ] ( op right | "separably" way "than baseline" )
/// place     = [ side ] [ "@" layer ]                        (every side, the layer compared where left out)
/// side      = "pre" | "eval" | "pair" | dataset [ "/" split ] | suite
/// op        = ">" | ">=" | "<" | "<="
/// right     = number | [ number "*" ] "baseline" [ ("+" | "-") number ]
/// way       = "worse" | "better" | "higher" | "lower"       (by the comparison's verdict)
/// ```
///
/// It is looked at for every model (other than the baseline, where the right side names it) at every layer compared,
/// and holds when it holds for one of them.
///
/// ```
/// use featscope::compare::Condition;
/// assert!(Condition::parse("discriminative_ratio(pre) > 1.1 * baseline").is_ok());
/// assert!(Condition::parse("linear_top1(vehicles @ backbone) < baseline - 0.01").is_ok());
/// assert!(Condition::parse("linear_top1 separably worse than baseline").is_ok());
/// assert!(Condition::parse("discriminative_ratio(pre) is big").is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub(super) metric: String,
    pub(super) place: Scope,
    pub(super) asked: Requirement,
}

impl Condition {
    /// The layer that it is about, where it names one.
    pub fn layer(&self) -> Option<&str> {
        self.place.layer.as_deref()
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scope {
    pub(super) side: Option<SideTerm>,
    pub(super) layer: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SideTerm {
    Pre,
    Eval,
    Pair,
    /// A data set, with its split or without, or a suite; of a pair either side.
    Dataset(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Requirement {
    Against(Relation, Limit),
    Worse,
    Better,
    Higher,
    Lower,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

/// `factor * baseline + offset`, without a factor `offset` alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    pub(super) factor: Option<f64>,
    pub(super) offset: f64,
}

impl Relation {
    pub(super) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Greater => left > right,
            Self::GreaterEqual => left >= right,
            Self::Less => left < right,
            Self::LessEqual => left <= right,
        }
    }

    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Less => "<",
            Self::LessEqual => "<=",
        }
    }
}
