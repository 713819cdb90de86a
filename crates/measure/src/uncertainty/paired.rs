//! What the difference of two models on the same images is, with and without an interval.

/// The difference a - b of one metric on the same images, with the error of a paired design: both models were
/// recomputed on the same resamples, so what both share cancels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paired {
    /// Plain difference of the two values.
    pub value: f64,
    /// Standard error of the difference.
    pub std_error: Option<f64>,
    /// 95 % interval; centred on the bias-corrected difference where both records are.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p-value for "no difference".
    pub p_value: Option<f64>,
    /// Why there is no interval.
    pub note: Option<String>,
}

/// With an interval of this half width around a centre, and a p-value: an interval has two finite ends, or there is none.
pub(super) fn with_interval(
    plain: Paired,
    std_error: f64,
    (centre, half): (f64, f64),
    p_value: impl FnOnce() -> Option<f64>,
) -> Paired {
    if !(centre.abs() + half).is_finite() {
        return beyond_range(plain);
    }
    Paired {
        std_error: Some(std_error),
        interval: Some((centre - half, centre + half)),
        p_value: p_value(),
        ..plain
    }
}

/// Without an interval, whose numbers would not be finite.
pub(super) fn beyond_range(plain: Paired) -> Paired {
    Paired {
        note: Some("no interval: beyond the range of 64-bit numbers".to_owned()),
        ..plain
    }
}

/// No resample moved the difference: zero is then certainly not separable from zero, and of anything else the
/// resamples (or runs: the `unit`) measured no error, which is not the same as there being none.
pub(super) fn without_spread(plain: Paired, unit: &str) -> Paired {
    if plain.value == 0.0 {
        return Paired {
            std_error: Some(0.0),
            interval: Some((0.0, 0.0)),
            p_value: Some(1.0),
            ..plain
        };
    }
    Paired {
        note: Some(format!("no interval: the difference is the same in every {unit}")),
        ..plain
    }
}
