//! npy arrays, versions 1 to 3 of the format, and archives of them (npz).

use std::io::{self, BufReader, Read};
use std::path::Path;

use super::array::Array;
use super::element::Element;
use super::place::ByteRange;
use super::regular::open;
use super::strides::Strides;
use super::zip;
use crate::error::{Error, Result as Reading};

/// How members of an archive that are arrays end.
const ENDING: &str = ".npy";

/// The longest header read: numpy itself refuses more than 10,000 bytes.
const LONGEST: usize = 1 << 16;

/// The header of an npy array.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Header {
    element: Element,
    big_endian: bool,
    fortran: bool,
    shape: Vec<u64>,
    /// Bytes of the header: where the elements begin.
    length: u64,
}

/// The array of an npy file.
///
/// # Errors
/// When it is none, or its header and its length disagree.
pub fn npy(path: &Path) -> Reading<Array> {
    let (file, length) = open(path)?;
    let header = Header::read(&mut BufReader::new(file))
        .map_err(|what| Error::input(format!("{}: {what}; expected an array of numpy.save", path.display())))?;
    array(path, String::new(), header, ByteRange::plain(0, length))
}

/// The arrays of an npz archive, in its order. Nothing is unpacked yet.
///
/// # Errors
/// When it is none, contradicts itself, or holds an array whose header and length disagree.
pub fn npz(path: &Path) -> Reading<Vec<Array>> {
    let refused = |what: String| Error::input(format!("{}: {what}; save it again with numpy.savez", path.display()));
    let damaged = |what: String| refused(format!("not a readable npz archive ({what})"));
    let (mut file, length) = open(path)?;
    let directory = zip::Directory::read(&mut file, length).map_err(damaged)?;
    let mut arrays = Vec::new();
    for entry in directory.in_order() {
        let Some(name) = entry.strip_suffix(ENDING) else {
            continue;
        };
        let place = directory.place(&mut file, entry).map_err(damaged)?;
        let place = place.ok_or_else(|| damaged(format!("{name} is gone")))?;
        let mut content = place.reader(&mut file).map_err(Error::io(path))?;
        let header = Header::read(&mut content).map_err(|what| refused(format!("{name}: {what}")))?;
        arrays.push(array(path, name.to_owned(), header, place)?);
    }
    Ok(arrays)
}

/// The array with such a header, in bytes that begin with the header.
fn array(path: &Path, name: String, header: Header, place: ByteRange) -> Reading<Array> {
    let (claimed, there) = (header.bytes(), place.len.saturating_sub(header.length));
    let strides = match header.fortran {
        true => Strides::by_column(&header.shape),
        false => Strides::by_row(&header.shape),
    };
    let array = Array {
        name,
        shape: header.shape,
        element: header.element,
        big_endian: header.big_endian,
        place,
        skip: header.length,
        strides,
    };
    // How long a pickle of objects is, only the pickle says.
    if claimed == Some(there) || header.element.size().is_none() {
        return Ok(array);
    }
    let claimed = claimed.map_or("more than any file".to_owned(), |b| format!("{b} bytes"));
    Err(Error::input(format!(
        "{}: {}: its header claims {claimed}, but {there} bytes follow; it is damaged or truncated, save it again",
        path.display(),
        array.describe()
    )))
}

impl Header {
    /// Bytes of the elements; `None` where that overflows, or the element has no size.
    fn bytes(&self) -> Option<u64> {
        let size = self.element.size()? as u64;
        self.shape.iter().try_fold(size, |product, &n| product.checked_mul(n))
    }

