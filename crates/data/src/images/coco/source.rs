//! The splits of COCO annotations, and the images of their objects.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::annotations::{self, Annotations};
use super::object::{CocoObject, Image};
use crate::error::{Error, Result};
use crate::images::files::{self, FileSizes};
use crate::images::located::Located;
use crate::images::raw::{Area, Body, Raw, Whole};
use crate::images::source::{ImageSource, SplitContents};
use crate::images::split::{self, Splits};

/// What the names of annotation files end in.
pub(in crate::images) const ENDING: &str = "json";
/// What annotation files of objects are called, before the split.
const INSTANCES: &str = "instances_";

/// The folders that hold annotation files, given the data set's.
fn folders(path: &Path) -> [PathBuf; 2] {
    [path.join("annotations"), path.to_path_buf()]
}

/// The annotation files of objects in a data set's folder, with their splits.
fn list(path: &Path) -> Vec<(String, PathBuf)> {
    let entries = folders(path)
        .into_iter()
        .filter_map(|f| std::fs::read_dir(f).ok())
        .flatten()
        .flatten();
    let file = |path: PathBuf| {
        let stem = path
            .file_name()?
            .to_str()?
            .strip_suffix(".json")?
            .strip_prefix(INSTANCES)?;
        Some((split_of(stem).unwrap_or_else(|| stem.to_owned()), path))
    };
    let mut found: Vec<_> = entries.filter_map(|entry| file(entry.path())).collect();
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

/// True if a folder holds annotation files of objects.
pub(in crate::images) fn is_in(path: &Path) -> bool {
    !list(path).is_empty()
}

/// The split in a name such as `instances_train2017`.
fn split_of(stem: &str) -> Option<String> {
    let undated = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    split::in_name(undated).map(|(_, split)| split.to_owned())
}

pub(in crate::images) fn splits(at: &Located) -> Result<Splits> {
    if at.path.is_dir() {
        return Ok(Splits::Named(
            list(&at.path).into_iter().map(|(split, _)| split).collect(),
        ));
    }
    let stem = stem(&at.path);
    let folder = at
        .path
        .parent()
        .and_then(Path::file_name)
        .map(|f| f.to_string_lossy().into_owned());
    // Beside the images of one split, the file is called the same for each.
    let of_folder = || split::known(&folder.unwrap_or_default()).map(str::to_owned);
    Ok(Splits::Whole {
        name: split_of(&stem).or_else(of_folder).unwrap_or_default(),
        nameable: true,
    })
}

pub(in crate::images) fn open(at: &Located, split: &str) -> Result<SplitContents> {
    let path = match at.path.is_dir() {
        false => at.path.clone(),
        true => list(&at.path)
            .into_iter()
            .find(|(name, _)| name == split)
            .map(|(_, path)| path)
            .ok_or_else(|| Error::input(format!("{}: has no annotations of the split {split}", at.shown)))?,
    };
    let Annotations {
        classes,
        images,
        objects,
        left_out,
    } = annotations::read(&path)?;
    let labels = objects.iter().map(|object| Some(object.class)).collect();
    let names: Vec<&str> = images.iter().map(|image| image.file_name.as_str()).collect();
    let root = match &at.pictures {
        Some(folder) => folder.clone(),
        None => find_pictures(&path, &names)?,
    };
    Ok(SplitContents {
        classes,
        labels,
        left_out,
        source: Box::new(Objects {
            root,
            images,
            objects,
            sizes: FileSizes::default(),
        }),
    })
}

/// The name of a file without its ending.
fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The folder of the images, by where data sets of this kind keep it.
fn find_pictures(annotations: &Path, names: &[&str]) -> Result<PathBuf> {
    let folder = annotations.parent().unwrap_or(Path::new(""));
    let above = folder.join("..");
    let stem = stem(annotations);
    let last = stem.rsplit('_').next().unwrap_or_default();
    let mut places = Vec::new();
    for base in [&above, &folder.to_path_buf()] {
        places.extend([
            base.join(last),
            base.join("images").join(last),
            base.join("images"),
            base.clone(),
        ]);
    }
    // A few may be missing without the folder being wrong.
    const TRIED: usize = 16;
    let holds = |place: &PathBuf| names.iter().take(TRIED).any(|name| place.join(name).is_file());
    places.into_iter().find(holds).ok_or_else(|| {
        let (shown, first) = (annotations.display(), names.first().copied().unwrap_or_default());
        Error::input(format!(
            "{shown}: its images ({first} and so on) are neither beside it nor in ../{last}, ../images or ../images/{last}; \
             say where with coco:{shown}@FOLDER"
        ))
    })
}

struct Objects {
    root: PathBuf,
    images: Vec<Image>,
    objects: Vec<CocoObject>,
    /// Those of the images' files.
    sizes: FileSizes,
}

impl Objects {
    fn path(&self, image: usize) -> PathBuf {
        self.root.join(&self.images[image].file_name)
    }
}

impl ImageSource for Objects {
    fn id(&self, row: usize) -> String {
        let object = &self.objects[row];
        format!("{}/{}", self.images[object.image as usize].id, object.id)
    }

    fn read(&self, rows: &[usize], budget: usize) -> Result<Vec<Raw>> {
        let rows = &rows[..rows.len().min(files::AT_ONCE)];
        let mut met = HashSet::new();
        let image = |row: usize| self.objects[row].image as usize;
        let images: Vec<usize> = rows.iter().map(|&row| image(row)).filter(|i| met.insert(*i)).collect();
        let sizes = self.sizes.get(&images, |image| self.path(image));
        let sizes: HashMap<usize, Option<u64>> = images.iter().copied().zip(sizes).collect();
        // A picture counts for each of its objects, which limits the decoded pictures that are kept too.
        let counted: Vec<Option<u64>> = rows.iter().map(|&row| sizes[&image(row)]).collect();
        let rows = &rows[..files::first_within(&counted, budget as u64)];
        let wanted: HashSet<usize> = rows.iter().map(|&row| image(row)).collect();
        let whole = |&image: &usize| (image, Whole::new(files::read(&self.path(image))));
        let read = images.par_iter().filter(|image| wanted.contains(image));
        let wholes: HashMap<usize, Arc<Whole>> = read.map(whole).collect();
        let raw = |&row: &usize| {
            let object = &self.objects[row];
            let body = Body::Part {
                whole: Arc::clone(wholes.get(&image(row))?),
                area: object.area,
            };
            let place = format!("{}: object {}", self.path(image(row)).display(), object.id);
            Some(Raw::new(self.id(row), place, body))
        };
        Ok(rows.iter().map_while(raw).collect())
    }

    fn gone(&self, _row: usize) -> Option<PathBuf> {
        (!self.root.as_os_str().is_empty() && !self.root.is_dir()).then(|| self.root.clone())
    }

    fn digest(&self, rows: &[usize], hasher: &mut Sha256) -> Result<()> {
        for &row in rows {
            let Area {
                left,
                top,
                width,
                height,
                ..
            } = self.objects[row].area;
            [left, top, width, height]
                .iter()
                .for_each(|v| hasher.update(v.to_le_bytes()));
        }
        let mut images: Vec<u32> = rows.iter().map(|&row| self.objects[row].image).collect();
        images.dedup();
        files::digest(images.into_iter().map(|image| self.path(image as usize)), hasher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::coco::object::CocoId;

    #[test]
    fn images_of_objects_are_read_by_the_sizes_their_first_call_found() {
        let folder = tempfile::tempdir().unwrap();
        let image = |i: i64| Image {
            id: CocoId::Number(i),
            file_name: format!("{i}.png"),
        };
        let object = |i: u32| CocoObject {
            image: i / 2,
            class: 0,
            id: CocoId::Number(i.into()),
            area: Area {
                left: 0,
                top: 0,
                width: 1,
                height: 1,
                whole_size: (1, 1),
            },
        };
        for i in 0..4 {
            std::fs::write(folder.path().join(format!("{i}.png")), [0; 5]).unwrap();
        }
        let objects = Objects {
            root: folder.path().to_path_buf(),
            images: (0..4).map(image).collect(),
            objects: (0..8).map(object).collect(),
            sizes: FileSizes::default(),
        };
        let rows: Vec<usize> = (0..8).collect();
        // A picture counts for each of its two objects.
        assert_eq!(objects.read(&rows, 12).unwrap().len(), 2);
        // Asked for anew, the next would be too large for both.
        std::fs::write(folder.path().join("1.png"), [0; 100]).unwrap();
        let raws = objects.read(&rows[2..], 15).unwrap();
        assert_eq!(raws.iter().map(Raw::stored).collect::<Vec<_>>(), [100, 100, 5]);
    }
}
