//! From a path to a format: the prefix the user wrote, or what lies there.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::format::DatasetFormat;
use super::located::Located;
use super::{archive, cifar, coco, csv, files, folder, idx, parquet, shards, split, webdataset};
use crate::error::{Error, Result};
use crate::files::open as open_file;

/// Folders that data sets unpack into: a path to their parent is good enough.
const NESTED: [&str; 5] = [
    "cifar-10-batches-bin",
    "cifar-10-batches-py",
    "cifar-100-binary",
    "cifar-100-python",
    "raw",
];

const LOOKED_FOR: &str = "CIFAR-10 or CIFAR-100 batches (data_batch_1.bin, data_batch_1, train.bin, train with meta), \
    IDX files (train-images-idx3-ubyte, t10k-images-idx3-ubyte), Parquet files, folders of images, WebDataset tar shards, \
    CSV tables of paths, and COCO annotations (instances_train2017.json)";

/// Before a colon these mean that it is part of a path.
const NOT_IN_FORMATS: [char; 3] = ['/', '\\', '.'];

/// Finds out what lies at `path`, which may be prefixed `FORMAT:`.
pub(super) fn locate(path: &str) -> Result<Located> {
    let (asked, path) = prefix(path)?;
    let (path, pictures) = pictures(path)?;
    let mut at = PathBuf::from(path);
    if !at.exists() && webdataset::is_pattern(path) && asked.is_none_or(|format| format == DatasetFormat::WebDataset) {
        return Ok(Located {
            format: DatasetFormat::WebDataset,
            path: at,
            shown: path.to_owned(),
            pictures: None,
        });
    }
    let kind = std::fs::metadata(&at).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::input(format!("{path}: there is no such file or folder")),
        _ => Error::io(&at)(e),
    })?;
    let mut found = if kind.is_dir() {
        in_folder(&at)?
    } else {
        in_file(&at, asked)?
    };
    if found.is_empty() && kind.is_dir() {
        for nested in NESTED.map(|name| at.join(name)).into_iter().filter(|n| n.is_dir()) {
            let inside = in_folder(&nested)?;
            if !inside.is_empty() {
                (at, found) = (nested, inside);
                break;
            }
        }
    }
    let format = match asked {
        Some(format) if found.contains(&format) => format,
        Some(format) => {
            let instead = found.first().map_or(String::new(), |f| format!("; it looks like {f}"));
            return Err(Error::input(format!(
                "{path}: holds no {format} data set{instead}; looked for {}",
                sought(format)
            )));
        }
        None => *found.first().ok_or_else(|| {
            let ways = "give the path of one of these, or prefix it with the format, as in cifar10:PATH";
            Error::input(format!(
                "{path}: no image data set found; looked for {LOOKED_FOR}; {ways}"
            ))
        })?,
    };
    Ok(Located {
        format,
        path: at,
        shown: path.to_owned(),
        pictures,
    })
}

/// The formats of image data sets that a folder holds, the one it is taken for first; none of a folder that cannot be read.
pub fn formats(folder: &Path) -> Vec<DatasetFormat> {
    let nested = NESTED.map(|name| folder.join(name));
    [folder.to_path_buf()]
        .iter()
        .chain(&nested)
        .find_map(|folder| in_folder(folder).ok().filter(|found| !found.is_empty()))
        .unwrap_or_default()
}

/// The same data set address, with `change` made to each path in it: `FORMAT:PATH@FOLDER` has two.
pub fn with_paths(address: &str, change: impl Fn(&Path) -> PathBuf) -> String {
    let (format, path) = match address.split_once(':') {
        // An unknown format stays one, to be refused by name.
        Some((word, path)) if !word.contains(NOT_IN_FORMATS) => (format!("{word}:"), path),
        _ => (String::new(), address),
    };
    let changed = |path: &str| change(Path::new(path)).display().to_string();
    let ending = format!(".{}", coco::ENDING);
    match path.split_once(&format!("{ending}@")) {
        Some((stem, folder)) => format!("{format}{}@{}", changed(&(stem.to_owned() + &ending)), changed(folder)),
        None => format!("{format}{}", changed(path)),
    }
}

/// Splits off `@FOLDER` after a file of annotations, unless a file of that very name exists.
fn pictures(path: &str) -> Result<(&str, Option<PathBuf>)> {
    let ending = format!(".{}", coco::ENDING);
    let Some((stem, folder)) = path
        .split_once(&format!("{ending}@"))
        .filter(|_| !Path::new(path).exists())
    else {
        return Ok((path, None));
    };
    if !Path::new(folder).is_dir() {
        return Err(Error::input(format!(
            "{path}: there is no folder {folder:?}; behind @ stands the folder of the images"
        )));
    }
    Ok((&path[..stem.len() + ending.len()], Some(PathBuf::from(folder))))
}

