//! Repetition levels: where the rows of a column of lists begin.

/// Follows the rows of a column of lists through its pages; none may have another length than the first.
#[derive(Debug)]
pub(super) struct EvenRows {
    width: usize,
    /// Values that the row at hand still lacks.
    left: usize,
    /// Rows begun.
    rows: usize,
}

impl EvenRows {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            left: 0,
            rows: 0,
        }
    }

    /// Takes in the levels of `values` values: runs of one level, and levels packed eight to a byte, lowest bit first.
    pub(super) fn take(&mut self, mut levels: &[u8], mut values: usize) -> Result<(), String> {
        while values > 0 {
            let (header, rest) = varint(levels).ok_or("its repetition levels end early")?;
            let (count, packed) = (usize::try_from(header >> 1).unwrap_or(usize::MAX), header & 1 == 1);
            let bytes = if packed { count } else { 1 };
            let (run, rest) = rest.split_at_checked(bytes).ok_or("its repetition levels end early")?;
            levels = rest;
            if packed {
                for &byte in run {
                    let bits = values.min(8);
                    self.bits(byte, bits)?;
                    values -= bits;
                }
            } else {
                let count = count.min(values);
                if count == 0 {
                    return Err("its repetition levels make no sense".to_owned());
                }
                values -= count;
                match run[0] & 1 {
                    0 => (0..count).try_for_each(|_| self.begin())?,
                    _ => self.go_on(count)?,
                }
            }
        }
        Ok(())
    }

    fn bits(&mut self, byte: u8, bits: usize) -> Result<(), String> {
        if byte == 0xff && bits == 8 {
            return self.go_on(8);
        }
        (0..bits).try_for_each(|bit| match byte >> bit & 1 {
            0 => self.begin(),
            _ => self.go_on(1),
        })
    }

    /// A row begins.
    fn begin(&mut self) -> Result<(), String> {
        self.end()?;
        self.rows += 1;
        self.left = self.width - 1;
        Ok(())
    }

    /// The row at hand goes on.
    fn go_on(&mut self, values: usize) -> Result<(), String> {
        if self.rows == 0 {
            return Err("its first row does not begin".to_owned());
        }
        match self.left.checked_sub(values) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(format!(
                "row {} has more than the {} values of the first row",
                self.rows - 1,
                self.width
            )),
        }
    }

    /// The row at hand ends.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.left {
            0 => Ok(()),
            left => Err(format!(
                "row {} has {} values, the first row {}",
                self.rows - 1,
                self.width - left,
                self.width
            )),
        }
    }
}

/// A number of seven bits a byte, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[i + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(width: usize, pages: &[(&[u8], usize)]) -> Result<(), String> {
        let mut rows = EvenRows::new(width);
        pages
            .iter()
            .try_for_each(|(levels, values)| rows.take(levels, *values))?;
        rows.end()
    }

    #[test]
    fn rows_of_one_length_pass_however_their_levels_are_kept() {
        // Packed: 0 1 1 0 1 1.
        assert_eq!(rows(3, &[(&[0b11, 0b0011_0110], 6)]), Ok(()));
        // Runs: 0, five 1, 0, five 1.
        assert_eq!(rows(6, &[(&[2, 0, 10, 1, 2, 0, 10, 1], 12)]), Ok(()));
        // A row that goes on in the next page.
        assert_eq!(rows(4, &[(&[2, 0], 1), (&[6, 1], 3)]), Ok(()));
        assert_eq!(rows(1, &[(&[10, 0], 5)]), Ok(()));
    }

    #[test]
    fn rows_of_other_lengths_are_named() {
        let short = rows(3, &[(&[0b11, 0b0000_1010], 4)]).unwrap_err();
        assert_eq!(short, "row 0 has 2 values, the first row 3");
        let long = rows(2, &[(&[2, 0, 2, 1, 2, 0, 4, 1], 5)]).unwrap_err();
        assert_eq!(long, "row 1 has more than the 2 values of the first row");
        assert!(rows(3, &[(&[2, 0, 2, 1], 2)]).unwrap_err().contains("row 0 has 2"));
        assert!(rows(3, &[(&[2, 1], 1)]).unwrap_err().contains("does not begin"));
        for bad in [&[][..], &[0x80], &[3], &[0, 0]] {
            assert!(rows(3, &[(bad, 3)]).is_err(), "{bad:?}");
        }
    }
}
