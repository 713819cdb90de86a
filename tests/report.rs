//! Reports and renderings: the same digits everywhere, names that do nothing, nothing that cannot be shown.
#![cfg(feature = "analysis")]

mod synthetic;

use std::fs;
use std::path::Path;

use featscope::compare::{CompareOptions, Comparison};
use featscope::report::{TableFormat, render, render_comparison, summary, write_report};
use featscope::results::{AnalysedInput, Analysis, Column, Record, Results, Table};
use featscope::shown::steers;
use synthetic::{PRE, analysis};

fn compared(results: &Results) -> Comparison {
    Comparison::of(results, &CompareOptions::default()).unwrap()
}

/// Writes a report into a folder whose name has a space and an umlaut, and reads all its text files.
fn reported(analysis: &Analysis) -> (tempfile::TempDir, Vec<(String, String)>) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("der Bericht ü");
    write_report(analysis, &compared(&analysis.results), None, &out).unwrap();
    let mut files = Vec::new();
    for folder in ["", "tables", "figures"] {
        // There is no folder of figures where nothing is drawn.
        for entry in fs::read_dir(out.join(folder)).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_file() && !path.extension().is_some_and(|e| e == "parquet" || e == "png") {
                let name = path.strip_prefix(&out).unwrap().to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    (dir, files)
}

fn file<'a>(files: &'a [(String, String)], name: &str) -> &'a str {
    &files
        .iter()
        .find(|(n, _)| n == name)
        .unwrap_or_else(|| panic!("no {name}"))
        .1
}

/// The records of one model at one layer.
fn few() -> Results {
    let mut results = analysis().results;
    results.records.retain(|r| r.model == "SL" && r.layer == "backbone");
    results
}

