//! Results: what was measured of what.

use std::path::Path;

use serde_json::{Value, json};

use super::sheet::Sheet;
use crate::results::{Analysis, Results};

pub(super) fn of_results(path: &Path) -> anyhow::Result<(Sheet, Value)> {
    let Analysis { results, tables } = Analysis::read(path)?;
    let Results {
        version,
        created,
        command,
        seed,
        inputs,
        records,
        ..
    } = &results;
    let mut sheet = Sheet::new(format!("results {}", path.display()));
    sheet.line("written", format!("{created} by featscope {version}"));
    sheet.line("command", command);
    sheet.line("seed", seed);
    sheet.list(
        "inputs",
        inputs.iter().map(|i| {
            format!(
                "{} on {} {}: {} rows, layers {}",
                i.model,
                i.dataset,
                i.split,
                i.rows,
                i.layers.join(", ")
            )
        }),
    );
    let undefined = records.iter().filter(|r| r.value.is_none()).count();
    sheet.line("records", format!("{}, {undefined} of them undefined", records.len()));
    let tables: Vec<&str> = tables.iter().map(|t| t.name.as_str()).collect();
    sheet.line("tables", tables.join(", "));
    let absent: Vec<&str> = results.tables.iter().flatten().map(|one| one.file.as_str()).collect();
    sheet.line("not beside it", absent.join(", "));
    let value = json!({
        "kind": "results", "version": version, "created": created, "command": command, "seed": seed,
        "inputs": inputs, "records": records.len(), "undefined": undefined, "tables": tables,
        "absent": absent,
    });
    Ok((sheet, value))
}
