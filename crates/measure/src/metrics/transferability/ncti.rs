//! The three terms of NCTI: how far features are from neural collapse on the target classes.

use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::linalg::{Symmetric, eigenvalues, eigenvectors, nuclear_norm, product_transposed};
use crate::metrics::labelled::{Labelled, Score, softmax_rows, told_apart};

/// Principal directions looked at.
const DIRECTIONS: usize = 64;
/// Those whose variance sets the shrinkage.
const SHRINKING: usize = 32;
/// The least shrinkage: there the discriminant is not shrunk at all.
const LEAST: f64 = 1e-10;
/// Singular values of standardised features below this are none.
const SINGULAR: f64 = 1e-4;

/// A linear discriminant of the first principal coordinates.
struct Discriminant {
    /// Coordinates of all rows along the discriminant directions (N, at most C - 1).
    projected: Array2<f64>,
    /// Probabilities of all classes (N, C).
    probabilities: Array2<f64>,
    /// The mean probability of the own class.
    sure: f64,
    shrinkage: f64,
}

/// ‖centred discriminant coordinates‖_*, the nuclear norm.
///
/// # Errors
/// As the discriminant.
pub fn ncti_seli(rows: &Labelled) -> Result<Score> {
    let found = Discriminant::new(rows)?;
    let norm: f64 = eigenvalues(gram(&found.projected))?
        .iter()
        .map(|v| v.max(0.0).sqrt())
        .sum();
    Ok(found.score(norm))
}

/// The mean probability of the own class.
///
/// # Errors
/// As the discriminant.
pub fn ncti_ncc(rows: &Labelled) -> Result<Score> {
    let found = Discriminant::new(rows)?;
    Ok(found.score(found.sure))
}

/// log sum_c ‖P_c‖_*, P_c the probabilities of the rows of class c (N_c, C).
///
/// # Errors
/// As the discriminant.
pub fn ncti_variability(rows: &Labelled) -> Result<Score> {
    let found = Discriminant::new(rows)?;
    let of_class = |members: &Vec<usize>| nuclear_norm(found.probabilities.select(Axis(0), members));
    let members = rows.by_class();
    let norms: Vec<f64> = members.par_iter().map(of_class).collect::<Result<_>>()?;
    Ok(found.score(norms.iter().sum::<f64>().ln()))
}

impl Discriminant {
    fn score(&self, value: f64) -> Score {
        Score {
            value,
            found: vec![("shrinkage", self.shrinkage)],
            no_interval: told_apart(self.sure),
        }
    }

    fn new(rows: &Labelled) -> Result<Self> {
        let x = rows.along(DIRECTIONS)?;
        let n = rows.len() as f64;
        let variances = rows.principal()?.values.iter().map(|v| v / (n - 1.0));
        let shrinkage = (-variances.take(SHRINKING).sum::<f64>()).exp().max(LEAST);
        let of_classes = OfClasses::new(&x, rows);
        let (directions, shrinkage) = match shrinkage > LEAST {
            true => (of_classes.shrunk(&x, shrinkage)?, shrinkage),
            false => (of_classes.plain()?, 0.0),
        };
        // Discriminant coordinates of rows and of class means.
        let own = product_transposed(x.view(), directions.view());
        let means = product_transposed(of_classes.means.view(), directions.view());
        let mut probabilities = product_transposed(own.view(), means.view());
        let priors = of_classes.counts.iter().map(|count| (count / n).ln());
        let intercepts: Array1<f64> = means
            .outer_iter()
            .zip(priors)
            .map(|(m, p)| p - 0.5 * m.dot(&m))
            .collect();
        probabilities += &intercepts;
        softmax_rows(&mut probabilities);
        let own_class = probabilities.outer_iter().zip(rows.classes());
        let sure = own_class.map(|(p, &c)| p[c as usize]).sum::<f64>() / n;
        let kept = (rows.count() - 1).min(directions.nrows());
        Ok(Self {
            projected: own.slice(s![.., ..kept]).as_standard_layout().into_owned(),
            probabilities,
            sure,
            shrinkage,
        })
    }
}

