//! The layouts an image data set may have on disk.

use std::fmt;

/// The layouts an image data set may have on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatasetFormat {
    /// CIFAR-10, binary or Python batches.
    Cifar10,
    /// CIFAR-100, binary or Python batches; the labels are the 100 fine ones.
    Cifar100,
    /// IDX, the MNIST family.
    Idx,
    /// A folder per class.
    Folder,
    /// Parquet with encoded images.
    Parquet,
    /// WebDataset tar shards.
    WebDataset,
    /// A table of paths and labels.
    Csv,
    /// Objects of COCO annotations.
    Coco,
}

impl DatasetFormat {
    /// Every format, in the order they are looked for.
    pub const ALL: [Self; 8] = [
        Self::Cifar10,
        Self::Cifar100,
        Self::Idx,
        Self::Parquet,
        Self::Folder,
        Self::WebDataset,
        Self::Csv,
        Self::Coco,
    ];

    /// The name used as the prefix of a path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar10",
            Self::Cifar100 => "cifar100",
            Self::Idx => "idx",
            Self::Folder => "folder",
            Self::Parquet => "parquet",
            Self::WebDataset => "webdataset",
            Self::Csv => "csv",
            Self::Coco => "coco",
        }
    }
}

impl fmt::Display for DatasetFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
