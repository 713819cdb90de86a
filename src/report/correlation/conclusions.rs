//! What agreements come to, in sentences.

use super::ranked::ranked;
use crate::compare::LEVEL;
use crate::compare::correlate::{Agreement, CEILING, Correlation, STATIC_RANK, Statistic};
use crate::report::agreement::{interval_shown, shown, two_decimals};
use crate::report::number::{counted, p_value};

/// What it comes to.
pub(super) fn closing(correlation: &Correlation, statistic: Statistic) -> Vec<String> {
    let records = ranked(correlation, statistic);
    let best = records.iter().find(|r| !r.baseline && r.value.is_some());
    let said = |r: &Agreement| {
        format!(
            "{} ({} {}, n = {})",
            r.metric,
            shown(statistic, r.value),
            interval_shown(statistic, r),
            r.n
        )
    };
    let mut lines = Vec::new();
    if let Some(best) = best {
        let sure = match best.p_holm {
            Some(p) if p <= LEVEL => "more than chance",
            _ => "not told from chance",
        };
        lines.push(format!(
            "The score that agrees best with the accuracies is {}: {sure}.",
            said(best)
        ));
    }
    let trivial = records
        .iter()
        .find(|r| r.baseline && r.metric != CEILING && r.value.is_some());
    match (trivial, best) {
        (Some(trivial), Some(best)) => {
            let verb = match trivial.turned() >= best.turned() {
                true => "does at least as well",
                false => "stays below it",
            };
            lines.push(format!("The best baseline, {}, {verb}.", said(trivial)));
            lines.extend(ahead(best, &records));
        }
        (Some(trivial), None) => lines.push(format!("The best baseline is {}.", said(trivial))),
        (None, _) => {}
    }
    if records.iter().any(|r| r.metric == STATIC_RANK) {
        lines.push(
            "static_rank is the mean rank of each model on the other data sets: it looks at no feature, and is known only afterwards."
                .to_owned(),
        );
    }
    match correlation.tells_from_nothing {
        Some(tau) => lines.push(format!(
            "With {} a weighted tau on one data set below {tau:.2} cannot be told from nothing: 97.5 % of all orders stay below it.",
            counted(correlation.models.len(), "model")
        )),
        None => lines.push("Fewer than three models tell nothing about which number predicts transfer.".to_owned()),
    }
    lines.extend(correlation.notes.iter().map(|note| format!("Bear in mind: {note}.")));
    lines
}

/// Says if the best score leads the best baseline by more than the choice of models explains.
fn ahead(best: &Agreement, records: &[&Agreement]) -> Option<String> {
    let lead = best.lead.as_ref()?;
    let scores = records.iter().filter(|r| r.lead.is_some()).count();
    let on = format!(
        "{} and {} on the same {}",
        best.metric,
        lead.over,
        counted(lead.n, "model")
    );
    let (Some(low), Some(high), Some(p)) = (lead.ci_low, lead.ci_high, lead.p_value) else {
        return Some(format!(
            "{on} differ by {}: too few to say whether that is more than chance.",
            two_decimals(lead.value)
        ));
    };
    let adjusted = lead.p_holm.unwrap_or(p);
    let verdict = match adjusted <= LEVEL {
        true if lead.value > 0.0 => "it is separably better",
        true => "it is separably worse",
        false => "the two are not separable",
    };
    let holm = match scores {
        0 | 1 => String::new(),
        n => format!("; Holm over {n} scores: {}", p_value(Some(adjusted))),
    };
    Some(format!(
        "{on} differ by {} [{}, {}] (p {}{holm}): {verdict}.",
        two_decimals(lead.value),
        two_decimals(low),
        two_decimals(high),
        p_value(Some(p)),
    ))
}
