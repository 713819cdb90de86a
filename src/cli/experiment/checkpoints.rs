//! The checkpoints of a model: one file, or several by their paths: runs of it, steps of its training, or both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Deserialize;

use crate::checkpoint::{named_in, training_of};
use crate::error::{Error, Result};

/// `checkpoint` of an experiment file: a path, or one for each run. A path with `{NAME}` is a run for every text that stands
/// there; one with `*` is a step for every file.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Checkpoints {
    /// One path or pattern.
    One(PathBuf),
    /// One path or pattern for each run.
    Many(Vec<PathBuf>),
}

/// One checkpoint of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCheckpoint {
    /// The file.
    pub path: PathBuf,
    /// Its run, where the model is a set of runs.
    pub run: Option<String>,
    /// Its step, where there are several.
    pub step: Option<u64>,
}

/// A file that a pattern matches.
struct Match {
    path: PathBuf,
    /// What stands in the place of each `{NAME}`, in their order.
    run: Option<String>,
    /// What stands in the place of the last `*`.
    star: Option<String>,
}

impl Checkpoints {
    /// The paths as they are written.
    pub fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::One(path) => vec![path],
            Self::Many(paths) => paths.iter_mut().collect(),
        }
    }

    /// The files, runs by their names and steps in their order.
    ///
    /// # Errors
    /// When a file is not there, a pattern matches none, or two files are one run and step.
    pub fn find(&self) -> Result<Vec<FoundCheckpoint>> {
        let patterns = match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Many(paths) if paths.is_empty() => {
                return Err(Error::input("checkpoint is an empty list; name at least one file"));
            }
            Self::Many(paths) => paths,
        };
        // Each path of a list is a run of its own, named by where the paths differ.
        let names = (patterns.len() > 1).then(|| differences(patterns)).transpose()?;
        let mut matches = Vec::new();
        for (i, pattern) in patterns.iter().enumerate() {
            for mut found in files(pattern)? {
                let own = names.as_ref().map(|names| names[i].clone());
                found.run = match (own, found.run) {
                    (Some(own), Some(run)) => Some(format!("{own}-{run}")),
                    (own, run) => own.or(run),
                };
                matches.push(found);
            }
        }
        let mut found = with_steps(matches)?;
        found.sort_by(|a, b| (&a.run, a.step, &a.path).cmp(&(&b.run, b.step, &b.path)));
        if let Some(two) = found
            .windows(2)
            .find(|two| (&two[0].run, two[0].step) == (&two[1].run, two[1].step))
        {
            return Err(Error::input(format!(
                "{} and {} are one run and step; write {{seed}} where runs differ, * where steps do",
                two[0].path.display(),
                two[1].path.display()
            )));
        }
        Ok(found)
    }
}

/// The files that a path means: itself, or those that fit it.
fn files(pattern: &Path) -> Result<Vec<Match>> {
    let text = pattern.to_string_lossy();
    let is_pattern = text.contains('*') || Regex::new(r"\{\w+\}").is_ok_and(|hole| hole.is_match(&text));
    if pattern.is_file() || !is_pattern {
        // The folder of a published model stands for its weights.
        let path = match pattern.is_file() {
            true => Some(pattern.to_path_buf()),
            false => named_in(pattern),
        };
        return Ok(vec![Match {
            path: path.ok_or_else(|| Error::input(format!("there is no checkpoint {}", pattern.display())))?,
            run: None,
            star: None,
        }]);
    }
    let fits = matcher(&text)?;
    let mut paths = vec![PathBuf::new()];
    for part in pattern.components() {
        let name = part.as_os_str().to_string_lossy();
        if !name.contains(['*', '{']) {
            paths.iter_mut().for_each(|path| path.push(part));
            continue;
        }
        let one = matcher(&name)?;
        let mut deeper = Vec::new();
        for path in &paths {
            let folder = if path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                path
            };
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let named = entries.map(|entry| entry.file_name());
            deeper.extend(
                named
                    .filter(|name| one.is_match(&name.to_string_lossy()))
                    .map(|name| path.join(name)),
            );
        }
        paths = deeper;
    }
    let mut found: Vec<Match> = paths
        .into_iter()
        .filter(|path| path.is_file())
        .filter_map(|path| matched(&fits, path))
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    if found.is_empty() {
        return Err(Error::input(format!(
            "no file fits the checkpoint {text}; * stands for any characters but /, {{seed}} for those that name a run"
        )));
    }
    Ok(found)
}

