//! Class structure: how tight classes are against how far apart they lie, and how regularly.

use ndarray::{Array1, Array2, Axis};

use super::variation::{ROUNDING, classes, inter_over, intra_class_distance, squared_size, with_rows};
use super::{Better, ErrorBar, Eval, Family, Law, Metric, RowView, Shares};
use crate::error::{Error, Result};
use crate::stats::{ClassMoments, GROUPS, squared_distances};

/// Class means around their unweighted mean, over all classes that have rows.
fn centred_means(m: &ClassMoments) -> Array2<f64> {
    let present = with_rows(m, 1);
    let means = m.means().select(Axis(0), &present);
    let mut centre = Array1::<f64>::zeros(m.width());
    for (i, mean) in means.outer_iter().enumerate() {
        // A running mean keeps the digits of means far from zero.
        centre.zip_mut_with(&mean, |c, x| *c += (x - *c) / (i + 1) as f64);
    }
    means - centre
}

/// tr S_B: the mean squared distance of these class means to their mean.
fn between(m: &ClassMoments, least: u64) -> Result<f64> {
    // Refuses means that coincide.
    let inter = inter_over(m, &with_rows(m, least))?;
    let classes = with_rows(m, least).len() as f64;
    Ok(inter * (classes - 1.0) / (2.0 * classes))
}

/// The mean over pairs of classes of (v_i + v_j) / (2 ‖mu_i - mu_j‖²), v the mean squared distance of a class's rows to its
/// mean, over the classes with at least two rows.
///
/// # Errors
/// Undefined with fewer than two such classes, and where two of their means coincide.
pub fn cdnv(m: &ClassMoments) -> Result<f64> {
    let classes = with_rows(m, 2);
    if classes.len() < 2 {
        return Err(Error::undefined("fewer than two classes have two rows"));
    }
    intra_class_distance(m)?;
    let means = m.means().select(Axis(0), &classes);
    let squared = squared_distances(means.view());
    let spread: Vec<f64> = classes.iter().map(|&c| m.spreads()[c] / m.counts()[c] as f64).collect();
    let rounding = ROUNDING * squared_size(m);
    let mut sum = 0.0;
    for i in 0..classes.len() {
        for j in 0..i {
            if squared[[i, j]] <= rounding {
                return Err(Error::undefined("the means of two classes coincide"));
            }
            sum += (spread[i] + spread[j]) / (2.0 * squared[[i, j]]);
        }
    }
    Ok(sum / (classes.len() * (classes.len() - 1) / 2) as f64)
}

/// tr S_W / tr S_B, both over the classes with at least two rows.
///
/// # Errors
/// Undefined where all class means coincide, or all classes are single points.
pub fn nc1_quotient(m: &ClassMoments) -> Result<f64> {
    Ok(intra_class_distance(m)? / between(m, 2)?)
}

/// tr S_B / tr S_W, both over the classes with at least two rows.
///
/// # Errors
/// As [`nc1_quotient`].
pub fn fisher_ratio(m: &ClassMoments) -> Result<f64> {
    Ok(between(m, 2)? / intra_class_distance(m)?)
}

/// The coefficient of variation of ‖mu_c - mu_bar‖: 0 where the means lie on a sphere around their mean.
///
/// # Errors
/// Undefined with fewer than two classes, and where their means coincide.
pub fn nc2_equinorm(m: &ClassMoments) -> Result<f64> {
    between(m, 1)?;
    let norms: Vec<f64> = centred_means(m).outer_iter().map(|r| r.dot(&r).sqrt()).collect();
    let mean = norms.iter().sum::<f64>() / norms.len() as f64;
    let squares: f64 = norms.iter().map(|n| (n - mean).powi(2)).sum();
    Ok((squares / norms.len() as f64).sqrt() / mean)
}

