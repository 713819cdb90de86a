//! Drawings as parts of pages.

use serde::Serialize;

use super::palette::INKS;
use crate::report::charts::Chart;
use crate::shown::plain;

/// A drawn figure, ready for a page.
#[derive(Serialize)]
pub struct Figure {
    /// Stem of its files.
    pub name: String,
    /// Heading.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The drawing.
    pub svg: String,
}

/// The drawing as part of a page: it takes the page's width and colours, and says in words what it is.
pub fn inline(chart: &Chart, svg: &str) -> Figure {
    let start = svg.find("<svg").unwrap_or(0);
    let body = svg[start..].find('>').map_or("", |end| &svg[start + end + 1..]);
    let view_box = svg
        .split("viewBox=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or("0 0 1 1");
    let mut inline = format!(
        "<svg viewBox=\"{view_box}\" role=\"img\" aria-label=\"{}: {}\">{}",
        chart.title,
        plain(&chart.caption)
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;"),
        body.trim()
    );
    for (colour, variable) in INKS {
        inline = inline.replace(&format!("\"{colour}\""), &format!("\"var({variable})\""));
    }
    Figure {
        name: chart.name.clone(),
        title: chart.title.clone(),
        caption: chart.caption.clone(),
        svg: inline.replace(" opacity=\"1\"", "").replace("\n", ""),
    }
}
