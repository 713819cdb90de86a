//! Values against the number of rows, one line for each metric.

use super::format::TableFormat;
use super::grid::{Cell, Grid};
use super::number::number;
use crate::compare::with_split;
use crate::results::Table;

/// The table `convergence` of an analysis as text or Markdown, behind the records; nothing in the other formats.
pub fn render_convergence(table: &Table, format: TableFormat) -> String {
    if matches!(format, TableFormat::Json | TableFormat::Csv) {
        return String::new();
    }
    let write = format.writing().table;
    grids(table).iter().map(|grid| format!("\n{}", write(grid))).collect()
}

/// One line of the table.
#[derive(Clone, PartialEq)]
struct Point<'a> {
    sides: String,
    metric: &'a str,
    n: u64,
    value: f64,
    extrapolated: f64,
}

fn points(table: &Table) -> Vec<Point<'_>> {
    let text = |column: &str| table.text(column).unwrap_or_default();
    let float = |column: &str| table.float(column).unwrap_or_default();
    let (metrics, counts) = (text("metric"), table.count("n").unwrap_or_default());
    let (values, extrapolated) = (float("value"), float("extrapolated"));
    let names = ["model", "layer", "dataset", "split", "other_dataset"].map(text);
    (0..metrics.len())
        .map(|i| {
            let [model, layer, dataset, split, other] = names.map(|column| column.get(i).map_or("", String::as_str));
            let mut sides = format!("{model} · {layer} · {}", with_split(dataset, split));
            if !other.is_empty() {
                sides.push_str(&format!(" → {other}"));
            }
            Point {
                sides,
                metric: &metrics[i],
                n: counts[i],
                value: values[i],
                extrapolated: extrapolated[i],
            }
        })
        .collect()
}

/// A grid for each (sides, numbers of rows), a line for each metric.
fn grids(table: &Table) -> Vec<Grid> {
    let points = points(table);
    let finite = |x: f64| Cell::Number(number(x.is_finite().then_some(x)));
    let mut grids: Vec<Grid> = Vec::new();
    for curve in points.chunk_by(|a, b| (&a.sides, a.metric) == (&b.sides, b.metric)) {
        let caption = format!("{} · value against N", curve[0].sides);
        let mut header = vec!["metric".to_owned()];
        header.extend(curve.iter().map(|point| format!("N = {}", point.n)));
        header.push("N → ∞".to_owned());
        let mut row = vec![Cell::Text(curve[0].metric.to_owned())];
        row.extend(curve.iter().map(|point| finite(point.value)));
        row.push(finite(curve[0].extrapolated));
        match grids.last_mut() {
            Some(grid) if (&grid.caption, &grid.header) == (&caption, &header) => grid.rows.push(row),
            _ => grids.push(Grid {
                caption,
                header,
                rows: vec![row],
                notes: Vec::new(),
            }),
        }
    }
    grids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Column;

    #[test]
    fn a_metric_is_a_line_and_sides_are_apart() {
        let text = |values: [&str; 4]| Column::Text(values.map(str::to_owned).to_vec());
        let table = Table {
            name: "convergence".to_owned(),
            columns: vec![
                ("model".to_owned(), text(["m"; 4])),
                ("layer".to_owned(), text(["l"; 4])),
                ("dataset".to_owned(), text(["a"; 4])),
                ("split".to_owned(), text([""; 4])),
                ("other_dataset".to_owned(), text(["", "", "b", "b"])),
                ("metric".to_owned(), text(["rankme", "rankme", "coral", "coral"])),
                ("n".to_owned(), Column::Count(vec![10, 50, 20, 100])),
                ("value".to_owned(), Column::Float(vec![3.5, 4.0, 2.0, f64::NAN])),
                (
                    "extrapolated".to_owned(),
                    Column::Float(vec![f64::NAN, f64::NAN, 1.25, 1.25]),
                ),
            ],
        };
        let shown = render_convergence(&table, TableFormat::Text);
        let expected = "
m · l · a · value against N
  metric  N = 10  N = 50  N → ∞
  rankme   3.500   4.000      –

m · l · a → b · value against N
  metric  N = 20  N = 100  N → ∞
  coral    2.000        –  1.250
";
        assert_eq!(shown, expected);
        assert!(render_convergence(&table, TableFormat::Json).is_empty());
    }
}
