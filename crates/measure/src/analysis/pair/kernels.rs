//! Metrics that are means of a kernel over pairs of rows: one sweep over each two sets serves them all.

use super::kernel_sums::{pair_sums, places, scale};
use super::permutation::Pooled;
use super::sides::{SidePair, check_measurable, say_rows};
use super::subsets::{ROWS_IN_SUBSET, SUBSETS, sums_of_subsets};
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::error::{Error, Result};
use crate::metrics::sample_distance::discrepancy;
use crate::metrics::{FromKernel, Kernel, Lie, PairSums};
use crate::stats::{Rows, sweep, sweep_products};
use crate::uncertainty::{GROUPS, PERMUTATIONS, enough_rows, p_value};

/// Multiplications (N² d) and rows of a side up to which all rows are looked at: about a minute of two processors.
const MOST_PRODUCTS: f64 = 3e11;
const MOST_ROWS: usize = 20_000;

/// Rows of each side whose distances set the width of a kernel.
const ROWS_FOR_WIDTH: usize = 1_000;

/// Random streams (see [`crate::stats::generator`]). Both sides draw from the same, so that swapping them changes nothing.
const ROWS_STREAM: u64 = 40;
const WIDTH_STREAM: u64 = 41;

/// The outcomes of these metrics.
pub fn outcomes((pre, eval): SidePair, asked: &[PlannedMetric<FromKernel>], plan: &Plan) -> Vec<Outcome> {
    let measurable = check_measurable(&pre.rows, &eval.rows);
    let most = match plan.rows {
        Some(_) => usize::MAX,
        None => MOST_ROWS.min((MOST_PRODUCTS / pre.summary.width as f64).sqrt() as usize),
    };
    let drawn = [pre, eval].map(|side| side.rows.draw(most, plan.seed, ROWS_STREAM));
    let [a, b] = [&*drawn[0], &*drawn[1]];
    let bandwidth = median_squared(a, b, plan.seed);
    let in_subset = ROWS_IN_SUBSET.min(pre.rows.len().min(eval.rows.len()) / 2);
    let kernels = |wanted: fn(&FromKernel) -> bool| -> Vec<Kernel> {
        let evals = asked.iter().map(|asked| asked.eval);
        evals.filter(wanted).map(|eval| eval.kernel).collect()
    };
    let (whole, parted) = (kernels(|eval| !eval.subsets), kernels(|eval| eval.subsets));
    // One entry for each subset, in it one for each metric.
    let mut all: Vec<Vec<PairSums>> = Vec::new();
    let mut by_subset: Vec<Vec<PairSums>> = Vec::new();
    if measurable.is_ok() {
        if !whole.is_empty() {
            all.push(pair_sums(a, b, &whole, bandwidth));
        }
        if !parted.is_empty() {
            by_subset = sums_of_subsets(&pre.rows, &eval.rows, &parted, bandwidth, (in_subset, plan.seed));
        }
    }
    let tested = kernels(|eval| eval.tested);
    let p_values = match &measurable {
        Ok(()) if !tested.is_empty() => p_values(&pre.rows, &eval.rows, &tested, bandwidth, plan.seed),
        _ => None,
    };
    let mut p_values = p_values.into_iter().flatten();
    let mut next = [0, 0];
    let outcome = |asked: &PlannedMetric<FromKernel>| {
        let FromKernel { subsets, tested, .. } = asked.eval;
        let at = next[usize::from(subsets)];
        next[usize::from(subsets)] += 1;
        let (sums, used, least) = match subsets {
            true => (&by_subset, [&pre.rows, &eval.rows], in_subset),
            false => (&all, [a, b], a.len().min(b.len())),
        };
        let mean = |without: Option<usize>| -> Result<f64> {
            measurable.clone()?;
            let values = sums
                .iter()
                .map(|s| discrepancy(&s[at], without))
                .collect::<Result<Vec<f64>>>()?;
            let value = values.iter().sum::<f64>() / values.len() as f64;
            if value.is_nan() && bandwidth == 0.0 {
                return Err(Error::undefined(
                    "half of all pairs of rows coincide: the kernel has no width",
                ));
            }
            Ok(value)
        };
        let replicates = enough_rows(least as u64).and_then(|()| (0..GROUPS).map(|g| mean(Some(g))).collect());
        let mut outcome = Outcome::new(mean(None)).with_replicates(asked.metric, replicates);
        if subsets {
            outcome.defined_by("subsets", SUBSETS);
            outcome.defined_by("rows_in_subset", in_subset);
            outcome.defined_by("seed", plan.seed);
        }
        say_rows(&mut outcome, (pre, eval), used, plan);
        outcome.n = used.map(|rows| rows.len() as u64).iter().sum();
        let p = if tested { p_values.next() } else { None };
        if outcome.value.as_ref().is_ok_and(|v| v.is_finite()) {
            outcome.null_value = Some(0.0);
            if let Some((p, rows)) = p {
                outcome.p_value = Some(p);
                outcome.found("permutations", PERMUTATIONS);
                outcome.found("rows_tested", rows.to_vec());
            }
        }
        outcome
    };
    asked.iter().map(outcome).collect()
}

