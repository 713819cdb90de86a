//! What a JSON file is, by the first of its names that tells.

use std::fmt;
use std::io::BufReader;
use std::path::Path;

use serde::Deserializer as _;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};

use crate::files;

/// What a JSON file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Json {
    /// What `featscope run` knows of its folder.
    Run,
    /// Annotations of images.
    Annotations,
    /// Anything else.
    Other,
}

impl Json {
    /// Reads no further than it has to: annotations can be large.
    pub(super) fn of(path: &Path) -> Self {
        let mut found = Self::Other;
        if let Ok((file, _)) = files::open(path) {
            let mut reader = serde_json::Deserializer::from_reader(BufReader::new(file));
            // Ends with an error where the names told enough, and where the file is no JSON.
            let _ = reader.deserialize_map(Names(&mut found));
        }
        found
    }
}

struct Names<'a>(&'a mut Json);

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            *self.0 = match name.as_str() {
                "images" | "annotations" | "categories" => Json::Annotations,
                "stores" => Json::Run,
                // Whatever follows, it names itself.
                "schema" => Json::Other,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            return Err(A::Error::custom("told"));
        }
        Ok(())
    }
}
