//! One split of an image data set, opened and read range by range.

use std::fmt;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::format::DatasetFormat;
use super::located::Located;
use super::raw::Raw;
use super::source::ImageSource;
use super::{cifar, classes, coco, csv, folder, idx, locate, parquet, shards, split, webdataset};
use crate::error::{Error, Result};
use crate::files::{check_name, hex};

/// Bytes of stored images that are held at once, and one image more.
const HELD: usize = 64 << 20;

/// One split of an image data set, restricted to the classes asked for.
pub struct ImageSet {
    name: String,
    format: DatasetFormat,
    split: String,
    classes: Vec<String>,
    labels: Vec<Option<u32>>,
    /// Rows of the source that are kept, ascending.
    rows: Vec<usize>,
    left_out: Vec<String>,
    source: Box<dyn ImageSource>,
}

/// Opens one split of a data set.
///
/// `path` may be prefixed `FORMAT:`. `split` may be left out where there is only one. `classes` keeps the images of some
/// classes, by name or by index; unlabelled images are then left out.
///
/// # Errors
/// A path that holds no known data set, a split or class it does not have, and damaged files.
pub fn open(path: &str, split: Option<&str>, classes: Option<&[String]>) -> Result<ImageSet> {
    let located = locate::locate(path)?;
    let split = split::choose(&located.shown, &splits_of(&located)?, split)?;
    open_split(&located, &split, classes)
}

pub(super) fn splits_of(at: &Located) -> Result<split::Splits> {
    match at.format {
        DatasetFormat::Cifar10 | DatasetFormat::Cifar100 => cifar::splits(at),
        DatasetFormat::Idx => idx::splits(at),
        DatasetFormat::Folder => folder::splits(at),
        DatasetFormat::Parquet => shards::splits(at, parquet::ENDING),
        DatasetFormat::WebDataset => webdataset::splits(at),
        DatasetFormat::Csv => shards::splits(at, csv::ENDING),
        DatasetFormat::Coco => coco::splits(at),
    }
}

pub(super) fn open_split(at: &Located, split: &str, classes: Option<&[String]>) -> Result<ImageSet> {
    let contents = match at.format {
        DatasetFormat::Cifar10 | DatasetFormat::Cifar100 => cifar::open(at, split)?,
        DatasetFormat::Idx => idx::open(at, split)?,
        DatasetFormat::Folder => folder::open(at, split)?,
        DatasetFormat::Parquet => parquet::open(at, split)?,
        DatasetFormat::WebDataset => webdataset::open(at, split)?,
        DatasetFormat::Csv => csv::open(at, split)?,
        DatasetFormat::Coco => coco::open(at, split)?,
    };
    contents
        .classes
        .iter()
        .try_for_each(|class| check_name(&at.path, "a class", class))?;
    let mut set = ImageSet {
        name: at.name(),
        format: at.format,
        split: split.to_owned(),
        rows: (0..contents.labels.len()).collect(),
        classes: contents.classes,
        labels: contents.labels,
        left_out: contents.left_out,
        source: contents.source,
    };
    if let Some(wanted) = classes {
        let kept = classes::select(&at.shown, &set.classes, wanted)?;
        let dense: Vec<Option<u32>> = (0..set.classes.len())
            .map(|c| kept.iter().position(|&k| k == c).map(|i| i as u32))
            .collect();
        for label in &mut set.labels {
            *label = label.and_then(|c| dense.get(c as usize).copied().flatten());
        }
        set.classes = kept.iter().map(|&c| set.classes[c].clone()).collect();
        set = set.filtered(Option::is_some);
    }
    Ok(set)
}

impl ImageSet {
    /// The same set with the first so many images of each class alone, in the same order. Those without a label count as a
    /// class.
    #[must_use]
    pub fn first_of_each(self, limit: u64) -> Self {
        let mut taken = std::collections::HashMap::new();
        self.filtered(|label| {
            let count = taken.entry(*label).or_insert(0);
            *count += 1;
            *count <= limit
        })
    }

