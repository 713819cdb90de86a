//! The pages under reports/reference say what the catalogue and the types say.
//!
//! `FEATSCOPE_WRITE_REFERENCE=1 cargo test --test reference` writes them anew.
#![cfg(feature = "analysis")]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use featscope::metrics::FAMILIES;
use featscope::report::reference;
use featscope::results::json_schema;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/reference")
}

#[test]
fn the_reference_is_the_catalogues() {
    let mut files = reference::pages();
    files.push(("results.schema.json".into(), format!("{:#}\n", json_schema())));
    let write = std::env::var_os("FEATSCOPE_WRITE_REFERENCE").is_some();
    if write {
        let _ = std::fs::remove_dir_all(folder());
        std::fs::create_dir_all(folder()).unwrap();
    }
    for (name, text) in &files {
        let path = folder().join(name);
        if write {
            std::fs::write(&path, text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            &found == text,
            "{} is not what the catalogue says; write it anew with FEATSCOPE_WRITE_REFERENCE=1 cargo test --test reference",
            path.display()
        );
    }
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    let known: BTreeSet<String> = files.into_iter().map(|(name, _)| name).collect();
    assert_eq!(there, known, "pages of families that are no more");
}

#[test]
fn every_metric_has_a_place_in_the_pages() {
    let pages = reference::pages();
    let index = &pages.iter().find(|(name, _)| name == "README.md").unwrap().1;
    for family in FAMILIES {
        let page = &pages
            .iter()
            .find(|(name, _)| *name == format!("{}.md", family.id))
            .unwrap()
            .1;
        for m in family.metrics {
            assert!(index.contains(&format!("({}.md#{})", family.id, m.id)), "{}", m.id);
            assert!(page.contains(&format!("\n## {}\n", m.id)), "{}", m.id);
            let unescaped = page.replace("\\|", "|").replace("&lt;", "<");
            for said in [m.formula, m.convention, m.reference, m.estimand] {
                assert!(unescaped.contains(said), "{}: {said}", m.id);
            }
        }
    }
}

/// Whether `value` is of the type that `schema` gives for it.
fn fits(schema: &Value, root: &Value, value: &Value) -> bool {
    if let Some(name) = schema["$ref"].as_str() {
        return fits(root.pointer(name.trim_start_matches('#')).unwrap(), root, value);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().any(|s| fits(s, root, value));
    }
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "array" => value
            .as_array()
            .is_some_and(|all| all.iter().all(|v| fits(&schema["items"], root, v))),
        "object" => value.as_object().is_some_and(|fields| {
            let known = &schema["properties"];
            let required = schema["required"].as_array().into_iter().flatten();
            required
                .into_iter()
                .all(|name| fields.contains_key(name.as_str().unwrap()))
                && (known.is_null()
                    || fields
                        .iter()
                        .all(|(name, v)| !known[name].is_null() && fits(&known[name], root, v)))
        }),
        other => panic!("no such type: {other}"),
    };
    match &schema["type"] {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().any(|n| is(n.as_str().unwrap())),
        // Anything goes.
        _ => true,
    }
}

#[test]
fn results_fit_their_schema() {
    let formula = |seed| {
        common::Formula {
            seed,
            counts: vec![12; 3],
            d: 4,
            ..Default::default()
        }
        .data()
    };
    let analysis = common::analyse_pair(formula(1), formula(2), &common::plan(&["all"], &[]));
    let schema = json_schema();
    let results: Value = serde_json::from_str(&analysis.results.to_json()).unwrap();
    assert!(fits(&schema, &schema, &results));
    // What does not fit would be seen.
    for (place, wrong) in [
        ("/seed", Value::from("none")),
        ("/records/0/value", Value::from("x")),
        ("/records/0/replicates", Value::from(3)),
        ("/records/0", serde_json::json!({"surprise": 1})),
        ("/inputs/0/rows", Value::Null),
    ] {
        let mut broken = results.clone();
        *broken.pointer_mut(place).unwrap() = wrong;
        assert!(!fits(&schema, &schema, &broken), "{place}");
    }
}