/// Class means and the rows about them, of centred rows (N, k).
struct OfClasses {
    counts: Vec<f64>,
    means: Array2<f64>,
    /// sum_i (x_i - m)(x_i - m)ᵀ, m the mean of the class.
    within: Array2<f64>,
}

impl OfClasses {
    fn new(x: &Array2<f64>, rows: &Labelled) -> Self {
        let counts = rows.moments().counts.clone();
        let mut means = Array2::<f64>::zeros((counts.len(), x.ncols()));
        for (row, &c) in x.outer_iter().zip(rows.classes()) {
            let mut sum = means.row_mut(c as usize);
            sum += &row;
        }
        for (mut sum, count) in means.outer_iter_mut().zip(&counts) {
            sum /= *count;
        }
        let mut apart = x.clone();
        for (mut row, &c) in apart.outer_iter_mut().zip(rows.classes()) {
            row -= &means.row(c as usize);
        }
        Self {
            counts,
            means,
            within: gram(&apart),
        }
    }

    /// The directions (k, k) that make the shrunk covariance within classes the unit matrix, by how much classes differ along them.
    fn shrunk(&self, x: &Array2<f64>, shrinkage: f64) -> Result<Array2<f64>> {
        let n = x.nrows() as f64;
        let shrink = |scatter: Array2<f64>| {
            let mut covariance = scatter / n;
            let level = shrinkage * covariance.diag().sum() / covariance.nrows() as f64;
            covariance *= 1.0 - shrinkage;
            covariance.diag_mut().iter_mut().for_each(|v| *v += level);
            covariance
        };
        let (within, total) = (shrink(self.within.clone()), shrink(gram(x)));
        let (values, vectors) = eigenvectors(within.clone())?;
        if values.last().is_none_or(|v| *v <= 0.0) {
            return Err(Error::undefined("no row differs from its class mean"));
        }
        let scale = Array1::from_iter(values.iter().map(|v| v.sqrt().recip())).insert_axis(Axis(1));
        let whitening = vectors * &scale;
        let between = whitening.dot(&(total - within)).dot(&whitening.t());
        let (_, turned) = eigenvectors(between.as_standard_layout().into_owned())?;
        Ok(turned.dot(&whitening))
    }

    /// The same of the covariance as it is, in the directions that have one.
    fn plain(&self) -> Result<Array2<f64>> {
        let n: f64 = self.counts.iter().sum();
        let count = self.counts.len() as f64;
        let deviations = self.within.diag().mapv(|v| if v > 0.0 { (v / n).sqrt() } else { 1.0 });
        let mut standard = &self.within / n;
        for ((i, j), x) in standard.indexed_iter_mut() {
            *x /= deviations[i] * deviations[j];
        }
        let (values, vectors) = eigenvectors(standard)?;
        let rank = values.iter().filter(|v| v.max(0.0).sqrt() > SINGULAR).count();
        if rank == 0 {
            return Err(Error::undefined("no row differs from its class mean"));
        }
        let mut whitening = vectors.slice(s![..rank, ..]).to_owned() / &deviations;
        for (mut row, v) in whitening.outer_iter_mut().zip(&values) {
            row /= v.sqrt();
        }
        let mut means = product_transposed(self.means.view(), whitening.view());
        for (mut mean, c) in means.outer_iter_mut().zip(&self.counts) {
            mean *= (c / (count - 1.0)).sqrt();
        }
        let (values, turned) = eigenvectors(gram(&means))?;
        let most = values.first().copied().unwrap_or(0.0).max(0.0).sqrt();
        let kept = values.iter().filter(|v| v.max(0.0).sqrt() > SINGULAR * most).count();
        Ok(turned.slice(s![..kept, ..]).dot(&whitening))
    }
}

fn gram(x: &Array2<f64>) -> Array2<f64> {
    Symmetric::gram(x.view()).to_full()
}
