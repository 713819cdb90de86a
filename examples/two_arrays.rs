//! How far two arrays lie apart, and how well the classes of each are told apart, with error bars.
//!
//! `cargo run --example two_arrays`

use featscope::analysis::{Plan, analyse};
use featscope::error::Result;
use featscope::features::{FeatureSet, Labels, Matrix};
use featscope::metrics::select;
use ndarray::Array2;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const ROWS: usize = 400;
const CHANNELS: usize = 8;
const CLASSES: usize = 4;

/// Rows of four classes, each around a corner of its own; all of them moved by `shift` along every channel.
fn features(dataset: &str, shift: f64, seed: u64) -> Result<Matrix> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let rows = Array2::from_shape_fn((ROWS, CHANNELS), |(row, channel)| {
        let corner = if channel == row % CLASSES { 2.0 } else { 0.0 };
        corner + shift + random.random_range(-1.0..1.0)
    });
    let names: Vec<String> = (0..ROWS).map(|row| format!("class {}", row % CLASSES)).collect();
    Matrix::new("made up", dataset, rows, Some(Labels::from_names(&names)))
}

fn main() -> Result<()> {
    let sets: Vec<Box<dyn FeatureSet>> = vec![
        Box::new(features("pretraining", 0.0, 1)?),
        Box::new(features("evaluation", 0.5, 2)?),
    ];
    let plan = Plan {
        metrics: select(&["discriminative_ratio", "frechet_distance"].map(str::to_owned))?,
        pre: vec!["pretraining".to_owned()],
        eval: vec!["evaluation".to_owned()],
        ..Plan::default()
    };
    for record in analyse(&sets, &plan, &|_| ())?.results.records {
        let data = match &record.other_dataset {
            Some(other) => format!("{} and {other}", record.dataset),
            None => record.dataset.clone(),
        };
        match (record.value, record.ci_low, record.ci_high) {
            (Some(value), Some(low), Some(high)) => {
                println!(
                    "{} of {data}: {value:.3}, 95 % interval {low:.3} to {high:.3}",
                    record.metric
                );
            }
            (Some(value), ..) => println!("{} of {data}: {value:.3}", record.metric),
            (None, ..) => println!("{} of {data}: undefined", record.metric),
        }
        if let Some(note) = &record.note {
            println!("  {note}");
        }
    }
    Ok(())
}
