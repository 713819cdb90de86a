//! The reference: the catalogue's rows as pages to read.

use std::fmt::Write as _;

use crate::metrics::{FAMILIES, Metric, MetricFamily};

/// The pages, by file name: one for each family, and an index.
pub fn pages() -> Vec<(String, String)> {
    let mut pages = vec![("README.md".to_owned(), index())];
    pages.extend(FAMILIES.iter().map(|f| (format!("{}.md", f.id), page(f))));
    pages
}

const WRITTEN: &str = "Written from the catalogue by `FEATSCOPE_WRITE_REFERENCE=1 cargo test --test reference`.";

fn index() -> String {
    let mut text = format!(
        "# Every metric\n\n{WRITTEN} `featscope metrics ID` says the same on the command line, and \
         `results.schema.json` is the JSON schema of the results.\n"
    );
    for family in FAMILIES {
        let _ = write!(
            text,
            "\n## [{id}]({id}.md)\n\n{about}\n\n| id | name | formula |\n|---|---|---|\n",
            id = family.id,
            about = family.about
        );
        for m in family.metrics {
            let _ = writeln!(
                text,
                "| [`{}`]({}.md#{}) | {} | {} |",
                m.id,
                family.id,
                m.id,
                cell(m.label),
                code(m.formula)
            );
        }
    }
    text
}

fn page(family: &MetricFamily) -> String {
    let mut text = format!("# {}\n\n{} {WRITTEN}\n", family.id, family.about);
    for m in family.metrics {
        let _ = write!(text, "\n## {}\n\n{}\n\n| | |\n|---|---|\n", m.id, m.about);
        let mut row = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "| {name} | {value} |");
            }
        };
        row("name", &cell(m.label));
        row("formula", &code(m.formula));
        row("convention", &cell(m.convention));
        row("range", &range(m));
        row("how to read it", &cell(m.better.describe()));
        row("caveat", &cell(m.caveat));
        row("estimand", &cell(m.estimand));
        row("error bar", &cell(m.error.describe()));
        let laws: Vec<&str> = m.laws.iter().map(|law| law.describe()).collect();
        row("unchanged by", &cell(&laws.join(", ")));
        row("source", &cell(m.reference));
        if !m.variants.is_empty() {
            text.push_str("\n| other conventions | |\n|---|---|\n");
            for v in m.variants {
                let _ = writeln!(text, "| `--convention {}={}` | {} |", m.id, v.id, cell(v.about));
            }
        }
    }
    text
}

fn range(m: &Metric) -> String {
    let bound = |x: f64| match x {
        f64::INFINITY => "∞".to_owned(),
        f64::NEG_INFINITY => "-∞".to_owned(),
        x => x.to_string(),
    };
    let unit = if m.unit.is_empty() {
        String::new()
    } else {
        format!(" {}", m.unit)
    };
    format!("{} to {}{unit}", bound(m.range.0), bound(m.range.1))
}

/// Text inside a table: a bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// A formula inside a table.
fn code(formula: &str) -> String {
    format!("`{}`", formula.replace('|', "\\|"))
}
