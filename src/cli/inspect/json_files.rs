//! JSON files other than results: what published models say about themselves, and files of other programs.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::sheet::Sheet;
use crate::error::Error;
use crate::files;

/// Names that tell what a JSON object is, and what that is.
const TOLD_BY: [(&str, &str); 7] = [
    ("model_type", "configuration of a transformers model"),
    ("architectures", "configuration of a transformers model"),
    ("pretrained_cfg", "configuration of a timm model"),
    ("default_cfg", "configuration of a timm model"),
    ("image_processor_type", "how images are prepared for a model"),
    ("feature_extractor_type", "how images are prepared for a model"),
    ("image_mean", "how images are prepared for a model"),
];

/// What a JSON file without a schema is; `None` of all else, which may be results.
///
/// # Errors
/// For a JSON file of no known kind.
pub(super) fn settings_sheet(path: &Path) -> anyhow::Result<Option<(Sheet, Value)>> {
    let is_json = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    if !is_json || !path.is_file() {
        return Ok(None);
    }
    // A file that is too large for settings, and one that is no JSON: whoever reads results says what is wrong.
    let text = files::read_text(path, files::MAX_TEXT).unwrap_or_default();
    let Ok(value) = serde_json::from_str::<Value>(&text) else {
        return Ok(None);
    };
    let fields = match &value {
        Value::Object(fields) if fields.contains_key("schema") => return Ok(None),
        Value::Object(fields) => fields,
        other => return Err(unknown(path, &format!("it is {}", called(other))).into()),
    };
    let Some((_, what)) = TOLD_BY.iter().find(|(name, _)| fields.contains_key(*name)) else {
        return Err(unknown(path, &of_names(fields)).into());
    };
    let mut sheet = Sheet::new(format!("{what}, {}", path.display()));
    sheet.line("weights", "not in this file; inspect the checkpoint or the folder");
    for (name, value) in fields {
        match value {
            Value::Null | Value::Object(_) => {}
            Value::String(text) => sheet.line(name, text),
            Value::Array(items) if items.len() > 8 => sheet.line(name, format!("{} values", items.len())),
            other => sheet.line(name, other),
        }
    }
    let value = json!({"kind": "settings", "path": path, "what": what, "settings": value});
    Ok(Some((sheet, value)))
}

fn called(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "a list",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        _ => "a single word",
    }
}

/// The names that an object begins with.
fn of_names(fields: &Map<String, Value>) -> String {
    const SHOWN: usize = 5;
    let names: Vec<&str> = fields.keys().map(String::as_str).take(SHOWN).collect();
    match (names.as_slice(), fields.len() > SHOWN) {
        ([], _) => "it is empty".to_owned(),
        (names, more) => format!("it has {}{}", names.join(", "), if more { ", …" } else { "" }),
    }
}

fn unknown(path: &Path, what: &str) -> Error {
    Error::input(format!(
        "{}: JSON of no known kind ({what}); inspect takes a checkpoint, images, a feature store, an array, results of featscope \
         analyze, an experiment file, or a folder of these",
        path.display()
    ))
}
