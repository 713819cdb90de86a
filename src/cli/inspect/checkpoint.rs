//! A checkpoint: its tensors, what it was recognised as, its layers.

use std::path::Path;

use serde_json::Value;

use super::sheet::Sheet;
use crate::checkpoint;

pub(super) fn of_checkpoint(path: &Path) -> anyhow::Result<(Sheet, Value)> {
    let s = checkpoint::summary(path)?;
    let mut sheet = Sheet::new(format!("checkpoint {}", s.path));
    sheet.line("container", &s.container);
    sheet.list("nested under", &s.nests);
    let dtypes: Vec<String> = s
        .dtypes
        .iter()
        .map(|(name, count)| format!("{count} of {name}"))
        .collect();
    let tensors = match s.code.is_empty() {
        true => format!("{} ({}), {} numbers", s.tensors, dtypes.join(", "), s.elements),
        false => format!("{} storages", s.tensors),
    };
    sheet.line("tensors", tensors);
    sheet.line("sha256", &s.sha256);
    if !s.code.is_empty() {
        if let Some(traced) = &s.traced {
            sheet.line("traced", traced.describe());
            let layer = |l: &checkpoint::TracedLayer| match l.module.is_empty() {
                true => format!("{} (the network's own output; pooling: {})", l.name, l.pooling),
                false => format!("{} ({}; pooling: {})", l.name, l.module, l.pooling),
            };
            sheet.list("layers", traced.layers.iter().map(layer));
        }
        sheet.list("code, not run", &s.code);
        sheet.line("problem", s.problem.as_deref().unwrap_or_default());
        return Ok((sheet, serde_json::to_value(&s)?));
    }
    sheet.line("method", s.method.as_deref().unwrap_or_default());
    sheet.line(
        "training",
        s.training
            .as_ref()
            .map(checkpoint::Training::describe)
            .unwrap_or_default(),
    );
    sheet.line("architecture", s.arch.as_deref().unwrap_or("not recognised"));
    sheet.line(
        "projector",
        s.projector.as_deref().unwrap_or("this file has no projector"),
    );
    sheet.line("classifier", s.classifier.as_deref().unwrap_or_default());
    sheet.list(
        "layers",
        s.taps.iter().map(|t| format!("{} ({} wide)", t.name, t.width)),
    );
    match &s.audit {
        Some(audit) => sheet.list("audit", audit.lines()),
        None if s.calls.is_empty() => {}
        None => sheet.line("calls", s.calls.describe()),
    }
    sheet.line("problem", s.problem.as_deref().unwrap_or_default());
    Ok((sheet, serde_json::to_value(&s)?))
}
