//! Several results files as one, and the layers of several models in one order.

use std::collections::{HashMap, HashSet};

use crate::error::{Error, Result};
use crate::results::{AnalysedInput, Analysis, Column, Record, RecordKey, Table};

/// One analysis out of several, in the order given. What two of them say alike is kept once.
///
/// # Errors
/// When there is none, or when two disagree about the same model, layer, data set and metric.
pub fn merge(analyses: Vec<Analysis>) -> Result<Analysis> {
    let records = new_records(&analyses)?;
    let rows = new_rows(&analyses)?;
    let mut parts = analyses.into_iter().zip(records).zip(rows);
    let Some(((mut all, _), _)) = parts.next() else {
        return Err(Error::input(
            "no results given; expected at least one results file of featscope analyze",
        ));
    };
    for ((more, records), rows) in parts {
        if more.results.command != all.results.command {
            all.results.command = format!("{}; {}", all.results.command, more.results.command);
        }
        for input in more.results.inputs {
            if !all.results.inputs.contains(&input) {
                all.results.inputs.push(input);
            }
        }
        let new = more
            .results
            .records
            .into_iter()
            .zip(records)
            .filter(|(_, is_new)| *is_new);
        all.results.records.extend(new.map(|(record, _)| record));
        for (mut table, rows) in more.tables.into_iter().zip(rows) {
            match all.tables.iter_mut().find(|mine| mine.name == table.name) {
                Some(mine) => {
                    table.retain(&rows);
                    mine.append(table);
                }
                None => all.tables.push(table),
            }
        }
    }
    // What each folder lists is its own.
    (all.results.tables, all.results.report) = (None, Vec::new());
    Ok(all)
}

/// For each record of each analysis whether no earlier analysis has it.
fn new_records(analyses: &[Analysis]) -> Result<Vec<Vec<bool>>> {
    let mut known: HashMap<RecordKey, &Record> = HashMap::new();
    let mut all = Vec::with_capacity(analyses.len());
    for Analysis { results, .. } in analyses {
        let mut flags = Vec::with_capacity(results.records.len());
        for record in &results.records {
            flags.push(match known.get(&record.place()) {
                None => true,
                Some(same) if same.value == record.value && same.replicates == record.replicates => false,
                Some(_) => {
                    return Err(Error::input(format!(
                        "two results disagree about {} of model {}, layer {}, data set {}; give each model its own name (--name) or \
                         leave one file out",
                        record.metric, record.model, record.layer, record.dataset
                    )));
                }
            });
        }
        known.extend(results.records.iter().map(|record| (record.place(), record)));
        all.push(flags);
    }
    Ok(all)
}

/// For each row of each table of each analysis whether it is about models, layers, data sets and metrics that no earlier table of
/// this name has.
fn new_rows(analyses: &[Analysis]) -> Result<Vec<Vec<Vec<bool>>>> {
    let mut known: HashMap<&str, (&Table, HashSet<Vec<&str>>)> = HashMap::new();
    let mut all = Vec::with_capacity(analyses.len());
    for Analysis { tables, .. } in analyses {
        let mut flags = Vec::with_capacity(tables.len());
        for table in tables {
            let (first, places) = known.entry(&table.name).or_insert_with(|| (table, HashSet::new()));
            if !alike(first, table) {
                return Err(Error::input(format!(
                    "two results hold different tables called {}; analyze again with one version",
                    table.name
                )));
            }
            let keys: Vec<&[String]> = PLACE.iter().filter_map(|name| table.text(name)).collect();
            let rows = keys.iter().map(|k| k.len()).min().unwrap_or(0);
            let mut new: HashSet<Vec<&str>> = HashSet::new();
            let mut is_new = Vec::with_capacity(rows);
            for row in 0..rows {
                let place: Vec<&str> = keys.iter().map(|k| k[row].as_str()).collect();
                is_new.push(!places.contains(&place));
                if !new.contains(&place) {
                    new.insert(place);
                }
            }
            places.extend(new);
            flags.push(is_new);
        }
        all.push(flags);
    }
    Ok(all)
}

