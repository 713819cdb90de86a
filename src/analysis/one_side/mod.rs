//! Records of one data set.

mod by_class;
mod channels;
mod classes;
mod each_class;
mod neighbours;
mod norms;
mod ranks;
mod residuals;
mod spectra;
mod values;
mod within;

use serde_json::json;

pub use channels::correlation;
pub use spectra::{is as is_of_spectra, values as values_of_spectra};

use super::fit::unlabelled;
use super::kinds::{Kind, run};
use super::{Plan, Side};
use crate::metrics::Eval;
use crate::results::Record;

/// Every kind of metric of one data set.
fn kinds<'s>() -> [Kind<&'s Side<'s>>; 11] {
    [
        Kind {
            is: |eval| matches!(eval, Eval::Classes { .. }),
            outcomes: classes::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Residuals { .. }),
            outcomes: residuals::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::EachClass { .. }),
            outcomes: each_class::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Values { .. }),
            outcomes: values::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Channels { .. }),
            outcomes: channels::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Ranks { .. }),
            outcomes: ranks::outcomes,
        },
        Kind {
            is: spectra::is,
            outcomes: spectra::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Within { .. }),
            outcomes: within::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::ByClass { .. }),
            outcomes: by_class::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Neighbours { .. }),
            outcomes: neighbours::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Norms { .. }),
            outcomes: norms::outcomes,
        },
    ]
}

/// All one-sided records of a side.
pub fn records(side: &Side, plan: &Plan, role: Option<&'static str>) -> Vec<Record> {
    let unlabelled = unlabelled(&[side.set]);
    let outcomes = run(&kinds(), side, unlabelled.as_deref(), plan);
    let pass = side.seconds / outcomes.len().max(1) as f64;
    let p = side.set.provenance();
    let sides = Record {
        model: p.model.clone(),
        layer: p.layer.clone(),
        dataset: p.dataset.clone(),
        split: p.split.clone(),
        ..Record::default()
    };
    outcomes
        .into_iter()
        .map(|(metric, mut outcome, seconds)| {
            if unlabelled.is_some() && metric.eval.needs_labels() {
                (outcome.n, outcome.d) = (side.summary.rows, side.summary.width as u64);
            }
            if let Some(role) = role {
                outcome.convention.insert("role".to_owned(), json!(role));
            }
            outcome.into_record(metric, sides.clone(), pass + seconds)
        })
        .collect()
}
