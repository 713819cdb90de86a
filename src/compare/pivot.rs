//! The long results table as a polars frame: grouped by what is comparable, pivoted to models side by side, ranked.
//! The only file that names polars.

use polars::prelude::*;

use super::meaning::Direction;
use crate::error::{Error, Result};
use crate::results::Record;

/// Records of one metric, on the same sides and the same layer: what may be set side by side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SideBySide {
    /// Catalogue id.
    pub metric: String,
    /// Data set.
    pub dataset: String,
    /// Its split, or empty.
    pub split: String,
    /// The evaluation side of a pair.
    pub other_dataset: Option<String>,
    /// Layer.
    pub layer: String,
    /// Per model, the index of its record.
    pub cells: Vec<Option<usize>>,
    /// Per model, its competition rank ("1, 2, 2, 4"); `None` without a value or a direction.
    pub ranks: Vec<Option<u32>>,
}

const KEYS: [&str; 5] = ["metric", "dataset", "split", "other_dataset", "layer"];
const RECORD: &str = "record";

/// Groups `records` by (metric, sides, layer), in the order in which each first appears, with one cell for each of
/// `models`. Records that compare two models or two layers already are left out.
///
/// # Errors
/// When two records claim the same place.
pub(super) fn side_by_side(
    records: &[Record],
    models: &[String],
    direction: impl Fn(&Record) -> Option<Direction>,
) -> Result<Vec<SideBySide>> {
    if !records.iter().any(is_plain) {
        return Ok(Vec::new());
    }
    let long = long_frame(records).map_err(shape_error)?;
    let places = long
        .drop(RECORD)
        .and_then(|places| places.is_unique())
        .map_err(shape_error)?;
    if !places.all() {
        return Err(Error::input(
            "the results hold two records of one model, layer, data set and metric; give each model its own name (--name)",
        ));
    }
    let wide = pivot(&long, models).map_err(shape_error)?;
    let mut groups = read_groups(&wide, models.len()).map_err(shape_error)?;
    for group in &mut groups {
        let first = group.cells.iter().flatten().next().map(|&i| &records[i]);
        if let Some(direction) = first.and_then(&direction) {
            let values = group
                .cells
                .iter()
                .map(|cell| cell.and_then(|i| records[i].value))
                .collect();
            group.ranks = ranks(values, direction).map_err(shape_error)?;
        }
    }
    Ok(groups)
}

/// One row per plain record: its keys, its model and its index among all records.
fn long_frame(records: &[Record]) -> PolarsResult<DataFrame> {
    let plain: Vec<(usize, &Record)> = records.iter().enumerate().filter(|(_, r)| is_plain(r)).collect();
    let text = |pick: fn(&Record) -> &str| -> Vec<&str> { plain.iter().map(|(_, r)| pick(r)).collect() };
    df!(
        "metric" => text(|r| &r.metric),
        "dataset" => text(|r| &r.dataset),
        "split" => text(|r| &r.split),
        // Joins skip nulls, and no data set has an empty name.
        "other_dataset" => text(|r| r.other_dataset.as_deref().unwrap_or("")),
        "layer" => text(|r| &r.layer),
        "model" => text(|r| &r.model),
        RECORD => plain.iter().map(|(i, _)| *i as u64).collect::<Vec<_>>(),
    )
}

/// Models become columns `0`, `1`, …, each holding the index of that model's record. Since 0.55 polars' own pivot needs
/// its lazy engine (half an hour of compiling), so it is what a pivot is: one left join per model.
fn pivot(long: &DataFrame, models: &[String]) -> PolarsResult<DataFrame> {
    let subset: Vec<String> = KEYS.map(String::from).to_vec();
    let mut wide = long
        .select(KEYS)?
        .unique_stable(Some(&subset), UniqueKeepStrategy::First, None)?;
    for (position, model) in models.iter().enumerate() {
        let of_model = long.column("model")?.str()?.equal(model.as_str());
        let mut cells = long.filter(&of_model)?.drop("model")?;
        cells.rename(RECORD, position.to_string().into())?;
        let how = JoinArgs {
            maintain_order: MaintainOrderJoin::Left,
            ..JoinArgs::new(JoinType::Left)
        };
        wide = wide.join(&cells, KEYS, KEYS, how, None)?;
    }
    Ok(wide)
}