/// Checks that a run's place has this name.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A pattern as a regular expression: `*` and each `{NAME}` are groups.
fn matcher(pattern: &str) -> Result<Regex> {
    let mut text = String::from("^");
    let (mut rest, mut runs) = (pattern, 0);
    while let Some(at) = rest.find(['*', '{']) {
        text.push_str(&regex::escape(&rest[..at]));
        let hole = rest[at..].strip_prefix('{').and_then(|inner| inner.split_once('}'));
        match hole.filter(|(name, _)| is_name(name)) {
            Some((_, after)) => {
                text.push_str(&format!("(?<run{runs}>[^/]+?)"));
                (rest, runs) = (after, runs + 1);
            }
            None => {
                text.push_str(if rest[at..].starts_with('*') { "([^/]*)" } else { r"\{" });
                rest = &rest[at + 1..];
            }
        }
    }
    text.push_str(&regex::escape(rest));
    text.push('$');
    Regex::new(&text).map_err(|e| Error::input(format!("the checkpoint pattern {pattern} cannot be read ({e})")))
}

fn matched(fits: &Regex, path: PathBuf) -> Option<Match> {
    let text = path.to_string_lossy().into_owned();
    let captures = fits.captures(&text)?;
    let (mut runs, mut star) = (Vec::new(), None);
    for (name, group) in fits.capture_names().zip(captures.iter()).skip(1) {
        let group = group?.as_str().to_owned();
        match name {
            Some(_) if runs.contains(&group) => {}
            Some(_) => runs.push(group),
            None => star = Some(group),
        }
    }
    Some(Match {
        path,
        run: (!runs.is_empty()).then(|| runs.join("-")),
        star,
    })
}

