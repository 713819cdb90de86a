//! Results as `featscope analyze` writes them, made up: three models, two data sets, the metrics of the three axes.
#![allow(dead_code)]

use featscope::features::Role;
use featscope::results::{AnalysedInput, Analysis, Column, Record, Results, Table};
use featscope::uncertainty::Scheme;
use serde_json::{Map, Value, json};

pub const PRE: &str = "animals";
pub const EVAL: &str = "vehicles";
const GROUPS: usize = 10;
const RESAMPLES: usize = 200;

/// (name, level of phi on pre, on eval, mixtureness, redundancy)
const MODELS: [(&str, [f64; 4]); 3] = [
    ("SL", [3.2, 0.92, 0.62, 0.21]),
    ("SL-MLP", [1.9, 1.13, 0.71, 0.16]),
    ("SimCLR", [1.07, 1.128, 0.78, 0.163]),
];

const STAGES: [&str; 3] = ["stage1", "stage2", "backbone"];
const PROJECTOR: [&str; 5] = ["projector.0", "projector.1", "projector.2", "projector.3", "projector"];

pub fn layers(model: &str) -> Vec<String> {
    let projector = PROJECTOR.iter().filter(|_| model != "SL");
    STAGES.iter().chain(projector).map(|s| (*s).to_owned()).collect()
}

pub fn classes(dataset: &str) -> Vec<String> {
    let names: &[&str] = if dataset == PRE {
        &["bird", "cat", "deer", "dog", "frog", "horse"]
    } else {
        &["airplane", "automobile", "ship", "truck"]
    };
    names.iter().map(|s| (*s).to_owned()).collect()
}

