//! Agreements as JSON and delimited text.

use crate::compare::correlate::{Agreement, Correlation, Lead};
use crate::shown::{plain, plain_json};

pub(super) fn json(correlation: &Correlation) -> String {
    let text = serde_json::to_string_pretty(correlation).unwrap_or_default();
    plain_json(&text) + "\n"
}

pub(super) fn csv(correlation: &Correlation) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let float = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
    let end = |ends: Option<[f64; 2]>, i: usize| float(ends.map(|e| e[i]));
    let of_lead = |r: &Agreement, pick: fn(&Lead) -> Option<f64>| float(r.lead.as_ref().and_then(pick));
    let header = [
        "metric",
        "dataset",
        "statistic",
        "value",
        "ci_low",
        "ci_high",
        "p_value",
        "p_holm",
        "n",
        "null_upper",
        "r_squared",
        "without_model_low",
        "without_model_high",
        "without_family_low",
        "without_family_high",
        "lead_over",
        "lead",
        "lead_ci_low",
        "lead_ci_high",
        "lead_p_value",
        "lead_p_holm",
        "lead_n",
        "baseline",
        "direction",
        "note",
    ];
    // Writing to memory does not fail.
    let _ = writer.write_record(header);
    for r in &correlation.records {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let _ = writer.write_record([
            plain(&r.metric),
            plain(r.dataset.as_deref().unwrap_or_default()),
            word(serde_json::json!(r.statistic)),
            float(r.value),
            float(r.ci_low),
            float(r.ci_high),
            float(r.p_value),
            float(r.p_holm),
            r.n.to_string(),
            float(r.null_upper),
            float(r.r_squared),
            end(r.without_model, 0),
            end(r.without_model, 1),
            end(r.without_family, 0),
            end(r.without_family, 1),
            r.lead.as_ref().map_or(String::new(), |lead| plain(&lead.over)),
            of_lead(r, |lead| Some(lead.value)),
            of_lead(r, |lead| lead.ci_low),
            of_lead(r, |lead| lead.ci_high),
            of_lead(r, |lead| lead.p_value),
            of_lead(r, |lead| lead.p_holm),
            r.lead.as_ref().map_or(String::new(), |lead| lead.n.to_string()),
            r.baseline.to_string(),
            word(serde_json::json!(r.direction)),
            plain(r.note.as_deref().unwrap_or_default()),
        ]);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