    /// Reads a header. The error is half a sentence: what is wrong.
    fn read(source: &mut impl Read) -> Result<Self, String> {
        let mut start = [0; 8];
        take(source, &mut start)?;
        if start[..6] != *b"\x93NUMPY" {
            return Err("does not begin as an npy array does".to_owned());
        }
        let (length, prefix) = match start[6] {
            1 => {
                let mut bytes = [0; 2];
                take(source, &mut bytes)?;
                (usize::from(u16::from_le_bytes(bytes)), 10)
            }
            2 | 3 => {
                let mut bytes = [0; 4];
                take(source, &mut bytes)?;
                (u32::from_le_bytes(bytes) as usize, 12)
            }
            version => return Err(format!("is npy version {version}, known are 1 to 3")),
        };
        if length > LONGEST {
            return Err(format!("claims a header of {length} bytes"));
        }
        let mut text = vec![0; length];
        take(source, &mut text)?;
        let text = String::from_utf8(text).map_err(|_| "has a header that is not text".to_owned())?;
        let (descr, fortran, shape) = Parser(text.trim_end().trim_end_matches('\0')).dictionary()?;
        let (element, big_endian) = element(&descr);
        Ok(Self {
            element,
            big_endian,
            fortran,
            shape,
            length: (prefix + length) as u64,
        })
    }
}

fn take(source: &mut impl Read, bytes: &mut [u8]) -> Result<(), String> {
    source.read_exact(bytes).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => "ends inside its header".to_owned(),
        _ => format!("cannot be read ({e})"),
    })
}

/// What a type string such as `<f4` says: the elements, and whether their most significant byte comes first.
fn element(descr: &str) -> (Element, bool) {
    match descr.split_at_checked(1) {
        Some((">", code)) => (Element::from_numpy(code), true),
        Some(("<" | "|", code)) => (Element::from_numpy(code), false),
        Some(("=", code)) => (Element::from_numpy(code), cfg!(target_endian = "big")),
        _ => (Element::Other("a structured type", None), false),
    }
}

/// Reads the one kind of Python literal there is in a header: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct Parser<'a>(&'a str);

impl<'a> Parser<'a> {
    fn dictionary(&mut self) -> Result<(String, bool, Vec<u64>), String> {
        let wrong = |what: &str| format!("has a header with {what}");
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.skip('}') {
            let key = self.text()?;
            self.expect(':')?;
            match key {
                "descr" => descr = Some(self.descr()?),
                "fortran_order" => fortran = Some(self.boolean()?),
                "shape" => shape = Some(self.shape()?),
                _ => return Err(wrong("an unknown key")),
            }
            if !self.skip(',') && !self.0.trim_start().starts_with('}') {
                return Err(wrong("no comma between its keys"));
            }
        }
        let descr = descr.ok_or_else(|| wrong("no descr"))?;
        let fortran = fortran.ok_or_else(|| wrong("no fortran_order"))?;
        Ok((descr, fortran, shape.ok_or_else(|| wrong("no shape"))?))
    }

    fn skip(&mut self, c: char) -> bool {
        self.0 = self.0.trim_start();
        match self.0.strip_prefix(c) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.skip(c) {
            Ok(())
        } else {
            Err(format!("has a header without {c:?} where it belongs"))
        }
    }

