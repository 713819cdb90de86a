//! What became of each image: its pixels' digest, or why it was left out. Kept in the writer's journal, so that an
//! extraction that was killed still counts every duplicate and names every image left out.

use serde_json::{Value, json};

use crate::images::{Digest, Met};
use crate::store::{Repeated, Skipped, SkippedImage};

/// Images named one by one in a manifest; the others are counted.
const NAMED: usize = 100;

/// What became of one image.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// It was decoded, to these pixels.
    Seen(Digest),
    /// It was left out, and why.
    Skipped(String),
}

impl Fate {
    fn to_json(&self) -> Value {
        match self {
            Self::Seen(digest) => json!(format!("{:032x}", digest.to_number())),
            Self::Skipped(why) => json!({ "skipped": why }),
        }
    }

    fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(digest) => {
                let number = u128::from_str_radix(digest, 16).ok()?;
                Some(Self::Seen(Digest::from_number(number)))
            }
            other => Some(Self::Skipped(other.get("skipped")?.as_str()?.to_owned())),
        }
    }
}

/// The fates of the images so far, in order.
#[derive(Debug, Default)]
pub(super) struct ImageFates(Vec<Fate>);

impl ImageFates {
    /// What a journal kept; `None` where it is not ours.
    pub(super) fn recall(memory: &[Value]) -> Option<Self> {
        memory.iter().map(Fate::from_json).collect::<Option<_>>().map(Self)
    }

    /// Takes in the fates of images `first`…; returns those that are new, for the journal.
    pub(super) fn take_in(&mut self, first: usize, fates: Vec<Fate>) -> Vec<Value> {
        let known = self.0.len().saturating_sub(first);
        let from = self.0.len();
        self.0.extend(fates.into_iter().skip(known));
        self.0[from..].iter().map(Fate::to_json).collect()
    }

    /// Where to go on when `rows` rows are written, of `rows_each` an image: the first image whose rows are not all
    /// there, and the row its batch of `batch_size` images begins with. `None` when the journal is too short for that.
    pub(super) fn go_on(&self, rows: usize, rows_each: usize, batch_size: usize) -> Option<(usize, usize)> {
        let (mut row, mut batch_row) = (0, 0);
        for (image, fate) in self.0.iter().enumerate() {
            if image.is_multiple_of(batch_size) {
                batch_row = row;
            }
            if let Fate::Seen(_) = fate {
                row += rows_each;
                if row > rows {
                    return Some((image, batch_row));
                }
            }
        }
        let image = self.0.len();
        let batch_row = if image.is_multiple_of(batch_size) {
            row
        } else {
            batch_row
        };
        (row == rows).then_some((image, batch_row))
    }

    /// Images left out; their ids are found with `id`. `None` where there are none.
    pub(super) fn skipped(&self, id: impl Fn(usize) -> String) -> Option<Skipped> {
        let mut skipped = Skipped::default();
        for (image, fate) in self.0.iter().enumerate() {
            if let Fate::Skipped(reason) = fate {
                skipped.count += 1;
                if skipped.images.len() < NAMED {
                    skipped.images.push(SkippedImage {
                        id: id(image),
                        reason: reason.clone(),
                    });
                }
            }
        }
        (skipped.count > 0).then_some(skipped)
    }

    /// Images whose pixels are exactly those of an earlier one. `None` where there are none.
    pub(super) fn repeated(&self, id: impl Fn(usize) -> String) -> Option<Repeated> {
        let mut met = Met::default();
        for (image, fate) in self.0.iter().enumerate() {
            if let Fate::Seen(digest) = fate {
                met.add(image, *digest);
            }
        }
        let found = met.duplicates(id);
        let examples = found.examples.into_iter().map(|(first, later)| [first, later]);
        (found.count > 0).then(|| Repeated {
            count: found.count,
            examples: examples.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_come_back_from_the_journal_and_rows_find_their_images() {
        let seen = |number| Fate::Seen(Digest::from_number(number));
        let fates = vec![seen(7), Fate::Skipped("torn".into()), seen(u128::MAX), seen(7)];
        let mut seen = ImageFates::default();
        let mut memory = seen.take_in(0, fates[..2].to_vec());
        // A batch that begins with an image that is known already.
        memory.extend(seen.take_in(1, fates[1..].to_vec()));
        assert_eq!(memory.len(), 4);
        let seen = ImageFates::recall(&memory).unwrap();
        assert_eq!(seen.0, fates);
        // Two rows an image: rows 0 1 | - | 2 3 | 4 5.
        let places: Vec<_> = (0..7).map(|rows| seen.go_on(rows, 2, 2).unwrap()).collect();
        assert_eq!(places, [(0, 0), (0, 0), (2, 2), (2, 2), (3, 2), (3, 2), (4, 6)]);
        assert_eq!(seen.go_on(7, 2, 2), None);
        let id = |i: usize| format!("i{i}");
        assert_eq!(seen.skipped(id).unwrap().images[0].id, "i1");
        assert_eq!(seen.repeated(id).unwrap().examples, [["i0", "i3"]]);
        assert!(ImageFates::recall(&[json!(3)]).is_none());
        assert!(ImageFates::default().skipped(id).is_none() && ImageFates::default().repeated(id).is_none());
    }
}