    /// The same set with the images alone whose label is kept.
    fn filtered(mut self, mut is_kept: impl FnMut(&Option<u32>) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.rows.len()).filter(|&i| is_kept(&self.labels[i])).collect();
        self.rows = kept.iter().map(|&i| self.rows[i]).collect();
        self.labels = kept.iter().map(|&i| self.labels[i]).collect();
        self
    }

    /// A name for the data set, taken from its path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The layout it was read from.
    pub fn format(&self) -> DatasetFormat {
        self.format
    }

    /// The split: `train`, `val`, `test` or another name; empty where there are no splits.
    pub fn split(&self) -> &str {
        &self.split
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if there are no images.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The names of the classes kept, in the data set's order; empty where it is unlabelled.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The class of image `i`, an index into [`ImageSet::classes`]; `None` where unlabelled or out of range.
    pub fn label(&self, i: usize) -> Option<u32> {
        self.labels.get(i).copied().flatten()
    }

    /// The id of image `i` (< [`ImageSet::len`]): unique, and independent of the class filter. The relative path of a
    /// file, `SHARD/KEY`, `IMAGE/ANNOTATION`, else `SPLIT/ROW`.
    pub fn id(&self, i: usize) -> String {
        self.source.id(self.rows[i])
    }

    /// What the data set has that is not among its images, each with its count: crowds, samples without an image.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The number of images of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for &label in self.labels.iter().flatten() {
            counts[label as usize] += 1;
        }
        counts
    }

    /// SHA-256 (hex) over ids, labels and content: equal means the same images with the same labels in the same order.
    ///
    /// Content is every byte, except that above 1 GiB of image files, shards or Parquet only sizes (and the footers, which
    /// hold sizes and offsets) are taken, so that it stays cheap.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn fingerprint(&self) -> Result<String> {
        let mut hasher = Sha256::new();
        hasher.update(b"featscope/images/1");
        let text = |hasher: &mut Sha256, s: &str| {
            hasher.update((s.len() as u64).to_le_bytes());
            hasher.update(s.as_bytes());
        };
        hasher.update((self.classes.len() as u64).to_le_bytes());
        self.classes.iter().for_each(|c| text(&mut hasher, c));
        hasher.update((self.len() as u64).to_le_bytes());
        for i in 0..self.len() {
            text(&mut hasher, &self.id(i));
            hasher.update(self.label(i).unwrap_or(u32::MAX).to_le_bytes());
        }
        self.source.digest(&self.rows, &mut hasher)?;
        Ok(hex(hasher))
    }

    /// The first images of `range` as they are stored, in order: at least one, and as many as may be held at once.
    ///
    /// # Errors
    /// As [`ImageSet::read`].
    pub fn read_some(&self, range: Range<usize>) -> Result<Vec<Raw>> {
        let rows = self.rows.get(range.clone()).ok_or_else(|| {
            let (from, to, n) = (range.start, range.end, self.len());
            Error::input(format!(
                "{}: images {from}..{to} asked for, but there are {n}",
                self.name
            ))
        })?;
        match rows.is_empty() {
            true => Ok(Vec::new()),
            false => self.source.read(rows, HELD),
        }
    }

    /// Refuses to go on where the folder of image `i` is gone: then that image is not a bad one.
    ///
    /// # Errors
    /// When the folder was there when the set was opened, and is no more.
    pub fn check_folder(&self, i: usize) -> Result<()> {
        match self.rows.get(i).and_then(|&row| self.source.gone(row)) {
            None => Ok(()),
            Some(folder) => Err(Error::input(format!(
                "{}: was there and is gone, with the images in it; put it back and run again with --resume",
                folder.display()
            ))),
        }
    }

    /// Images `range` as they are stored, in order: cheap and sequential. Decoding is [`Raw::decode`]'s work, for
    /// another thread.
    ///
    /// An image that cannot be read on its own (a file that vanished, a row without bytes) is an error of its `decode`,
    /// so that it can be skipped.
    ///
    /// # Errors
    /// A range outside the set, or files that cannot be read as a whole.
    pub fn read(&self, range: Range<usize>) -> Result<Vec<Raw>> {
        let mut images = self.read_some(range.clone())?;
        while images.len() < range.len() {
            images.extend(self.read_some(range.start + images.len()..range.end)?);
        }
        Ok(images)
    }
}

impl fmt::Debug for ImageSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ImageSet({} {} {:?}, {} images)",
            self.format,
            self.name,
            self.split,
            self.len()
        )
    }
}
