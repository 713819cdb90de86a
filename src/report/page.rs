//! The report as a page and as Markdown: what is said, in which order. How it looks is the templates' business.

use minijinja::context;
use serde::Serialize;
use serde_json::Value;

use super::axes::AXES;
use super::comparison::{grid, overview, reading, wide_grids};
use super::correlation::Predictors;
use super::figure::{Figure, INKS};
use super::similarity::similarity_grids;
use super::suites::suite_grid;
use super::template::{Shown, environment, fault};
use super::verdict::{NOT_MEASURED, is_transfer_measured, summary};
use super::where_to_cut::where_to_cut;
use crate::compare::Comparison;
use crate::error::Result;
use crate::metrics::probes::{FAMILY, PROBES, SUITE_LOG_ODDS};
use crate::metrics::{Metric, find};
use crate::results::{AnalysedInput, Analysis, Record};

/// All that both pages say.
#[derive(Serialize)]
struct Page<'a> {
    title: String,
    models: &'a [String],
    baseline: Option<&'a str>,
    layer: &'a str,
    summary: Vec<String>,
    note: Option<&'static str>,
    warnings: &'a [String],
    overview: Shown,
    suites: Vec<Shown>,
    /// Transfer, then the axes.
    sections: Vec<Section>,
    others: Vec<MetricSection>,
    similarity: Vec<Shown>,
    depth: Vec<Shown>,
    cuts: Vec<String>,
    predictors: Option<Predictors>,
    figures: &'a [Figure],
    reading: String,
    conventions: Vec<Convention>,
    inputs: &'a [AnalysedInput],
    audits: Vec<ModelAudit>,
    command: &'a str,
    seed: u64,
    version: &'a str,
    created: &'a str,
    files: &'a [String],
}

#[derive(Serialize)]
struct Section {
    title: &'static str,
    about: &'static str,
    metrics: Vec<MetricSection>,
}

#[derive(Serialize)]
struct MetricSection {
    id: String,
    label: String,
    about: &'static str,
    formula: String,
    formula_html: String,
    grids: Vec<Shown>,
}

#[derive(Serialize)]
struct Convention {
    label: String,
    id: String,
    rule: String,
    error: String,
    reference: String,
    settings: Vec<String>,
}

/// What the loading audit said about a model.
#[derive(PartialEq, Serialize)]
struct ModelAudit {
    model: String,
    /// What to read, line by line.
    lines: Vec<String>,
}

/// The page and the Markdown of a report, called by its title or the models' names.
///
/// # Errors
/// When a template does not render: a fault of this program.
pub fn pages(
    analysis: &Analysis,
    comparison: &Comparison,
    every_layer: &Comparison,
    figures: &[Figure],
    files: &[String],
    title: Option<&str>,
) -> Result<(String, String)> {
    let results = &analysis.results;
    let of_axes = AXES.iter().flat_map(|axis| axis.metrics.iter().copied());
    let of_probes = FAMILY.metrics.iter().map(|metric| metric.id).chain([SUITE_LOG_ODDS]);
    let in_sections: Vec<&str> = of_axes.chain(of_probes.clone()).collect();
    let transfer_section = Section {
        title: "Transfer",
        about: FAMILY.about,
        metrics: of_probes.filter_map(|id| section(comparison, id)).collect(),
    };
    let cuts = where_to_cut(every_layer, results);
    let page = Page {
        title: title.map_or_else(|| comparison.models.join(", "), str::to_owned),
        models: &comparison.models,
        baseline: comparison.baseline.as_deref(),
        layer: &comparison.layer,
        note: (!is_transfer_measured(comparison)).then_some(NOT_MEASURED),
        summary: summary(comparison)
            .iter()
            .chain(&cuts)
            .map(|line| line.replace(" ± ", "\u{a0}±\u{a0}"))
            .collect(),
        warnings: &comparison.warnings,
        overview: Shown::new(overview(comparison)),
        suites: comparison
            .suites
            .iter()
            .map(|suite| Shown::new(suite_grid(suite)))
            .collect(),
        sections: std::iter::once(transfer_section)
            .chain(AXES.iter().map(|axis| Section {
                title: axis.title,
                about: axis.about,
                metrics: axis.metrics.iter().filter_map(|id| section(comparison, id)).collect(),
            }))
            .filter(|section| !section.metrics.is_empty())
            .collect(),
        others: comparison
            .tables
            .iter()
            .filter(|t| !in_sections.contains(&t.metric.as_str()))
            .filter_map(|t| section(comparison, &t.metric))
            .collect(),
        similarity: similarity_grids(&results.records)
            .into_iter()
            .map(Shown::matrix)
            .collect(),
        depth: depth(every_layer),
        cuts,
        predictors: Predictors::of(comparison.compared(results), &comparison.layer),
        figures,
        reading: reading(comparison),
        conventions: comparison
            .tables
            .iter()
            .map(|t| convention(&t.metric, &results.records))
            .collect(),
        inputs: &results.inputs,
        audits: audits(&results.inputs),
        command: &results.command,
        seed: results.seed,
        version: &results.version,
        created: &results.created,
        files,
    };
    let environment = environment()?;
    let render = |name: &str| {
        let template = environment.get_template(name).map_err(fault)?;
        template.render(context! { page => page, inks => INKS }).map_err(fault)
    };
    Ok((render("index.html")?, render("report.md")?))
}

