//! The page: whole in itself, safe from names, the same bytes again.

use featscope::report::{TableFormat, render};
use featscope::results::{Analysis, Column, Record, Results, Table};
use featscope::shown::steers;

use super::synthetic::{PRE, analysis};
use super::{file, reported};

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
