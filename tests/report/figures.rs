//! The figures: their text stays on the canvas.

use std::path::Path;

use featscope::results::{AnalysedInput, Analysis, Column, Record, Results};

use super::synthetic::{PRE, analysis};
use super::{file, reported};

/// Twelve models, forty layers, three hundred classes: labels are thinned out and stay on the canvas.
#[test]
fn large_analyses_stay_readable() {
    let mut results = Results::new("", 0);
    let layers: Vec<String> = (0..40).map(|i| format!("a long name of block {i}")).collect();
    for model in (0..12).map(|m| format!("model number {m}")) {
        results.inputs.push(AnalysedInput {
            path: String::new(),
            model: model.clone(),
            layers: layers.clone(),
            dataset: PRE.into(),
            split: String::new(),
            rows: 10,
            classes: Vec::new(),
            ids_sha256: "x".into(),
            preprocess_sha256: String::new(),
            ..AnalysedInput::default()
        });
        results
            .records
            .extend(layers.iter().enumerate().map(|(i, layer)| Record {
                model: model.clone(),
                layer: layer.clone(),
                dataset: PRE.into(),
                metric: "redundancy".into(),
                value: Some(0.1 + 0.01 * i as f64),
                ..Record::default()
            }));
    }
    let layer = &layers[39];
    let mut means = analysis().table("class_means").unwrap().clone();
    let pairs: Vec<(usize, usize)> = (0..300).flat_map(|a| (0..300).map(move |b| (a, b))).collect();
    for (name, column) in &mut means.columns {
        let texts = |pick: &dyn Fn(&(usize, usize)) -> String| Column::Text(pairs.iter().map(pick).collect());
        *column = match name.as_str() {
            "model" => texts(&|_| "model number 3".into()),
            "layer" => texts(&|_| layer.clone()),
            "dataset_a" => texts(&|(a, _)| if *a < 200 { "pre".into() } else { "eval".into() }),
            "dataset_b" => texts(&|(_, b)| if *b < 200 { "pre".into() } else { "eval".into() }),
            "class_a" => texts(&|(a, _)| format!("class {a}")),
            "class_b" => texts(&|(_, b)| format!("class {b}")),
            _ => Column::Float(pairs.iter().map(|(a, b)| a.abs_diff(*b) as f64).collect()),
        };
    }
    let (_dir, files) = reported(&Analysis {
        results,
        tables: vec![means],
    });
    for (name, svg) in files.iter().filter(|(name, _)| name.ends_with(".svg")) {
        assert!(svg.len() < 2_000_000, "{name} has {} bytes", svg.len());
        texts_are_on_the_canvas(name, svg);
    }
    assert!(file(&files, "figures/class-means.svg").contains("class 0"));
    assert!(file(&files, "index.html").contains("Only some of the classes are shown."));
}

#[test]
fn figures_keep_their_text_on_the_canvas() {
    let (dir, files) = reported(&analysis());
    let svgs: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".svg")).collect();
    assert_eq!(svgs.len(), 4);
    for (name, svg) in svgs {
        texts_are_on_the_canvas(name, svg);
        let png = dir.path().join("der Bericht ü").join(name).with_extension("png");
        a_picture_with_something_on_it(&png);
    }
}

fn texts_are_on_the_canvas(name: &str, svg: &str) {
    let number = |text: &str, key: &str| -> f64 {
        let from = text.find(key).map(|at| at + key.len()).unwrap();
        text[from..].split(['"', ' ']).next().unwrap().parse().unwrap()
    };
    let width = number(svg, "viewBox=\"0 0 ");
    let height = number(svg, &format!("viewBox=\"0 0 {width} "));
    let texts: Vec<&str> = svg.split("<text ").skip(1).collect();
    assert!(texts.len() > 10, "{name}");
    for text in texts {
        let (x, y) = (number(text, "x=\""), number(text, "y=\""));
        let shown = text.split(['>', '<']).nth(1).unwrap().trim();
        // Twice the CSS pixels; a letter is 0.62 em of 12.5 px or less, on average.
        let long = shown.chars().count() as f64 * 0.62 * 25.0;
        let (upright, end) = (text.contains("rotate(270"), text.contains("text-anchor=\"end\""));
        assert!(
            (0.0..=width).contains(&x) && (0.0..=height).contains(&y),
            "{name}: {shown}"
        );
        assert!(
            !upright || !end || y + long.min(340.0) <= height + 60.0,
            "{name}: {shown} at {y} of {height}"
        );
        assert!(upright || !end || x - long >= -40.0, "{name}: {shown} at {x}");
    }
}

fn a_picture_with_something_on_it(path: &Path) {
    let picture = image::open(path).unwrap().to_rgb8();
    assert!(picture.width() >= 1600);
    let paper = picture.get_pixel(0, 0);
    let inked = picture.pixels().filter(|p| *p != paper).count();
    assert!(inked > 10_000, "{}", path.display());
}
