//! Over how many directions the features of a store or an array spread, layer by layer.
//!
//! `cargo run --example read_features -- fixtures/arrays/pooled.npz`

use std::path::Path;
use std::process::ExitCode;

use featscope::analysis::{Plan, analyse};
use featscope::error::{Error, Result};
use featscope::metrics::select;
use featscope::store::{OpenOptions, open};

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Prints a line for each layer of what the command line names.
fn measure() -> Result<()> {
    let Some(path) = std::env::args().nth(1) else {
        return Err(Error::input("name a feature store or an array: read_features PATH"));
    };
    let sets = open(Path::new(&path), &OpenOptions::default())?;
    let plan = Plan {
        metrics: select(&["effective_rank".to_owned()])?,
        ..Plan::default()
    };
    for record in analyse(&sets, &plan, &|_| ())?.results.records {
        let rows = format!("{} rows of {}, layer {}", record.n, record.dataset, record.layer);
        match record.value {
            Some(value) => println!("{rows}: effective rank {value:.2} of {}", record.d),
            None => println!("{rows}: {}", record.note.unwrap_or_default()),
        }
    }
    Ok(())
}
