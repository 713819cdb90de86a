//! Records that cannot be.

use super::*;

#[test]
fn impossible_records_are_refused_by_name() {
    let dir = data();
    let at = dir.path();
    done(
        at,
        &[
            "analyze",
            "pre.npy",
            "--metrics",
            "intra_class_distance,rankme",
            "-o",
            "good.json",
        ],
    );
    accepted_by_all(at, "good.json");
    type Spoil = fn(&mut Value);
    let cases: [(Spoil, &str); 13] = [
        (|r| r["std_error"] = json!(-0.25), "std_error is -0.25"),
        (|r| r["p_value"] = json!(7), "p_value is 7"),
        (|r| r["ci_low"] = json!(1e6), "ci_low 1000000 is above ci_high"),
        (|r| r["ci_high"] = Value::Null, "ci_high is missing"),
        (|r| r["value"] = Value::Null, "value is missing"),
        (|r| r["replicates"][3] = Value::Null, "replicates cannot be read"),
        (
            |r| drop(r["replicates"].as_array_mut().unwrap().pop()),
            "9 replicates, and its error is made of 10",
        ),
        (|r| r["n"] = json!(0), "n is 0"),
        (
            |r| r["n"] = json!(-75),
            "n cannot be read (invalid value: integer `-75`",
        ),
        (|r| r["d"] = json!(2.5), "d cannot be read"),
        (|r| r["seconds"] = json!(-1), "seconds is -1"),
        (|r| r["value"] = json!("0.5"), "value cannot be read"),
        (
            |r| drop(r.as_object_mut().unwrap().remove("classes")),
            "missing field `classes`",
        ),
    ];
    let bad = at.join("bad.json");
    for (spoil, why) in cases {
        fs::copy(at.join("good.json"), &bad).unwrap();
        changed(&bad, |results| {
            let records = results["records"].as_array_mut().unwrap();
            spoil(
                records
                    .iter_mut()
                    .find(|r| r["metric"] == "intra_class_distance")
                    .unwrap(),
            );
        });
        let about = "record 1, \"intra_class_distance\" of model features, layer features, data set pre";
        refused_by_all(at, "bad.json", &["bad.json: ", about, why, "analyze again"]);
    }
    for (spoil, said) in [
        (
            (|results| results["records"][1]["metric"] = json!("")) as Spoil,
            "metric is empty",
        ),
        (
            |results| {
                let first = results["records"][0].clone();
                results["records"].as_array_mut().unwrap().push(first);
            },
            "record 3, \"intra_class_distance\" of model features, layer features, data set pre: it stands there twice, as record 1 too",
        ),
        (|results| results["records"] = json!({}), "damaged results file"),
    ] {
        fs::copy(at.join("good.json"), &bad).unwrap();
        changed(&bad, spoil);
        refused_by_all(at, "bad.json", &[said]);
    }
    // What other programs write where a number is missing, or too large.
    let good = fs::read_to_string(at.join("good.json")).unwrap();
    for (number, said) in [
        ("NaN", "NaN is no number in JSON"),
        ("-Infinity", "Infinity is no number"),
        ("1e999", "out of range"),
    ] {
        fs::write(
            &bad,
            good.replacen("\"p_value\": null", &format!("\"p_value\": {number}"), 1),
        )
        .unwrap();
        refused_by_all(at, "bad.json", &["bad.json: not JSON", said, "line "]);
    }
    fs::write(
        &bad,
        good.replacen("\"p_value\": null", "\"p_value\": null, \"p_value\": 0.5", 1),
    )
    .unwrap();
    refused_by_all(at, "bad.json", &["duplicate field `p_value`"]);
}

/// What this program writes is never refused: every metric, on ordinary, degenerate and extreme data.
#[test]
fn what_is_written_is_read() {
    for (counts, scale) in [
        (vec![12, 12, 12], 1.0),
        (vec![1, 2], 1.0),
        (vec![12, 12], 1e200),
        (vec![12, 12], 0.0),
    ] {
        let formula = |seed| {
            let (rows, classes) = Formula {
                seed,
                counts: counts.clone(),
                d: 4,
                ..Formula::default()
            }
            .data();
            (rows * scale, classes)
        };
        let metrics: Vec<&str> = common::analysed().map(|m| m.id).collect();
        let written = common::analyse_pair(formula(1), formula(2), &common::plan(&metrics, &[]));
        let dir = tempfile::tempdir().unwrap();
        written.write(dir.path()).unwrap();
        assert_eq!(Analysis::read(dir.path()).unwrap(), written);
        let similar: Vec<&str> = featscope::metrics::all()
            .filter(|m| m.is_matched())
            .map(|m| m.id)
            .collect();
        let similar = common::similar(formula(1), formula(2).0, &common::plan(&similar, &[]));
        fs::write(dir.path().join("similar.json"), similar.to_json()).unwrap();
        assert_eq!(Results::read(&dir.path().join("similar.json")).unwrap(), similar);
    }
}