/// The median squared distance between pooled rows, of at most a thousand drawn of each side; 0 with fewer than two rows.
fn median_squared(a: &Rows, b: &Rows, seed: u64) -> f64 {
    let [a, b] = [a, b].map(|rows| rows.draw(ROWS_FOR_WIDTH, seed, WIDTH_STREAM));
    let later = |i: usize, squared: &[f64]| squared[i + 1..].to_vec();
    let mut squares = sweep(&a, &a, later);
    squares.extend(sweep(&b, &b, later));
    squares.extend(sweep(&a, &b, |_, squared| squared.to_vec()));
    let mut squares = squares.concat();
    if squares.is_empty() {
        return 0.0;
    }
    let (half, even) = (squares.len() / 2, squares.len() % 2 == 0);
    let (below, middle, _) = squares.select_nth_unstable_by(half, f64::total_cmp);
    if even {
        below.iter().fold(0.0, |most: f64, s| most.max(*s)) / 2.0 + *middle / 2.0
    } else {
        *middle
    }
}

/// The p-value of each kernel's discrepancy under permutations of the domain labels, with the rows of each side tested;
/// `None` with fewer than two rows on a side.
fn p_values(pre: &Rows, eval: &Rows, kernels: &[Kernel], bandwidth: f64, seed: u64) -> Option<Vec<(f64, [usize; 2])>> {
    let pooled = Pooled::draw(pre, eval, seed)?;
    let rows = &pooled.rows;
    let (scale, centre) = scale(rows, rows, bandwidth);
    let at = places(rows, &centre, scale.d);
    // The kernels of each row and the rows that come later.
    let values = sweep_products(rows, rows, &centre, |i, squared, products| -> Vec<Vec<f64>> {
        let later = || squared.iter().zip(products).enumerate().skip(i + 1);
        let of_kernel = |kernel: &Kernel| {
            later()
                .map(|(j, (&squared, &product))| kernel(&scale, at[i], at[j], Lie { squared, product }))
                .collect()
        };
        kernels.iter().map(of_kernel).collect()
    });
    let values = &values;
    let held: Vec<_> = (0..kernels.len())
        .map(|k| move |i: usize, j: usize| values[i][k][j - i - 1])
        .collect();
    let found = pooled.discrepancies(&held);
    Some(found.iter().map(|all| (p_value(all), pooled.sizes)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::subsets::SUBSET_STREAM;
    use super::*;
    use crate::metrics::sample_distance::nearness;
    use ndarray::Array1;
    use ndarray::Array2;

    fn rows(n: usize, seed: usize) -> Rows {
        let values = Array2::from_shape_fn((n, 3), |(i, j)| ((i * 31 + j * 17 + i * j * seed) % 29) as f64 / 3.0);
        let groups: Vec<u8> = (0..n).map(|i| (i % GROUPS) as u8).collect();
        let mut rows = Rows::choose((0..n).collect(), &groups, None, 3);
        rows.push(values.view());
        rows
    }

    /// The energy distance by plain loops, without the rows of one group.
    fn plain(a: &Rows, b: &Rows, without: Option<usize>) -> f64 {
        let kept = |rows: &Rows| -> Vec<Array1<f64>> {
            let places = (0..rows.len()).filter(|&i| Some(usize::from(rows.groups()[i])) != without);
            places.map(|i| rows.row(i)).collect()
        };
        let mean = |x: &[Array1<f64>], y: &[Array1<f64>], same: bool| {
            let (mut sum, mut pairs) = (0.0, 0.0);
            for (i, x) in x.iter().enumerate() {
                for (j, y) in y.iter().enumerate() {
                    if !(same && i == j) {
                        let apart = x - y;
                        sum += apart.dot(&apart).sqrt();
                        pairs += 1.0;
                    }
                }
            }
            sum / pairs
        };
        let (a, b) = (kept(a), kept(b));
        2.0 * mean(&a, &b, false) - mean(&a, &a, true) - mean(&b, &b, true)
    }

    #[test]
    fn sums_by_group_give_every_leave_one_out_value() {
        let (a, b) = (rows(43, 1), rows(35, 5));
        let sums = &pair_sums(&a, &b, &[nearness], 1.0)[0];
        for without in std::iter::once(None).chain((0..GROUPS).map(Some)) {
            let expected = plain(&a, &b, without);
            assert!((discrepancy(sums, without).unwrap() - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn the_labellings_discrepancies_are_those_of_the_rows_they_name() {
        let (a, b) = (rows(23, 1), rows(15, 5));
        let pooled = Pooled::draw(&a, &b, 3).unwrap();
        let points: Vec<Array1<f64>> = (0..38).map(|i| pooled.rows.row(i)).collect();
        let kernel = |i: usize, j: usize| {
            let apart = &points[i] - &points[j];
            -apart.dot(&apart).sqrt()
        };
        let found = &pooled.discrepancies(&[kernel])[0];
        for labelling in [0, 1, 500, PERMUTATIONS] {
            let side = |eval: f64| {
                let places: Vec<usize> = (0..38).filter(|&i| pooled.labels[[labelling, i]] == eval).collect();
                pooled.rows.subset(&places)
            };
            let expected = plain(&side(0.0), &side(1.0), None);
            assert!((found[labelling] - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn subsets_from_kernels_that_are_held_are_those_computed_by_themselves() {
        let (a, b) = (rows(43, 1), rows(35, 5));
        let held = sums_of_subsets(&a, &b, &[nearness], 1.0, (20, 9));
        assert_eq!(held.len() as u64, SUBSETS);
        for (s, held) in (0..).zip(&held).take(7) {
            let subset = |rows| Rows::draw(rows, 20, 9, SUBSET_STREAM + s);
            let alone = pair_sums(&subset(&a), &subset(&b), &[nearness], 1.0);
            for without in [None, Some(0), Some(7)] {
                let (x, y) = (
                    discrepancy(&held[0], without).unwrap(),
                    discrepancy(&alone[0], without).unwrap(),
                );
                assert!((x - y).abs() < 1e-12, "{s}: {x} {y}");
            }
        }
    }

    #[test]
    fn the_median_is_that_of_all_pairs() {
        let mut a = Rows::choose(vec![0, 1], &[0, 0], None, 1);
        a.push(ndarray::array![[0.0], [1.0]].view());
        let mut b = Rows::choose(vec![0], &[0], None, 1);
        b.push(ndarray::array![[4.0]].view());
        // 1, 16, 9.
        assert_eq!(median_squared(&a, &b, 0), 9.0);
        // 1 alone and 16, 9 twice each: 1, 9, 9, 16, 16, and 0 between the equal rows.
        let mut b = Rows::choose(vec![0, 1], &[0, 0], None, 1);
        b.push(ndarray::array![[4.0], [4.0]].view());
        assert_eq!(median_squared(&a, &b, 0), 9.0);
        assert_eq!(median_squared(&b, &b.subset(&[0]), 0), 0.0);
    }
}
