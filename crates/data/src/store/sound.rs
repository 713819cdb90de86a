//! Faults of a manifest that no writer makes: impossible names, malformed fingerprints, counts that do not fit
//! together. They are looked for before a part is opened, and before a manifest is written.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::findings::{Deviation, Repeated, Skipped, StoreShard};
use super::manifest::{DataInfo, Description, LayerInfo, Manifest, ModelInfo, Part, value_sha256};
use super::refusal::malformed;
use crate::error::Result as Reading;

/// The columns beside the layers.
pub(super) const SIDES: [&str; 3] = ["id", "label", "class"];

type Sound = Result<(), String>;

impl Manifest {
    /// Checks that it can be what a writer wrote.
    pub(super) fn sound(&self) -> Sound {
        described(&self.model, &self.data, &self.precision, &self.device)?;
        layers(&self.layers)?;
        parts(&self.parts)?;
        if value_sha256(&self.preprocess) != self.preprocess_sha256 {
            return Err("preprocess_sha256 is not the SHA-256 of preprocess".to_owned());
        }
        let rows = self.rows();
        let skipped = self.data.skipped.as_ref();
        skipped.map_or(Ok(()), left_out)?;
        self.data.duplicates.as_ref().map_or(Ok(()), |r| repeated(r, rows))?;
        self.shard.map_or(Ok(()), |shard| {
            part_of(shard, rows, views(&self.preprocess), skipped.map_or(0, |s| s.count))
        })?;
        match &self.deviation {
            Some(_) if self.precision == "f32" => Err("a deviation from f32 of features in f32".to_owned()),
            Some(deviation) => off(deviation, &self.layers, rows),
            None => Ok(()),
        }
    }
}

impl Description {
    /// Refuses layers that cannot be columns, and names that no manifest may have, before anything is computed.
    pub(super) fn check(&self, dir: &Path) -> Reading<()> {
        described(&self.model, &self.data, &self.precision, &self.device)
            .and_then(|()| layers(&self.layers))
            .map_err(|why| malformed(dir, why))
    }
}

/// Checks that texts are texts of one line, and a digest is one.
pub(super) fn described(model: &ModelInfo, data: &DataInfo, precision: &str, device: &str) -> Sound {
    let texts = [
        ("model name", model.name.as_str()),
        ("architecture", &model.arch),
        ("branch", &model.branch),
        ("data set name", &data.name),
        ("split", &data.split),
        ("precision", precision),
        ("device", device),
    ];
    texts.into_iter().try_for_each(|(what, text)| plain(what, text))?;
    match model.sha256.is_empty() {
        true => Ok(()),
        false => digest("the checkpoint", &model.sha256),
    }
}

/// Rows that each image gives.
fn views(preprocess: &Value) -> usize {
    let count = preprocess.pointer("/views/count").and_then(Value::as_u64);
    count.and_then(|count| usize::try_from(count).ok()).unwrap_or(1)
}

fn plain(what: &str, text: &str) -> Sound {
    match text.chars().any(char::is_control) {
        true => Err(format!("{what} {text:?} holds a control character")),
        false => Ok(()),
    }
}

fn digest(what: &str, sha256: &str) -> Sound {
    let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    match sha256.len() == 64 && sha256.bytes().all(digit) {
        true => Ok(()),
        false => Err(format!(
            "{what} has the SHA-256 {sha256:?}; expected 64 digits, 0 to 9 and a to f"
        )),
    }
}

/// Checks that layers can be columns.
pub(super) fn layers(layers: &[LayerInfo]) -> Sound {
    let mut seen = BTreeSet::from(SIDES);
    for layer in layers {
        plain("layer name", &layer.name)?;
        plain("pooling", &layer.pooling)?;
        if layer.name.is_empty() {
            return Err("a layer without a name".to_owned());
        }
        if !seen.insert(&layer.name) {
            return Err(format!(
                "layer name {:?} is taken; layers need different names",
                layer.name
            ));
        }
        if layer.width == 0 || i32::try_from(layer.width).is_err() {
            return Err(format!("layer {:?} has width {}", layer.name, layer.width));
        }
    }
    match layers.is_empty() {
        true => Err("no layers; a feature store has at least one".to_owned()),
        false => Ok(()),
    }
}

