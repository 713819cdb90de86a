//! One folder per class, as torchvision's `ImageFolder` reads it; or a plain folder of images without labels.

use std::path::{Path, PathBuf};

use super::Contents;
use super::files::{Files, is_image};
use super::locate::Located;
use super::split::{self, Splits};
use crate::error::{Error, Result};

/// Deeper than this is a loop of links.
const MAX_DEPTH: usize = 16;

/// The visible entries of a folder, sorted by name.
fn entries(path: &Path) -> Result<Vec<PathBuf>> {
    let all = std::fs::read_dir(path).map_err(Error::io(path))?;
    let mut paths = all
        .map(|e| e.map(|e| e.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(Error::io(path))?;
    paths.retain(|p| {
        p.file_name()
            .is_some_and(|n| !n.as_encoded_bytes().starts_with(b".") && n != "__MACOSX")
    });
    paths.sort();
    Ok(paths)
}

/// Whether a folder holds an image at any depth.
fn holds_image(path: &Path, depth: usize) -> bool {
    depth > 0
        && entries(path).is_ok_and(|all| {
            all.iter().any(|p| is_image(p) && p.is_file())
                || all.iter().any(|p| p.is_dir() && holds_image(p, depth - 1))
        })
}

/// Whether this is a folder of images.
pub(super) fn is_in(path: &Path) -> bool {
    holds_image(path, MAX_DEPTH)
}

/// The sub-folders that hold images.
fn image_folders(path: &Path) -> Result<Vec<PathBuf>> {
    Ok(entries(path)?
        .into_iter()
        .filter(|p| p.is_dir() && holds_image(p, MAX_DEPTH))
        .collect())
}

fn split_of(path: &Path) -> Option<&'static str> {
    path.file_name().and_then(|n| n.to_str()).and_then(split::known)
}

pub(super) fn splits(at: &Located) -> Result<Splits> {
    let folders = image_folders(&at.path)?;
    let named: Vec<&str> = folders.iter().filter_map(|p| split_of(p)).collect();
    if named.is_empty() || named.len() < folders.len() {
        let name = split_of(&at.path).unwrap_or_default().to_owned();
        return Ok(Splits::Whole { name, nameable: false });
    }
    let mut names: Vec<String> = named.into_iter().map(str::to_owned).collect();
    names.sort();
    if names.windows(2).any(|w| w[0] == w[1]) {
        return Err(Error::input(format!(
            "{}: two folders are the same split; give the path of one of them",
            at.shown
        )));
    }
    Ok(Splits::Named(names))
}

pub(super) fn open(at: &Located, split: &str) -> Result<Contents> {
    let root = match splits(at)? {
        Splits::Whole { .. } => at.path.clone(),
        Splits::Named(_) => image_folders(&at.path)?
            .into_iter()
            .find(|p| split_of(p) == Some(split))
            .ok_or_else(|| Error::input(format!("{}: has no folder for the split {split}", at.shown)))?,
    };
    let (mut classes, mut labels, mut files) = (Vec::new(), Vec::new(), Vec::new());
    for folder in image_folders(&root)? {
        collect(&root, &folder, MAX_DEPTH, &mut files)?;
        labels.resize(files.len(), Some(classes.len() as u32));
        classes.push(text(&root, &folder)?);
    }
    if classes.is_empty() {
        collect(&root, &root, 1, &mut files)?;
        labels.resize(files.len(), None);
    }
    Ok(Contents {
        classes,
        labels,
        left_out: Vec::new(),
        source: Box::new(Files { root, files }),
    })
}

/// Adds the images below `folder`, as paths relative to `root`.
fn collect(root: &Path, folder: &Path, depth: usize, files: &mut Vec<String>) -> Result<()> {
    for path in entries(folder)? {
        if path.is_dir() && depth > 1 {
            collect(root, &path, depth - 1, files)?;
        // A link whose file is gone is an image that cannot be read, not one that is not there.
        } else if is_image(&path) && !path.is_dir() {
            files.push(text(root, &path)?);
        }
    }
    Ok(())
}

/// A path below `root` as an id: with `/` on every system.
fn text(root: &Path, path: &Path) -> Result<String> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = relative.iter().map(|p| p.to_str()).collect();
    let parts = parts.ok_or_else(|| Error::input(format!("{}: its name is not UTF-8; rename it", path.display())))?;
    Ok(parts.join("/"))
}
