//! What a pass over some rows of a set found, to be written, read and merged.

use std::ops::Range;

use ndarray::{Array1, Array2};

use super::channel_values::ChannelValues;
use super::class_moments::ClassMoments;
use super::moments::Moments;
use super::row_span::RowSpan;
use super::summary::{GroupMoments, Sample, Summary};
use crate::error::{Error, Result};
use crate::files::Numbers;
use crate::uncertainty::GROUPS;

/// The schema of a written state; it changes with any of its arrays, and with the order of any sum.
pub const STATE: &str = "featscope/state/1";

/// Numbers that the sample of a state may take up when it is read: 2 GiB. A few bytes can claim more.
const MOST_SAMPLED: usize = 1 << 28;

/// All rows of several parts of one set, given in any order: a pairwise tree over the parts in the order of their rows.
///
/// # Errors
/// For parts that are missing or there twice, of another set, or looked at otherwise.
pub fn merged(mut parts: Vec<Summary>) -> Result<Summary> {
    parts.sort_by_key(|part| (part.place.rows.start, part.place.rows.end));
    let Some(first) = parts.first() else {
        return Err(Error::input("no parts to merge; name at least one"));
    };
    let total = first.place.total;
    let mut next = 0;
    for part in &parts {
        let Range { start, end } = part.place.rows;
        if !part.is_like(first) {
            return Err(Error::input(format!(
                "rows {start} to {end} are of another set, or were looked at otherwise; merge the parts of one plan"
            )));
        }
        if start != next {
            let what = if start > next { "missing" } else { "there twice" };
            let (low, high) = (start.min(next), start.max(next));
            return Err(Error::input(format!(
                "rows {low} to {high} are {what}; merge every part once"
            )));
        }
        next = end;
    }
    if next != total {
        return Err(Error::input(format!(
            "rows {next} to {total} are missing; merge every part once"
        )));
    }
    Ok(tree(parts))
}

/// Merges neighbours pair by pair.
fn tree(mut parts: Vec<Summary>) -> Summary {
    while parts.len() > 1 {
        let mut pairs = parts.into_iter();
        let mut merged = Vec::with_capacity(pairs.len().div_ceil(2));
        while let Some(first) = pairs.next() {
            merged.push(match pairs.next() {
                Some(second) => first.and(&second),
                None => first,
            });
        }
        parts = merged;
    }
    parts.pop().expect("one is left of several")
}

impl Summary {
    /// Whether two parts are of one set, looked at alike.
    fn is_like(&self, other: &Self) -> bool {
        let kept = |s: &Self| {
            let part = &s.parts[0];
            (
                part.moments.is_some(),
                part.unit.is_some(),
                part.normalised.is_some(),
                part.classes.classes(),
            )
        };
        (self.width, self.place.total, &self.place.key) == (other.width, other.place.total, &other.place.key)
            && self.sample.rows.dim() == other.sample.rows.dim()
            && kept(self) == kept(other)
    }

    /// These rows and those that come next.
    fn and(mut self, next: &Self) -> Self {
        for (mine, theirs) in self.parts.iter_mut().zip(&next.parts) {
            *mine = GroupMoments::merged([&*mine, theirs].into_iter());
        }
        for &place in &next.sample.held {
            self.sample.rows.row_mut(place).assign(&next.sample.rows.row(place));
            self.sample.groups[place] = next.sample.groups[place];
        }
        self.sample.held.extend_from_slice(&next.sample.held);
        self.place.rows.end = next.place.rows.end;
        self.rows += next.rows;
        self
    }

    /// As the bytes of a file of schema [`STATE`].
    ///
    /// # Errors
    /// When there are more numbers than a file can hold.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut to = Numbers::new();
        let RowSpan {
            rows,
            total,
            before,
            key,
        } = &self.place;
        to.set_about("key", key.as_str());
        to.count(
            "rows",
            [rows.start, rows.end, *total, self.width, self.sample.rows.nrows()].map(|n| n as u64),
        );
        to.count("before", before.iter().copied());
        let held = &self.sample.held;
        to.count("sample.places", held.iter().map(|&place| place as u64));
        to.count(
            "sample.groups",
            held.iter().map(|&place| u64::from(self.sample.groups[place])),
        );
        let sample = held.iter().flat_map(|&place| self.sample.rows.row(place).to_vec());
        to.put("sample.rows", sample);
        for (group, part) in self.parts.iter().enumerate() {
            let name = |what: &str| format!("{group}.{what}");
            to.count(name("rows"), [part.rows]);
            write_classes(&mut to, &name("classes"), &part.classes);
            if let Some(normalised) = &part.normalised {
                write_classes(&mut to, &name("normalised"), normalised);
            }
            for (what, moments) in [("moments", &part.moments), ("unit", &part.unit)] {
                if let Some(moments) = moments {
                    let (n, mean, packed) = moments.numbers();
                    to.count(name(&format!("{what}.n")), [n]);
                    to.put(name(&format!("{what}.mean")), mean.iter().copied());
                    to.put(name(&format!("{what}.scatter")), packed.iter().copied());
                }
            }
            let channels = &part.channels;
            to.count(name("channels.n"), [channels.n]);
            to.put(name("channels.low"), channels.low.iter().copied());
            to.put(name("channels.high"), channels.high.iter().copied());
            to.count(name("channels.zeros"), channels.zeros.iter().copied());
        }
        to.to_bytes(STATE)
    }

    /// From the bytes of such a file; `path` is where they are from, for a sentence.
    ///
    /// # Errors
    /// For bytes that are damaged, of another version, or of no such state.
    pub fn from_bytes(bytes: &[u8], path: &str) -> Result<Self> {
        let mut from = Numbers::from_bytes(bytes, STATE, path)?;
        read(&mut from).ok_or_else(|| {
            Error::input(format!(
                "{path}: its arrays do not fit together as those of a state; make it again"
            ))
        })
    }
}

