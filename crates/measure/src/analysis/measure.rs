//! An analysis in pieces: the parts that can be measured alone, and the whole that they make. A piece does not depend on which
//! others there are.

use std::collections::HashMap;

use super::inputs::inputs;
use super::piece::{Extent, Piece, of_pair, part_of};
use super::plan::Plan;
use super::resolved_sets::Bindings;
use super::side::{Side, summarise};
use super::suites::of_suites;
use super::{convergence, one_side, pair, preconditions, tables};
use crate::error::Result;
use crate::features::FeatureSet;
use crate::results::{Analysis, Record, Results, Table};
use crate::stats::Summary;

/// What is done with the records and tables of a piece, layer by layer.
pub type Take<'t> = &'t mut dyn FnMut(&Piece, Vec<Record>, Vec<Table>);

/// Measures the pieces that are wanted, each set read once; see [`analyse_merged`](super::analyse_merged).
///
/// # Errors
/// As [`analyse_merged`](super::analyse_merged).
pub fn measure(
    sets: &[Box<dyn FeatureSet>],
    plan: &Plan,
    wants: &dyn Fn(&Piece) -> bool,
    given: &mut dyn FnMut(&dyn FeatureSet) -> Result<Option<Summary>>,
    read: &(dyn Fn(u64) + Sync),
    take: Take,
) -> Result<()> {
    let bindings = Bindings::new(sets, plan)?;
    preconditions::check(&bindings.groups, plan)?;
    for group in &bindings.groups {
        let mut sides = Vec::with_capacity(group.sets.len());
        for (place, &set) in group.sets.iter().enumerate() {
            let Some(part) = part_of(group, place, plan, wants) else {
                sides.push(None);
                continue;
            };
            let mut side = summarise(group, place, plan, part, given(set)?, read)?;
            if part == Extent::Whole {
                let (records, made) = of_side(&side, plan)?;
                take(&Piece::Set(set.subject().dataset.clone()), records, made);
            }
            side.keep_for_pairs(plan);
            sides.push(Some(side));
        }
        for missing in &group.missing {
            let piece = Piece::Pair(missing.pre.clone(), missing.eval.clone());
            if wants(&piece) {
                take(&piece, pair::records_of_missing(group, missing, plan), Vec::new());
            }
        }
        for &(pre, eval) in &group.pairs {
            let piece = of_pair(group, pre, eval);
            let (Some(pre), Some(eval), true) = (&sides[pre], &sides[eval], wants(&piece)) else {
                continue;
            };
            let (records, made) = of_both(pre, eval, plan)?;
            take(&piece, records, made);
        }
    }
    Ok(())
}

fn of_side(side: &Side, plan: &Plan) -> Result<(Vec<Record>, Vec<Table>)> {
    let (records, mut made) = one_side::records(side, plan)?;
    if plan.tables {
        made.extend(tables::of_side(side, plan)?);
    }
    if plan.convergence {
        made.push(convergence::of_side(side, plan));
    }
    Ok((records, made))
}

fn of_both(pre: &Side, eval: &Side, plan: &Plan) -> Result<(Vec<Record>, Vec<Table>)> {
    let (records, found) = pair::records(pre, eval, plan)?;
    let mut made = Vec::new();
    if plan.tables {
        made.extend(found);
        made.extend(tables::of_pair(pre, eval));
    }
    if plan.convergence {
        made.push(convergence::of_pair((pre, eval), plan));
    }
    Ok((records, made))
}

/// Measures the pieces that are wanted, in their order: the numbers are those that [`analyse`](super::analyse) finds. Records of
/// suites are made where pieces are [`joined`].
///
/// # Errors
/// As [`analyse`](super::analyse).
pub fn analyse_pieces(
    sets: &[Box<dyn FeatureSet>],
    plan: &Plan,
    wanted: &[Piece],
    read: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Analysis>> {
    let start = |piece: &Piece| {
        let mut results = Results::new(plan.command.clone(), plan.seed);
        results.inputs = inputs(sets.iter().filter(|set| piece.is_of(&set.subject().dataset)));
        Analysis {
            results,
            tables: Vec::new(),
        }
    };
    let mut all: Vec<Analysis> = wanted.iter().map(start).collect();
    let mut take = |piece: &Piece, records: Vec<Record>, made: Vec<Table>| {
        for (_, own) in wanted.iter().zip(&mut all).filter(|(one, _)| *one == piece).take(1) {
            own.results.records.extend(records.iter().cloned());
            add_tables(&mut own.tables, made.clone());
        }
    };
    let wants = |piece: &Piece| wanted.contains(piece);
    measure(sets, plan, &wants, &mut |_| Ok(None), read, &mut take)?;
    Ok(all)
}

/// A layer of a model, run and step, as tables write it.
type At = [String; 4];

/// The analysis that these pieces make, layer by layer in the order of their inputs, with the plan's suites.
pub fn joined(pieces: Vec<Analysis>, plan: &Plan) -> Analysis {
    let mut results = Results::new(plan.command.clone(), plan.seed);
    let mut tables: Vec<Table> = Vec::new();
    for piece in pieces {
        for input in piece.results.inputs {
            if !results.inputs.contains(&input) {
                results.inputs.push(input);
            }
        }
        results.records.extend(piece.results.records);
        add_tables(&mut tables, piece.tables);
    }
    let at = |model: &str, run: &Option<String>, step: Option<u64>, layer: &str| -> At {
        let step = step.map_or(String::new(), |step| step.to_string());
        [
            model.to_owned(),
            run.clone().unwrap_or_default(),
            step,
            layer.to_owned(),
        ]
    };
    let mut order: HashMap<At, usize> = HashMap::new();
    for input in &results.inputs {
        for layer in &input.layers {
            let next = order.len();
            order
                .entry(at(&input.model, &input.run, input.step, layer))
                .or_insert(next);
        }
    }
    let rank = |at: &At| order.get(at).copied().unwrap_or(order.len());
    results
        .records
        .sort_by_cached_key(|r| rank(&at(&r.model, &r.run, r.step, &r.layer)));
    for table in &mut tables {
        let columns = ["model", "run", "step", "layer"].map(|name| table.text(name).map(<[String]>::to_vec));
        let [Some(model), Some(run), Some(step), Some(layer)] = columns else {
            continue;
        };
        let places = model.into_iter().zip(run).zip(step.into_iter().zip(layer));
        let ranks: Vec<usize> = places.map(|((m, r), (s, l))| rank(&[m, r, s, l])).collect();
        if !ranks.is_sorted() {
            let mut rows: Vec<usize> = (0..ranks.len()).collect();
            rows.sort_by_key(|&row| ranks[row]);
            table.reorder(&rows);
        }
    }
    let more = of_suites(&results.records, plan);
    results.records.extend(more);
    Analysis { results, tables }
}

/// Adds tables to those of their names.
pub fn add_tables(tables: &mut Vec<Table>, new: Vec<Table>) {
    for table in new {
        match tables.iter_mut().find(|t| t.name == table.name) {
            Some(old) => old.append(table),
            None => tables.push(table),
        }
    }
}