/// What each of some paths has that the others have not: the part between their common beginning and their common end, numbers
/// left whole.
fn differences(paths: &[PathBuf]) -> Result<Vec<String>> {
    let texts: Vec<Vec<char>> = paths
        .iter()
        .map(|path| path.to_string_lossy().chars().collect())
        .collect();
    let shortest = texts.iter().map(Vec::len).min().unwrap_or(0);
    let alike = |at: &dyn Fn(&[char]) -> Option<char>| texts.iter().all(|text| at(text) == at(&texts[0]));
    let mut first = (0..shortest)
        .take_while(|&i| alike(&|text| text.get(i).copied()))
        .count();
    while first > 0 && texts[0][first - 1].is_ascii_digit() {
        first -= 1;
    }
    let most = shortest - first;
    let mut last = (0..most)
        .take_while(|&i| alike(&|text| text.get(text.len() - 1 - i).copied()))
        .count();
    while last > 0 && texts[0][texts[0].len() - last].is_ascii_digit() {
        last -= 1;
    }
    let name = |text: &Vec<char>| -> String {
        let own: String = text[first..text.len() - last].iter().collect();
        let own = own
            .trim_matches(['/', '.', '-', '_'])
            .replace(['/', '\\', '*', '{', '}'], "-");
        own.trim_matches('-').to_owned()
    };
    let names: Vec<String> = texts.iter().map(name).collect();
    for (i, own) in names.iter().enumerate() {
        if own.is_empty() || names[..i].contains(own) {
            return Err(Error::input(format!(
                "the runs {} cannot be told apart by their paths; write one path with {{seed}} where they differ",
                paths
                    .iter()
                    .map(|p| p.display().to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            )));
        }
    }
    Ok(names)
}

/// Gives each file of a pattern with `*` its step: from what the files say of their training, epochs before steps, where all
/// say it and no two of a run the same; else the last number in the place of `*`.
fn with_steps(matches: Vec<Match>) -> Result<Vec<FoundCheckpoint>> {
    let starred: Vec<&Match> = matches.iter().filter(|m| m.star.is_some()).collect();
    let counters: Vec<BTreeMap<String, u64>> = starred
        .iter()
        .map(|m| {
            let training = training_of(&m.path).ok().flatten();
            let counters = training.into_iter().flat_map(|t| t.counters);
            counters.map(|counter| (counter.unit, counter.at)).collect()
        })
        .collect();
    let of_unit = |unit: &str| -> Option<Vec<u64>> { counters.iter().map(|own| own.get(unit).copied()).collect() };
    let in_names = || -> Option<Vec<u64>> { starred.iter().map(|m| last_number(m.star.as_deref()?)).collect() };
    let apart = |steps: &Vec<u64>| {
        let mut all: Vec<_> = starred.iter().zip(steps).map(|(m, step)| (&m.run, step)).collect();
        all.sort_unstable();
        all.windows(2).all(|two| two[0] != two[1])
    };
    let candidates = [of_unit("epoch"), of_unit("step"), in_names()];
    let steps = candidates.into_iter().flatten().find(apart).ok_or_else(|| {
        let silent = starred.iter().find(|m| last_number(m.star.as_deref().unwrap_or_default()).is_none());
        let which = silent.or(starred.first()).map_or(String::new(), |m| m.path.display().to_string());
        Error::input(format!(
            "the steps of {which} and its like cannot be told: expected an epoch or step in each file, or a number in the place of *"
        ))
    })?;
    let mut steps = steps.into_iter();
    let found = matches.into_iter().map(|m| FoundCheckpoint {
        path: m.path,
        run: m.run,
        step: m.star.and_then(|_| steps.next()),
    });
    Ok(found.collect())
}

fn last_number(text: &str) -> Option<u64> {
    let digits = |c: char| !c.is_ascii_digit();
    text.split(digits).rfind(|part| !part.is_empty())?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        dir
    }

    fn found(checkpoints: &Checkpoints) -> Vec<(Option<String>, Option<u64>)> {
        let found = checkpoints.find().unwrap();
        found.into_iter().map(|f| (f.run, f.step)).collect()
    }

    fn run(name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    #[test]
    fn a_pattern_is_runs_and_steps() {
        let dir = made(&["s0/e-2.pt", "s0/e-10.pt", "s1/e-2.pt", "s1/e-10.pt", "s1/other.txt"]);
        let one = |pattern: &str| Checkpoints::One(dir.path().join(pattern));
        assert_eq!(
            found(&one("s{seed}/e-*.pt")),
            [
                (run("0"), Some(2)),
                (run("0"), Some(10)),
                (run("1"), Some(2)),
                (run("1"), Some(10))
            ]
        );
        assert_eq!(found(&one("s1/e-*.pt")), [(None, Some(2)), (None, Some(10))]);
        assert_eq!(found(&one("s{seed}/e-2.pt")), [(run("0"), None), (run("1"), None)]);
        assert_eq!(found(&one("s0/e-2.pt")), [(None, None)]);
    }

    #[test]
    fn the_folder_of_a_published_model_is_its_weights() {
        let dir = made(&["hub/model.safetensors", "hub/config.json", "empty/notes.txt"]);
        let one = |name: &str| Checkpoints::One(dir.path().join(name)).find();
        let found = one("hub").unwrap();
        assert_eq!(found[0].path, dir.path().join("hub/model.safetensors"));
        assert!(one("empty").unwrap_err().to_string().contains("there is no checkpoint"));
    }

    #[test]
    fn a_list_is_runs_called_by_where_they_differ() {
        let dir = made(&["seed10/last.pt", "seed11/last.pt", "a.pt", "b.pt"]);
        let many = |names: &[&str]| Checkpoints::Many(names.iter().map(|name| dir.path().join(name)).collect());
        assert_eq!(
            found(&many(&["seed10/last.pt", "seed11/last.pt"])),
            [(run("10"), None), (run("11"), None)]
        );
        assert_eq!(found(&many(&["b.pt", "a.pt"])), [(run("a"), None), (run("b"), None)]);
        assert_eq!(found(&many(&["a.pt"])), [(None, None)]);
    }

    #[test]
    fn what_cannot_be_told_is_said() {
        let dir = made(&["a.pt", "b.pt", "x1/a.pt", "x2/a.pt"]);
        for (checkpoints, said) in [
            (Checkpoints::One(dir.path().join("*.ckpt")), "no file fits"),
            (Checkpoints::One(dir.path().join("*.pt")), "cannot be told"),
            (Checkpoints::One(dir.path().join("c.pt")), "there is no checkpoint"),
            (
                Checkpoints::Many(vec![dir.path().join("a.pt"); 2]),
                "cannot be told apart",
            ),
            (Checkpoints::Many(Vec::new()), "empty list"),
        ] {
            let error = checkpoints.find().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        // Two stars are two steps of one run where the last of them is the same.
        let error = Checkpoints::One(dir.path().join("x*/a*.pt"))
            .find()
            .unwrap_err()
            .to_string();
        assert!(error.contains("cannot be told"), "{error}");
    }
}
