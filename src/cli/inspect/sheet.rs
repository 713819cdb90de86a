//! What is said about a thing: names and values.

use crate::shown::sentence;

/// Names and values, one under another; long lists are cut and counted, long values lose their middle.
pub(super) struct Sheet {
    title: String,
    pub(super) lines: Vec<(String, String)>,
}

impl Sheet {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            lines: Vec::new(),
        }
    }

    pub(super) fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        let value = value.to_string();
        if !value.is_empty() {
            self.lines.push((name.to_owned(), value));
        }
    }

    pub(super) fn list<T: std::fmt::Display>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        const SHOWN: usize = 24;
        for (i, item) in items.into_iter().enumerate() {
            match i {
                0 => self.line(name, item),
                i if i < SHOWN => self.lines.push((String::new(), item.to_string())),
                SHOWN => self
                    .lines
                    .push((String::new(), "… (--format json shows all)".to_owned())),
                _ => {}
            }
        }
    }

    pub(super) fn to_text(&self) -> String {
        let width = self.lines.iter().map(|(n, _)| n.chars().count()).max().unwrap_or(0);
        let mut text = format!("{}\n", sentence(&self.title));
        for (name, value) in &self.lines {
            text.push_str(&format!("  {name:width$}  {}\n", sentence(value)));
        }
        text
    }
}