fn write_classes(to: &mut Numbers, name: &str, classes: &ClassMoments) {
    to.count(format!("{name}.counts"), classes.counts().iter().copied());
    to.put(format!("{name}.means"), classes.means().iter().copied());
    to.put(format!("{name}.spreads"), classes.spreads().iter().copied());
}

/// The state that these arrays are, if they are one.
fn read(from: &mut Numbers) -> Option<Summary> {
    let size = |n: u64| usize::try_from(n).ok();
    let [start, end, total, width, amount] = from.take_counts("rows")?.try_into().ok()?;
    let (start, end, total, d, amount) = (size(start)?, size(end)?, size(total)?, size(width)?, size(amount)?);
    let before = from.take_counts("before")?;
    let classes = before.len().checked_sub(1)?;
    let fits = amount.checked_mul(d).is_some_and(|numbers| numbers <= MOST_SAMPLED);
    if !(start <= end && end <= total && amount <= total && fits) {
        return None;
    }
    let held: Vec<usize> = from
        .take_counts("sample.places")?
        .into_iter()
        .map(size)
        .collect::<Option<_>>()?;
    let groups = from.take_counts("sample.groups")?;
    let rows = Array2::from_shape_vec((held.len(), d), from.take("sample.rows")?).ok()?;
    let is_sound = |(place, group): (&usize, &u64)| *place < amount && *group < GROUPS as u64;
    if groups.len() != held.len() || !held.iter().zip(&groups).all(is_sound) {
        return None;
    }
    let mut sample = Sample {
        rows: Array2::zeros((amount, d)),
        groups: vec![0; amount],
        held,
    };
    for (i, &place) in sample.held.iter().enumerate() {
        sample.rows.row_mut(place).assign(&rows.row(i));
        sample.groups[place] = groups[i] as u8;
    }
    let parts: Vec<GroupMoments> = (0..GROUPS)
        .map(|g| read_part(from, g, classes, d))
        .collect::<Option<_>>()?;
    let kept = |part: &GroupMoments| (part.moments.is_some(), part.unit.is_some(), part.normalised.is_some());
    let counted = sum(parts.iter().map(|part| part.rows))?;
    if counted != (end - start) as u64 || parts.iter().any(|part| kept(part) != kept(&parts[0])) {
        return None;
    }
    Some(Summary {
        rows: counted,
        width: d,
        parts,
        sample,
        place: RowSpan {
            rows: start..end,
            total,
            before,
            key: from.about("key")?.to_owned(),
        },
    })
}

/// The sum of counts that may be anything; `None` where it is no number of 64 bits.
fn sum(counts: impl IntoIterator<Item = u64>) -> Option<u64> {
    counts.into_iter().try_fold(0u64, u64::checked_add)
}

fn read_part(from: &mut Numbers, group: usize, classes: usize, d: usize) -> Option<GroupMoments> {
    let name = |what: &str| format!("{group}.{what}");
    let [rows] = from.take_counts(&name("rows"))?.try_into().ok()?;
    let moments = |from: &mut Numbers, what: &str| -> Option<Option<Moments>> {
        let Some(n) = from.take_counts(&name(&format!("{what}.n"))) else {
            return Some(None);
        };
        let [n] = n.try_into().ok()?;
        let mean = from
            .take(&name(&format!("{what}.mean")))
            .filter(|mean| mean.len() == d)?;
        let packed = from.take(&name(&format!("{what}.scatter")))?;
        Moments::from_numbers(n, Array1::from(mean), packed)
            .filter(|moments| moments.n() == rows)
            .map(Some)
    };
    let channels = ChannelValues {
        n: from
            .take_counts(&name("channels.n"))?
            .try_into()
            .map(|[n]: [u64; 1]| n)
            .ok()?,
        low: Array1::from(from.take(&name("channels.low"))?),
        high: Array1::from(from.take(&name("channels.high"))?),
        zeros: Array1::from(from.take_counts(&name("channels.zeros"))?),
    };
    let sizes = [channels.low.len(), channels.high.len(), channels.zeros.len()];
    let part = GroupMoments {
        rows,
        moments: moments(from, "moments")?,
        unit: moments(from, "unit")?,
        classes: read_classes(from, &name("classes"), classes, d)??,
        normalised: read_classes(from, &name("normalised"), classes, d)?,
        channels,
    };
    let labelled = sum(part.classes.counts().iter().copied())?;
    (sizes == [d; 3] && part.channels.n == rows && labelled <= rows).then_some(part)
}

/// Class moments where there are some; `None` where they do not fit together.
fn read_classes(from: &mut Numbers, name: &str, classes: usize, d: usize) -> Option<Option<ClassMoments>> {
    let Some(counts) = from.take_counts(&format!("{name}.counts")) else {
        return Some(None);
    };
    let means = Array2::from_shape_vec((classes, d), from.take(&format!("{name}.means"))?).ok()?;
    let spreads = from.take(&format!("{name}.spreads"))?;
    let fits = counts.len() == classes && spreads.len() == classes;
    fits.then(|| Some(ClassMoments::from_numbers(counts, means, spreads)))
}
