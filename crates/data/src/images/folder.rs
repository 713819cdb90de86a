//! One folder per class, as torchvision's `ImageFolder` reads it; or a plain folder of images without labels.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::files::{FileSizes, Files, is_image};
use super::located::Located;
use super::source::SplitContents;
use super::split::{self, Splits};
use crate::error::{Error, Result};

/// The deepest nesting of folders.
const MAX_DEPTH: usize = 16;

/// A folder itself, whatever links lead to it.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let about = std::fs::metadata(path).ok()?;
    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hash = DefaultHasher::new();
    path.canonicalize().ok()?.hash(&mut hash);
    Some((0, hash.finish()))
}

/// Which folders hold images. Each is looked at once, however many links lead to it.
#[derive(Default)]
struct Holders(HashMap<Identity, bool>);

impl Holders {
    /// True if a folder holds an image at any depth.
    fn holds_image(&mut self, path: &Path, depth: usize) -> bool {
        let Some(id) = identity(path).filter(|_| depth > 0) else {
            return false;
        };
        if let Some(&known) = self.0.get(&id) {
            return known;
        }
        // A link back to it, from within, adds nothing.
        self.0.insert(id, false);
        let holds = entries(path).is_ok_and(|all| {
            all.iter().any(|p| is_image(p) && p.is_file())
                || all.iter().any(|p| p.is_dir() && self.holds_image(p, depth - 1))
        });
        self.0.insert(id, holds);
        holds
    }
}

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

/// True if this is a folder of images.
pub(super) fn is_in(path: &Path) -> bool {
    Holders::default().holds_image(path, MAX_DEPTH)
}

/// The sub-folders that hold images.
fn image_folders(path: &Path) -> Result<Vec<PathBuf>> {
    let mut holders = Holders::default();
    Ok(entries(path)?
        .into_iter()
        .filter(|p| p.is_dir() && holders.holds_image(p, MAX_DEPTH))
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

pub(super) fn open(at: &Located, split: &str) -> Result<SplitContents> {
    let root = match splits(at)? {
        Splits::Whole { .. } => at.path.clone(),
        Splits::Named(_) => image_folders(&at.path)?
            .into_iter()
            .find(|p| split_of(p) == Some(split))
            .ok_or_else(|| Error::input(format!("{}: has no folder for the split {split}", at.shown)))?,
    };
    let (mut classes, mut labels, mut files) = (Vec::new(), Vec::new(), Vec::new());
    let mut again = 0;
    for folder in image_folders(&root)? {
        let mut listing = Listing::new(&root, &mut files);
        listing.collect(&folder, MAX_DEPTH)?;
        again += listing.again;
        labels.resize(files.len(), Some(classes.len() as u32));
        classes.push(text(&root, &folder)?);
    }
    if classes.is_empty() {
        Listing::new(&root, &mut files).collect(&root, 1)?;
        labels.resize(files.len(), None);
    }
    Ok(SplitContents {
        classes,
        labels,
        left_out: match again {
            0 => Vec::new(),
            n => vec![format!("{n} links to folders that are listed already")],
        },
        source: Box::new(Files {
            root,
            files,
            found: true,
            sizes: FileSizes::default(),
        }),
    })
}

/// The images of one class.
struct Listing<'a> {
    root: &'a Path,
    /// As paths relative to the root.
    files: &'a mut Vec<String>,
    seen: HashSet<Identity>,
    /// Links to folders of this class that are listed already.
    again: usize,
}

impl<'a> Listing<'a> {
    fn new(root: &'a Path, files: &'a mut Vec<String>) -> Self {
        Self {
            root,
            files,
            seen: HashSet::new(),
            again: 0,
        }
    }

    /// Adds the images below `folder`.
    fn collect(&mut self, folder: &Path, depth: usize) -> Result<()> {
        if identity(folder).is_some_and(|id| !self.seen.insert(id)) {
            self.again += 1;
            return Ok(());
        }
        for path in entries(folder)? {
            if path.is_dir() && depth > 1 {
                self.collect(&path, depth - 1)?;
            // A link whose file is gone is an image that cannot be read, not one that is not there.
            } else if is_image(&path) && !path.is_dir() {
                self.files.push(text(self.root, &path)?);
            }
        }
        Ok(())
    }
}

/// A path below `root` as an id: with `/` on every system.
fn text(root: &Path, path: &Path) -> Result<String> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = relative.iter().map(|p| p.to_str()).collect();
    let parts = parts.ok_or_else(|| Error::input(format!("{}: its name is not UTF-8; rename it", path.display())))?;
    Ok(parts.join("/"))
}