fn parts(parts: &[Part]) -> Sound {
    let mut seen = BTreeSet::new();
    for Part { file, sha256, .. } in parts {
        if file.is_empty() || file == "." || file == ".." || file.contains(['/', '\\']) {
            return Err(format!("part {file:?} is not a plain file name"));
        }
        plain("part name", file)?;
        if !seen.insert(file) {
            return Err(format!("part {file} is named twice"));
        }
        digest(&format!("part {file}"), sha256)?;
    }
    Ok(())
}

/// Checks that a count and the first of what it counts fit together.
fn counted(what: &str, count: usize, named: usize) -> Sound {
    match named > count || (named == 0) != (count == 0) {
        true => Err(format!("{count} images {what}, and {named} of them named")),
        false => Ok(()),
    }
}

fn left_out(skipped: &Skipped) -> Sound {
    counted("left out", skipped.count, skipped.images.len())
}

fn repeated(repeated: &Repeated, rows: usize) -> Sound {
    counted("repeating an earlier one", repeated.count, repeated.examples.len())?;
    if let Some([id, _]) = repeated.examples.iter().find(|[first, later]| first == later) {
        return Err(format!("image {id:?} repeating itself"));
    }
    match repeated.count > 0 && repeated.count >= rows {
        true => Err(format!(
            "{} images repeating an earlier one among {rows} rows",
            repeated.count
        )),
        false => Ok(()),
    }
}

fn part_of(shard: StoreShard, rows: usize, views: usize, skipped: usize) -> Sound {
    let StoreShard {
        index,
        count,
        first_image,
        images,
    } = shard;
    if !(1..=count).contains(&index) {
        return Err(format!("shard {index} of {count}; expected one from 1 to {count}"));
    }
    if images == 0 || first_image.checked_add(images).is_none() || (index == 1 && first_image > 0) {
        return Err(format!("{shard} of {images} images from image {first_image} on"));
    }
    let expected = images.checked_sub(skipped).and_then(|seen| seen.checked_mul(views));
    match expected == Some(rows) {
        true => Ok(()),
        false => Err(format!(
            "{rows} rows of a shard of {images} images, {skipped} of them left out, in {views} views each"
        )),
    }
}

