//! The data sets of a command line, each with its split, its classes and its name.

use anyhow::bail;

use super::args::Args;
use crate::images;

/// One data set of a command line.
pub(super) struct DataSource<'a> {
    data: &'a str,
    split: Option<&'a str>,
    classes: Option<Vec<String>>,
    pub(super) name: Option<&'a str>,
}

impl DataSource<'_> {
    pub(super) fn open(&self) -> anyhow::Result<images::ImageSet> {
        Ok(images::open(self.data, self.split, self.classes.as_deref())?)
    }
}

impl Args {
    /// The data sets, each with its split, classes and name.
    pub(super) fn sources(&self) -> anyhow::Result<Vec<DataSource<'_>>> {
        let count = self.data.len();
        let lists = [
            ("--split", &self.split),
            ("--dataset-name", &self.dataset_name),
            ("--classes", &self.classes),
        ];
        for (option, given) in lists {
            // Classes of a single data set may be named one by one.
            if given.len() > 1 && given.len() != count && (count > 1 || option != "--classes") {
                bail!(
                    "{option} is given {} times for {count} data sets; give it once for all, or once for each in their order",
                    given.len()
                );
            }
        }
        if count > 1 && self.dataset_name.len() == 1 {
            bail!("--dataset-name is given once for {count} data sets; give each its own, in their order");
        }
        fn pick(list: &[String], i: usize) -> Option<&str> {
            let word = if list.len() > 1 { list.get(i) } else { list.first() };
            word.map(String::as_str).filter(|word| !word.is_empty())
        }
        let joined = [self.classes.join(",")];
        let classes = |i: usize| -> Option<Vec<String>> {
            let all = if count == 1 { &joined[..] } else { &self.classes };
            pick(all, i).map(|words| words.split(',').map(str::to_owned).collect())
        };
        let source = |i: usize| DataSource {
            data: &self.data[i],
            split: pick(&self.split, i),
            classes: classes(i),
            name: pick(&self.dataset_name, i),
        };
        Ok((0..count).map(source).collect())
    }
}
