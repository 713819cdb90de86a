//! Further passes over a set whose class means are known.

use ndarray::Array2;
use rayon::prelude::*;

use super::batches::each_batch;
use super::group::LayerGroup;
use super::image_views::is_viewed;
use super::limits::{WIDEST, too_wide};
use super::piece::Extent;
use super::plan::Plan;
use super::subject::labels;
use crate::error::Result;
use crate::features::FeatureSet;
use crate::stats::{
    Centres, ClassMoments, Moments, SecondPass, SecondPassNeeds, Spectrum, Summariser, Summary, SummaryNeeds,
    out_of_range,
};

/// Channels above which no covariance within classes is made: a second pass holds up to 21 sums beside the first one's ten.
pub const WIDEST_WITHIN: usize = WIDEST / 2;

/// Numbers that the classes of one pass may hold: 1 GiB.
const HELD: usize = 1 << 27;

impl Plan {
    /// What a second pass over a set must collect for the plan's metrics.
    pub fn second_pass_needs(&self, set: &dyn FeatureSet) -> SecondPassNeeds {
        if labels(set).is_none() {
            return SecondPassNeeds::default();
        }
        let mut wanted = SecondPassNeeds::default();
        for asked in self.asked() {
            let needs = asked.eval.needs().second_pass;
            let resamples = needs.any() && asked.resamples();
            wanted = wanted.or(SecondPassNeeds { resamples, ..needs });
        }
        wanted.scatter &= set.width() <= WIDEST_WITHIN;
        wanted
    }

    /// Whether a metric looks at the spectrum of each class.
    pub fn spectra_of_classes(&self, set: &dyn FeatureSet) -> bool {
        labels(set).is_some() && self.needs().any(|n| n.class_spectra)
    }
}

/// Reads a set again for what `wanted` names; `fitted` is another split of the same data, whose class means then are the
/// centres rows are assigned to.
pub fn second_pass(
    set: &dyn FeatureSet,
    summary: &Summary,
    groups: Vec<u8>,
    fitted: Option<&dyn FeatureSet>,
    wanted: SecondPassNeeds,
    read: &(dyn Fn(u64) + Sync),
) -> Result<SecondPass> {
    let classes = labels(set).map(|l| l.class_of().to_vec()).unwrap_or_default();
    let centres = match fitted {
        Some(fitted) if wanted.nearest => Some(centres(fitted, set, read)?),
        _ => None,
    };
    let mut pass = SecondPass::new(summary, groups, classes, centres, wanted);
    each_batch(set, read, |rows| pass.push(rows))?;
    Ok(pass)
}

/// The class means of `fitted`, and which of them belongs to each class of `set`, by name.
fn centres(fitted: &dyn FeatureSet, set: &dyn FeatureSet, read: &(dyn Fn(u64) + Sync)) -> Result<Centres> {
    let mut summariser = Summariser::new(fitted.rows(), fitted.width(), labels(fitted), SummaryNeeds::default());
    each_batch(fitted, read, |rows| summariser.push(rows))?;
    let classes: ClassMoments = summariser.finish().classes_without(None, false);
    let names = |set: &dyn FeatureSet| labels(set).map(|l| l.names().to_vec()).unwrap_or_default();
    let known = names(fitted);
    Ok(Centres {
        means: classes.means().clone(),
        of_class: names(set)
            .iter()
            .map(|name| known.iter().position(|k| k == name))
            .collect(),
    })
}

/// One class on its way to its spectrum, in the smaller of two forms.
enum Class {
    /// Fewer rows than channels: the rows, and how many are filled.
    Rows(Array2<f64>, usize),
    Moments(Moments),
}

impl Class {
    fn new(rows: usize, d: usize) -> Self {
        if rows <= d {
            Self::Rows(Array2::zeros((rows, d)), 0)
        } else {
            Self::Moments(Moments::new(d))
        }
    }

    fn size(rows: usize, d: usize) -> usize {
        if rows <= d { rows * d } else { d * (d + 1) / 2 }
    }

    fn spectrum(self) -> Result<Spectrum> {
        match self {
            Self::Rows(rows, _) => Spectrum::of_rows(rows.view()),
            Self::Moments(moments) => Spectrum::new(&moments, crate::stats::SecondMoment::Covariance),
        }
    }
}

