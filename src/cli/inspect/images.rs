//! A data set of images: splits, classes, sizes, copies.

use serde_json::Value;

use super::sheet::Sheet;
use crate::cli::style;
use crate::images;

pub(super) fn of_images(path: &str) -> anyhow::Result<(Sheet, Value)> {
    let s = images::summary(path, None)?;
    let mut sheet = Sheet::new(format!("images {path}"));
    sheet.line("format", &s.format);
    sheet.line("splits", s.splits.join(", "));
    for part in &s.parts {
        let name = if part.split.is_empty() {
            "images"
        } else {
            part.split.as_str()
        };
        sheet.line(name, style::counted(part.images, "image"));
        sheet.list(
            "  classes",
            part.counts.iter().map(|(class, n)| format!("{class} ({n})")),
        );
        if part.unlabelled > 0 {
            sheet.line("  unlabelled", part.unlabelled);
        }
        let sizes = part
            .sizes
            .iter()
            .map(|(w, h, n)| format!("{w} x {h} ({n} of {} looked at)", part.sampled));
        sheet.list("  pixels", sizes);
        sheet.list("  not decodable", &part.undecodable);
        sheet.list("  left out", &part.left_out);
        let copies = &part.duplicates;
        if part.sampled > 0 {
            let (n, sampled) = (copies.count, part.sampled);
            sheet.line("  exact copies", format!("{n} among {sampled} looked at"));
        }
        let examples = copies.examples.iter();
        sheet.list(
            "  for example",
            examples.map(|(first, later)| format!("{later} is {first}")),
        );
        sheet.line("  sha256", &part.fingerprint);
    }
    Ok((sheet, serde_json::to_value(&s)?))
}
