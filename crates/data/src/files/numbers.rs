//! Named arrays of numbers with a schema and a checksum, as the bytes of a safetensors file.

use std::collections::{BTreeMap, HashMap};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest as _, Sha256};

use super::digest::hex;
use crate::error::{Error, Result};

/// The most bytes of a description.
const MAX_HEADER: usize = 1 << 20;

/// The one entry of the file's metadata: several have no order, and the same numbers are to be the same bytes.
const ABOUT: &str = "about";
const SCHEMA: &str = "schema";
const CHECKSUM: &str = "sha256";

/// Named arrays, and what is said of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    about: BTreeMap<String, String>,
    floats: BTreeMap<String, Vec<f64>>,
    counts: BTreeMap<String, Vec<u64>>,
}

impl Numbers {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says something of all of them.
    pub fn set_about(&mut self, name: &str, value: impl Into<String>) {
        self.about.insert(name.to_owned(), value.into());
    }

    /// What is said of them by this name.
    pub fn about(&self, name: &str) -> Option<&str> {
        self.about.get(name).map(String::as_str)
    }

    /// Adds an array of 64-bit numbers.
    pub fn put(&mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) {
        self.floats.insert(name.into(), values.into_iter().collect());
    }

    /// Adds an array of counts.
    pub fn count(&mut self, name: impl Into<String>, values: impl IntoIterator<Item = u64>) {
        self.counts.insert(name.into(), values.into_iter().collect());
    }

    /// Takes out an array of 64-bit numbers.
    pub fn take(&mut self, name: &str) -> Option<Vec<f64>> {
        self.floats.remove(name)
    }

    /// Takes out an array of counts.
    pub fn take_counts(&mut self, name: &str) -> Option<Vec<u64>> {
        self.counts.remove(name)
    }

    /// Every array: its name, its type and its numbers as bytes.
    fn arrays(&self) -> impl Iterator<Item = (&String, Dtype, Vec<u8>)> {
        let floats = self.floats.iter().map(|(name, values)| {
            let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            (name, Dtype::F64, bytes)
        });
        let counts = self.counts.iter().map(|(name, values)| {
            let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            (name, Dtype::U64, bytes)
        });
        floats.chain(counts)
    }

    /// As bytes under a schema. The same bytes for the same numbers.
    ///
    /// # Errors
    /// When there are more numbers than a file can hold.
    pub fn to_bytes(&self, schema: &str) -> Result<Vec<u8>> {
        let mut about = self.about.clone();
        about.insert(SCHEMA.to_owned(), schema.to_owned());
        about.insert(CHECKSUM.to_owned(), self.checksum(schema));
        let about = HashMap::from([(ABOUT.to_owned(), serde_json::json!(about).to_string())]);
        let all: Vec<_> = self.arrays().collect();
        let views = all.iter().map(|(name, dtype, bytes)| {
            let view = TensorView::new(*dtype, vec![bytes.len() / 8], bytes);
            view.map(|view| (name.as_str(), view))
        });
        let views = views
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|e| Error::input(format!("numbers cannot be written ({e})")))?;
        safetensors::serialize(views, Some(about)).map_err(|e| Error::input(format!("numbers cannot be written ({e})")))
    }

    /// From bytes of this schema; `path` is where they are from, for a sentence.
    ///
    /// # Errors
    /// For bytes that are damaged, of another schema, or of another content than their checksum says.
    pub fn from_bytes(bytes: &[u8], schema: &str, path: &str) -> Result<Self> {
        let damaged = |why: String| Error::input(format!("{path}: damaged or truncated ({why}); make it again"));
        let length = bytes.first_chunk::<8>().map(|length| u64::from_le_bytes(*length));
        if length.is_none_or(|length| length > MAX_HEADER as u64) {
            return Err(damaged(
                "it does not begin as a safetensors file of numbers does".to_owned(),
            ));
        }
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
        let text = header.metadata().as_ref().and_then(|all| all.get(ABOUT));
        let parsed = text.and_then(|text| serde_json::from_str(text).ok());
        let mut about: BTreeMap<String, String> = parsed.unwrap_or_default();
        match about.remove(SCHEMA) {
            Some(found) if found == schema => {}
            found => {
                return Err(Error::input(format!(
                    "{path}: schema {}, expected {schema}; make it again with this version",
                    found.as_deref().unwrap_or("none")
                )));
            }
        }
        let checksum = about.remove(CHECKSUM);
        let mut numbers = Self {
            about,
            ..Self::default()
        };
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
        for (name, tensor) in tensors.iter() {
            let (words, _) = tensor.data().as_chunks::<8>();
            match tensor.dtype() {
                Dtype::F64 => numbers.put(name, words.iter().map(|w| f64::from_le_bytes(*w))),
                Dtype::U64 => numbers.count(name, words.iter().map(|w| u64::from_le_bytes(*w))),
                other => return Err(damaged(format!("{name} is of type {other:?}"))),
            }
        }
        if checksum.as_deref() != Some(&numbers.checksum(schema)) {
            return Err(damaged("its checksum is of other numbers".to_owned()));
        }
        Ok(numbers)
    }

    /// SHA-256 over the schema, all that is said, and all names and numbers.
    fn checksum(&self, schema: &str) -> String {
        let mut hash = Sha256::new();
        let mut text = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        text(schema);
        for (name, value) in &self.about {
            text(name);
            text(value);
        }
        for (name, _, bytes) in self.arrays() {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
            hash.update(bytes);
        }
        hex(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> Numbers {
        let mut numbers = Numbers::new();
        numbers.set_about("of", "ten rows");
        numbers.put("mean", [0.1 + 0.2, 5e-324, -0.0]);
        numbers.put("none", []);
        numbers.count("rows", [0, u64::MAX]);
        numbers
    }

    #[test]
    fn numbers_survive_to_the_last_bit_and_are_the_same_bytes() {
        let bytes = numbers().to_bytes("s/1").unwrap();
        assert_eq!(Numbers::from_bytes(&bytes, "s/1", "x").unwrap(), numbers());
        let mut read = Numbers::from_bytes(&bytes, "s/1", "x").unwrap();
        let mean = read.take("mean").unwrap();
        let bits: Vec<u64> = mean.iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, [0.1 + 0.2, 5e-324, -0.0].map(f64::to_bits));
        for _ in 0..20 {
            assert_eq!(numbers().to_bytes("s/1").unwrap(), bytes);
        }
        assert_eq!(read.take_counts("mean"), None);
        assert_eq!(read.about("of"), Some("ten rows"));
    }

    #[test]
    fn every_change_of_a_byte_is_noticed() {
        let bytes = numbers().to_bytes("s/1").unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            // A space more or less in the header changes nothing that is said.
            let Ok(read) = Numbers::from_bytes(&changed, "s/1", "part-3") else {
                continue;
            };
            assert_eq!(read, numbers(), "byte {at}");
        }
        for cut in 0..bytes.len() {
            let error = Numbers::from_bytes(&bytes[..cut], "s/1", "part-3").unwrap_err();
            assert!(error.to_string().starts_with("part-3: damaged or truncated"), "{error}");
        }
        let error = Numbers::from_bytes(&bytes, "s/2", "part-3").unwrap_err().to_string();
        assert!(error.contains("schema s/1, expected s/2"), "{error}");
    }
}