/// Batches of classes that are taken in one pass each.
fn passes(counts: &[usize], d: usize) -> Vec<std::ops::Range<usize>> {
    let mut passes = Vec::new();
    let (mut from, mut held) = (0, 0);
    for (c, &rows) in counts.iter().enumerate() {
        let size = Class::size(rows, d);
        if held > 0 && held + size > HELD {
            passes.push(from..c);
            (from, held) = (c, 0);
        }
        held += size;
    }
    passes.push(from..counts.len());
    passes
}

/// How many passes the spectra of its classes take.
pub fn passes_of_classes(set: &dyn FeatureSet) -> usize {
    labels(set).map_or(0, |l| passes(&l.counts(), set.width()).len())
}

/// The spectrum of the covariance of each class; as many classes at a time as fit, one pass over the set for each such batch.
pub fn spectra_of_classes(
    set: &dyn FeatureSet,
    measurable: bool,
    read: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Result<Spectrum>>> {
    let (Some(labels), d) = (labels(set), set.width()) else {
        return Ok(Vec::new());
    };
    let counts = labels.counts();
    if !measurable || d > WIDEST {
        let reason = match measurable {
            true => too_wide(d, "spectrum is"),
            false => out_of_range(),
        };
        return Ok(counts.iter().map(|_| Err(reason.clone())).collect());
    }
    let mut spectra = Vec::with_capacity(counts.len());
    for range in passes(&counts, d) {
        let mut classes: Vec<Class> = range.clone().map(|c| Class::new(counts[c], d)).collect();
        let mut seen = 0;
        each_batch(set, read, |batch| {
            let mut members: Vec<Vec<usize>> = vec![Vec::new(); classes.len()];
            for (i, class) in labels.class_of()[seen..seen + batch.nrows()].iter().enumerate() {
                if let Some(c) = class.map(|c| c as usize).filter(|c| range.contains(c)) {
                    members[c - range.start].push(i);
                }
            }
            classes
                .par_iter_mut()
                .zip(&members)
                .for_each(|(class, members)| match class {
                    Class::Rows(rows, filled) => {
                        for &i in members {
                            rows.row_mut(*filled).assign(&batch.row(i));
                            *filled += 1;
                        }
                    }
                    Class::Moments(moments) => moments.update(batch.select(ndarray::Axis(0), members).view()),
                });
            seen += batch.nrows();
        })?;
        let found: Vec<Result<Spectrum>> = classes.into_par_iter().map(Class::spectrum).collect();
        spectra.extend(found);
    }
    Ok(spectra)
}

/// Rows that an analysis reads of the set at a place of its group, all passes together.
pub fn rows_read(group: &LayerGroup, place: usize, plan: &Plan, part: Extent) -> u64 {
    let set = group.sets[place];
    if part == Extent::InPairs {
        return set.rows() as u64;
    }
    let wanted = plan.second_pass_needs(set);
    let mut extra = 0;
    let mut passes = 1 + usize::from(wanted.any());
    if plan.spectra_of_classes(set) {
        passes += passes_of_classes(set);
    }
    let mut of_fitted = usize::from(wanted.nearest);
    if group.is_probed(place, plan) {
        passes += 1;
        of_fitted += 1;
    }
    if let Some((features, logits)) = group.head_of(place, plan) {
        extra += features.rows() + logits.rows();
    }
    if plan.most_views().is_some() && is_viewed(set) {
        passes += 1;
    }
    let fitted = group.fitted_of(place, plan).map_or(0, |fitted| fitted.rows());
    (passes * set.rows() + of_fitted * fitted + extra) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_share_a_pass_as_long_as_they_fit() {
        // 2048 channels: 2048 rows or more are held as 2 M numbers, 63 of them in 128 M.
        let many = vec![5_000; 130];
        let found = passes(&many, 2048);
        assert_eq!(found, [0..63, 63..126, 126..130]);
        let few = passes(&[10, 20], 4);
        assert_eq!((few.len(), few[0].clone()), (1, 0..2));
        // One class that is larger than a pass still gets one.
        assert_eq!(passes(&[100_000, 100_000], 16_384), [0..1, 1..2]);
    }
}
