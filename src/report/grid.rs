//! A small table of words and shown numbers, as text, Markdown, LaTeX or CSV.

use unicode_width::UnicodeWidthStr as _;

use super::number::to_tex;
use crate::shown::{plain, sentence, short};

/// The most characters of a cell that is shown as text.
const MAX_CELL: usize = 200;

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "kind", content = "shown", rename_all = "lowercase")]
pub enum Cell {
    /// Words, set to the left.
    Text(String),
    /// A number as shown (see `number`), set to the right.
    Number(String),
    /// A number and the marks behind it, each in a column of its own.
    Marked(Marked),
    /// A number that is the best of its column: bold, in text with a star.
    Best(String),
}

/// A number with what may be said about it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Marked {
    /// The number as shown.
    pub number: String,
    /// `▲`, `▼`: separably above, below the baseline.
    pub sign: &'static str,
    /// `•`: the best, or not separable from it.
    pub best: &'static str,
}

impl Cell {
    /// What the cell shows.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(s) | Self::Number(s) | Self::Best(s) => s.clone(),
            Self::Marked(m) => [m.number.as_str(), m.sign, m.best]
                .iter()
                .filter(|s| !s.is_empty())
                .copied()
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    /// As [`Cell::shown`], with blanks in the places of missing marks, so that numbers stand below one another.
    fn aligned(&self) -> String {
        match self {
            Self::Marked(m) => format!("{} {:1} {:1}", m.number, m.sign, m.best),
            Self::Best(number) => format!("*{number}"),
            other => other.shown(),
        }
    }

    fn is_number(&self) -> bool {
        !matches!(self, Self::Text(_))
    }
}

/// A table for reading.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Grid {
    /// A line above the table.
    pub caption: String,
    /// Column heads.
    pub header: Vec<String>,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<Cell>>,
    /// Below the table: why values are missing, what to bear in mind.
    pub notes: Vec<String>,
}