fn section(comparison: &Comparison, id: &str) -> Option<MetricSection> {
    let table = comparison.table(id)?;
    let metric = find(id);
    Some(MetricSection {
        id: id.to_owned(),
        label: table.label.clone(),
        about: metric.map_or("", |m| m.about),
        formula: metric.map_or(String::new(), |m| symbols(m.formula)),
        formula_html: metric.map_or(String::new(), |m| formula_html(&symbols(m.formula))),
        grids: table
            .groups
            .iter()
            .map(|group| Shown::new(grid(comparison, table, group)))
            .collect(),
    })
}

/// Transfer and the axes at every layer; nothing where there is a single one.
fn depth(every_layer: &Comparison) -> Vec<Shown> {
    let probe = PROBES.iter().find_map(|id| every_layer.table(id));
    let tables = AXES.iter().filter_map(|axis| every_layer.table(axis.primary));
    probe
        .into_iter()
        .chain(tables)
        .flat_map(|table| wide_grids(every_layer, table))
        .filter(|grid| grid.rows.len() > 1)
        .map(Shown::new)
        .collect()
}

fn convention(id: &str, records: &[Record]) -> Convention {
    let metric: Option<&Metric> = find(id);
    let mut settings: Vec<String> = Vec::new();
    for record in records.iter().filter(|r| r.metric == id) {
        let method = record
            .method
            .iter()
            .map(|(key, value)| format!("{key} {}", words(value)));
        let error = record.error.map(|error| format!("error {}", error.as_str()));
        let words: Vec<String> = std::iter::once(format!("variant {}", record.variant))
            .chain(error)
            .chain(method)
            .collect();
        let words = words.join(", ");
        if !words.is_empty() && !settings.contains(&words) {
            settings.push(words);
        }
    }
    Convention {
        label: metric.map_or(id, |m| m.label).to_owned(),
        id: id.to_owned(),
        rule: metric.map_or("", |m| m.convention).to_owned(),
        error: metric.map_or("", |m| m.error.describe()).to_owned(),
        reference: metric.map_or("", |m| m.reference).to_owned(),
        settings,
    }
}

/// Each model's audit once, however many data sets it saw.
fn audits(inputs: &[AnalysedInput]) -> Vec<ModelAudit> {
    let mut audits: Vec<ModelAudit> = Vec::new();
    for input in inputs {
        let Some(audit) = &input.audit else { continue };
        let audit = ModelAudit {
            model: input.model.clone(),
            lines: lines(audit),
        };
        if !audits.contains(&audit) {
            audits.push(audit);
        }
    }
    audits
}

/// The lines an audit brings, what each is about before a colon; else everything it says in one.
fn lines(audit: &Value) -> Vec<String> {
    /// As the audit pads its words.
    const COLUMN: usize = 10;
    let text = |line: &Value| {
        let line = line.as_str()?;
        let parts = line.get(..COLUMN).zip(line.get(COLUMN + 1..));
        Some(parts.map_or_else(|| line.to_owned(), |(about, text)| format!("{}: {text}", about.trim())))
    };
    let own: Option<Vec<String>> = audit
        .get("lines")
        .and_then(Value::as_array)
        .map(|lines| lines.iter().filter_map(text).collect());
    own.unwrap_or_else(|| vec![words(audit)])
}

/// A JSON value as a reader takes it: lists by their length where they are long.
fn words(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Array(items) if items.len() > 6 => format!("{} entries", items.len()),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| format!("{key} {}", words(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}

/// A catalogue formula with the symbols its words stand for.
fn symbols(formula: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in formula.chars().chain(['\0']) {
        if c.is_ascii_alphabetic() {
            word.push(c);
            continue;
        }
        out.push_str(match word.as_str() {
            "phi" => "φ",
            "Pi" => "Π",
            "pi" => "π",
            "mu" => "μ",
            "rho" => "ρ",
            "lambda" => "λ",
            "sigma" => "σ",
            "sum" => "Σ",
            "sqrt" => "√",
            "in" => "∈",
            other => other,
        });
        word.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    // "share of the others in a set" is prose, not membership.
    let out = if formula.contains(" in ") && !formula.contains("{i in ") {
        out.replace(" ∈ ", " in ")
    } else {
        out
    };
    out.replace("!=", "≠").replace("^2", "²").replace('-', "−")
}

/// With subscripts set low: `_x`, `_{…}`; everything else escaped.
fn formula_html(formula: &str) -> String {
    let escape = |s: &str| s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut out = String::new();
    let mut rest = formula;
    while let Some(at) = rest.find('_') {
        out.push_str(&escape(&rest[..at]));
        rest = &rest[at + 1..];
        let (low, after) = match rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
            Some(parts) => parts,
            None => rest.split_at(
                rest.find(|c: char| !c.is_alphanumeric() || "²³".contains(c))
                    .unwrap_or(rest.len()),
            ),
        };
        out.push_str(&format!("<sub>{}</sub>", escape(low)));
        rest = after;
    }
    out + &escape(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_set_with_symbols_and_subscripts() {
        let shown = symbols("phi = D_inter / D_intra, 1/C sum_{i in c} |x_i - mu_c|^2, i != j, sqrt(2 / (pi N))");
        assert_eq!(
            shown,
            "φ = D_inter / D_intra, 1/C Σ_{i ∈ c} |x_i − μ_c|², i ≠ j, √(2 / (π N))"
        );
        assert_eq!(formula_html("Σ_{i<c} x_ij"), "Σ<sub>i&lt;c</sub> x<sub>ij</sub>");
        assert_eq!(symbols("share of the set in all"), "share of the set in all");
        assert_eq!(formula_html("a_"), "a<sub></sub>");
        assert_eq!(formula_html("ρ_ij²"), "ρ<sub>ij</sub>²");
    }
}
