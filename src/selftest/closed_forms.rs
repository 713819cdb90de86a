//! Data whose values have a closed form.

use ndarray::{Array2, Axis, concatenate};

use super::check::Check;
use super::formula_data::{Formula, LabelledFeatures, analyse_pair, measured, noise, plan, similar};
use super::laws::rotation;
use crate::error::Result;

/// 16 rows whose 15 channels are orthogonal, of mean 0 and of mean square 1.
fn orthogonal() -> Array2<f64> {
    Array2::from_shape_fn((16, 15), |(i, j)| match (i & (j + 1)).count_ones() % 2 {
        0 => 1.0,
        _ => -1.0,
    })
}

fn repeated(rows: &Array2<f64>, times: usize) -> Array2<f64> {
    concatenate(Axis(0), &vec![rows.view(); times]).expect("rows of one width")
}

/// As many classes as `classes`, dealt out one row at a time.
fn dealt(rows: Array2<f64>, classes: usize) -> LabelledFeatures {
    let labels = (0..rows.nrows()).map(|i| i % classes).collect();
    (rows, labels)
}

fn cloud(seed: u64, rows: usize, d: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, d), |(i, j)| noise(&[seed, i as u64, j as u64]))
}

/// `classes` means at the corners of a simplex, with the same small spread around each.
fn simplex(classes: usize) -> LabelledFeatures {
    let mut rows = Array2::zeros((4 * classes, classes + 1));
    for (i, mut row) in rows.outer_iter_mut().enumerate() {
        row[i / 4] = 1.0;
        row[classes] = if i % 2 == 0 { 0.1 } else { -0.1 };
    }
    let labels = (0..4 * classes).map(|i| i / 4).collect();
    (rows, labels)
}

/// Rounding of a few hundred sums.
const ROUNDING: f64 = 1e-12;

/// Collects closed forms.
#[derive(Default)]
struct Forms(Vec<Check>);

impl Forms {
    /// A value with its closed form, and the error allowed. What `id` begins with is the metric.
    fn add(&mut self, id: &str, on: &str, got: Option<f64>, expected: f64, tolerance: f64) {
        let name = format!("{id} of {on}");
        let metric = id.split_whitespace().next().unwrap_or(id);
        self.0.push(Check::of(
            "closed form",
            metric,
            name,
            got,
            Some(expected),
            1.0,
            tolerance,
        ));
    }

    /// Values of one data set.
    fn one(&mut self, on: &str, rows: &LabelledFeatures, expected: &[(&str, f64, f64)]) -> Result<()> {
        self.two(on, (rows, rows), expected)
    }

    /// Values of two data sets.
    fn two(
        &mut self,
        on: &str,
        (pre, eval): (&LabelledFeatures, &LabelledFeatures),
        expected: &[(&str, f64, f64)],
    ) -> Result<()> {
        for &(id, value, tolerance) in expected {
            let got = measured("pair", pre, eval, id, &[])?.value;
            self.add(id, on, got, value, tolerance);
        }
        Ok(())
    }

    /// Values of two representations of the same rows.
    fn matched(
        &mut self,
        on: &str,
        x: &LabelledFeatures,
        y: &Array2<f64>,
        expected: &[(&str, f64, f64)],
    ) -> Result<()> {
        for &(id, value, tolerance) in expected {
            let record = similar(x.clone(), y.clone(), &plan(&[id], &[])?)?.records.pop();
            self.add(id, on, record.and_then(|r| r.value), value, tolerance);
        }
        Ok(())
    }
}

/// Every closed form.
///
/// # Errors
/// When an analysis fails.
pub fn checks() -> Result<Vec<Check>> {
    let mut forms = Forms::default();
    spectra(&mut forms)?;
    channels(&mut forms)?;
    geometry(&mut forms)?;
    classes(&mut forms)?;
    distances(&mut forms)?;
    matched(&mut forms)?;
    identities(&mut forms)?;
    Ok(forms.0)
}