/// A number in [-1, 1] from a few integers: noise that is the same on every machine.
fn noise(seed: u64) -> f64 {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    x ^= x >> 29;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 32;
    (x >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// The analysis of three models.
pub fn analysis() -> Analysis {
    let mut results = Results::new("featscope analyze SL SL-MLP SimCLR --pre animals --eval vehicles", 0);
    results.created = "2026-01-02T03:04:05Z".to_owned();
    results.version = "0.0.0".to_owned();
    for (index, (model, levels)) in MODELS.iter().enumerate() {
        for dataset in [PRE, EVAL] {
            results.inputs.push(input(model, dataset));
        }
        for (depth, layer) in layers(model).iter().enumerate() {
            results
                .records
                .extend(records_of(model, index as u64, layer, depth, levels));
        }
    }
    Analysis {
        results,
        tables: vec![spectrum(), class_means()],
    }
}

fn input(model: &str, dataset: &str) -> AnalysedInput {
    AnalysedInput {
        path: format!("features/{model}/{dataset}-test"),
        model: model.to_owned(),
        layers: layers(model),
        dataset: dataset.to_owned(),
        split: "test".to_owned(),
        rows: if dataset == PRE { 6000 } else { 4000 },
        classes: classes(dataset),
        ids_sha256: format!("{dataset}-ids"),
        preprocess_sha256: "resize 32".to_owned(),
        audit: Some(json!({"matched": 62, "missing": 0, "unexpected": 0, "coverage": 1.0})),
        ..AnalysedInput::default()
    }
}

fn records_of(model: &str, index: u64, layer: &str, depth: usize, levels: &[f64; 4]) -> Vec<Record> {
    let grown = |level: f64, slope: f64| level * (1.0 + slope * (depth as f64 - 2.0));
    let mut records = Vec::new();
    let base = Record {
        model: model.to_owned(),
        layer: layer.to_owned(),
        split: "test".to_owned(),
        variant: "default".to_owned(),
        d: 128,
        seconds: 0.01,
        ..Record::default()
    };
    for (side, dataset) in [PRE, EVAL].into_iter().enumerate() {
        let role = [Role::Pre, Role::Eval][side];
        let n = [6000, 4000][side];
        let phi = grown(levels[side], 0.22);
        let intra = 41.7 / (1.0 + side as f64);
        let redundancy = grown(levels[3], -0.06) * (1.0 + 0.1 * side as f64);
        let rows = [
            ("intra_class_distance", intra, 0.01, None),
            ("inter_class_distance", intra * phi, 0.02, None),
            ("discriminative_ratio", phi, 0.02, None),
            ("redundancy", redundancy, 0.015, Some(1.0 / 128.0)),
            ("redundancy_offdiagonal", redundancy - 1.0 / 128.0, 0.015, Some(0.0103)),
            ("redundancy_excess", redundancy - 1.0 / 128.0 - 0.0103, 0.016, Some(0.0)),
        ];
        for (id, (metric, value, error, null_value)) in rows.into_iter().enumerate() {
            let record = Record {
                dataset: dataset.to_owned(),
                role: Some(role),
                metric: metric.to_owned(),
                null_value,
                n,
                classes: [6, 4][side],
                ..base.clone()
            };
            records.push(jackknifed(
                record,
                value,
                error,
                (depth * 64 + side * 16 + id) as u64,
                index,
            ));
        }
    }
    let mixed = grown(levels[2], 0.03);
    let pair = Record {
        dataset: PRE.to_owned(),
        other_dataset: Some(EVAL.to_owned()),
        other_split: Some("test".to_owned()),
        n: 10_000,
        classes: 10,
        ..base
    };
    let rows = [
        ("feature_mixtureness", mixed, Some(0.52)),
        ("feature_mixtureness_scaled", (mixed - 0.52) / 0.3, Some(0.0)),
    ];
    for (id, (metric, value, null_value)) in rows.into_iter().enumerate() {
        let record = Record {
            metric: metric.to_owned(),
            null_value,
            ..pair.clone()
        };
        records.push(bootstrapped(record, value, 0.03, (depth * 8 + id) as u64, index));
    }
    let note = Some("fewer than 50 neighbours: 40 rows of the smaller side".to_owned());
    records.push(Record {
        metric: "sample_mixing".to_owned(),
        note,
        method: method(json!({"k": 50})),
        ..pair
    });
    records
}

pub fn method(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// Group replicates whose noise is mostly shared by all models, as that of the same images is.
fn jackknifed(mut record: Record, value: f64, error: f64, what: u64, model: u64) -> Record {
    let raw: Vec<f64> = (0..GROUPS as u64)
        .map(|g| noise(what * 1000 + g) + 0.3 * noise((what * 1000 + g) * 31 + model + 1))
        .collect();
    let mean = raw.iter().sum::<f64>() / GROUPS as f64;
    let replicates: Vec<f64> = raw.iter().map(|x| value * (1.0 + error * (x - mean) / 3.0)).collect();
    let squares: f64 = replicates.iter().map(|x| (x - value).powi(2)).sum();
    let std_error = (0.9 * squares).sqrt();
    record.value = Some(value);
    record.std_error = Some(std_error);
    record.ci_low = Some(value - 2.262_157_162_74 * std_error);
    record.ci_high = Some(value + 2.262_157_162_74 * std_error);
    record.replicates = Some(replicates);
    record.error = Some(Scheme::JackknifeCorrected);
    record
}

fn bootstrapped(mut record: Record, value: f64, error: f64, what: u64, model: u64) -> Record {
    let draw = |b: u64| noise(what * 10_000 + b) + 0.5 * noise((what * 10_000 + b) * 17 + model + 1);
    let mut replicates: Vec<f64> = (0..RESAMPLES as u64).map(|b| value + error * draw(b)).collect();
    record.replicates = Some(replicates.clone());
    replicates.sort_by(f64::total_cmp);
    record.value = Some(value);
    record.std_error = Some(error * 0.62);
    record.ci_low = Some(replicates[5]);
    record.ci_high = Some(replicates[194]);
    record.error = Some(Scheme::Bootstrap);
    record.method = method(json!({"k": 3, "seed": 0}));
    record
}

fn spectrum() -> Table {
    let (mut model, mut layer, mut dataset, mut split) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut rank, mut eigenvalue) = (Vec::new(), Vec::new());
    for (index, (name, _)) in MODELS.iter().enumerate() {
        for of_layer in layers(name) {
            for of_dataset in [PRE, EVAL] {
                for k in 1..=128u64 {
                    model.push((*name).to_owned());
                    layer.push(of_layer.clone());
                    dataset.push(of_dataset.to_owned());
                    split.push("test".to_owned());
                    rank.push(k);
                    let slope = 1.1 + 0.35 * (2 - index) as f64 / 2.0;
                    let tail = if k > 120 && index == 0 { 1e-20 } else { 1.0 };
                    eigenvalue
                        .push(9.0 * (k as f64 + 2.0).powf(-slope) * (1.0 + 0.05 * noise(k * 7 + index as u64)) * tail);
                }
            }
        }
    }
    Table {
        name: "spectrum".to_owned(),
        columns: vec![
            ("model".to_owned(), Column::Text(model)),
            ("layer".to_owned(), Column::Text(layer)),
            ("dataset".to_owned(), Column::Text(dataset)),
            ("split".to_owned(), Column::Text(split)),
            ("rank".to_owned(), Column::Count(rank)),
            ("eigenvalue".to_owned(), Column::Float(eigenvalue)),
        ],
    }
}

fn class_means() -> Table {
    let all: Vec<(String, String)> = [PRE, EVAL]
        .iter()
        .flat_map(|d| classes(d).into_iter().map(|c| ((*d).to_owned(), c)))
        .collect();
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); 6];
    let mut distance = Vec::new();
    for (index, (name, _)) in MODELS.iter().enumerate() {
        for of_layer in layers(name) {
            for (a, (dataset_a, class_a)) in all.iter().enumerate() {
                for (b, (dataset_b, class_b)) in all.iter().enumerate() {
                    for (column, text) in
                        columns
                            .iter_mut()
                            .zip([name, of_layer.as_str(), dataset_a, class_a, dataset_b, class_b])
                    {
                        column.push(text.to_owned());
                    }
                    let (low, high) = (a.min(b), a.max(b));
                    let apart = if dataset_a == dataset_b {
                        3.0
                    } else {
                        7.0 - 1.6 * index as f64
                    };
                    distance.push(if a == b {
                        0.0
                    } else {
                        apart + noise((low * 97 + high * 13 + index) as u64)
                    });
                }
            }
        }
    }
    let names = ["model", "layer", "dataset_a", "class_a", "dataset_b", "class_b"];
    let mut all: Vec<(String, Column)> = names
        .iter()
        .zip(columns)
        .map(|(n, c)| ((*n).to_owned(), Column::Text(c)))
        .collect();
    all.push(("distance".to_owned(), Column::Float(distance)));
    Table {
        name: "class_means".to_owned(),
        columns: all,
    }
}
