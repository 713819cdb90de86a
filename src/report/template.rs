//! The templates of pages, and grids as they take them.

use minijinja::{AutoEscape, Environment, escape_formatter};
use serde::Serialize;

use super::grid::{Cell, Grid, Marked, markdown};
use super::number::typeset;
use crate::error::{Error, Result};
use crate::shown::plain;

/// A grid for the page and for Markdown.
#[derive(Serialize)]
pub(super) struct Shown {
    grid: Grid,
    markdown: String,
    /// Whether errors stand below their values, so that more columns stand side by side.
    folded: bool,
}

/// Columns of values and errors that stand side by side on a page.
const SIDE_BY_SIDE: usize = 7;

impl Shown {
    pub fn new(mut grid: Grid) -> Self {
        let markdown = grid.to_markdown();
        for cell in grid.rows.iter_mut().flatten() {
            match cell {
                Cell::Text(_) => {}
                Cell::Number(shown) | Cell::Best(shown) | Cell::Marked(Marked { number: shown, .. }) => {
                    *shown = typeset(shown)
                }
            }
        }
        Self {
            grid,
            markdown,
            folded: false,
        }
    }

    /// A matrix, with its errors below the values where there are many columns.
    pub(super) fn matrix(grid: Grid) -> Self {
        let folded = grid.header.len() > SIDE_BY_SIDE;
        Self {
            folded,
            ..Self::new(grid)
        }
    }
}

const TEMPLATES: [(&str, &str); 5] = [
    ("style.html", include_str!("templates/style.html")),
    ("table.html", include_str!("templates/table.html")),
    ("index.html", include_str!("templates/index.html")),
    ("correlation.html", include_str!("templates/correlation.html")),
    ("report.md", include_str!("templates/report.md")),
];

pub(super) fn environment() -> Result<Environment<'static>> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.add_filter("md", |text: &str| markdown(text));
    environment.add_filter("plain", |text: &str| plain(text));
    // What is not marked safe is escaped as the template's language needs it, and steers nothing in any.
    environment.set_formatter(|out, state, value| match value.as_str().filter(|_| !value.is_safe()) {
        Some(text) if state.auto_escape() == AutoEscape::Html => escape_formatter(out, state, &plain(text).into()),
        _ => escape_formatter(out, state, value),
    });
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).map_err(fault)?;
    }
    Ok(environment)
}

pub(super) fn fault(error: minijinja::Error) -> Error {
    Error::input(format!(
        "the report cannot be written ({error:#}); report this with the results file"
    ))
}