fn spectra(forms: &mut Forms) -> Result<()> {
    let even = dealt(repeated(&orthogonal(), 2), 2);
    forms.one(
        "channels of equal variance",
        &even,
        &[
            ("effective_rank", 15.0, ROUNDING),
            ("matrix_entropy_rank", 15.0, ROUNDING),
            ("participation_ratio", 15.0, ROUNDING),
            ("stable_rank", 15.0, ROUNDING),
            ("condition_number", 1.0, ROUNDING),
            ("pca_dims_95", 15.0, 0.0),
            // Its epsilon of 1e-7 stands inside the logarithm and outside the sum.
            ("rankme", 15.0, 1e-4),
            // l2-normalised rows: n/15 on the diagonal; half the logarithm of 1 + 1/eps^2, each of 15 channels.
            ("coding_rate", 7.5 * 3f64.log2(), ROUNDING),
        ],
    )?;
    // A power law: 63 orthogonal channels with variances k^-1.5.
    let law = Array2::from_shape_fn((64, 63), |(i, j)| {
        let sign = if (i & (j + 1)).count_ones() % 2 == 0 { 1.0 } else { -1.0 };
        sign * (j as f64 + 1.0).powf(-0.75)
    });
    forms.one(
        "a power law of exponent 1.5",
        &dealt(law, 2),
        &[("alpha_req", 1.5, 1e-10)],
    )
}

fn channels(forms: &mut Forms) -> Result<()> {
    let even = dealt(repeated(&orthogonal(), 2), 2);
    forms.one(
        "uncorrelated channels",
        &even,
        &[
            ("redundancy", 1.0 / 15.0, ROUNDING),
            ("redundancy_offdiagonal", 0.0, ROUNDING),
            ("barlow_redundancy", 0.0, ROUNDING),
        ],
    )?;
    let first = cloud(3, 40, 1);
    let same = concatenate(
        Axis(1),
        &[first.view(), (&first * -2.0).view(), (&first * 3.0 + 1.0).view()],
    )
    .expect("rows of one number");
    forms.one(
        "three copies of a channel",
        &dealt(same, 2),
        &[
            ("redundancy", 1.0, ROUNDING),
            ("redundancy_offdiagonal", 1.0, ROUNDING),
            ("barlow_redundancy", 1.0, ROUNDING),
        ],
    )
}

fn geometry(forms: &mut Forms) -> Result<()> {
    let unit = dealt(Array2::eye(24), 2);
    forms.one(
        "24 orthonormal rows",
        &unit,
        &[
            ("vendi", 24.0, ROUNDING),
            ("mean_cosine", 0.0, ROUNDING),
            ("class_alignment", 2.0, ROUNDING),
            ("uniformity", -4.0, ROUNDING),
            ("norm_cv", 0.0, ROUNDING),
        ],
    )?;
    let line = dealt(
        Array2::from_shape_fn((24, 5), |(i, j)| (i + 1) as f64 * (j as f64 - 1.5)),
        2,
    );
    forms.one(
        "rows along one line",
        &line,
        &[
            ("vendi", 1.0, ROUNDING),
            ("self_clustering", 1.0, ROUNDING),
            ("mean_cosine", 1.0, ROUNDING),
            ("uniformity", 0.0, ROUNDING),
            ("class_alignment", 0.0, ROUNDING),
            // The norms are 1, 2, ..., 24: sqrt((24² - 1)/12) over 12.5.
            ("norm_cv", (575.0f64 / 12.0).sqrt() / 12.5, ROUNDING),
        ],
    )
}

fn classes(forms: &mut Forms) -> Result<()> {
    let corners = simplex(5);
    forms.one(
        "a simplex of classes",
        &corners,
        &[
            ("nc2_equinorm", 0.0, ROUNDING),
            ("nc2_equiangle", 0.0, ROUNDING),
            ("intra_class_distance", 0.01, ROUNDING),
            ("inter_class_distance", 2.0, ROUNDING),
            ("discriminative_ratio", 200.0, ROUNDING),
            ("cdnv", 0.005, ROUNDING),
            // tr S_B = 1 - 1/C.
            ("fisher_ratio", 80.0, ROUNDING),
            ("nc1_quotient", 1.0 / 80.0, ROUNDING),
            // Between: 4 rows each at 1 - 1/5; within 0.01: (16/4) / (0.2/15).
            ("calinski_harabasz", 300.0, ROUNDING),
        ],
    )
}

