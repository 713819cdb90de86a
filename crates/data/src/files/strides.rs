//! How the elements of an array lie in memory, and bringing them into the order of rows.

/// Elements from one to the next along each axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strides(Vec<u64>);

impl Strides {
    /// As a file states them, one for each axis.
    pub fn new(strides: Vec<u64>) -> Self {
        Self(strides)
    }

    /// Row after row, without gaps.
    pub fn by_row(shape: &[u64]) -> Self {
        let mut strides = following(shape.iter().rev());
        strides.reverse();
        Self(strides)
    }

    /// Column after column, without gaps.
    pub fn by_column(shape: &[u64]) -> Self {
        Self(following(shape.iter()))
    }

    /// True if the elements lie row after row, without gaps.
    pub fn are_by_row(&self, shape: &[u64]) -> bool {
        self.agree(shape, &Self::by_row(shape))
    }

    /// True if the elements lie column after column, without gaps.
    pub fn are_by_column(&self, shape: &[u64]) -> bool {
        self.agree(shape, &Self::by_column(shape))
    }

    fn agree(&self, shape: &[u64], other: &Self) -> bool {
        // An axis of length one may have any stride, and so may an array without elements.
        let mut axes = shape.iter().zip(self.0.iter().zip(&other.0));
        shape.contains(&0) || axes.all(|(&extent, (a, b))| extent == 1 || a == b)
    }

    /// Elements from the first to behind the last.
    pub fn extent(&self, shape: &[u64]) -> u64 {
        if shape.contains(&0) {
            return 0;
        }
        let last: u64 = shape.iter().zip(&self.0).map(|(&n, s)| (n - 1) * s).sum();
        last + 1
    }

    /// The elements in the order of rows, from the bytes of their extent. The stride of an axis with one element may be
    /// anything, so the position may pass through numbers that are none.
    pub fn gather(&self, shape: &[u64], bytes: &[u8], size: usize) -> Vec<u8> {
        let elements: u64 = shape.iter().product();
        let mut gathered = Vec::with_capacity(elements as usize * size);
        let mut index = vec![0; shape.len()];
        let mut at = 0u64;
        for _ in 0..elements {
            gathered.extend_from_slice(&bytes[at as usize * size..][..size]);
            for (axis, i) in index.iter_mut().enumerate().rev() {
                at = at.wrapping_add(self.0[axis]);
                *i += 1;
                if *i < shape[axis] {
                    break;
                }
                at = at.wrapping_sub(self.0[axis].wrapping_mul(shape[axis]));
                *i = 0;
            }
        }
        gathered
    }
}

/// Strides of axes that follow each other without gaps, the fastest first.
fn following<'a>(shape: impl Iterator<Item = &'a u64>) -> Vec<u64> {
    let step = |next: &mut u64, &extent: &u64| {
        let stride = *next;
        *next = next.saturating_mul(extent.max(1));
        Some(stride)
    };
    shape.scan(1, step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_gathered_row_by_row() {
        let bytes: Vec<u8> = (0..6).collect();
        let shape = [2, 3];
        let columns = Strides::by_column(&shape);
        assert_eq!(columns.gather(&shape, &bytes, 1), [0, 2, 4, 1, 3, 5]);
        assert_eq!(Strides::by_row(&shape).gather(&shape, &bytes, 1), bytes);
        assert_eq!(Strides::new(vec![0, 2]).gather(&shape, &bytes, 1), [0, 2, 4, 0, 2, 4]);
    }

    #[test]
    fn axes_of_one_element_do_not_matter() {
        let maps = Strides::new(vec![16, 1, 16, 99]);
        let shape = [5, 16, 1, 1];
        assert!(maps.are_by_row(&shape) && !maps.are_by_column(&shape));
        assert_eq!(maps.extent(&shape), 80);
        assert!(Strides::by_column(&[5, 16, 1, 1]).are_by_column(&shape));
    }
}