impl Grid {
    /// As aligned text, two spaces between columns, no trailing blanks. Names that are endless lose their middle.
    pub fn to_text(&self) -> String {
        let shown = |cell: &Cell| short(&cell.aligned(), MAX_CELL);
        let widths: Vec<usize> = (0..self.header.len())
            .map(|c| {
                self.rows
                    .iter()
                    .map(|r| shown(&r[c]).width())
                    .chain([short(&self.header[c], MAX_CELL).width()])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        if !self.caption.is_empty() {
            text.push_str(&sentence(&self.caption));
            text.push('\n');
        }
        let header: Vec<Cell> = (0..self.header.len()).map(|c| self.head(c)).collect();
        for row in std::iter::once(&header).chain(&self.rows) {
            let mut line = String::from("  ");
            for (cell, width) in row.iter().zip(&widths) {
                let shown = shown(cell);
                let blanks = " ".repeat(width.saturating_sub(shown.width()));
                match cell.is_number() {
                    false => line.extend([shown.as_str(), &blanks, "  "]),
                    true => line.extend([&blanks, shown.as_str(), "  "]),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(&wrapped(&plain(note), "  ", COLUMNS));
        }
        text
    }

    /// As a Markdown table; names cannot break out of their cell.
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        if !self.caption.is_empty() {
            text.push_str(&format!("{}\n\n", markdown(&self.caption)));
        }
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        text.push_str(&line(self.header.iter().map(|h| markdown(h)).collect()));
        let rule = |c| {
            if self.head(c).is_number() { "--:" } else { ":--" }
        };
        text.push_str(&line((0..self.header.len()).map(|c| rule(c).to_owned()).collect()));
        for row in &self.rows {
            text.push_str(&line(row.iter().map(in_markdown).collect()));
        }
        for note in &self.notes {
            text.push_str(&format!("\n{}\n", markdown(note)));
        }
        text
    }

    /// As a LaTeX `tabular` with booktabs rules, ready to paste into a `table`; the caption is a comment above it.
    pub fn to_latex(&self) -> String {
        let columns: String = (0..self.header.len())
            .map(|c| if self.head(c).is_number() { 'r' } else { 'l' })
            .collect();
        let mut text = String::new();
        if !self.caption.is_empty() {
            text.push_str(&format!("% {}\n", plain(&self.caption)));
        }
        text.push_str(&format!("\\begin{{tabular}}{{{columns}}}\n\\toprule\n"));
        let head: Vec<String> = self.header.iter().map(|h| latex(h)).collect();
        text.push_str(&format!("{} \\\\\n\\midrule\n", head.join(" & ")));
        for row in &self.rows {
            let cells: Vec<String> = row
                .iter()
                .map(|cell| match cell {
                    Cell::Text(s) => latex(s),
                    Cell::Number(s) => to_tex(s),
                    Cell::Best(s) => match to_tex(s).trim_matches('$') {
                        tex if tex.is_empty() || tex == "--" => tex.to_owned(),
                        tex => format!("$\\mathbf{{{tex}}}$"),
                    },
                    Cell::Marked(m) => [to_tex(&m.number), latex(m.sign), latex(m.best)].concat(),
                })
                .collect();
            text.push_str(&format!("{} \\\\\n", cells.join(" & ")));
        }
        text.push_str("\\bottomrule\n\\end{tabular}\n");
        for note in &self.notes {
            text.push_str(&format!("% {}\n", plain(note)));
        }
        text
    }

    /// The head of a column, aligned as the column is.
    fn head(&self, column: usize) -> Cell {
        let name = self.header[column].clone();
        match self.rows.iter().map(|r| &r[column]).find(|c| !c.shown().is_empty()) {
            Some(cell) if cell.is_number() => Cell::Number(name),
            _ => Cell::Text(name),
        }
    }
}

fn in_markdown(cell: &Cell) -> String {
    match cell {
        Cell::Best(number) => format!("**{}**", markdown(number)),
        other => markdown(&other.shown()),
    }
}

/// The columns of text.
pub const COLUMNS: usize = 98;

/// Lines of at most so many columns, broken between words, each behind `margin`.
pub fn wrapped(text: &str, margin: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && margin.width() + line.width() + 1 + word.width() > columns {
            out.extend([margin, line.as_str(), "\n"]);
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.extend([margin, line.as_str(), "\n"]);
    out
}

/// Text for Markdown on one line, every character that means something there escaped.
pub fn markdown(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in plain(s).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '\\' | '[' | ']' | '#' | '~' | '$' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

/// Text for LaTeX, every special character escaped; symbols this project's labels use are written as commands.
pub fn latex(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in plain(s).chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("\\textquotedbl{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '▲' => out.push_str("$\\uparrow$"),
            '▼' => out.push_str("$\\downarrow$"),
            '•' => out.push_str("$\\bullet$"),
            '±' => out.push_str("$\\pm$"),
            '−' => out.push_str("$-$"),
            '–' => out.push_str("--"),
            'φ' => out.push_str("$\\phi$"),
            'Π' => out.push_str("$\\Pi$"),
            'μ' => out.push_str("$\\mu$"),
            'ρ' => out.push_str("$\\rho$"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(name: &str) -> Grid {
        Grid {
            caption: "Caption".into(),
            notes: vec!["A note".into()],
            header: vec!["model".into(), "value".into()],
            rows: vec![
                vec![Cell::Text(name.into()), Cell::Number("1.20 ± 0.10".into())],
                vec![Cell::Text("日本".into()), Cell::Number("–".into())],
            ],
        }
    }

    #[test]
    fn text_is_aligned_by_the_width_it_is_seen_with() {
        insta::assert_snapshot!(grid("a b").to_text(), @r"
        Caption
          model        value
          a b    1.20 ± 0.10
          日本             –
          A note
        ");
    }

    #[test]
    fn no_name_breaks_out_of_markdown() {
        let shown = grid("<script>|`*_[x](y)\n# z").to_markdown();
        assert!(
            shown.contains("| &lt;script&gt;\\|\\`\\*\\_\\[x\\](y)\\\\n\\# z | 1.20 ± 0.10 |"),
            "{shown}"
        );
        assert_eq!(shown.lines().count(), 8);
    }

    #[test]
    fn latex_is_escaped_and_ruled() {
        insta::assert_snapshot!(grid(r"a_b & 50% \x{} $#^~").to_latex(), @r"
        % Caption
        \begin{tabular}{lr}
        \toprule
        model & value \\
        \midrule
        a\_b \& 50\% \textbackslash{}x\{\} \$\#\textasciicircum{}\textasciitilde{} & $1.20 \pm 0.10$ \\
        日本 & -- \\
        \bottomrule
        \end{tabular}
        % A note
        ");
    }
}
