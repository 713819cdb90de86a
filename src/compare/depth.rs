//! Where to cut a network: which of its layers transfers best, and which cannot be told from it.

use serde::Serialize;

use super::meaning::LEVEL;
use super::merge::layer_order;
use super::runs::OverRuns;
use crate::features::Role;
use crate::metrics::probes::PROBES;
use crate::results::{Record, Results};
use crate::uncertainty::{Scheme, difference, holm, runs_interval, t_p_value};

/// One model on one data set or suite, layer by layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DepthProfile {
    /// Model.
    pub model: String,
    /// The layer with the highest accuracy; of equals the first in the network.
    pub best: String,
    /// Its accuracy.
    pub value: f64,
    /// Standard error of that.
    pub std_error: Option<f64>,
    /// Layers that cannot be told from it at 95 % (Holm over the layers), in network order: with it they hold the best layer in
    /// 95 of 100 repetitions.
    pub alike: Vec<String>,
    /// Layers separably worse.
    pub worse: Vec<String>,
}

/// The models on one data set or suite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cuts {
    /// The probe's id.
    pub metric: String,
    /// Data set or suite.
    pub dataset: String,
    /// Split, or empty.
    pub split: String,
    /// Whether it is a suite.
    pub is_suite: bool,
    /// One for each model that has several layers.
    pub models: Vec<DepthProfile>,
}

/// Where to cut, by the probe that stands for transfer, on each suite and data set that is not pretrained on. `compared` has one
/// record a model, layer, data set and metric.
pub fn cuts(compared: &Results) -> Vec<Cuts> {
    let plain = |r: &&Record| r.other_model.is_none() && r.other_layer.is_none();
    let has = |id: &&&str| compared.records.iter().any(|r| r.metric == **id && r.value.is_some());
    let Some(probe) = PROBES.iter().find(has) else {
        return Vec::new();
    };
    let mut order = layer_order(&compared.inputs);
    let mut all: Vec<Cuts> = Vec::new();
    let records = compared.records.iter().filter(plain);
    let records: Vec<&Record> = records
        .filter(|r| r.metric == *probe && r.role != Some(Role::Pre) && r.value.is_some())
        .collect();
    for record in &records {
        if !order.contains(&record.layer) {
            order.push(record.layer.clone());
        }
    }
    let depth = |record: &Record| order.iter().position(|layer| *layer == record.layer);
    for first in &records {
        let known = |c: &&mut Cuts| c.dataset == first.dataset && c.split == first.split;
        if let Some(cuts) = all.iter_mut().find(known)
            && cuts.models.iter().any(|cut| cut.model == first.model)
        {
            continue;
        }
        let same = |r: &&&Record| (&r.model, &r.dataset, &r.split) == (&first.model, &first.dataset, &first.split);
        let mut layers: Vec<&Record> = records.iter().filter(same).copied().collect();
        layers.sort_by_key(|r| depth(r));
        let Some(cut) = cut(&layers) else { continue };
        match all.iter_mut().find(known) {
            Some(cuts) => cuts.models.push(cut),
            None => all.push(Cuts {
                metric: (*probe).to_owned(),
                dataset: first.dataset.clone(),
                split: first.split.clone(),
                is_suite: first.members().is_some(),
                models: vec![cut],
            }),
        }
    }
    // The whole before its parts.
    all.sort_by_key(|cuts| !cuts.is_suite);
    all
}

/// The profile of one model's layers, in network order; `None` for fewer than two.
fn cut(layers: &[&Record]) -> Option<DepthProfile> {
    let mut best = *layers.first().filter(|_| layers.len() > 1)?;
    for layer in layers {
        if layer.value > best.value {
            best = layer;
        }
    }
    let others: Vec<&Record> = layers.iter().copied().filter(|r| r.layer != best.layer).collect();
    let tests: Vec<Option<f64>> = others.iter().map(|other| p_value(best, other)).collect();
    let adjusted = holm(&tests.iter().flatten().copied().collect::<Vec<_>>());
    let mut adjusted = adjusted.into_iter();
    let (mut alike, mut worse) = (Vec::new(), Vec::new());
    for (other, test) in others.iter().zip(&tests) {
        let apart = test.is_some() && adjusted.next().is_some_and(|p| p <= LEVEL);
        match apart {
            true => worse.push(other.layer.clone()),
            false => alike.push(other.layer.clone()),
        }
    }
    Some(DepthProfile {
        model: best.model.clone(),
        best: best.layer.clone(),
        value: best.value?,
        std_error: best.std_error,
        alike,
        worse,
    })
}

/// Tests two layers of one model for no difference: they saw the same images, and belong to the same runs.
fn p_value(a: &Record, b: &Record) -> Option<f64> {
    if [a, b].iter().all(|r| r.error == Some(Scheme::Runs)) {
        let (of_a, of_b) = (OverRuns::values(a)?, OverRuns::values(b)?);
        let pairs = of_a.iter().zip(&of_b).filter(|_| of_a.len() == of_b.len());
        let differences: Vec<f64> = pairs.map(|(a, b)| Some((*a)? - (*b)?)).collect::<Option<_>>()?;
        if differences.len() < 2 {
            return None;
        }
        return match runs_interval(&differences) {
            Some(e) => Some(t_p_value(e.corrected / e.std_error, differences.len() as f64 - 1.0)),
            None => differences.iter().all(|d| *d == 0.0).then_some(1.0),
        };
    }
    difference(a.measured(), b.measured())?.p_value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::GROUPS;

    fn record(model: &str, layer: &str, value: f64, noise: f64) -> Record {
        let replicates = (0..GROUPS).map(|g| value + noise * (g as f64 - 4.5) / 100.0).collect();
        Record {
            model: model.into(),
            layer: layer.into(),
            dataset: "cars".into(),
            metric: "linear_top1".into(),
            value: Some(value),
            std_error: Some(0.01),
            error: Some(Scheme::Wilson),
            replicates: Some(replicates),
            n: 100,
            d: 4,
            ..Record::default()
        }
    }

    #[test]
    fn the_best_layer_stands_with_those_it_cannot_be_told_from() {
        let mut results = Results::new("", 0);
        results.records = vec![
            record("A", "stage1", 0.50, 0.0),
            record("A", "stage2", 0.70, 0.5),
            record("A", "backbone", 0.701, 0.1),
            record("B", "backbone", 0.6, 0.1),
        ];
        let cuts = cuts(&results);
        assert_eq!(cuts.len(), 1);
        assert_eq!(cuts[0].models.len(), 1, "a single layer is no choice");
        let cut = &cuts[0].models[0];
        assert_eq!(
            (cut.model.as_str(), cut.best.as_str(), cut.value),
            ("A", "backbone", 0.701)
        );
        assert_eq!(
            (cut.alike.as_slice(), cut.worse.as_slice()),
            (&["stage2".to_owned()][..], &["stage1".to_owned()][..])
        );
    }

    /// A layer under two names: equal values, the first of them is the cut.
    #[test]
    fn of_equal_layers_the_first_is_cut_at() {
        let mut results = Results::new("", 0);
        results.records = vec![record("A", "stage4", 0.7, 0.2), record("A", "backbone", 0.7, 0.2)];
        let cut = &cuts(&results)[0].models[0];
        assert_eq!((cut.best.as_str(), cut.alike.len()), ("stage4", 1));
    }
}