/// Splits off `FORMAT:`, unless a file of that very name exists.
fn prefix(path: &str) -> Result<(Option<DatasetFormat>, &str)> {
    let Some((word, rest)) = path.split_once(':').filter(|_| !Path::new(path).exists()) else {
        return Ok((None, path));
    };
    if let Some(format) = DatasetFormat::ALL.into_iter().find(|f| f.name() == word) {
        return Ok((Some(format), rest));
    }
    if word.contains(NOT_IN_FORMATS) {
        return Ok((None, path));
    }
    let nearest = DatasetFormat::ALL
        .map(DatasetFormat::name)
        .into_iter()
        .max_by(|a, b| strsim::jaro_winkler(a, word).total_cmp(&strsim::jaro_winkler(b, word)));
    let names = DatasetFormat::ALL.map(DatasetFormat::name).join(", ");
    let nearest = nearest.unwrap_or_default();
    Err(Error::input(format!(
        "{path}: no image format {word:?}; the nearest is {nearest:?}; there are {names}"
    )))
}

fn sought(format: DatasetFormat) -> &'static str {
    match format {
        DatasetFormat::Cifar10 => {
            "data_batch_1.bin or data_batch_1, test_batch.bin or test_batch, or the .tar.gz of these"
        }
        DatasetFormat::Cifar100 => "train.bin and test.bin, or train, test and meta, or the .tar.gz of these",
        DatasetFormat::Idx => "train-images-idx3-ubyte or t10k-images-idx3-ubyte, gzipped or not",
        DatasetFormat::Folder => "folders of JPEG, PNG, WebP, BMP, GIF or TIFF files",
        DatasetFormat::Parquet => ".parquet files",
        DatasetFormat::WebDataset => ".tar files, or a pattern such as train-{000..146}.tar",
        DatasetFormat::Csv => "a .csv file",
        DatasetFormat::Coco => "a .json file of annotations, or instances_train2017.json and so on in annotations",
    }
}

fn in_folder(path: &Path) -> Result<Vec<DatasetFormat>> {
    let names: Vec<String> = std::fs::read_dir(path)
        .map_err(Error::io(path))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| path.join(name).is_file())
        .collect();
    let mut found = cifar::formats(&names);
    if names.iter().any(|n| idx::parse_name(n).is_some()) {
        found.push(DatasetFormat::Idx);
    }
    let later = [
        (DatasetFormat::Parquet, shards::is_in(path, parquet::ENDING)),
        (DatasetFormat::Folder, folder::is_in(path)),
        (DatasetFormat::WebDataset, shards::is_in(path, webdataset::ENDING)),
        (DatasetFormat::Csv, shards::is_in(path, csv::ENDING)),
        (DatasetFormat::Coco, coco::is_in(path)),
    ];
    found.extend(later.iter().filter(|(_, is_in)| *is_in).map(|(format, _)| *format));
    Ok(found)
}

/// The formats a file may be of. Some are nothing but the user's word for it: a table may be called anything.
fn in_file(path: &Path, asked: Option<DatasetFormat>) -> Result<Vec<DatasetFormat>> {
    let shown = path.display();
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let mut start = [0; 4];
    let read = open_file(path)?.0.read(&mut start).map_err(Error::io(path))?;
    if read == 0 {
        return Err(Error::input(format!(
            "{shown}: the file is empty; copy or download it again"
        )));
    }
    if let Some(format @ (DatasetFormat::WebDataset | DatasetFormat::Csv | DatasetFormat::Coco)) = asked {
        return Ok(vec![format]);
    }
    if name.ends_with(".csv") {
        return Ok(vec![DatasetFormat::Csv]);
    }
    if name.ends_with(".json") {
        return Ok(vec![DatasetFormat::Coco]);
    }
    if name.ends_with(".parquet") || &start == b"PAR1" {
        return Ok(vec![DatasetFormat::Parquet]);
    }
    if idx::parse_name(name).is_some() {
        return Ok(vec![DatasetFormat::Idx]);
    }
    if name.ends_with(".tar") && files::is_checkpoint(path) {
        return Err(Error::input(format!(
            "{shown}: a checkpoint of PyTorch, not a tar archive of images; give it to --model"
        )));
    }
    if name.ends_with(".tar.gz") || name.ends_with(".tgz") || name.ends_with(".tar") {
        let mut found = cifar::formats(&archive::names(path, |names| !cifar::formats(names).is_empty())?);
        found.extend(name.ends_with(".tar").then_some(DatasetFormat::WebDataset));
        return Ok(found);
    }
    if files::is_image(path) {
        return Err(Error::input(format!(
            "{shown}: is one image; give the folder that holds the class folders"
        )));
    }
    Ok(Vec::new())
}

