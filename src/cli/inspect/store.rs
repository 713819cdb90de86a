//! A feature store or an array: which model's features it holds, of which data, and how they were made.

use std::path::Path;

use serde_json::Value;

use super::sheet::Sheet;
use crate::cli::style;
use crate::store::{self, FeatureStorage};

pub(super) fn of_store(path: &Path) -> anyhow::Result<(Sheet, Value)> {
    let s = store::summary(path)?;
    let what = if s.kind == FeatureStorage::Array {
        "array"
    } else {
        "feature store"
    };
    let mut sheet = Sheet::new(format!("{what} {}", s.path));
    sheet.line("model", [s.model.name.as_str(), s.model.arch.as_str()].join(" ").trim());
    sheet.line("data set", [s.dataset.as_str(), s.split.as_str()].join(" ").trim());
    if let Some(shard) = &s.shard {
        let (from, to) = (shard.first_image, shard.first_image + shard.images);
        sheet.line(
            "part",
            format!("{shard}: images {from} to {to} of the data set, not the whole"),
        );
    }
    sheet.line("rows", s.rows);
    if let Some(skipped) = &s.skipped {
        sheet.line("left out", style::counted(skipped.count, "image"));
    }
    if let Some(repeated) = &s.duplicates {
        sheet.line(
            "duplicates",
            format!("{} repeating an earlier one", style::counted(repeated.count, "image")),
        );
    }
    sheet.list(
        "layers",
        s.layers.iter().map(|l| format!("{} ({} wide)", l.name, l.width)),
    );
    sheet.list(
        "classes",
        s.classes.iter().map(|c| format!("{} ({} rows)", c.name, c.rows)),
    );
    if s.unlabelled > 0 {
        sheet.line("unlabelled", format!("{} rows", s.unlabelled));
    }
    sheet.list("read as", &s.interpretation);
    sheet.line("precision", &s.precision);
    sheet.list(
        "off f32 by",
        s.deviation.iter().flat_map(|d| &d.layers).map(|l| {
            format!(
                "{} {:.1e} of its scale, cosine at least {:.6}",
                l.name,
                l.max_error,
                l.cosine_at_least()
            )
        }),
    );
    sheet.line("device", &s.device);
    sheet.line("checkpoint sha256", &s.model.sha256);
    sheet.line("training", s.training.as_deref().unwrap_or_default());
    sheet.line("images sha256", &s.fingerprint);
    sheet.line("row ids sha256", &s.ids_sha256);
    if !s.preprocess.is_null() {
        sheet.line("preprocessing", &s.preprocess);
    }
    let whole = if s.verified {
        ", every part with the SHA-256 of its manifest"
    } else {
        ""
    };
    sheet.line(
        "size",
        format!("{:.1} MB in {} files{whole}", s.bytes as f64 / 1e6, s.parts),
    );
    Ok((sheet, serde_json::to_value(&s)?))
}
