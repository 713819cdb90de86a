//! Weights that were saved before their training ended: said before anything is concluded from their numbers.

use serde_json::Value;

use crate::results::AnalysedInput;

/// What to bear in mind of each of `models` whose loading audit says that its training went on: one sentence.
pub(super) fn warnings(inputs: &[AnalysedInput], models: &[String]) -> Vec<String> {
    let mut warnings = Vec::new();
    for input in inputs.iter().filter(|input| models.contains(&input.model)) {
        let Some(training) = input.audit.as_ref().and_then(|audit| audit.get("training")) else {
            continue;
        };
        if training.get("finished") != Some(&Value::Bool(false)) {
            continue;
        }
        // Older results call it `said`.
        let progress = training
            .get("progress")
            .or(training.get("said"))
            .and_then(Value::as_str);
        let progress = progress.unwrap_or("an early epoch");
        let warning = format!(
            "the weights of {} are those of {progress}, saved before its training ended; at its end it may measure otherwise",
            input.model
        );
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    warnings
}
