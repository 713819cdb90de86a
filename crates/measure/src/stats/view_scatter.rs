//! Scatters of views of the same images: within images and between them.

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::rows::Rows;
use crate::error::{Error, Result};
use crate::linalg::Symmetric;
use crate::uncertainty::GROUPS;

/// What the images of each jackknife group add to scatters of views.
#[derive(Clone, Debug)]
pub struct ViewSums {
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    /// Mean of the views of each image, less the first row of all (images, d).
    means: Array2<f64>,
    /// Sum over images of the covariance of their views (ddof 1).
    within: Symmetric,
    /// Views less images.
    freedom: usize,
}

/// Views of n images.
#[derive(Clone, Debug)]
pub struct ViewScatter {
    /// Mean of the views of each image, less the mean of these (n, d).
    pub means: Array2<f64>,
    /// Mean over images of the covariance of their views, ddof 1 (d, d).
    pub within: Array2<f64>,
    /// Its degrees of freedom: views less images.
    pub freedom: usize,
}

impl ViewSums {
    /// Takes images, each given by the places of its views among the rows: at least two. The groups take the images in turn.
    pub fn new(rows: &Rows, images: &[Vec<usize>]) -> Self {
        let d = rows.width();
        let first = match images.first().and_then(|views| views.first()) {
            Some(&place) => rows.row(place),
            None => Array1::zeros(d),
        };
        let of_group = |g: usize| {
            let own: Vec<&Vec<usize>> = images.iter().skip(g).step_by(GROUPS).collect();
            let mut group = Group {
                means: Array2::zeros((own.len(), d)),
                within: Symmetric::zeros(d),
                freedom: own.iter().map(|views| views.len() - 1).sum(),
            };
            for (views, mut mean) in own.into_iter().zip(group.means.outer_iter_mut()) {
                let mut own = rows.select(views) - &first;
                for view in own.outer_iter() {
                    mean += &view;
                }
                mean /= views.len() as f64;
                own -= &mean;
                group
                    .within
                    .add_scaled_gram(1.0 / (views.len() as f64 - 1.0), own.view());
            }
            group
        };
        Self {
            groups: (0..GROUPS).into_par_iter().map(of_group).collect(),
        }
    }

    /// The scatter of all images, or of all but those of one group.
    ///
    /// # Errors
    /// Undefined with fewer than two images.
    pub fn scatter(&self, without: Option<usize>) -> Result<ViewScatter> {
        let kept = || self.groups.iter().enumerate().filter(|(g, _)| Some(*g) != without);
        let parts: Vec<_> = kept().map(|(_, group)| group.means.view()).collect();
        let mut means = ndarray::concatenate(Axis(0), &parts).unwrap_or_default();
        let n = means.nrows();
        if n < 2 {
            return Err(Error::undefined("views of fewer than two images"));
        }
        let mean = means.sum_axis(Axis(0)) / n as f64;
        means -= &mean;
        let mut within = Symmetric::zeros(means.ncols());
        kept().for_each(|(_, group)| within.add(&group.within));
        within.scale(1.0 / n as f64);
        Ok(ViewScatter {
            means,
            within: within.to_full(),
            freedom: kept().map(|(_, group)| group.freedom).sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn views_vary_around_the_mean_of_their_image() {
        let rows = Rows::of(array![
            [1e6 + 1.0, 0.0],
            [1e6 + 3.0, 0.0],
            [1e6, 1.0],
            [1e6, 2.0],
            [1e6, 3.0]
        ]);
        let sums = ViewSums::new(&rows, &[vec![0, 1], vec![2, 3, 4]]);
        let found = sums.scatter(None).unwrap();
        // Means (2, 0) and (0, 2); variances 2 and 1, each of one channel.
        assert_eq!(found.means, array![[1.0, -1.0], [-1.0, 1.0]]);
        assert_eq!(found.within, array![[1.0, 0.0], [0.0, 0.5]]);
        assert_eq!(found.freedom, 3);
        assert!(sums.scatter(Some(0)).is_err());
        assert!(ViewSums::new(&rows, &[]).scatter(None).is_err());
    }
}
