//! Which convention of a metric the user chose.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Eval, Metric, find};
use crate::error::{Error, Result};

/// The user's choices: variants and neighbour counts by metric id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conventions {
    variants: BTreeMap<String, String>,
    neighbours: BTreeMap<String, usize>,
}

impl Conventions {
    /// Takes in one choice: `ID=VARIANT` or `ID.k=K`.
    ///
    /// # Errors
    /// For an unknown metric or variant, a k that is no count, and a k for a metric that has none.
    pub fn choose(&mut self, choice: &str) -> Result<()> {
        let refuse = |what: String| Err(Error::input(format!("--convention {choice}: {what}")));
        let Some((left, right)) = choice.split_once('=') else {
            return refuse("expected ID=VARIANT or ID.k=K".to_owned());
        };
        let (id, takes_k) = left.strip_suffix(".k").map_or((left, false), |id| (id, true));
        let Some(metric) = find(id) else {
            return refuse(format!("no metric {id}; `featscope metrics` lists them"));
        };
        if takes_k {
            let Ok(k) = right.parse() else {
                return refuse(format!("k is a whole number, not {right:?}"));
            };
            let mut eval = metric.eval;
            if !eval.set_k(k) {
                return refuse(format!("{id} has no number of neighbours to set"));
            }
            self.neighbours.insert(id.to_owned(), k);
        } else if metric.variants.iter().any(|v| v.id == right) {
            self.variants.insert(id.to_owned(), right.to_owned());
        } else {
            let known: Vec<_> = metric.variants.iter().map(|v| v.id).collect();
            return refuse(match known.len() {
                0 => format!("{id} has a single convention"),
                _ => format!("{id} has the variants {}", known.join(", ")),
            });
        }
        Ok(())
    }

    /// Sets k of `feature_mixtureness` and its scaled form (`--k`).
    pub fn set_mixtureness_k(&mut self, k: usize) {
        for id in ["feature_mixtureness", "feature_mixtureness_scaled"] {
            self.neighbours.insert(id.to_owned(), k);
        }
    }

    /// How `metric` is to be computed.
    pub fn eval(&self, metric: &Metric) -> Eval {
        let mut eval = match self.variants.get(metric.id) {
            Some(chosen) => metric
                .variants
                .iter()
                .find(|v| v.id == chosen)
                .map_or(metric.eval, |v| v.eval),
            None => metric.eval,
        };
        if let Some(&chosen) = self.neighbours.get(metric.id) {
            eval.set_k(chosen);
        }
        eval
    }

    /// The start of a record's `convention`: the variant, and where it differs from the default, how.
    pub fn describe(&self, metric: &Metric) -> Map<String, Value> {
        let mut map = Map::new();
        match self
            .variants
            .get(metric.id)
            .and_then(|id| metric.variants.iter().find(|v| v.id == id))
        {
            Some(variant) => {
                map.insert("variant".to_owned(), json!(variant.id));
                map.insert("about".to_owned(), json!(variant.about));
            }
            None => {
                map.insert("variant".to_owned(), json!("default"));
                map.insert("about".to_owned(), json!(metric.convention));
            }
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_kept_and_nonsense_is_refused() {
        let mut c = Conventions::default();
        c.choose("intra_class_distance=unbiased").unwrap();
        c.choose("sample_mixing.k=7").unwrap();
        assert!(matches!(
            c.eval(find("sample_mixing").unwrap()),
            Eval::Samples { k: 7, .. }
        ));
        assert_eq!(c.describe(find("intra_class_distance").unwrap())["variant"], "unbiased");
        for nonsense in [
            "x",
            "nope=1",
            "redundancy.k=3",
            "intrinsic_dim_twonn.k=3",
            "redundancy=biased",
            "sample_mixing.k=-1",
        ] {
            assert!(c.choose(nonsense).is_err(), "{nonsense}");
        }
    }
}