/// The mean over pairs of |cos(mu_i - mu_bar, mu_j - mu_bar) + 1/(C-1)|: 0 for the simplex, where all pairs of centred means
/// are as far apart as they can be.
///
/// # Errors
/// Undefined with fewer than two classes, and where a class mean is the mean of all.
pub fn nc2_equiangle(m: &ClassMoments) -> Result<f64> {
    between(m, 1)?;
    let mut means = centred_means(m);
    for mut mean in means.outer_iter_mut() {
        let norm = mean.dot(&mean).sqrt();
        if norm == 0.0 {
            return Err(Error::undefined(
                "a class mean lies on the mean of all: it has no direction",
            ));
        }
        mean /= norm;
    }
    let c = means.nrows();
    let ideal = 1.0 / (c as f64 - 1.0);
    let mut sum = 0.0;
    for i in 0..c {
        for j in 0..i {
            sum += (means.row(i).dot(&means.row(j)) + ideal).abs();
        }
    }
    Ok(sum / (c * (c - 1) / 2) as f64)
}

/// (B / (C-1)) / (W / (N-C)), B and W the sums of squares between and within classes, each row counting the same
/// (scikit-learn's `calinski_harabasz_score`).
///
/// # Errors
/// Undefined with fewer than two classes, as many classes as rows, and where all classes are single points.
pub fn calinski_harabasz(m: &ClassMoments) -> Result<f64> {
    intra_class_distance(m)?;
    let present = with_rows(m, 1);
    let n: u64 = m.counts().iter().sum();
    let (classes, rows) = (present.len() as f64, n as f64);
    if present.len() < 2 {
        return Err(Error::undefined("distances between classes need at least two classes"));
    }
    let (mut weight, mut centre) = (0.0, Array1::<f64>::zeros(m.width()));
    for &c in &present {
        let w = m.counts()[c] as f64;
        weight += w;
        centre.zip_mut_with(&m.means().row(c), |to, x| *to += (x - *to) * (w / weight));
    }
    let outside: f64 = present
        .iter()
        .map(|&c| {
            let apart = &m.means().row(c) - &centre;
            m.counts()[c] as f64 * apart.dot(&apart)
        })
        .sum();
    let inside: f64 = m.spreads().iter().sum();
    Ok(outside / (classes - 1.0) / (inside / (rows - classes)))
}

/// What one row adds to the silhouette: (b - a) / max(a, b), a its mean distance to the others of its class, b to the
/// nearest other class; 0 for the only row of a class.
fn silhouette_of(view: &RowView) -> Shares {
    let nothing = Shares {
        all: (0.0, 0.0),
        without: [(0.0, 0.0); GROUPS],
    };
    let Some(own) = view.rows.classes()[view.i].map(|c| c as usize) else {
        return nothing;
    };
    // Sums of distances by class and group.
    let mut sums = Array2::<f64>::zeros(view.counts.raw_dim());
    for ((squared, class), &group) in view.squared.iter().zip(view.rows.classes()).zip(view.rows.groups()) {
        if let Some(class) = class {
            sums[[*class as usize, group as usize]] += squared.sqrt();
        }
    }
    let silhouette = |without: Option<usize>| {
        let left = |values: &[f64]| values.iter().sum::<f64>() - without.map_or(0.0, |g| values[g]);
        let (mut a, mut b) = (None, f64::INFINITY);
        for (class, (sums, counts)) in sums.outer_iter().zip(view.counts.outer_iter()).enumerate() {
            let sum = left(sums.as_slice().expect("rows of a standard layout"));
            let rows = counts.sum() - without.map_or(0, |g| counts[g]);
            if class == own {
                a = (rows > 1).then(|| sum / (rows - 1) as f64);
            } else if rows > 0 {
                b = b.min(sum / rows as f64);
            }
        }
        match a {
            _ if b == f64::INFINITY => (0.0, 0.0),
            Some(a) if a.max(b) > 0.0 => ((b - a) / a.max(b), 1.0),
            _ => (0.0, 1.0),
        }
    };
    let mut without = nothing.without;
    let own_group = usize::from(view.rows.groups()[view.i]);
    for (group, share) in without.iter_mut().enumerate().filter(|(g, _)| *g != own_group) {
        *share = silhouette(Some(group));
    }
    Shares {
        all: silhouette(None),
        without,
    }
}

const LAWS: &[Law] = &[
    Law::Rotation,
    Law::Translation,
    Law::Scale,
    Law::RowOrder,
    Law::ClassNames,
];
const UNMEASURED: &str =
    "where classes are weak, one by resampling misses the population's value (reports/coverage.md)";