/// Checks that two tables have the same columns.
fn alike(a: &Table, b: &Table) -> bool {
    let same = |(a, b): (&(String, Column), &(String, Column))| {
        a.0 == b.0 && std::mem::discriminant(&a.1) == std::mem::discriminant(&b.1)
    };
    a.columns.len() == b.columns.len() && a.columns.iter().zip(&b.columns).all(same)
}

/// Columns that say what a row is about.
const PLACE: [&str; 11] = [
    "model",
    "run",
    "step",
    "layer",
    "dataset",
    "split",
    "other_dataset",
    "other_split",
    "dataset_a",
    "dataset_b",
    "metric",
];

/// All layers of all models in network order: a layer that only some models have stands behind the one it follows there.
pub fn layer_order(inputs: &[AnalysedInput]) -> Vec<String> {
    let mut order: Vec<String> = Vec::new();
    for input in inputs {
        let mut at = 0;
        for layer in &input.layers {
            at = match order.iter().position(|known| known == layer) {
                Some(position) => position + 1,
                None => {
                    order.insert(at, layer.clone());
                    at + 1
                }
            };
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Results;
    use crate::uncertainty::Scheme;

    fn analysis(model: &str, value: f64) -> Analysis {
        let mut results = Results::new(format!("analyze {model}"), 0);
        results.records.push(Record {
            model: model.into(),
            metric: "x".into(),
            value: Some(value),
            replicates: Some(vec![value; 3]),
            error: Some(Scheme::Bootstrap),
            ..Record::default()
        });
        let columns = vec![
            ("model".to_owned(), Column::Text(vec![model.into()])),
            ("eigenvalue".to_owned(), Column::Float(vec![value])),
        ];
        Analysis {
            results,
            tables: vec![Table {
                name: "spectrum".into(),
                columns,
            }],
        }
    }

    #[test]
    fn the_same_file_twice_is_the_file_once() {
        let once = analysis("a", 1.0);
        assert_eq!(merge(vec![once.clone(), once.clone()]).unwrap(), once);
    }

    #[test]
    fn records_and_tables_are_joined() {
        let both = merge(vec![analysis("a", 1.0), analysis("b", 2.0)]).unwrap();
        assert_eq!(both.results.records.len(), 2);
        assert_eq!(both.table("spectrum").unwrap().float("eigenvalue").unwrap(), [1.0, 2.0]);
    }

    /// A file about another pair, another metric or another split has rows of its own about the same data set.
    #[test]
    fn rows_about_another_pair_or_metric_are_kept() {
        for column in ["other_dataset", "other_split", "metric"] {
            let with = |what: &str| {
                let mut one = analysis("a", 1.0);
                one.tables[0]
                    .columns
                    .push((column.to_owned(), Column::Text(vec![what.into()])));
                one
            };
            let both = merge(vec![with("x"), with("y"), with("x")]).unwrap();
            assert_eq!(both.table("spectrum").unwrap().text(column).unwrap(), ["x", "y"]);
        }
    }

    #[test]
    fn splits_of_the_other_side_are_told_apart() {
        let mut pair = analysis("a", 1.0);
        let mut test = pair.results.records[0].clone();
        test.other_split = Some("test".into());
        test.value = Some(2.0);
        pair.results.records.push(test);
        assert_eq!(merge(vec![pair.clone(), pair.clone()]).unwrap(), pair);
    }

    #[test]
    fn two_files_that_disagree_are_refused_and_so_are_unlike_tables() {
        let error = merge(vec![analysis("a", 1.0), analysis("a", 2.0)]).unwrap_err();
        assert!(error.to_string().contains("disagree"), "{error}");
        let mut other = analysis("b", 1.0);
        other.tables[0].columns.pop();
        assert!(merge(vec![analysis("a", 1.0), other]).is_err());
        assert!(merge(Vec::new()).is_err());
    }

    #[test]
    fn layers_of_several_models_stand_in_network_order() {
        let input = |layers: &[&str]| AnalysedInput {
            layers: layers.iter().map(|s| s.to_string()).collect(),
            ..AnalysedInput::default()
        };
        let order = layer_order(&[
            input(&["stage1", "backbone", "logits"]),
            input(&["stage1", "stage2", "backbone", "projector"]),
        ]);
        assert_eq!(order, ["stage1", "stage2", "backbone", "projector", "logits"]);
    }
}
