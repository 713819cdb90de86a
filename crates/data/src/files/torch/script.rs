//! TorchScript archives: a network saved with its code, which is read here as text and never run.

use std::io::Read as _;
use std::path::Path;

use crate::error::{Error, Result};
use crate::files::regular::open;
use crate::files::zip::Directory;

/// The code of one archive, in bytes; ResNet-50's has 60 KB.
const MAX_CODE: u64 = 32 << 20;

/// What the maker of a file says about it, as `torch.jit.save` puts it there, and its bytes at most.
const NOTE: (&str, u64) = ("extra/featscope.json", 4 << 20);

/// Brackets within brackets, and blocks within blocks: libtorch's parser takes the stack for each.
const MAX_DEPTH: usize = 256;

/// Bytes of an expression between two commas: its parser takes the stack for each operator in a chain.
const MAX_CHAIN: usize = 64 << 10;

/// What a TorchScript file brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptFile {
    /// Its files of code, each with the classes and functions it defines.
    pub code: Vec<Code>,
    /// Storages of tensors, and their bytes together.
    pub storages: (usize, u64),
    /// Why libtorch's parser must not be given it.
    pub unsound: Option<String>,
    /// What its maker says about it: the extra file `featscope.json`.
    pub note: Option<String>,
}

/// A file of code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Its path in the archive.
    pub file: String,
    /// `class X` and `def x`, in order.
    pub defines: Vec<String>,
}

impl ScriptFile {
    /// Looks at a file; `None` where it is no zip file with constants and code beside its tensors.
    ///
    /// # Errors
    /// When its code cannot be read, or is longer than any network's.
    pub fn look(path: &Path) -> Result<Option<Self>> {
        let Some((mut file, directory)) = open(path).ok().and_then(|(mut file, len)| {
            let directory = Directory::read(&mut file, len).ok()?;
            Some((file, directory))
        }) else {
            return Ok(None);
        };
        // libtorch takes names for the same whose letters differ in size.
        let inner = |name: &str| name.split_once('/').map(|(_, inner)| inner.to_ascii_lowercase());
        let has = |test: &dyn Fn(&str) -> bool| directory.names().any(|name| inner(name).is_some_and(|i| test(&i)));
        if !(has(&|i| i == "constants.pkl") && has(&|i| i.starts_with("code/"))) {
            return Ok(None);
        }
        let damaged = |what: String| {
            Error::input(format!(
                "{}: damaged TorchScript file ({what}); fetch it again",
                path.display()
            ))
        };
        let mut script = Self::default();
        let mut left = MAX_CODE;
        for name in directory.names() {
            let Some(inner) = inner(name) else { continue };
            let is_code = inner.starts_with("code/") && inner.ends_with(".py");
            let is_storage = ["data/", "constants/"].iter().any(|folder| inner.starts_with(folder));
            let is_note = inner == NOTE.0;
            if !is_code && !is_storage && !is_note {
                continue;
            }
            let Some(place) = directory.place(&mut file, name).map_err(damaged)? else {
                continue;
            };
            if is_storage {
                script.storages.0 += 1;
                script.storages.1 += place.len;
                continue;
            }
            if is_note {
                let read = |file| {
                    let mut text = String::new();
                    let length = place.reader(file)?.take(NOTE.1).read_to_string(&mut text)?;
                    Ok::<_, std::io::Error>((text, length as u64))
                };
                let (text, length) = read(&mut file).map_err(|e| damaged(format!("{name}: {e}")))?;
                if length >= NOTE.1 {
                    return Err(damaged(format!("{name} is longer than any description")));
                }
                script.note = Some(text);
                continue;
            }
            left = left.checked_sub(place.len).ok_or_else(|| {
                let most = MAX_CODE >> 20;
                Error::input(format!(
                    "{}: a TorchScript file with more than {most} MB of code; no network has so much",
                    path.display()
                ))
            })?;
            let mut text = String::new();
            let read = place
                .reader(&mut file)
                .and_then(|mut code| code.read_to_string(&mut text));
            read.map_err(|e| damaged(format!("{name}: {e}")))?;
            if script.unsound.is_none() {
                script.unsound = too_deep(&text).map(|what| format!("its code {name} {what}"));
            }
            script.code.push(Code {
                file: name.split_once('/').map_or(name, |(_, inner)| inner).to_owned(),
                defines: definitions(&text),
            });
        }
        Ok(Some(script))
    }