#[test]
fn records_as_text_are_pleasant_to_read() {
    let text = render(&few(), TableFormat::Text);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn records_as_markdown() {
    insta::assert_snapshot!(render(&few(), TableFormat::Markdown));
}

#[test]
fn comparisons_as_text() {
    let results = analysis().results;
    let options = CompareOptions {
        metrics: Some(
            ["discriminative_ratio", "feature_mixtureness", "sample_mixing"]
                .map(String::from)
                .to_vec(),
        ),
        ..CompareOptions::default()
    };
    let comparison = Comparison::of(&results, &options).unwrap();
    let text = render_comparison(&comparison, &results, "", TableFormat::Text);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn comparisons_over_all_layers_as_text() {
    let results = analysis().results;
    let options = CompareOptions {
        metrics: Some(vec!["redundancy".into()]),
        layer: Some("all".into()),
        ..CompareOptions::default()
    };
    let comparison = Comparison::of(&results, &options).unwrap();
    insta::assert_snapshot!(render_comparison(&comparison, &results, "", TableFormat::Text));
}

#[test]
fn the_summary_says_who_is_best_and_who_is_not_separable() {
    insta::assert_snapshot!(summary(&compared(&analysis().results)).join("\n"));
}

#[test]
fn csv_and_json_keep_every_digit() {
    let results = few();
    let json: Results = serde_json::from_str(&render(&results, TableFormat::Json)).unwrap();
    assert_eq!(json, results);
    let csv = render(&results, TableFormat::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let at = reader.headers().unwrap().iter().position(|h| h == "value").unwrap();
    let values: Vec<Option<f64>> = reader.records().map(|row| row.unwrap()[at].parse().ok()).collect();
    assert_eq!(values, results.records.iter().map(|r| r.value).collect::<Vec<_>>());
}

#[test]
fn every_format_shows_the_same_digits() {
    let (_dir, files) = reported(&analysis());
    let text = render_comparison(
        &compared(&analysis().results),
        &analysis().results,
        "",
        TableFormat::Text,
    );
    for name in ["report.md", "index.html"] {
        assert!(file(&files, name).contains("1.900 ± 0.025"), "{name}");
    }
    assert!(text.contains("1.900 ± 0.025"));
    assert!(file(&files, "tables/class-variation.tex").contains("$1.900 \\pm 0.025$"));
    assert!(file(&files, "tables/overview.tex").contains("$1.900 \\pm 0.025$$\\downarrow$"));
    assert!(file(&files, "tables/class-variation.csv").contains(",SL-MLP,1.9,0.025"));
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let (_dir, files) = reported(&analysis());
    let html = file(&files, "index.html");
    for word in [
        "http://", "https://", "src=", "url(", "@import", "<script", "<link", "xlink",
    ] {
        let stray = html.replace("http://www.w3.org/2000/svg", "");
        assert!(!stray.contains(word), "{word}");
    }
    for link in html
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
    {
        match link.strip_prefix('#') {
            Some(id) => assert!(html.contains(&format!("id=\"{id}\"")), "{link} leads nowhere"),
            None => assert!(
                _dir.path()
                    .join("der Bericht ü")
                    .join(link.replace("&#x2f;", "/"))
                    .is_file(),
                "{link}"
            ),
        }
    }
}

#[test]
fn a_report_folder_is_a_results_folder() {
    let (dir, _) = reported(&analysis());
    let dir = dir.path().join("der Bericht ü");
    assert_eq!(
        Analysis::read(&dir).unwrap(),
        analysis(),
        "and no table that the report made"
    );
    let records = Table::read_parquet(&dir.join("tables/records.parquet")).unwrap();
    assert_eq!(records.float("value").unwrap().len(), analysis().results.records.len());
}

#[test]
fn the_same_results_give_the_same_bytes() {
    assert_eq!(reported(&analysis()).1, reported(&analysis()).1);
}

#[test]
fn names_that_mean_something_elsewhere_do_nothing() {
    let hostile = [
        ("SL", "<script>alert(1)</script>"),
        ("SL-MLP", "a|b*_`c` & \\input{x} $y$ 50% ~^#{}\""),
        (
            "SimCLR",
            "モデル\u{202e}\r\n\x1b[2J\"'<img src=x onerror=y>{{ 7*7 }}{% raw %}",
        ),
    ];
    let renamed = |name: &str| {
        hostile
            .iter()
            .find(|(old, _)| *old == name)
            .map_or(name, |(_, new)| new)
            .to_owned()
    };
    let mut analysis = analysis();
    for record in &mut analysis.results.records {
        record.model = renamed(&record.model);
        record.note = Some("<b>note</b>".into());
    }
    for input in &mut analysis.results.inputs {
        input.model = renamed(&input.model);
        input.path = "</td><script>".into();
        input.audit =
            Some(serde_json::json!({"lines": ["network    resnet18 <b>of</b> x.pth", "backbone   60 of 60"]}));
    }
    analysis.results.command = "x</code><script>".into();
    for (name, column) in analysis.tables.iter_mut().flat_map(|t| &mut t.columns) {
        if let Column::Text(values) = column {
            match name.as_str() {
                "model" => values.iter_mut().for_each(|v| *v = renamed(v)),
                "class_a" | "class_b" => values.iter_mut().for_each(|v| v.insert_str(0, "<i>&\"")),
                _ => {}
            }
        }
    }
    let (_dir, files) = reported(&analysis);
    for (name, text) in &files {
        assert!(!text.chars().any(|c| c != '\n' && steers(c)), "{name}");
        // Indented lines of Markdown are code: shown as they are.
        let text: String = text
            .lines()
            .filter(|line| !name.ends_with(".md") || !line.starts_with("    "))
            .collect();
        let markup = [".html", ".svg", ".md"].iter().any(|end| name.ends_with(end));
        for tag in ["<script", "<img", "<b>", "<i>", "49{%"] {
            assert!(!markup || !text.contains(tag), "{name}: {tag}");
        }
    }
    assert!(file(&files, "index.html").contains("&lt;script&gt;alert(1)"));
    assert!(file(&files, "index.html").contains("{{ 7*7 }}"));
    for page in ["index.html", "report.md"] {
        assert!(
            file(&files, page).contains("network: resnet18 &lt;b&gt;of")
                && file(&files, page).contains("backbone: 60 of 60")
        );
    }
    assert!(file(&files, "figures/depth.svg").contains("&lt;script&gt;alert(1)"));
    let tex = file(&files, "tables/redundancy.tex");
    assert!(
        tex.contains("a\\textbar{}b*\\_`c` \\& \\textbackslash{}input\\{x\\} \\$y\\$ 50\\%"),
        "{tex}"
    );
    let rows = tex.lines().filter(|line| line.ends_with("\\\\")).count();
    assert_eq!(rows, 1 + 3 * 2 * 3, "a line break in a name broke no row");
}

#[test]
fn an_unfinished_training_stands_in_the_summary_and_with_its_model() {
    let mut analysis = analysis();
    let input = &mut analysis.results.inputs[0];
    input.audit = Some(serde_json::json!({
        // The key of older results.
        "training": {"said": "epoch 4 of 40", "finished": false},
        "lines": ["training   epoch 4 of 40, saved before the training ended (epoch, args.epochs)"],
    }));
    let model = input.model.clone();
    let (_dir, files) = reported(&analysis);
    for name in ["index.html", "report.md"] {
        let page = file(&files, name);
        let warning = format!("the weights of {model} are those of epoch 4 of 40, saved before its training ended");
        assert!(page.contains(&warning), "{name}");
        assert!(
            page.contains("training: epoch 4 of 40, saved before the training ended (epoch, args.epochs)"),
            "{name}"
        );
    }
}

#[test]
fn nothing_that_is_not_a_number_is_ever_printed() {
    let mut analysis = analysis();
    let odd = [
        None,
        Some(1e300),
        Some(-1e300),
        Some(5e-324),
        Some(0.0),
        Some(-0.0),
        Some(1e16),
    ];
    for (record, value) in analysis.results.records.iter_mut().zip(odd.iter().cycle()) {
        record.value = *value;
        record.std_error = value.map(|v| v.abs() / 7.0);
        record.ci_low = *value;
        record.ci_high = value.map(|v| v / 2.0);
        record.replicates = value.map(|v| vec![v; 10]);
        record.null_value = *value;
    }
    for (_, column) in analysis.tables.iter_mut().flat_map(|t| &mut t.columns) {
        if let Column::Float(values) = column {
            let strange = [f64::NAN, f64::INFINITY, 0.0, 1e308];
            values
                .iter_mut()
                .zip(strange.iter().cycle())
                .for_each(|(v, odd)| *v = *odd);
        }
    }
    let (_dir, mut files) = reported(&analysis);
    for format in [
        TableFormat::Text,
        TableFormat::Markdown,
        TableFormat::Csv,
        TableFormat::Json,
    ] {
        files.push((format!("{format:?}"), render(&analysis.results, format)));
    }
    for (name, text) in files {
        let words = text.split(|c: char| !c.is_alphanumeric());
        let strange: Vec<&str> = words
            .filter(|w| ["nan", "inf", "infinity"].contains(&w.to_lowercase().as_str()))
            .collect();
        assert!(strange.is_empty(), "{name}: {strange:?}");
    }
}

#[test]
fn nothing_and_a_single_model_are_reports_too() {
    let mut nothing = analysis();
    nothing.results.records.clear();
    nothing.results.inputs.clear();
    nothing.tables.clear();
    assert_eq!(render(&nothing.results, TableFormat::Text), "No records.\n");
    assert!(file(&reported(&nothing).1, "index.html").contains("There are no results to report."));
    let mut one = analysis();
    one.results.records.retain(|r| r.model == "SimCLR");
    one.results.inputs.retain(|i| i.model == "SimCLR");
    let (_dir, files) = reported(&one);
    assert!(!file(&files, "index.html").contains("difference to"));
    assert!(file(&files, "figures/axes.svg").contains("SimCLR"));
}

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

#[test]
fn similarity_of_layers_is_a_section_of_matrices() {
    let similar = |layer: &str, other: &str, value: f64| Record {
        model: "SL".into(),
        layer: layer.into(),
        dataset: PRE.into(),
        other_model: Some("SimCLR".into()),
        other_layer: Some(other.into()),
        other_dataset: Some(PRE.into()),
        metric: "cka".into(),
        variant: "default".into(),
        value: Some(value),
        n: 60,
        ..Record::default()
    };
    let records = [
        similar("stage1", "stage1", 0.5),
        similar("stage1", "backbone", 0.25),
        similar("backbone", "stage1", 0.375),
        similar("backbone", "backbone", 0.625),
    ];
    let mut with = analysis();
    with.results.records.extend(records.clone());
    let alone = Analysis {
        results: Results {
            records: records.to_vec(),
            ..analysis().results.without_records()
        },
        tables: Vec::new(),
    };
    for analysis in [with, alone] {
        let (_dir, files) = reported(&analysis);
        let (page, markdown) = (file(&files, "index.html"), file(&files, "report.md"));
        assert!(page.contains("<h2 id=\"similarity\">Similarity</h2>") && page.contains("href=\"#similarity\""));
        assert!(markdown.contains("## Similarity"));
        for text in [page, markdown] {
            assert!(text.contains("(down) and SimCLR"), "{text:.2000}");
            assert!(["0.25", "0.375", "0.625"].iter().all(|value| text.contains(value)));
        }
    }
    assert!(!file(&reported(&analysis()).1, "index.html").contains("class=\"scroll folded\""));
    // Many layers stand side by side with their errors below.
    let mut wide = analysis();
    let layers: Vec<String> = (1..10).map(|i| format!("block{i}")).collect();
    for (row, column) in layers
        .iter()
        .flat_map(|row| layers.iter().map(move |column| (row, column)))
    {
        wide.results.records.push(Record {
            std_error: Some(0.0125),
            ..similar(row, column, 0.4375)
        });
    }
    let (_dir, files) = reported(&wide);
    let page = file(&files, "index.html");
    assert_eq!(page.matches("class=\"scroll folded\"").count(), 1);
    assert_eq!(page.matches("0.438<small>± 0.013</small>").count(), 81, "{page:.100}");
    assert!(file(&files, "report.md").contains("| 0.438 ± 0.013 |"));
    let (_dir, files) = reported(&analysis());
    assert!(!file(&files, "index.html").contains("Similarity</h2>"));
    assert!(!file(&files, "report.md").contains("## Similarity"));
}

#[test]
fn ranks_are_numbers_and_marks_are_yes_or_no() {
    let (dir, files) = reported(&analysis());
    let comparison = dir.path().join("der Bericht ü/tables/comparison.parquet");
    let table = Table::read_parquet(&comparison).unwrap();
    let column = |name: &str| &table.columns.iter().find(|(n, _)| n == name).unwrap().1;
    let Column::Whole(ranks) = column("rank") else {
        panic!("rank is no number")
    };
    assert!(ranks.contains(&Some(1)) && ranks.contains(&None));
    let Column::Flag(best) = column("best_or_not_separable") else {
        panic!("the mark is no yes or no")
    };
    assert!(best.contains(&Some(true)) && best.contains(&Some(false)) && best.contains(&None));
    let csv = file(&files, "tables/comparison.csv");
    assert!(csv.contains(",1,true,") && !csv.contains(",1.0,true,"));
}

fn a_picture_with_something_on_it(path: &Path) {
    let picture = image::open(path).unwrap().to_rgb8();
    assert!(picture.width() >= 1600);
    let paper = picture.get_pixel(0, 0);
    let inked = picture.pixels().filter(|p| *p != paper).count();
    assert!(inked > 10_000, "{}", path.display());
}
