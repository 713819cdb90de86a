//! `featscope metrics [ID] [--on STORE]`: the catalogue, and what the conventions of one metric give.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use serde_json::json;

use super::conventions::{On, measured};
use super::style::{self, TextOrJson};
use crate::metrics::words::{group, why_unknown};
use crate::metrics::{FAMILIES, Metric, all, find};
use crate::report::{render_conventions, wrapped};

/// Arguments of `featscope metrics`.
#[derive(clap::Args)]
pub struct Args {
    /// Metric to say everything about
    id: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: TextOrJson,
    #[command(flatten)]
    on: On,
}

/// Prints the catalogue, or one metric.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let chosen: Vec<&Metric> = match &args.id {
        None => all().collect(),
        Some(id) => match find(id) {
            Some(metric) => vec![metric],
            None => {
                let held = group(id);
                if held.is_empty() {
                    bail!("{id}: {}", why_unknown(id));
                }
                bail!(
                    "{id} is a group of metrics, not one; ask for one of {}",
                    held.join(", ")
                )
            }
        },
    };
    if !args.on.on.is_empty() {
        let records = measured(chosen[0], &args.on)?;
        style::print(&match args.format {
            TextOrJson::Text => render_conventions(&records),
            TextOrJson::Json => style::json(&json!(records)),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = match (args.format, &args.id) {
        (TextOrJson::Json, _) => {
            let rows: Vec<_> = chosen.iter().map(|m| describe(m)).collect();
            style::json(&json!(rows))
        }
        (TextOrJson::Text, None) => list(),
        (TextOrJson::Text, Some(_)) => page(chosen[0]),
    };
    style::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> String {
    let width = all().map(|m| m.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for family in FAMILIES {
        let _ = writeln!(text, "{}: {}", family.id, family.about);
        for m in family.metrics {
            let _ = writeln!(text, "  {:width$}  {}", m.id, m.formula);
        }
        text.push('\n');
    }
    text.push_str(
        "`featscope metrics ID` says everything about one. `--metrics` takes these ids, the names of families, `all`, and `axes`: the\nmetrics of the paper's three axes.\n",
    );
    text
}

fn page(m: &Metric) -> String {
    let mut text = format!("{} ({})\n", m.label, m.id);
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&paragraph(name, value));
        }
    };
    line("", m.about);
    line("formula", m.formula);
    line("convention", m.convention);
    line("computed by", &m.like.join(", "));
    for variant in m.variants {
        let by = if variant.like.is_empty() {
            String::new()
        } else {
            format!("; computed by {}", variant.like.join(", "))
        };
        line("variant", &format!("{}={}: {}{by}", m.id, variant.id, variant.about));
    }
    line("unit", m.unit);
    line("range", &format!("{} to {}", m.range.0, m.range.1));
    line("direction", m.better.describe());
    line("caveat", m.caveat);
    line("estimand", m.estimand);
    line("error bar", m.error.describe());
    line("unchanged by", &laws(m).join(", "));
    line("source", m.reference);
    text
}

fn laws(m: &Metric) -> Vec<&'static str> {
    m.laws.iter().map(|law| law.describe()).collect()
}

/// A paragraph behind a name.
fn paragraph(name: &str, value: &str) -> String {
    const INDENT: usize = 14;
    let lines = wrapped(value, &" ".repeat(INDENT), 96);
    format!("{name:<INDENT$}{}", &lines[INDENT..])
}

fn describe(m: &Metric) -> serde_json::Value {
    let bound = |x: f64| if x.is_finite() { json!(x) } else { json!(null) };
    json!({
        "id": m.id,
        "family": FAMILIES.iter().find(|f| f.metrics.iter().any(|row| row.id == m.id)).map(|f| f.id),
        "label": m.label,
        "unit": m.unit,
        "direction": m.better.describe(),
        "range": [bound(m.range.0), bound(m.range.1)],
        "about": m.about,
        "formula": m.formula,
        "convention": m.convention,
        "like": m.like,
        "variants": m.variants.iter().map(|v| json!({"id": v.id, "about": v.about, "like": v.like})).collect::<Vec<_>>(),
        "caveat": m.caveat,
        "estimand": m.estimand,
        "error": m.error.describe(),
        "unchanged_by": laws(m),
        "reference": m.reference,
    })
}
