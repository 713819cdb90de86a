//! The bytes of a pickle: numbers, texts and lines, none longer than what is really there.

use std::io::{BufRead, ErrorKind, Read as _};

use super::failure::Failure;

/// The longest line of a text protocol.
const MAX_LINE: u64 = 16 << 20;

/// Reads the arguments of opcodes.
pub(super) struct OpcodeInput<'a, R>(pub(super) &'a mut R);

impl<R: BufRead> OpcodeInput<'_, R> {
    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).map_err(short)?;
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Failure> {
        Ok(self.bytes::<1>()?[0])
    }

    pub(super) fn u32(&mut self) -> Result<u64, Failure> {
        Ok(u32::from_le_bytes(self.bytes()?).into())
    }

    pub(super) fn u64(&mut self) -> Result<u64, Failure> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    /// `len` bytes, or `None` (and they are passed over) where they are more than `longest`.
    pub(super) fn take(&mut self, len: u64, longest: u64) -> Result<Option<Vec<u8>>, Failure> {
        if len > longest {
            self.skip(len)?;
            return Ok(None);
        }
        let mut bytes = Vec::new();
        self.0.by_ref().take(len).read_to_end(&mut bytes).map_err(short)?;
        if (bytes.len() as u64) < len {
            return Err(ends());
        }
        Ok(Some(bytes))
    }

    pub(super) fn skip(&mut self, len: u64) -> Result<(), Failure> {
        let passed = std::io::copy(&mut self.0.by_ref().take(len), &mut std::io::sink()).map_err(short)?;
        if passed < len { Err(ends()) } else { Ok(()) }
    }

    /// A line without its end.
    pub(super) fn line(&mut self) -> Result<Vec<u8>, Failure> {
        let mut line = Vec::new();
        self.0
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)
            .map_err(short)?;
        match line.pop() {
            Some(b'\n') => Ok(line),
            _ if line.len() as u64 + 1 >= MAX_LINE => Err(Failure::damaged("a line of its pickle has no end")),
            _ => Err(ends()),
        }
    }

    /// A line of plain characters.
    pub(super) fn word(&mut self) -> Result<String, Failure> {
        String::from_utf8(self.line()?).map_err(|_| Failure::damaged("a name in its pickle is no text"))
    }

    /// A line that is a number.
    pub(super) fn number<T: std::str::FromStr>(&mut self) -> Result<T, Failure> {
        let word = self.word()?;
        word.trim()
            .parse()
            .map_err(|_| Failure::damaged(format!("{:?} is not a number", head(&word))))
    }
}

fn ends() -> Failure {
    Failure::damaged("it ends inside its pickle")
}

fn short(e: std::io::Error) -> Failure {
    match e.kind() {
        ErrorKind::UnexpectedEof => ends(),
        _ => Failure::damaged(format!("its pickle cannot be read: {e}")),
    }
}

/// Enough of a text to recognise it.
pub(super) fn head(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A little-endian two's complement integer; `None` where it does not fit.
pub(super) fn integer(bytes: &[u8]) -> Option<i64> {
    let fill = if bytes.last().is_some_and(|b| b & 0x80 != 0) {
        0xff
    } else {
        0
    };
    let (low, high) = bytes.split_at(bytes.len().min(8));
    let mut full = [fill; 8];
    full[..low.len()].copy_from_slice(low);
    let value = i64::from_le_bytes(full);
    (high.iter().all(|&b| b == fill) && (value < 0) == (fill == 0xff)).then_some(value)
}

/// What `\uXXXX` and `\UXXXXXXXX` in a line of UNICODE stand for; other bytes are Latin-1.
pub(super) fn unescape_unicode(line: &[u8]) -> Result<String, Failure> {
    unescape(line, |kind| match kind {
        b'u' => Some((4, 16)),
        b'U' => Some((8, 16)),
        _ => None,
    })
}

/// What a quoted line of STRING stands for, as Python 2 wrote it.
pub(super) fn unquote(line: &[u8]) -> Result<String, Failure> {
    let line = line.trim_ascii();
    let inner = match line {
        [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
        _ => return Err(Failure::damaged("a string in its pickle has no quotes")),
    };
    unescape(inner, |kind| match kind {
        b'x' => Some((2, 16)),
        b'0'..=b'7' => Some((3, 8)),
        _ => None,
    })
}

/// Replaces escapes. `coded` says how many digits of which base follow a backslash and that letter; an octal one begins
/// with its first digit.
fn unescape(mut bytes: &[u8], coded: impl Fn(u8) -> Option<(usize, u32)>) -> Result<String, Failure> {
    let wrong = || Failure::damaged("a string in its pickle has a broken escape");
    let quoted = coded(b'x').is_some();
    let mut text = String::new();
    while let Some((&byte, rest)) = bytes.split_first() {
        bytes = rest;
        let next = rest.first().copied();
        match (byte, next) {
            (b'\\', Some(kind)) if coded(kind).is_some() => {
                let (most, base) = coded(kind).ok_or_else(wrong)?;
                let digits = &rest[usize::from(base == 16)..];
                let is_digit = |b: &&u8| char::from(**b).is_digit(base);
                let count = digits.iter().take(most).take_while(is_digit).count();
                if base == 16 && count < most {
                    return Err(wrong());
                }
                let number = std::str::from_utf8(&digits[..count]).map_err(|_| wrong())?;
                let code = u32::from_str_radix(number, base).map_err(|_| wrong())?;
                // A lone surrogate names nothing.
                text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                bytes = &digits[count..];
            }
            (b'\\', Some(kind)) if quoted => {
                let plain = match kind {
                    b'n' => '\n',
                    b't' => '\t',
                    b'r' => '\r',
                    b'a' => '\x07',
                    b'b' => '\x08',
                    b'f' => '\x0c',
                    b'v' => '\x0b',
                    b'\\' | b'\'' | b'"' => char::from(kind),
                    other => {
                        text.push('\\');
                        char::from(other)
                    }
                };
                text.push(plain);
                bytes = &rest[1..];
            }
            _ => text.push(char::from(byte)),
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_length() {
        for (bytes, value) in [
            (&[][..], Some(0)),
            (&[0xff], Some(-1)),
            (&[0xff, 0], Some(255)),
            (&[0, 0, 0, 0, 0, 0, 0, 0x80], Some(i64::MIN)),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0], Some(i64::MAX)),
            (&[0, 0, 0, 0, 0, 0, 0, 0x80, 0], None),
        ] {
            assert_eq!(integer(bytes), value, "{bytes:?}");
        }
    }

    #[test]
    fn escapes_cannot_hide_a_name() {
        assert_eq!(unquote(br"'\x6f\163'").unwrap(), "os");
        assert_eq!(unquote(br#""a\\n\n\'\q""#).unwrap(), "a\\n\n'\\q");
        assert_eq!(unescape_unicode(br"\u006f\U00000073\n").unwrap(), "os\\n");
        assert!(unescape_unicode(br"\u00").is_err() && unquote(b"os").is_err() && unquote(br"'\x6'").is_err());
    }
}
