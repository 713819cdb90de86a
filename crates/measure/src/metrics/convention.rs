//! Which convention of a metric the user chose.

use std::collections::BTreeMap;

use super::eval::Eval;
use super::families::find;
use super::metric::{LIBRARIES, Metric, Variant};
use super::words::{group, why_unknown};
use crate::error::{Error, Result};
use crate::probes::logistic::PenaltyStrength;

/// What following a library's conventions did to the metrics asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Metrics and the variant each was changed to.
    pub changed: Vec<(&'static str, &'static str)>,
    /// Metrics whose default is what the library computes.
    pub kept: Vec<&'static str>,
    /// Metrics that the library does not compute, or computes in a way the catalogue does not have: they keep the default.
    pub unknown: Vec<&'static str>,
    /// Metrics for which the user chose a convention: it stands.
    pub chosen: Vec<&'static str>,
}

/// The user's choices: variants and neighbour counts by metric id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conventions {
    variants: BTreeMap<String, String>,
    neighbours: BTreeMap<String, usize>,
    strengths: BTreeMap<String, PenaltyStrength>,
    bandwidths: BTreeMap<String, f64>,
    every: bool,
}

impl Conventions {
    /// Takes in one choice: `ID=VARIANT`, `ID.k=K`, `ID.C=C`, `ID.lambda=L` or `ID.bandwidth=F`. A bandwidth is that of the
    /// variant that has one.
    ///
    /// # Errors
    /// For an unknown metric or variant, a k that is no count, a C, λ or bandwidth that is no positive number, and any of them
    /// for a metric that has none.
    pub fn choose(&mut self, choice: &str) -> Result<()> {
        let refuse = |what: String| Err(Error::input(format!("--convention {choice}: {what}")));
        let Some((left, right)) = choice.split_once('=') else {
            return refuse("expected ID=VARIANT, ID.k=K, ID.C=C, ID.lambda=L or ID.bandwidth=F".to_owned());
        };
        let (id, what) = left.rsplit_once('.').unwrap_or((left, ""));
        let Some(metric) = find(id) else {
            return refuse(match group(id).is_empty() {
                true => format!("{id}: {}", why_unknown(id)),
                false => format!("{id} is a group of metrics; a convention is chosen for one"),
            });
        };
        if ["C", "lambda", "bandwidth"].contains(&what) {
            let number = right.parse().ok().filter(|c: &f64| c.is_finite() && *c > 0.0);
            let Some(number) = number else {
                return refuse(format!("{what} is a positive number, not {right:?}"));
            };
            if what == "bandwidth" {
                let takes = |mut eval: Eval| eval.set_bandwidth(number);
                if !takes(metric.eval) {
                    let Some(variant) = metric.variants.iter().find(|v| takes(v.eval)) else {
                        return refuse(format!("{id} has no {what} to set"));
                    };
                    self.variants.insert(id.to_owned(), variant.id.to_owned());
                }
                self.bandwidths.insert(id.to_owned(), number);
                return Ok(());
            }
            let strength = match what {
                "C" => PenaltyStrength::Fixed(number),
                _ => PenaltyStrength::Penalty(number),
            };
            let mut eval = metric.eval;
            if !eval.set_strength(strength) {
                return refuse(format!("{id} has no {what} to set"));
            }
            self.strengths.insert(id.to_owned(), strength);
        } else if what == "k" {
            let Ok(k) = right.parse() else {
                return refuse(format!("k is a whole number, not {right:?}"));
            };
            let mut eval = metric.eval;
            if !eval.set_k(k) {
                return refuse(format!("{id} has no number of neighbours to set"));
            }
            self.neighbours.insert(id.to_owned(), k);
        } else if !what.is_empty() {
            return refuse(format!("{id} has no {what} to set"));
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

    /// Chooses for each of `metrics` the convention that `library` computes it by (`--like`); what the user chose stands.
    ///
    /// # Errors
    /// For a library that is not known.
    pub fn follow(&mut self, library: &str, metrics: &[&'static Metric]) -> Result<Followed> {
        if !LIBRARIES.contains(&library) {
            return Err(Error::input(format!(
                "--like {library}: no such library; known are {}",
                LIBRARIES.join(", ")
            )));
        }
        let mut followed = Followed::default();
        for metric in metrics {
            if self.variants.contains_key(metric.id) {
                followed.chosen.push(metric.id);
            } else if metric.like.contains(&library) {
                followed.kept.push(metric.id);
            } else if let Some(variant) = metric.variants.iter().find(|v| v.like.contains(&library)) {
                self.variants.insert(metric.id.to_owned(), variant.id.to_owned());
                followed.changed.push((metric.id, variant.id));
            } else {
                followed.unknown.push(metric.id);
            }
        }
        Ok(followed)
    }

    /// Sets k of `feature_mixtureness` and its scaled form (`--k`).
    pub fn set_mixtureness_k(&mut self, k: usize) {
        for id in ["feature_mixtureness", "feature_mixtureness_scaled"] {
            self.neighbours.insert(id.to_owned(), k);
        }
    }

    /// Makes each metric count once for each of its conventions: the default first, then its variants in their order.
    pub fn take_every(&mut self) {
        self.every = true;
    }

    /// The conventions by which `metric` is to be computed, `None` being the default: one, or all of them.
    pub fn of(&self, metric: &'static Metric) -> impl Iterator<Item = Option<&'static Variant>> + use<> {
        let chosen = self.chosen(metric);
        let all = self.every.then_some(metric.variants).into_iter().flatten().map(Some);
        std::iter::once(if self.every { None } else { chosen }).chain(all)
    }

    /// How `metric` is computed by one of its conventions.
    pub fn eval_by(&self, metric: &Metric, variant: Option<&Variant>) -> Eval {
        let mut eval = variant.map_or(metric.eval, |v| v.eval);
        if let Some(&chosen) = self.neighbours.get(metric.id) {
            eval.set_k(chosen);
        }
        if let Some(&strength) = self.strengths.get(metric.id) {
            eval.set_strength(strength);
        }
        if let Some(&bandwidth) = self.bandwidths.get(metric.id) {
            eval.set_bandwidth(bandwidth);
        }
        eval
    }

    /// How `metric` is to be computed, by the convention that the user chose.
    pub fn eval(&self, metric: &Metric) -> Eval {
        self.eval_by(metric, self.chosen(metric))
    }

    fn chosen(&self, metric: &Metric) -> Option<&'static Variant> {
        let id = self.variants.get(metric.id)?;
        metric.variants.iter().find(|v| v.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::eval::{FromMatchedKernels, FromSamples};

    /// The chosen convention of a metric.
    fn variant(c: &Conventions, id: &str) -> &'static str {
        let chosen = c.of(find(id).unwrap()).next().unwrap();
        chosen.map_or("default", |v| v.id)
    }

    #[test]
    fn choices_are_kept_and_nonsense_is_refused() {
        let mut c = Conventions::default();
        c.choose("intra_class_distance=unbiased").unwrap();
        c.choose("sample_mixing.k=7").unwrap();
        assert!(matches!(
            c.eval(find("sample_mixing").unwrap()),
            Eval::Samples(FromSamples { k: 7, .. })
        ));
        assert_eq!(variant(&c, "intra_class_distance"), "unbiased");
        // The kernel is chosen with its bandwidth.
        c.choose("cka.bandwidth=0.5").unwrap();
        assert_eq!(variant(&c, "cka"), "rbf");
        assert!(matches!(
            c.eval(find("cka").unwrap()),
            Eval::MatchedKernels(FromMatchedKernels { bandwidth: 0.5, .. })
        ));
        let none: Vec<&Metric> = Vec::new();
        let error = c.follow("numpy", &none).unwrap_err().to_string();
        assert!(LIBRARIES.iter().all(|library| error.contains(library)), "{error}");
        for nonsense in [
            "x",
            "nope=1",
            "redundancy.k=3",
            "intrinsic_dim_twonn.k=3",
            "redundancy=biased",
            "sample_mixing.k=-1",
            "cka.bandwidth=0",
            "cka.k=3",
            "svcca.bandwidth=1",
        ] {
            assert!(c.choose(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn every_convention_of_a_metric_is_taken_where_all_are_wanted() {
        let mut c = Conventions::default();
        c.choose("intra_class_distance=unbiased").unwrap();
        c.choose("sample_mixing.k=7").unwrap();
        let ids = |c: &Conventions, id: &str| -> Vec<&str> {
            let metric = find(id).unwrap();
            c.of(metric).map(|v| v.map_or("default", |v| v.id)).collect()
        };
        assert_eq!(ids(&c, "intra_class_distance"), ["unbiased"]);
        c.take_every();
        assert_eq!(ids(&c, "intra_class_distance"), ["default", "unbiased", "by-rows"]);
        assert_eq!(ids(&c, "cdnv"), ["default"]);
        let mixing = find("sample_mixing").unwrap();
        for variant in c.of(mixing) {
            assert!(matches!(
                c.eval_by(mixing, variant),
                Eval::Samples(FromSamples { k: 7, .. })
            ));
        }
        assert_eq!(c.of(mixing).last().unwrap().unwrap().id, "lisi");
    }

    #[test]
    fn every_library_is_followed_for_every_metric_it_computes() {
        let every: Vec<&Metric> = crate::metrics::families::all().collect();
        for library in LIBRARIES {
            let mut c = Conventions::default();
            let followed = c.follow(library, &every).unwrap();
            for metric in &every {
                let computes = |like: &[&str]| like.contains(library);
                let ways =
                    usize::from(computes(metric.like)) + metric.variants.iter().filter(|v| computes(v.like)).count();
                assert!(ways <= 1, "{library} computes {} in {ways} ways", metric.id);
                let variant = variant(&c, metric.id);
                let lists = (
                    followed
                        .changed
                        .iter()
                        .any(|(id, to)| *id == metric.id && variant == *to),
                    followed.kept.contains(&metric.id),
                    followed.unknown.contains(&metric.id),
                );
                let expected = match metric.variants.iter().find(|v| computes(v.like)) {
                    Some(wanted) => (variant == wanted.id, false, false),
                    None => (false, computes(metric.like), ways == 0),
                };
                assert_eq!(lists, expected, "{library} {}", metric.id);
                assert_eq!(lists.0, variant != "default", "{library} {}", metric.id);
            }
        }
        for metric in every {
            let named = metric.like.iter().chain(metric.variants.iter().flat_map(|v| v.like));
            assert!(named.into_iter().all(|l| LIBRARIES.contains(l)), "{}", metric.id);
        }
    }

    #[test]
    fn what_the_user_chose_stands_against_a_library() {
        let mut c = Conventions::default();
        c.choose("rankme=l2").unwrap();
        let metrics = [
            find("rankme").unwrap(),
            find("silhouette").unwrap(),
            find("cdnv").unwrap(),
        ];
        let followed = c.follow("stable-pretraining", &metrics).unwrap();
        assert_eq!(followed.chosen, ["rankme"]);
        assert_eq!(variant(&c, metrics[0].id), "l2");
        let mut free = Conventions::default();
        let followed = free.follow("stable-pretraining", &metrics).unwrap();
        assert_eq!(followed.changed, [("rankme", "epsilon-1e-5")]);
        assert_eq!(followed.unknown, ["silhouette", "cdnv"]);
    }
}
