//! What values each channel takes, mergeable.

use ndarray::{Array1, ArrayView1, Zip};

/// For each of d channels its least and largest value and how often it is exactly zero, over n rows.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelValues {
    /// Rows, n.
    pub n: u64,
    /// Least values (d); infinite where there are no rows.
    pub low: Array1<f64>,
    /// Largest values (d).
    pub high: Array1<f64>,
    /// Exact zeros, of either sign (d).
    pub zeros: Array1<u64>,
}

impl ChannelValues {
    /// No rows of width `d`.
    pub fn new(d: usize) -> Self {
        Self {
            n: 0,
            low: Array1::from_elem(d, f64::INFINITY),
            high: Array1::from_elem(d, f64::NEG_INFINITY),
            zeros: Array1::zeros(d),
        }
    }

    /// Takes in one row.
    pub fn update(&mut self, row: ArrayView1<f64>) {
        self.n += 1;
        Zip::from(&mut self.low)
            .and(&mut self.high)
            .and(&mut self.zeros)
            .and(row)
            .for_each(|low, high, zeros, &x| {
                *low = low.min(x);
                *high = high.max(x);
                *zeros += u64::from(x == 0.0);
            });
    }

    /// Takes in the rows of another set.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.low.zip_mut_with(&other.low, |low, x| *low = low.min(*x));
        self.high.zip_mut_with(&other.high, |high, x| *high = high.max(*x));
        self.zeros += &other.zeros;
    }

    /// Per channel, whether it takes more than one value.
    pub fn live(&self) -> Vec<bool> {
        self.low.iter().zip(&self.high).map(|(low, high)| low < high).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn zeros_of_either_sign_count_and_parts_add_up() {
        let rows = array![[0.0, 1.0, -2.0], [-0.0, 1.0, 3.0], [5.0, 1.0, 0.0]];
        let (mut whole, mut a, mut b) = (ChannelValues::new(3), ChannelValues::new(3), ChannelValues::new(3));
        rows.outer_iter().for_each(|row| whole.update(row));
        a.update(rows.row(0));
        rows.outer_iter().skip(1).for_each(|row| b.update(row));
        a.merge(&b);
        assert_eq!(a, whole);
        assert_eq!((whole.n, whole.zeros.to_vec()), (3, vec![2, 0, 1]));
        assert_eq!(whole.live(), [true, false, true]);
    }
}