fn off(deviation: &Deviation, layers: &[LayerInfo], rows: usize) -> Sound {
    if !(1..=rows).contains(&deviation.rows) {
        return Err(format!("a deviation measured on {} of {rows} rows", deviation.rows));
    }
    let measured = deviation.layers.iter().map(|layer| &layer.name);
    if !measured.eq(layers.iter().map(|layer| &layer.name)) {
        return Err("a deviation of other layers than it has".to_owned());
    }
    let wrong = |error: f64, cosine: f64| !(0.0..f64::INFINITY).contains(&error) || !(-1.0..=1.0).contains(&cosine);
    match deviation.layers.iter().find(|l| wrong(l.max_error, l.worst_cosine)) {
        Some(l) => Err(format!(
            "layer {:?} off f32 by {} of its scale with cosine {}; expected an error from 0 on and a cosine from -1 to 1",
            l.name, l.max_error, l.worst_cosine
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings::{Findings, LayerDeviation, SkippedImage};
    use super::super::manifest::Description;
    use super::*;

    fn layer(name: &str, width: usize) -> LayerInfo {
        LayerInfo {
            name: name.into(),
            width,
            pooling: "none".into(),
        }
    }

    #[test]
    fn layers_that_cannot_be_columns_are_refused() {
        assert!(layers(&[layer("a", 1), layer("b", 2)]).is_ok());
        for bad in [
            vec![],
            vec![layer("id", 1)],
            vec![layer("", 1)],
            vec![layer("a\nb", 1)],
            vec![layer("a", 0)],
            vec![layer("a", 1), layer("a", 2)],
        ] {
            assert!(layers(&bad).is_err(), "{bad:?}");
        }
    }

    /// A shard of 10 images in two views, one left out, in bf16.
    fn good() -> Manifest {
        let description = Description {
            layers: vec![layer("a", 4), layer("b", 4)],
            shard: Some(StoreShard {
                index: 2,
                count: 3,
                first_image: 10,
                images: 10,
            }),
            preprocess: serde_json::json!({"mean": [0.485f32, 1e300, -0.0], "views": {"count": 2}}),
            precision: "bf16".into(),
            ..Description::default()
        };
        let deviation = |name: &str| LayerDeviation {
            name: name.into(),
            max_error: 0.01,
            worst_cosine: 0.9999,
        };
        let found = Findings {
            skipped: Some(Skipped {
                count: 1,
                images: vec![SkippedImage {
                    id: "x.png".into(),
                    reason: "torn".into(),
                }],
            }),
            duplicates: Some(Repeated {
                count: 2,
                examples: vec![["a".into(), "b".into()]],
            }),
            deviation: Some(Deviation {
                rows: 8,
                layers: vec![deviation("a"), deviation("b")],
            }),
        };
        let parts = [10, 8].into_iter().enumerate().map(|(i, rows)| Part {
            file: format!("part-0000{i}.parquet"),
            rows,
            sha256: "0f".repeat(32),
        });
        description.into_manifest("ids".into(), found, parts.collect())
    }

    #[test]
    fn numbers_and_names_that_cannot_be_are_refused_with_their_reason() {
        assert_eq!(good().sound(), Ok(()));
        let back: Manifest = serde_json::from_str(&good().to_json()).unwrap();
        assert_eq!(back.sound(), Ok(()), "numbers survive being written");
        type Change = fn(&mut Manifest);
        fn shard(m: &mut Manifest) -> &mut StoreShard {
            m.shard.as_mut().unwrap()
        }
        fn skipped(m: &mut Manifest) -> &mut Skipped {
            m.data.skipped.as_mut().unwrap()
        }
        fn repeated(m: &mut Manifest) -> &mut Repeated {
            m.data.duplicates.as_mut().unwrap()
        }
        fn deviation(m: &mut Manifest) -> &mut Deviation {
            m.deviation.as_mut().unwrap()
        }
        let cases: [(Change, &str); 31] = [
            (|m| m.model.name = "a\u{1b}[2J".into(), "model name"),
            (
                |m| m.model.sha256 = "0f".into(),
                "the checkpoint has the SHA-256 \"0f\"",
            ),
            (|m| m.data.name = "a\nb".into(), "data set name"),
            (|m| m.data.split = "\0".into(), "split"),
            (|m| m.layers[0].pooling = "\r".into(), "pooling"),
            (|m| shard(m).index = 1, "shard 1 of 3 of 10 images from image 10 on"),
            (|m| m.layers.swap(0, 1), "other layers"),
            (|m| m.parts[1].file = "part-00000.parquet".into(), "named twice"),
            (|m| m.parts[1].file = "..".into(), "not a plain file name"),
            (|m| m.parts[1].file = String::new(), "not a plain file name"),
            (|m| m.parts[1].file = "x/y.parquet".into(), "not a plain file name"),
            (|m| m.parts[0].sha256 = "0F".repeat(32), "expected 64 digits"),
            (|m| m.parts[0].sha256.truncate(63), "expected 64 digits"),
            (|m| m.parts[0].rows = 9, "17 rows of a shard of 10 images"),
            (|m| m.parts[0].rows = usize::MAX, "rows of a shard"),
            (|m| m.preprocess["mean"][0] = 0.5.into(), "preprocess_sha256"),
            (|m| m.preprocess_sha256.clear(), "preprocess_sha256"),
            (|m| shard(m).index = 0, "shard 0 of 3"),
            (|m| shard(m).index = 4, "shard 4 of 3"),
            (|m| shard(m).count = 0, "shard 2 of 0"),
            (|m| shard(m).images = 0, "shard 2 of 3 of 0 images"),
            (|m| shard(m).first_image = usize::MAX, "from image"),
            (|m| skipped(m).count = 11, "11 of them left out"),
            (|m| skipped(m).count = 0, "0 images left out, and 1 of them named"),
            (|m| skipped(m).images.clear(), "1 images left out, and 0 of them named"),
            (
                |m| repeated(m).count = 18,
                "18 images repeating an earlier one among 18 rows",
            ),
            (|m| repeated(m).examples[0][1] = "a".into(), "repeating itself"),
            (|m| deviation(m).rows = 19, "19 of 18 rows"),
            (|m| deviation(m).layers[1].worst_cosine = 1.5, "cosine 1.5"),
            (|m| deviation(m).layers[1].max_error = -0.1, "off f32 by -0.1"),
            (|m| m.precision = "f32".into(), "features in f32"),
        ];
        for (change, expected) in cases {
            let mut manifest = good();
            change(&mut manifest);
            let why = manifest.sound().expect_err(expected);
            assert!(why.contains(expected) && !why.contains('\n'), "{why}");
        }
    }
}