    fn text(&mut self) -> Result<&'a str, String> {
        let quote = if self.skip('\'') {
            '\''
        } else {
            self.expect('"').map(|()| '"')?
        };
        let (text, rest) = self.0.split_once(quote).ok_or("has a header with an open quote")?;
        self.0 = rest;
        Ok(text)
    }

    /// A type in quotes, or the list of a structured type as it stands.
    fn descr(&mut self) -> Result<String, String> {
        self.0 = self.0.trim_start();
        if !self.0.starts_with('[') {
            return self.text().map(str::to_owned);
        }
        let mut depth = 0usize;
        for (at, c) in self.0.char_indices() {
            match c {
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let (descr, rest) = self.0.split_at(at + 1);
                self.0 = rest;
                return Ok(descr.to_owned());
            }
        }
        Err("has a header with an open bracket".to_owned())
    }

    fn boolean(&mut self) -> Result<bool, String> {
        self.0 = self.0.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Ok(value);
            }
        }
        Err("has a header whose fortran_order is neither True nor False".to_owned())
    }

    fn shape(&mut self) -> Result<Vec<u64>, String> {
        self.expect('(')?;
        let mut shape = Vec::new();
        while !self.skip(')') {
            self.0 = self.0.trim_start();
            let digits = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
            let (number, rest) = self.0.split_at(digits);
            let number = number
                .parse()
                .map_err(|_| "has a shape that is not a row of counts".to_owned())?;
            shape.push(number);
            // Python 2 wrote long integers as 3L.
            self.0 = rest.strip_prefix('L').unwrap_or(rest);
            if !self.skip(',') && !self.0.trim_start().starts_with(')') {
                return Err("has a shape without commas".to_owned());
            }
        }
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(version: u8, text: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        match version {
            1 => bytes.extend((text.len() as u16).to_le_bytes()),
            _ => bytes.extend((text.len() as u32).to_le_bytes()),
        }
        bytes.extend(text.as_bytes());
        bytes
    }

    fn read(text: &str) -> Result<Header, String> {
        Header::read(&mut header(1, text).as_slice())
    }

    #[test]
    fn every_version_gives_the_same_header() {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }       \n";
        for version in 1..=3 {
            let bytes = header(version, text);
            let found = Header::read(&mut bytes.as_slice()).unwrap();
            assert_eq!(found.element, Element::F32);
            assert_eq!((found.fortran, found.shape.as_slice()), (false, [3, 4].as_slice()));
            assert_eq!((found.length, found.bytes()), (bytes.len() as u64, Some(48)));
        }
        assert!(
            Header::read(&mut header(9, text).as_slice())
                .unwrap_err()
                .contains("version 9")
        );
    }

    #[test]
    fn keys_come_in_any_order_and_quotes() {
        let found = read("{\"shape\":(2,),'fortran_order':True,\"descr\":\">U5\"}").unwrap();
        assert_eq!((found.element, found.big_endian), (Element::Unicode(5), true));
        assert_eq!(
            (found.fortran, found.shape.as_slice(), found.bytes()),
            (true, [2].as_slice(), Some(40))
        );
    }

    #[test]
    fn types_that_are_no_numbers_are_named() {
        let read = |descr: &str| {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}");
            read(&text).unwrap().element
        };
        assert_eq!(read("'|S7'"), Element::Bytes(7));
        for (descr, name) in [
            ("'|O'", "Python objects"),
            ("'<c8'", "complex"),
            ("'<M8[ns]'", "dates"),
            ("[('a', '<f4'), ('b', [('c', '<i8')])]", "a structured type"),
        ] {
            assert_eq!(read(descr), Element::Other(name, None));
        }
    }

    #[test]
    fn lies_and_nonsense_are_refused() {
        for shape in [
            "(-3, 4)",
            "(3.5,)",
            "3",
            "(3 4)",
            "(3,,4)",
            "(99999999999999999999,)",
            "(3,",
        ] {
            let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
            assert!(read(&text).is_err(), "{shape}");
        }
        for text in [
            "",
            "{",
            "{}",
            "{'descr': '<f4'}",
            "{'a': 1}",
            "{'descr': [",
            "{'descr': '<f4'",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let overflow = "{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 9999999999), }";
        assert_eq!(read(overflow).unwrap().bytes(), None);
        let long = [b"\x93NUMPY\x02\x00".as_slice(), &u32::MAX.to_le_bytes()].concat();
        assert!(Header::read(&mut long.as_slice()).unwrap_err().contains("4294967295"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Header::read(&mut bytes.as_slice());
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[{}'\"descrfotan_hp: ,()\\[\\]0-9TFL<>é]{0,80}") {
            let _ = read(&text);
            let _ = read(&format!("{{'descr': {text}"));
            let _ = read(&format!("{{'shape': ({text}"));
        }
    }
}