    /// The code's names, a line for each file.
    pub fn lines(&self) -> Vec<String> {
        let line = |code: &Code| match code.defines.is_empty() {
            true => code.file.clone(),
            false => format!("{}: {}", code.file, code.defines.join(", ")),
        };
        self.code.iter().map(line).collect()
    }
}

/// The classes and functions that code defines.
fn definitions(code: &str) -> Vec<String> {
    let name = |rest: &str| rest.split(['(', ':', ' ']).next().unwrap_or_default().to_owned();
    code.lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let (word, rest) = line
                .split_once(' ')
                .filter(|(word, _)| ["class", "def"].contains(word))?;
            Some(format!("{word} {}", name(rest)))
        })
        .collect()
}

/// What is nested or chained more deeply than a parser that calls itself can bear.
fn too_deep(code: &str) -> Option<String> {
    let mut depth = 0_usize;
    let mut chain = 0;
    let mut quote: Option<u8> = None;
    let mut escaped = false;
    for line in code.split('\n') {
        // A block is indented by two.
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if depth == 0 && indent > 2 * MAX_DEPTH {
            return Some(format!("has blocks within blocks more than {MAX_DEPTH} deep"));
        }
        for &byte in line.as_bytes() {
            if let Some(end) = quote {
                quote = Some(end).filter(|end| escaped || byte != *end);
                escaped = byte == b'\\' && !escaped;
                continue;
            }
            chain += 1;
            match byte {
                b'\'' | b'"' => quote = Some(byte),
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b',' => chain = 0,
                _ => {}
            }
            if depth > MAX_DEPTH {
                return Some(format!("has brackets within brackets more than {MAX_DEPTH} deep"));
            }
            if chain > MAX_CHAIN {
                return Some(format!("has an expression of more than {MAX_CHAIN} bytes"));
            }
        }
        if depth == 0 && quote.is_none() {
            chain = 0;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_code_and_deep_code_is_seen() {
        let code = "class Net(Module):\n  __parameters__ = []\n  def forward(self: Net, x: Tensor) -> Tensor:\n    return x\ndef f(x: int) -> int:\n  return \"((((\"\n";
        assert_eq!(definitions(code), ["class Net", "def forward", "def f"]);
        assert_eq!(too_deep(code), None);
        let nested = |n: usize| format!("x = {}1{}\n", "(".repeat(n), ")".repeat(n));
        assert_eq!(too_deep(&nested(MAX_DEPTH)), None);
        assert!(too_deep(&nested(MAX_DEPTH + 1)).unwrap().contains("brackets"));
        assert!(
            too_deep(&format!("x = {}1\n", "1 + ".repeat(MAX_CHAIN / 4)))
                .unwrap()
                .contains("expression")
        );
        assert!(
            too_deep(&format!("x = [{}1]\n", "1 + ".repeat(MAX_CHAIN / 4)))
                .unwrap()
                .contains("expression")
        );
        assert_eq!(too_deep(&format!("x = [{}]\n", "1, ".repeat(MAX_CHAIN))), None);
        assert_eq!(too_deep(&"x = 1 + 2\n".repeat(MAX_CHAIN)), None);
        assert!(
            too_deep(&format!("{}x = 1\n", "  ".repeat(MAX_DEPTH + 1)))
                .unwrap()
                .contains("blocks")
        );
        // A quote inside a text does not end it.
        assert_eq!(too_deep(&format!("x = \"\\\"{}\"\n", "(".repeat(MAX_DEPTH * 2))), None);
    }
}