fn distances(forms: &mut Forms) -> Result<()> {
    let pre = dealt(cloud(5, 60, 6), 3);
    let away = dealt(&pre.0 + 10.0, 3);
    forms.two(
        "a set and itself moved by 10 in each of 6 channels",
        (&pre, &away),
        &[
            ("frechet_distance", 600.0, ROUNDING),
            ("coral", 0.0, ROUNDING),
            ("sample_mixing", 0.0, 0.0),
            ("precision", 0.0, 0.0),
            ("recall", 0.0, 0.0),
            ("density", 0.0, 0.0),
            ("coverage", 0.0, 0.0),
            ("domain_auc", 1.0, 0.0),
            ("proxy_a_distance", 2.0, 0.0),
        ],
    )?;
    forms.two(
        "a set and itself",
        (&pre, &pre),
        &[
            ("frechet_distance", 0.0, ROUNDING),
            ("coral", 0.0, ROUNDING),
            ("sliced_wasserstein", 0.0, ROUNDING),
            ("precision", 1.0, 0.0),
            ("recall", 1.0, 0.0),
            ("coverage", 1.0, 0.0),
            ("overlap", 1.0, 0.0),
        ],
    )?;
    let line = |rows: Array2<f64>| dealt(rows, 3);
    let (near, far) = (line(cloud(6, 60, 1)), line(cloud(6, 60, 1) + 7.0));
    forms.two(
        "a line and itself moved by 7",
        (&near, &far),
        &[("sliced_wasserstein", 7.0, ROUNDING)],
    )?;
    // All rows of a side coincide but for a channel that both share: twice the distance, nothing within.
    let point = |at: f64| line(Array2::from_elem((30, 2), at));
    forms.two(
        "two points 3 apart in each of 2 channels",
        (&point(0.0), &point(3.0)),
        &[("energy_distance", 2.0 * 18f64.sqrt(), ROUNDING)],
    )
}

fn matched(forms: &mut Forms) -> Result<()> {
    let x = dealt(cloud(8, 60, 6), 3);
    let turned = x.0.dot(&rotation(6, 4)) * 2.5;
    let all: &[(&str, f64, f64)] = &[
        ("cka", 1.0, ROUNDING),
        ("cka_debiased", 1.0, ROUNDING),
        ("svcca", 1.0, ROUNDING),
        ("pwcca", 1.0, ROUNDING),
        ("procrustes", 1.0, ROUNDING),
        ("rsa", 1.0, ROUNDING),
        ("mutual_knn", 1.0, 0.0),
    ];
    forms.matched("rows and themselves", &x, &x.0, all)?;
    forms.matched("rows and themselves, rotated and scaled", &x, &turned, all)
}

/// Identities that hold on any data.
fn identities(forms: &mut Forms) -> Result<()> {
    let data = |seed| {
        Formula {
            seed,
            counts: vec![20, 24, 22],
            d: 9,
            ..Formula::default()
        }
        .data()
    };
    let (pre, eval) = (data(51), data(52));
    let analysis = analyse_pair(pre.clone(), eval, &plan(&["all"], &[])?)?;
    let value = |id: &str| {
        let record = analysis
            .results
            .records
            .iter()
            .find(|r| r.dataset == "pre" && r.metric == id);
        record.and_then(|r| r.value)
    };
    let product = value("fisher_ratio").zip(value("nc1_quotient")).map(|(a, b)| a * b);
    forms.add("fisher_ratio times nc1_quotient", "any data", product, 1.0, ROUNDING);
    let phi = value("inter_class_distance")
        .zip(value("intra_class_distance"))
        .map(|(a, b)| a / b);
    let ratio = phi.zip(value("discriminative_ratio")).map(|(a, b)| a / b);
    forms.add(
        "inter over intra over discriminative_ratio",
        "any data",
        ratio,
        1.0,
        ROUNDING,
    );
    // R = (1 + (d - 1) R_off) / d.
    let whole = value("redundancy").zip(value("redundancy_offdiagonal"));
    let both = whole.map(|(r, off)| 9.0 * r - 8.0 * off);
    forms.add(
        "d redundancy - (d - 1) redundancy_offdiagonal",
        "any data",
        both,
        1.0,
        ROUNDING,
    );
    let ordered = value("participation_ratio")
        .zip(value("matrix_entropy_rank"))
        .zip(value("effective_rank"))
        .map(|((p, m), e)| f64::from(u8::from(p <= m && m <= e && e <= 9.0)));
    forms.add(
        "participation_ratio <= matrix_entropy_rank <= effective_rank <= d",
        "any data",
        ordered,
        1.0,
        0.0,
    );
    Ok(())
}