const POPULATION: &str = "the value of the populations, for these classes";

/// The family.
pub const FAMILY: Family = Family {
    id: "class-structure",
    about: "How tight and how regularly placed are the classes?",
    metrics: METRICS,
};

const METRICS: &[Metric] = &[
    Metric {
        id: "cdnv",
        label: "Class-distance normalised variance",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "The spread of two classes against the distance of their means, averaged over pairs: it falls towards 0 as \
                classes collapse, and small values on new classes go with few-shot transfer.",
        caveat: "Two classes with nearly the same mean make it explode, and noise in the means biases it: its \
                 interval was tried and failed.",
        formula: "mean over i < j of (v_i + v_j) / (2 |mu_i - mu_j|^2), v_c = 1/n_c sum |x - mu_c|^2",
        convention: "squared Euclidean distances; over the classes with at least two rows; each pair counts the same",
        variants: &[],
        reference: "Galanti et al., ICLR 2022, arXiv 2112.15121",
        estimand: POPULATION,
        laws: LAWS,
        error: ErrorBar::None(UNMEASURED),
        eval: classes(cdnv, 2),
    },
    Metric {
        id: "nc1_quotient",
        label: "Within over between variance",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "The variance inside the classes over that of the class means: 0 where classes have collapsed to points.",
        caveat: "It explodes where class means hardly differ. It is not tr(S_W S_B^+)/C, which also goes by the \
                 name NC1.",
        formula: "tr S_W / tr S_B",
        convention: "S_W the mean class covariance (ddof 0), S_B that of the class means around their unweighted mean; both \
                     over the classes with at least two rows",
        variants: &[],
        reference: "after Papyan et al., PNAS 2020, arXiv 2008.08186",
        estimand: POPULATION,
        laws: LAWS,
        error: ErrorBar::None(UNMEASURED),
        eval: classes(nc1_quotient, 2),
    },
    Metric {
        id: "fisher_ratio",
        label: "Fisher ratio",
        unit: "",
        better: Better::LowerOnPreHigherOnEval,
        range: (0.0, f64::INFINITY),
        about: "The variance of the class means over that inside the classes: the inverse of nc1_quotient.",
        caveat: "The ratio of traces, not of the matrices: strong channels decide it.",
        formula: "tr S_B / tr S_W",
        convention: "as nc1_quotient",
        variants: &[],
        reference: "Fisher, Annals of Eugenics 1936",
        estimand: POPULATION,
        laws: LAWS,
        error: ErrorBar::JackknifeCorrected,
        eval: classes(fisher_ratio, 2),
    },
    Metric {
        id: "nc2_equinorm",
        label: "Unequal distance of class means",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "How unequally far the class means lie from their mean: 0 where they lie on a sphere, as in full collapse.",
        caveat: "Noise in class means pushes it up where classes are small or weak; compare at equal numbers of \
                 rows.",
        formula: "std / mean of |mu_c - mu_bar| over classes",
        convention: "mu_bar unweighted; standard deviation with ddof 0",
        variants: &[],
        reference: "Papyan et al., PNAS 2020, arXiv 2008.08186",
        estimand: POPULATION,
        laws: LAWS,
        error: ErrorBar::None(UNMEASURED),
        eval: classes(nc2_equinorm, 1),
    },
    Metric {
        id: "nc2_equiangle",
        label: "Unequal angles of class means",
        unit: "",
        better: Better::Neither,
        range: (0.0, 2.0),
        about: "How far the angles between centred class means are from those of a simplex: 0 where all pairs are equally \
                far apart, as in full collapse.",
        caveat: "0 is reached only where d is at least C - 1. A mean of absolute values: noise in class means \
                 pushes it up.",
        formula: "mean over i < j of |cos(mu_i - mu_bar, mu_j - mu_bar) + 1/(C-1)|",
        convention: "mu_bar unweighted; all pairs of classes count the same",
        variants: &[],
        reference: "Papyan et al., PNAS 2020, arXiv 2008.08186",
        estimand: "the expectation at these numbers of rows, for these classes (a mean of absolute values)",
        laws: LAWS,
        error: ErrorBar::Jackknife,
        eval: classes(nc2_equiangle, 1),
    },
    Metric {
        id: "silhouette",
        label: "Silhouette",
        unit: "",
        better: Better::Neither,
        range: (-1.0, 1.0),
        about: "Whether a row lies nearer to its own class than to the nearest other one: 1 where classes are tight and \
                apart, 0 where they touch, negative where rows lie among another class.",
        caveat: "Euclidean distances in hundreds of dimensions are alike for all pairs: values near 0 do not mean \
                 that a classifier fails.",
        formula: "mean over rows of (b - a) / max(a, b), a = mean distance to its class, b = to the nearest other class",
        convention: "Euclidean distance; the row itself left out of a; 0 for the only row of a class (scikit-learn)",
        variants: &[],
        reference: "Rousseeuw, J. Comput. Appl. Math. 1987",
        estimand: "the expectation at these numbers of rows, for these classes",
        laws: LAWS,
        error: ErrorBar::Jackknife,
        eval: Eval::Within {
            row: silhouette_of,
            value: Ok,
            labelled: true,
        },
    },
    Metric {
        id: "calinski_harabasz",
        label: "Calinski-Harabasz index",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "The variance between classes over that within, as an F statistic: it grows with the number of rows, so \
                compare it at equal N only.",
        caveat: "It grows with N and falls with the number of classes: only comparable at equal N and C.",
        formula: "(sum_c n_c |mu_c - mu|^2 / (C-1)) / (sum_c sum_{i in c} |x_i - mu_c|^2 / (N-C))",
        convention: "each row counts the same (scikit-learn)",
        variants: &[],
        reference: "Calinski and Harabasz, Communications in Statistics 1974",
        estimand: "the expectation at these numbers of rows, for these classes",
        laws: LAWS,
        error: ErrorBar::None(
            "it grows with the number of rows, so that resamples of fewer rows say nothing of its spread",
        ),
        eval: classes(calinski_harabasz, 1),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn moments(rows: &Array2<f64>, classes: &[usize]) -> ClassMoments {
        let mut m = ClassMoments::new(classes.iter().max().unwrap() + 1, rows.ncols());
        rows.outer_iter().zip(classes).for_each(|(row, &c)| m.update(c, row));
        m
    }

    #[test]
    fn two_classes_on_a_line() {
        // Class 0 at -1 and 1, class 1 at 9 and 11: v = 1 each, means 10 apart, S_B = 25.
        let m = moments(&array![[-1.0], [1.0], [9.0], [11.0]], &[0, 0, 1, 1]);
        assert_eq!(cdnv(&m).unwrap(), 0.01);
        assert_eq!(nc1_quotient(&m).unwrap(), 0.04);
        assert_eq!(fisher_ratio(&m).unwrap(), 25.0);
        // B = 4 * 25, W = 4: (100 / 1) / (4 / 2).
        assert_eq!(calinski_harabasz(&m).unwrap(), 50.0);
        assert_eq!(nc2_equinorm(&m).unwrap(), 0.0);
    }

    #[test]
    fn a_simplex_is_equinorm_and_equiangular() {
        // The corners of a simplex: the unit vectors of R^4.
        let rows = Array2::from_shape_fn(
            (8, 4),
            |(i, j)| if i % 4 == j { 1.0 } else { 0.0 } + (i / 4) as f64 * 1e-3,
        );
        let m = moments(&rows, &[0, 1, 2, 3, 0, 1, 2, 3]);
        assert!(nc2_equinorm(&m).unwrap() < 1e-12);
        assert!(nc2_equiangle(&m).unwrap() < 1e-12);
    }

    #[test]
    fn what_does_not_exist_is_undefined() {
        let one = moments(&array![[1.0], [2.0]], &[0, 0]);
        for metric in [cdnv, nc1_quotient, nc2_equinorm, nc2_equiangle, calinski_harabasz] {
            assert!(metric(&one).is_err());
        }
        let coincident = moments(&array![[0.1], [0.7], [0.7], [0.1]], &[0, 0, 1, 1]);
        assert!(cdnv(&coincident).is_err() && nc1_quotient(&coincident).is_err());
    }
}