fn read_groups(wide: &DataFrame, models: usize) -> PolarsResult<Vec<SideBySide>> {
    let keys = KEYS
        .iter()
        .map(|k| wide.column(k)?.str())
        .collect::<PolarsResult<Vec<_>>>()?;
    let cells = (0..models)
        .map(|m| wide.column(&m.to_string())?.u64())
        .collect::<PolarsResult<Vec<_>>>()?;
    let key = |column: usize, row: usize| keys[column].get(row).unwrap_or("").to_owned();
    let group = |row: usize| SideBySide {
        metric: key(0, row),
        dataset: key(1, row),
        split: key(2, row),
        other_dataset: Some(key(3, row)).filter(|name| !name.is_empty()),
        layer: key(4, row),
        cells: cells.iter().map(|c| c.get(row).map(|i| i as usize)).collect(),
        ranks: vec![None; models],
    };
    Ok((0..wide.height()).map(group).collect())
}

/// Competition ranks, 1 = best.
fn ranks(values: Vec<Option<f64>>, direction: Direction) -> PolarsResult<Vec<Option<u32>>> {
    let options = RankOptions {
        method: RankMethod::Min,
        descending: direction == Direction::Higher,
    };
    // polars ranks a column of one value as 1 even where that value is missing.
    let ranked = Series::new("value".into(), &values).rank(options, None);
    Ok(ranked
        .idx()?
        .iter()
        .zip(&values)
        .map(|(rank, value)| value.and(rank))
        .collect())
}

fn is_plain(record: &Record) -> bool {
    record.other_model.is_none() && record.other_layer.is_none()
}

fn shape_error(error: PolarsError) -> Error {
    Error::input(format!(
        "the results cannot be laid out as a table ({error}); analyze again with this version"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(model: &str, metric: &str, value: Option<f64>) -> Record {
        Record {
            model: model.into(),
            layer: "backbone".into(),
            dataset: "animals".into(),
            metric: metric.into(),
            value,
            ..Record::default()
        }
    }

    #[test]
    fn models_stand_side_by_side_in_the_order_asked_for() {
        let records = [
            record("b", "x", Some(1.0)),
            record("a", "x", Some(2.0)),
            record("a", "y", None),
        ];
        let groups = side_by_side(&records, &["a".into(), "b".into()], |_| Some(Direction::Lower)).unwrap();
        assert_eq!(groups.len(), 2);
        assert_eq!(
            (groups[0].metric.as_str(), &groups[0].cells),
            ("x", &vec![Some(1), Some(0)])
        );
        assert_eq!(groups[0].ranks, [Some(2), Some(1)]);
        assert_eq!(
            (&groups[1].cells, &groups[1].ranks),
            (&vec![Some(2), None], &vec![None, None])
        );
    }

    #[test]
    fn equal_values_share_the_better_rank_and_missing_ones_have_none() {
        let values = vec![Some(3.0), Some(1.0), None, Some(3.0), Some(2.0)];
        assert_eq!(
            ranks(values.clone(), Direction::Higher).unwrap(),
            [Some(1), Some(4), None, Some(1), Some(3)]
        );
        assert_eq!(
            ranks(values, Direction::Lower).unwrap(),
            [Some(3), Some(1), None, Some(3), Some(2)]
        );
        assert_eq!(ranks(vec![None], Direction::Lower).unwrap(), [None]);
    }

    #[test]
    fn two_records_of_one_place_are_refused() {
        let records = [record("a", "x", Some(1.0)), record("a", "x", Some(2.0))];
        let error = side_by_side(&records, &["a".into()], |_| None).unwrap_err();
        assert!(error.to_string().contains("--name"), "{error}");
    }
}