impl Located {
    /// A name for the data set, from its path.
    pub(super) fn name(&self) -> String {
        match self.format {
            DatasetFormat::Cifar10 => return "cifar10".to_owned(),
            DatasetFormat::Cifar100 => return "cifar100".to_owned(),
            _ => {}
        }
        let absolute = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let mut parts: Vec<String> = absolute.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        let listing = matches!(
            self.format,
            DatasetFormat::WebDataset | DatasetFormat::Csv | DatasetFormat::Coco
        );
        if !self.path.is_dir() {
            let last = parts.pop().unwrap_or_default();
            let stem = [parquet::ENDING, webdataset::ENDING, csv::ENDING, coco::ENDING]
                .iter()
                .find_map(|ending| last.strip_suffix(ending)?.strip_suffix('.'))
                .unwrap_or(&last);
            // What counts the shards, or stands for their numbers, is no part of the name.
            let stem = match stem.split_once('{') {
                Some((before, _)) => before,
                None => stem,
            };
            let stem = match listing {
                true => stem.trim_end_matches(|c: char| c.is_ascii_digit() || "-_.".contains(c)),
                false => stem,
            };
            let (before, named) = match split::in_name(stem) {
                Some((before, _)) => (before, !before.is_empty()),
                None => (stem, true),
            };
            if self.format != DatasetFormat::Idx && named && !(listing && is_common(before)) {
                return before.to_owned();
            }
        }
        let says_nothing = |part: &String| {
            let common = listing && is_common(part);
            common || split::known(part).is_some() || part == "data" || part == "raw"
        };
        parts
            .iter()
            .rev()
            .find(|part| !says_nothing(part))
            .map_or_else(|| "images".to_owned(), Clone::clone)
    }
}

/// What tables, annotations, shards and their folders are called in any data set.
const COMMON: &str = "annotations _annotations.coco instances labels metadata index images shard shards part data";

fn is_common(name: &str) -> bool {
    name.is_empty() || name == ".." || COMMON.split(' ').any(|common| common == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_telling_part_of_a_path() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pets/data/train-00000-of-00001.parquet");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "x").unwrap();
        let name = |format, path: &Path| {
            Located {
                format,
                path: path.into(),
                shown: String::new(),
                pictures: None,
            }
            .name()
        };
        assert_eq!(name(DatasetFormat::Parquet, &file), "pets");
        std::fs::write(file.with_file_name("vehicles-test.parquet"), "x").unwrap();
        assert_eq!(
            name(DatasetFormat::Parquet, &file.with_file_name("vehicles-test.parquet")),
            "vehicles"
        );
        assert_eq!(name(DatasetFormat::Folder, &dir.path().join("pets/train")), "pets");
        assert_eq!(name(DatasetFormat::Cifar10, dir.path()), "cifar10");
        for (format, path, wanted) in [
            (DatasetFormat::WebDataset, "pets/shards/train-{000..012}.tar", "pets"),
            (DatasetFormat::WebDataset, "shards/birds-train-000001.tar", "birds"),
            (DatasetFormat::Csv, "pets/labels.csv", "pets"),
            (DatasetFormat::Csv, "pets/beaks_test.csv", "beaks"),
            (DatasetFormat::Coco, "coco/annotations/instances_train2017.json", "coco"),
            (DatasetFormat::Coco, "pets/train/_annotations.coco.json", "pets"),
        ] {
            assert_eq!(name(format, Path::new(path)), wanted, "{path}");
        }
    }

    #[test]
    fn every_path_of_an_address_is_changed() {
        let below = |address| with_paths(address, |path| Path::new("base").join(path));
        assert_eq!(below("a/b.tar"), "base/a/b.tar");
        assert_eq!(below("idx:a"), "idx:base/a");
        assert_eq!(below("odd:a"), "odd:base/a");
        assert_eq!(below("a/b:c"), "base/a/b:c");
        assert_eq!(below("coco:a.json@b/c"), "coco:base/a.json@base/b/c");
        assert_eq!(below("coco:/a.json@/c"), "coco:/a.json@/c");
    }

    #[test]
    fn an_unknown_prefix_names_the_nearest() {
        let error = locate("cifar01:x").unwrap_err().to_string();
        assert!(
            error.starts_with("cifar01:x: no image format \"cifar01\"; the nearest is \"cifar"),
            "{error}"
        );
        assert_eq!(
            locate("no/where").unwrap_err().to_string(),
            "no/where: there is no such file or folder"
        );
    }
}
