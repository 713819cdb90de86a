//! Reads an experiment file.

use std::path::{Component, Path, PathBuf};

use toml::Table;

use super::sections::Experiment;
use super::validation;
use crate::error::{Error, Result};
use crate::files;

impl Experiment {
    /// Reads an experiment file.
    ///
    /// # Errors
    /// In one sentence, for a file that is no TOML, an unknown key (with the nearest known one), a missing or mistyped
    /// one, names given twice, and paths that are not there.
    pub fn read(file: &Path) -> Result<Self> {
        let shown = file.display();
        let text = files::read_text(file, files::MAX_TEXT)?;
        let table: Table = text.parse().map_err(|e: toml::de::Error| {
            Error::input(format!(
                "{shown}: {}; expected TOML",
                e.to_string().trim().replace('\n', " ")
            ))
        })?;
        validation::keys(file, &table)?;
        let mut experiment: Self = table
            .try_into()
            .map_err(|e: toml::de::Error| Error::input(format!("{shown}: {}", e.message())))?;
        experiment.resolve(file.parent().unwrap_or(Path::new("")));
        experiment.check(file)?;
        Ok(experiment)
    }

    /// Relative paths are relative to the file.
    fn resolve(&mut self, base: &Path) {
        self.out = tidy(&base.join(&self.out));
        for model in &mut self.models {
            for path in model.checkpoint.paths() {
                *path = tidy(&base.join(&*path));
            }
        }
        if let Some(groups) = &mut self.probe.groups {
            *groups = tidy(&base.join(&groups));
        }
        for data in &mut self.datasets {
            data.path = crate::images::with_paths(&data.path, |path| tidy(&base.join(path)));
        }
    }
}

/// A path without `a/..`: shorter to read, and the same wherever no folder is a link.
fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                // Behind a link `..` means another folder: then the path stays as it is written.
                if out.is_symlink() {
                    return path.to_path_buf();
                }
                out.pop();
            }
            other => out.push(other),
        }
    }
    if out.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Experiment> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.safetensors"), "x").unwrap();
        let file = dir.path().join("experiment.toml");
        std::fs::write(&file, text).unwrap();
        Experiment::read(&file)
    }

    const GOOD: &str = "out = 'o'\n[[model]]\nname = 'A'\ncheckpoint = 'a.safetensors'\n[[dataset]]\nname = 'd'\nrole = \
                        'pre'\npath = 'cifar10:x'\nclasses = ['cat', 3]\n";

    #[test]
    fn a_model_may_have_layers_of_its_own() {
        let own = GOOD.replace("a.safetensors'\n", "a.safetensors'\nlayers = ['stage1', 'projector']\n");
        let layers = read(&own).unwrap().models[0].layers.clone();
        assert_eq!(layers.unwrap().joined(), "stage1,projector");
        assert!(read(GOOD).unwrap().models[0].layers.is_none());
    }

    #[test]
    fn a_small_file_is_enough_and_paths_follow_it() {
        let e = read(GOOD).unwrap();
        assert_eq!(
            (e.seed, e.layers.joined().as_str(), e.models[0].arch.as_str()),
            (0, "all", "auto")
        );
        assert!(e.datasets[0].path.starts_with("cifar10:/"), "{}", e.datasets[0].path);
        assert!(e.out.is_absolute());
        assert_eq!(
            e.datasets[0]
                .classes
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
            ["cat", "3"]
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            (GOOD.replace("checkpoint", "chekpoint"), "did you mean checkpoint?"),
            (format!("sead = 1\n{GOOD}"), "did you mean seed?"),
            (GOOD.replace("'pre'", "'before'"), "before"),
            (GOOD.replace("a.safetensors", "b.safetensors"), "there is no checkpoint"),
            (format!("{GOOD}[analysis]\nbaseline = 'B'\n"), "none of the models A"),
            (GOOD.replace("'A'", "'A/B'"), "takes no slash"),
            (
                format!("{GOOD}[[suite]]\nname = 's'\ndatasets = ['d']\n"),
                "d is no data set of role eval",
            ),
            (
                format!("{GOOD}[[suite]]\nname = 'd'\ndatasets = []\n"),
                "another suite or data set",
            ),
            (
                format!("{GOOD}[[suite]]\nname = 's'\ndatasets = []\n"),
                "has no data sets",
            ),
            (
                format!(
                    "{}[[suite]]\nname = 's'\ndatasets = ['d', 'd']\n",
                    GOOD.replace("'pre'", "'eval'")
                ),
                "d is named twice",
            ),
            (format!("{GOOD}[probe]\nfitt = 'train'\n"), "did you mean fit?"),
            ("out = ".to_owned(), "expected TOML"),
            ("out = 'o'\n".to_owned(), "model"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains('\n'), "{error}");
        }
    }
}
