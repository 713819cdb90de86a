//! The splits of WebDataset shards, and the images in them.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::braces;
use super::members::{self, ImageMember};
use crate::error::{Error, Result};
use crate::images::located::Located;
use crate::images::raw::{Body, Raw};
use crate::images::shards::{self, ShardFile};
use crate::images::source::{ImageSource, SplitContents};
use crate::images::split::Splits;
use crate::images::{classes, files};

/// What the shards' names end in.
pub(in crate::images) const ENDING: &str = "tar";

/// The shards that a pattern with braces names.
fn parts_of_pattern(at: &Located) -> Result<Vec<ShardFile>> {
    let paths = braces::expand(&at.path.to_string_lossy())?;
    if let Some(missing) = paths.iter().find(|path| !Path::new(path).is_file()) {
        let (shown, n) = (&at.shown, paths.len());
        return Err(Error::input(format!(
            "{shown}: {missing} does not exist, one of the {n} shards it stands for; download it, or change the pattern"
        )));
    }
    // A slip such as {a,a} must not give two images one id.
    let mut paths: Vec<PathBuf> = paths.into_iter().map(PathBuf::from).collect();
    paths.sort();
    paths.dedup();
    Ok(paths.into_iter().map(|path| ShardFile::new(path, None)).collect())
}

pub(in crate::images) fn splits(at: &Located) -> Result<Splits> {
    if at.path.exists() {
        return shards::splits(at, ENDING);
    }
    match shards::of_parts(at, parts_of_pattern(at)?)? {
        // A pattern may be given any name, as a file may.
        Splits::Whole { name, .. } => Ok(Splits::Whole { name, nameable: true }),
        Splits::Named(names) if names.len() == 1 => Ok(Splits::Whole {
            name: names.concat(),
            nameable: true,
        }),
        named => Ok(named),
    }
}

pub(in crate::images) fn open(at: &Located, split: &str) -> Result<SplitContents> {
    let paths = if at.path.exists() {
        shards::paths(at, ENDING, split)?
    } else {
        match splits(at)? {
            Splits::Whole { .. } => parts_of_pattern(at)?.into_iter().map(|part| part.path).collect(),
            Splits::Named(_) => shards::of_split(parts_of_pattern(at)?, split),
        }
    };
    let names = names(&paths);
    let indexed = paths
        .par_iter()
        .map(|path| members::index(path))
        .collect::<Result<Vec<_>>>()?;
    let (mut members, mut texts, mut pictureless) = (Vec::new(), Vec::new(), 0);
    let mut shards = Vec::new();
    for ((path, name), index) in paths.into_iter().zip(names).zip(indexed) {
        let shard = shards.len() as u32;
        pictureless += index.pictureless;
        for (member, label) in index.samples {
            members.push((shard, member));
            texts.push(label);
        }
        shards.push(Shard { path, name });
    }
    if members.is_empty() {
        return Err(Error::input(format!(
            "{}: has no images; expected members such as 000001.jpg with 000001.cls beside them",
            at.shown
        )));
    }
    let folder = shards[0].path.parent().unwrap_or(Path::new(""));
    let (classes, labels) = classes::of_texts(&texts, folder)?;
    let left_out = match pictureless {
        0 => Vec::new(),
        n => vec![format!("{n} samples without an image")],
    };
    Ok(SplitContents {
        classes,
        labels,
        left_out,
        source: Box::new(Shards {
            shards,
            members,
            open: Mutex::new(None),
        }),
    })
}

/// Short names that tell the shards apart: the files' own, with as many of their folders as that takes.
fn names(paths: &[PathBuf]) -> Vec<String> {
    let parts = |path: &PathBuf, taken: usize| {
        let all: Vec<String> = path
            .with_extension("")
            .iter()
            .map(|p| p.to_string_lossy().into_owned())
            .collect();
        all[all.len().saturating_sub(taken)..].join("/")
    };
    let longest = paths.iter().map(|p| p.iter().count()).max().unwrap_or(1);
    let taken = (1..longest).find(|&taken| {
        let mut short: Vec<String> = paths.iter().map(|path| parts(path, taken)).collect();
        short.sort();
        short.windows(2).all(|two| two[0] != two[1])
    });
    paths.iter().map(|path| parts(path, taken.unwrap_or(longest))).collect()
}

struct Shard {
    path: PathBuf,
    name: String,
}

struct Shards {
    shards: Vec<Shard>,
    /// The image of each row, and the shard it lies in.
    members: Vec<(u32, ImageMember)>,
    /// The shard read last.
    open: Mutex<Option<(u32, File)>>,
}

impl Shards {
    /// The bytes of a row's image, or why there are none.
    fn body(&self, row: usize) -> Result<Body> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (shard, member) = &self.members[row];
        if member.size > files::MAX_FILE {
            let size = member.size;
            return Ok(Body::Missing(format!("{size} bytes are too many for an image")));
        }
        let path = &self.shards[*shard as usize].path;
        let file = match open.take().filter(|(current, _)| current == shard) {
            Some((_, file)) => file,
            None => crate::files::open(path)?.0,
        };
        let (_, file) = open.insert((*shard, file));
        let mut bytes = vec![0; member.size as usize];
        file.seek(SeekFrom::Start(member.offset))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(Error::io(path))?;
        Ok(Body::Encoded(bytes))
    }
}

impl ImageSource for Shards {
    fn id(&self, row: usize) -> String {
        let (shard, member) = &self.members[row];
        format!("{}/{}", self.shards[*shard as usize].name, member.key)
    }

    fn read(&self, rows: &[usize], budget: usize) -> Result<Vec<Raw>> {
        files::within(rows, budget, |row| {
            let (shard, member) = &self.members[row];
            let place = format!("{}: {}", self.shards[*shard as usize].path.display(), member.key);
            Ok(Raw::new(self.id(row), place, self.body(row)?))
        })
    }

    fn digest(&self, rows: &[usize], hasher: &mut Sha256) -> Result<()> {
        let sizes = rows.iter().map(|&row| self.members[row].1.size);
        let total: u64 = sizes.clone().sum();
        sizes.for_each(|size| hasher.update(size.to_le_bytes()));
        if total > files::HASH_WHOLE {
            return Ok(());
        }
        for &row in rows {
            if let Body::Encoded(bytes) = self.body(row)? {
                hasher.update(bytes);
            }
        }
        Ok(())
    }
}
